"""Takes docs/modules.webp: one hidden lower face, filled with the modules in several states.

    python docs/take_modules.py [PHOTO] [-o PICTURE]

The photo's first face is used; without one given, the sample.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.face.parts import part_mask
from engine.fill import create_inpainter
from engine.inpaint import FillOptions, FillRequest
from engine.mask import Mask
from engine.photo import Photo, open_photo

SAMPLE = Path(__file__).parents[1] / "resources" / "samples" / "portrait.jpg"
SIDE, GAP, LINE = 232, 8, 26
WISHES = (
    ("both off", {"landmarks": False, "emotion": "off"}),
    ("both on", {}),
    ("happiness", {"emotion": "happiness"}),
    ("neutral", {"emotion": "neutral"}),
    ("surprise", {"emotion": "surprise"}),
)


def panels(photo: Photo) -> list[tuple[str, np.ndarray]]:
    """(title, pixels) of the photo, the hole and every fill, cut to the face."""
    inpainter = create_inpainter()
    face = inpainter.find_faces(photo)[0]
    assert face.mesh is not None
    mask = Mask(part_mask(face.mesh, "lower_face", photo.size))
    low, high = face.mesh.min(0), face.mesh.max(0)
    middle, half = (low + high) / 2, 0.62 * float((high - low).max())
    left, top = (int(v) for v in np.maximum(middle - half, 0))
    right, bottom = (int(v) for v in middle + half)
    hidden = photo.rgb8.copy()
    hidden[mask.hole] = hidden[mask.hole] // 6 + np.array([75, 102, 210], np.uint8)
    shown = [("photo", photo.rgb8), ("hidden", hidden)]
    for title, wishes in WISHES:
        options = replace(FillOptions(), **wishes)
        filled = photo
        for patch in inpainter.fill(FillRequest(photo, mask, options, (face,))).patches:
            filled = filled.apply(patch)
        shown.append((title, filled.rgb8))
    return [(title, pixels[top:bottom, left:right]) for title, pixels in shown]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("-o", type=Path, default=Path(__file__).parent / "modules.webp")
    options = parser.parse_args()
    shown = panels(open_photo(options.photo))
    width = len(shown) * SIDE + (len(shown) - 1) * GAP
    picture = Image.new("RGB", (width, SIDE + LINE), "#ffffff")
    drawing, font = ImageDraw.Draw(picture), ImageFont.load_default(15)
    for number, (title, pixels) in enumerate(shown):
        at = number * (SIDE + GAP)
        cut = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        picture.paste(cut, (at, LINE))
        drawing.text((at + 2, 3), title, "#303238", font)
    picture.save(options.o, quality=82, method=6)
    print(
        f"{options.o}: {picture.width} x {picture.height}, {options.o.stat().st_size // 1024} KiB"
    )


if __name__ == "__main__":
    main()
