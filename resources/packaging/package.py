"""`make package`: the program as a folder, a .deb and a self-extracting .run, with their checksums.

    package.py [--only bundle|deb|run] [--level N]

Everything lands in dist/; what is prepared for it in build/. Built on Linux x86-64 for systems with
a C library at least as new: build on the oldest that is to be served. On Windows and macOS it
makes the folder; resources/packaging/windows and macos make installers of it.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import deb
import elf
import licences
import run_file
import sizes

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD, DIST = ROOT / "build", ROOT / "dist"
PREPARED = BUILD / "prepared"
BUNDLE = DIST / "mien"
WORK = BUILD / "pyinstaller"
TRUNK = Path("stlpips_pytorch/weights/vST0.0/vgg_shift_tolerant.pth")
# MB; a bundle with CUDA libraries is far above them.
LARGEST_BUNDLE, LARGEST_DEB = 900, 300


def program_version() -> str:
    """The version in pyproject.toml, the one place where it is written."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]


def prepare() -> None:
    """What the recipe puts in place of installed packages."""
    check_metadata()
    headless = PREPARED / "headless"
    if not (headless / "cv2").exists():
        wanted = f"opencv-python-headless=={version('opencv-python')}"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--target", str(headless), wanted], check=True)
    halve_trunk(PREPARED / TRUNK)


def check_metadata() -> None:
    """The program in the bundle tells the version of its metadata."""
    told, written = version("mien"), program_version()
    if told != written:
        sys.exit(f"The installed metadata say {told}, pyproject.toml {written}: pip install -e .")


def halve_trunk(target: Path) -> None:
    """The perceptual trunk in half precision: 29 MB instead of 59. Its distances change by less
    than 0.02 %."""
    import torch

    package = find_spec("stlpips_pytorch")
    if package is None or not package.submodule_search_locations:
        sys.exit("The bundle carries fine-tuning: pip install -e '.[training,dev]' first.")
    source = Path(next(iter(package.submodule_search_locations))).parent / TRUNK
    if target.exists() and target.stat().st_mtime > source.stat().st_mtime:
        return
    weights = torch.load(source, map_location="cpu", weights_only=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.save({k: v.half() if v.is_floating_point() else v for k, v in weights.items()}, target)


def freeze() -> None:
    """Run PyInstaller, then take away what only a debugger reads, and add what people read."""
    environment = dict(os.environ, MIEN_PREPARED=str(PREPARED))
    environment["PYTHONPATH"] = os.pathsep.join((str(PREPARED / "headless"), str(ROOT)))
    command = [sys.executable, "-m", "PyInstaller", "build.spec", "--noconfirm"]
    places = ["--distpath", str(DIST), "--workpath", str(WORK)]
    subprocess.run(
        [*command, *places, "--log-level", "WARN"], check=True, cwd=ROOT, env=environment
    )
    inside = BUNDLE / "_internal"
    if sys.platform == "linux":
        elf.prune(inside)
    strip(inside)
    licences.write(inside / "licences", WORK / "build", PREPARED / "headless")
    if sys.platform == "linux":
        share(BUNDLE / "share")


def strip(folder: Path) -> None:
    """Symbol tables out of torch's and our interpreter's libraries. Not out of the other wheels':
    theirs were moved about by patchelf, and strip breaks some of such files."""
    if sys.platform != "linux" or not shutil.which("strip"):
        return
    for pattern in ("torch/lib/*.so*", "libpython*.so*", "python3*/lib-dynload/*.so"):
        for path in folder.glob(pattern):
            if not path.is_symlink():
                subprocess.run(["strip", "--strip-unneeded", str(path)], check=True)


def share(target: Path) -> None:
    """What desktops read, in the layout of /usr/share."""
    shutil.rmtree(target, ignore_errors=True)
    linux, icons = HERE / "linux", ROOT / "resources" / "icons"
    copies = {
        linux / "org.mien.Mien.desktop": "applications/org.mien.Mien.desktop",
        linux / "org.mien.Mien.metainfo.xml": "metainfo/org.mien.Mien.metainfo.xml",
        linux / "org.mien.Mien.mime.xml": "mime/packages/org.mien.Mien.xml",
        icons / "mien.svg": "icons/hicolor/scalable/apps/org.mien.Mien.svg",
    }
    for picture in (icons / "mien").glob("*.png"):
        size = f"{picture.stem}x{picture.stem}"
        copies[picture] = f"icons/hicolor/{size}/apps/org.mien.Mien.png"
    for source, name in copies.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target / name)
    manual = target / "man/man1/mien.1.gz"
    manual.parent.mkdir(parents=True)
    manual.write_bytes(gzip.compress((linux / "mien.1").read_bytes(), 9, mtime=0))


def write_sums(files: list[Path]) -> None:
    """dist/SHA256SUMS, as `sha256sum -c` reads it."""
    lines = []
    for path in files:
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    (DIST / "SHA256SUMS").write_text("".join(lines), encoding="ascii")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", choices=("bundle", "deb", "run"), help="one step alone")
    parser.add_argument(
        "--level", type=int, default=18, help="of zstd: 12 is seven times as fast and 9 % larger"
    )
    asked = parser.parse_args()
    if asked.only in (None, "bundle"):
        prepare()
        freeze()
    told = sizes.table(BUNDLE)
    print(sizes.as_text(told))
    total = sum(told.values())
    if total > LARGEST_BUNDLE:
        sys.exit(
            f"The bundle has {total:.0f} MB, {LARGEST_BUNDLE} are the most: build with a torch "
            "for the CPU and without packages nobody asked for."
        )
    if sys.platform != "linux" or asked.only == "bundle":
        return
    number = program_version()
    package = DIST / f"mien_{number}_amd64.deb"
    script = DIST / f"mien-{number}-linux-x86_64.run"
    if asked.only in (None, "deb"):
        deb.build(BUNDLE, package, number, BUILD / "deb", asked.level)
    if asked.only in (None, "run"):
        run_file.build(BUNDLE, script, number)
    files = [path for path in (package, script) if path.exists()]
    write_sums(files)
    for path in files:
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e6:.0f} MB")
    if package.exists() and package.stat().st_size > LARGEST_DEB * 1e6:
        sys.exit(f"The .deb is larger than {LARGEST_DEB} MB.")


if __name__ == "__main__":
    main()
