"""A fill in a coarsely compressed photo, compressed as coarsely.

A photo that was saved small shows the blocks of its compression, 8 x 8 pixels each, and a fill
without them stands out as a smooth patch. So it takes the way the photo took: the same tables and
the same grid. A file that is saved as JPEG again would give it them anyway; others would not, and
the editor shows it before anything is saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.fill.photo_fill import PaintedFill
from engine.photo import Photo
from engine.photo.jpeg import recompressed
from engine.photo.patch import Patch

COARSE = 12.0  # mean step of the table of brightness from which on blocks show (quality 90)
UNIT = 16  # pixels: blocks with colour at half the size


def blocked(photo: Photo, patches: Sequence[Patch]) -> tuple[Patch, ...]:
    """The patches of a photo with its blocks, if it has visible ones.

    Patches that overlap are compressed as they lie upon each other, in order.
    """
    jpeg = _blocks_of(photo)
    if jpeg is None:
        return tuple(patches)
    painted = photo.apply(*patches).pixels
    result = []
    for patch in patches:
        x, y, width, height = patch.box
        left, top = x // UNIT * UNIT, y // UNIT * UNIT
        # A block that the photo's edge cuts is whole in the file too.
        part = painted[top : -(-(y + height) // UNIT) * UNIT, left : -(-(x + width) // UNIT) * UNIT]
        pixels = recompressed(np.ascontiguousarray(part[..., :3]), jpeg)
        pixels = pixels[y - top : y - top + height, x - left : x - left + width]
        result.append(replace(patch, pixels=np.ascontiguousarray(pixels)))
    return tuple(result)


def _blocks_of(photo: Photo) -> dict[str, Any] | None:
    """How a photo was compressed whose blocks are seen; None for any other."""
    jpeg = photo.metadata.jpeg
    if not photo.metadata.blocks or jpeg is None or photo.pixels.dtype != np.uint8:
        return None
    return jpeg if np.mean(jpeg["qtables"][0]) >= COARSE else None


def compressed(fill: PaintedFill) -> Photo | None:
    """A photo in which the blocks of its compression are seen."""
    return fill.photo if _blocks_of(fill.photo) is not None else None


def show_blocks(fill: PaintedFill, photo: Photo) -> PaintedFill:
    """Reads patches. Writes patches: with the photo's blocks."""
    return fill.becomes(PaintedFill, patches=blocked(photo, fill.patches))
