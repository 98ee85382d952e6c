"""The Debian package: the bundle in /usr/lib/mien, `mien` on the path, what desktops read.

Its Depends are computed from what the bundle's files ask for and do not bring; a library nobody
has named a package for ends the build, so that none is forgotten.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import elf

ROOT = Path(__file__).parents[2]

# Libraries that may be asked for, and the packages that bring them, in Debian and Ubuntu.
C_LIBRARY = "libc6"
PACKAGES = {
    **dict.fromkeys(
        (
            *("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"),
            *("libutil.so.1", "libresolv.so.2", "ld-linux-x86-64.so.2", "libmvec.so.1"),
        ),
        C_LIBRARY,
    ),
    "libgcc_s.so.1": "libgcc-s1",
    "libstdc++.so.6": "libstdc++6",
    "libz.so.1": "zlib1g",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libEGL.so.1": "libegl1",
    "libGLX.so.0": "libglx0",
    "libGLESv2.so.2": "libgles2",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libXext.so.6": "libxext6",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libexpat.so.1": "libexpat1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0 | libglib2.0-0t64",
    "libgthread-2.0.so.0": "libglib2.0-0 | libglib2.0-0t64",
    "libdrm.so.2": "libdrm2",
    "libgbm.so.1": "libgbm1",
    "libudev.so.1": "libudev1",
    "libinput.so.10": "libinput10",
    "libmtdev.so.1": "libmtdev1",
    "libICE.so.6": "libice6",
    "libSM.so.6": "libsm6",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
# Qt loads it by name, on Wayland and X11 alike, for the keyboard's layouts.
LOADED_BY_NAME = ("xkb-data",)
RECOMMENDED = ("fonts-noto-cjk",)  # Korean, where no font has it yet

CONTROL = """\
Package: mien
Version: {version}
Section: graphics
Priority: optional
Architecture: amd64
Maintainer: The Mien authors <authors@mien.invalid>
Installed-Size: {kilobytes}
Depends: {depends}
Recommends: {recommends}
Description: photo editor that paints hidden parts of faces back
 Brush over what should go (glasses, a hand, hair, a scratch), press Enter,
 and the face comes back with the expression and the geometry the person had.
 What lies outside the mask stays bit for bit.
 .
 It works offline: nothing leaves the computer. The command line fills single
 photos and folders and needs no display.
"""


def depends(bundle: Path) -> list[str]:
    """The packages this bundle needs. Ends the program when a library has none."""
    needs = elf.examine(bundle)
    unknown = {name: by for name, by in needs.libraries.items() if name not in PACKAGES}
    if unknown:
        told = "".join(f"\n  {name}, for {by}" for name, by in sorted(unknown.items()))
        raise SystemExit(f"No package is named for (resources/packaging/deb.py):{told}")
    found = {PACKAGES[name] for name in needs.libraries} - {C_LIBRARY}
    least = ".".join(map(str, needs.glibc))
    return [f"{C_LIBRARY} (>= {least})", *sorted({*found, *LOADED_BY_NAME})]


def build(bundle: Path, target: Path, version: str, stage: Path, level: int) -> None:
    """Write `target`. stage: a folder to lay the package out in. level: of zstd."""
    shutil.rmtree(stage, ignore_errors=True)
    home = stage / "usr/lib/mien"
    home.parent.mkdir(parents=True)
    shutil.copytree(bundle, home, symlinks=True, copy_function=_link)
    shutil.rmtree(home / "share")
    shutil.copytree(bundle / "share", stage / "usr/share")
    (stage / "usr/bin").mkdir()
    (stage / "usr/bin/mien").symlink_to("../lib/mien/mien")
    papers = stage / "usr/share/doc/mien"
    papers.mkdir(parents=True)
    history = (ROOT / "CHANGELOG.md").read_bytes()
    (papers / "changelog.gz").write_bytes(gzip.compress(history, 9, mtime=0))
    terms = "\n\n".join(
        (
            "Mien is licensed under the Apache License, version 2.0:",
            "/usr/share/common-licenses/Apache-2.0",
            "The weights of its models have terms of their own, told in the cards in",
            "/usr/lib/mien/_internal/resources/models.",
            "It carries the programs of others; their licences are in",
            "/usr/lib/mien/_internal/licences.",
        )
    )
    (papers / "copyright").write_text(terms + "\n", encoding="ascii")
    for folder, _, files in os.walk(stage):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                runs = path == home / "mien" or os.access(path, os.X_OK)
                path.chmod(0o755 if runs else 0o644)
    control = CONTROL.format(
        version=version,
        kilobytes=_kilobytes(stage),
        depends=", ".join(depends(home)),
        recommends=", ".join(RECOMMENDED),
    )
    (stage / "DEBIAN").mkdir(mode=0o755)
    (stage / "DEBIAN/control").write_text(control, encoding="utf-8")
    compress = ["-Zzstd", f"-z{level}", "--root-owner-group"]
    subprocess.run(["dpkg-deb", *compress, "--build", str(stage), str(target)], check=True)
    shutil.rmtree(stage)


def _link(source: str, target: str) -> str:
    """A second name instead of a copy: the bundle and the layout lie on one disk."""
    os.link(source, target)
    return target


def _kilobytes(folder: Path) -> int:
    files = (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    return sum(-(-path.stat().st_size // 1024) for path in files)
