"""The mask of one photo brought to another: where the person's face lies there, as large."""

from __future__ import annotations

import numpy as np

from engine.edit.edit import Edit
from engine.edit.tiles import TiledMask
from engine.face import geometry
from engine.mask.move import moved
from engine.reference.alignment import similar

STILL = 0.5  # pixels: what a face that is found twice differs from itself


def masked(edit: Edit) -> TiledMask | None:
    """What is painted; where nothing is, what the shown fills were painted with. None where that
    is nothing either."""
    found = edit.hole if edit.mask.is_blank else edit.mask
    return None if found.is_blank else found


def brought(
    mask: TiledMask, here: np.ndarray | None, there: np.ndarray | None, size: tuple[int, int]
) -> TiledMask:
    """A mask in a photo of another `size` (width, height).

    here, there: the mesh of the person in the mask's own photo and in the other, 478 x 2 pixels
    each: the mask goes where the one is brought onto the other. Where there is none it goes to the
    same place of the picture, as large as the photo is. Where nothing moves, every pixel stays."""
    if here is not None and there is not None:
        move, _ = similar(here[:, :2].astype(float), there[:, :2].astype(float))
    else:
        scale = min(size[0] / mask.size[0], size[1] / mask.size[1])
        shift = [(new - scale * old) / 2 for new, old in zip(size, mask.size, strict=True)]
        move = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    if mask.size == size and _stays(move, size):
        return mask
    return TiledMask.of(moved(mask.to_mask(), move, size))


def _stays(move: np.ndarray, size: tuple[int, int]) -> bool:
    width, height = size
    corners = np.array([(0, 0), (width, 0), (0, height), (width, height)], float)
    return bool(np.abs(geometry.transform(move, corners) - corners).max() < STILL)
