"""The icon's pictures from its two drawings: `make icons`; the result is committed.

A picture of each size for desktops and the window, and an .ico for Windows.
Needs rsvg-convert (Debian: librsvg2-bin), since Qt draws no clip paths.
"""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

from PIL import Image

ICONS = Path(__file__).parents[1] / "icons"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
SMALL = 24  # pixels; up to here the drawing with fewer shapes is used


def drawing(size: int) -> Path:
    """The SVG that a picture of `size` pixels is made of."""
    return ICONS / ("mien-small.svg" if size <= SMALL else "mien.svg")


def render(size: int) -> Image.Image:
    """The icon as RGBA, `size` x `size`."""
    command = ["rsvg-convert", "-w", str(size), "-h", str(size), str(drawing(size))]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    return Image.open(io.BytesIO(data)).convert("RGBA")


def main() -> None:
    """Write every picture beside the drawings."""
    pictures = {size: render(size) for size in SIZES}
    (ICONS / "mien").mkdir(exist_ok=True)
    for size, picture in pictures.items():
        picture.save(ICONS / "mien" / f"{size}.png", optimize=True)
    *rest, largest = (pictures[size] for size in SIZES if size <= 256)
    sizes = [picture.size for picture in (*rest, largest)]
    largest.save(ICONS / "mien.ico", sizes=sizes, append_images=rest)


if __name__ == "__main__":
    main()
