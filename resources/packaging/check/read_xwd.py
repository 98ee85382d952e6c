"""A screen dumped by xwd, as a PNG; exit code 1 where it shows next to nothing.

read_xwd.py SCREEN.xwd PICTURE.png
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from PIL import Image

FEWEST_COLOURS = 500  # a photo and an editor around it have thousands


def read(data: bytes) -> Image.Image:
    """The picture in an XWD file of 24-bit colour (a Z pixmap with 32 bits a pixel)."""
    header = struct.unpack(">25I", data[:100])
    size, version, width, height, order = header[0], header[1], header[4], header[5], header[7]
    bits, row, colours = header[11], header[12], header[19]
    if version != 7 or bits != 32:
        raise ValueError(f"an XWD file of version {version} with {bits} bits a pixel")
    start = size + 12 * colours
    mode = "BGRX" if order == 0 else "XRGB"
    return Image.frombytes("RGB", (width, height), data[start:], "raw", mode, row)


def main(source: Path, target: Path) -> int:
    picture = read(source.read_bytes())
    picture.save(target)
    colours = picture.getcolors(1 << 24)
    return int(len(colours or ()) < FEWEST_COLOURS)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2])))
