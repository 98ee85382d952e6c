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
    """The picture in an XWD file of true colour (a Z pixmap with 24 or 32 bits a pixel)."""
    header = struct.unpack(">25I", data[:100])
    size, version, width, height, order = header[0], header[1], header[4], header[5], header[7]
    bits, row, colours = header[11], header[12], header[19]
    modes = {(24, 0): "BGR", (24, 1): "RGB", (32, 0): "BGRX", (32, 1): "XRGB"}
    if version != 7 or (bits, order) not in modes:
        raise ValueError(f"an XWD file of version {version} with {bits} bits a pixel")
    pixels = data[size + 12 * colours :]
    return Image.frombytes("RGB", (width, height), pixels, "raw", modes[bits, order], row)


def main(source: Path, target: Path) -> int:
    picture = read(source.read_bytes())
    picture.save(target)
    colours = picture.getcolors(1 << 24)
    return int(len(colours or ()) < FEWEST_COLOURS)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2])))
