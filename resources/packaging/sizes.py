"""What the megabytes of a bundle are; `make package` prints it, docs/packaging.md explains it."""

from __future__ import annotations

import sys
from pathlib import Path

# The first pattern that fits a path below the bundle tells its row.
ROWS = (
    ("torch: libraries", ("_internal/torch/lib/*",)),
    ("torch: the rest", ("_internal/torch*", "_internal/functorch/*")),
    ("OpenCV", ("_internal/cv2/*", "_internal/opencv*")),
    (
        "OpenCV's OpenBLAS and FFmpeg",
        tuple(
            f"_internal/lib{name}*"
            for name in (
                *("openblas-", "gfortran-91", "avcodec-", "avformat-", "avutil-", "swscale-"),
                *("swresample-", "vpx-", "ssl-", "crypto-", "png16-ef"),
            )
        ),
    ),
    ("Qt", ("_internal/PySide6/*", "_internal/shiboken6/*", "_internal/libQt*")),
    ("NumPy", ("_internal/numpy*",)),
    ("SciPy", ("_internal/scipy*",)),
    ("Matplotlib", ("_internal/matplotlib*", "_internal/contourpy*", "_internal/kiwi*")),
    ("Pillow and other codecs", ("_internal/PIL/*", "_internal/pi*", "_internal/imagecodecs*")),
    ("perceptual trunk", ("_internal/stlpips_pytorch/*",)),
    ("icon font", ("_internal/qtawesome/*",)),
    ("our models", ("_internal/resources/models/*",)),
    ("our other resources", ("_internal/resources/*", "_internal/training/*", "share/*")),
    ("licences", ("_internal/licences/*",)),
    ("Python's modules, compiled", ("mien", "_internal/base_library.zip")),
    ("Python and system libraries", ("_internal/*",)),
)
MB = 1e6


def table(bundle: Path) -> dict[str, float]:
    """Megabytes (10^6) by row; links count nothing."""
    found = dict.fromkeys((name for name, _ in ROWS), 0.0)
    for path in bundle.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        found[row(path.relative_to(bundle).as_posix())] += path.stat().st_size / MB
    return {name: size for name, size in found.items() if size}


def row(path: str) -> str:
    """The row of a path below the bundle, "/" between its parts."""
    from fnmatch import fnmatchcase

    for name, patterns in ROWS:
        if any(fnmatchcase(path, pattern) for pattern in patterns):
            return name
    return ROWS[-1][0]


def as_text(sizes: dict[str, float]) -> str:
    """The table, largest first, and the sum."""
    rows = sorted(sizes.items(), key=lambda item: -item[1])
    lines = [f"{size:8.1f} MB  {name}" for name, size in rows]
    return "\n".join([*lines, f"{sum(sizes.values()):8.1f} MB  in all"])


if __name__ == "__main__":
    print(as_text(table(Path(sys.argv[1]))))
