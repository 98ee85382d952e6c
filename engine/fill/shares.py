"""Who paints what: the hole shared out among the faces it touches.

Each face owns the hole's pixels inside its frame (corners rounded off); where frames overlap the
earlier face wins, so every pixel has one painter. What is left belongs to no face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.face import geometry
from engine.face.finder import Face
from engine.face.frames import matrix_of
from engine.face.regions import Matte, owned_area

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Share:
    """The part of a hole that one face paints: its 2 x 3 frame, the tight box (x, y, width,
    height) and which pixels of the box are its own (height x width bool)."""

    face: Face
    frame: np.ndarray
    box: Box
    owned: np.ndarray


def share_out(hole: np.ndarray, bounds: Box | None, faces: tuple[Face, ...]) -> list[Share]:
    """The shares of a hole (H x W bool, lying inside `bounds`), in the faces' order.

    Faces that the hole does not touch have none.
    """
    shares: list[Share] = []
    if bounds is None:
        return shares
    size = (hole.shape[1], hole.shape[0])
    for face in faces:
        frame = matrix_of(face)
        box = meet(geometry.bounds(frame, size), bounds)
        x, y, width, height = box
        if width <= 0 or height <= 0:
            continue
        owned = hole[y : y + height, x : x + width] & owned_area(frame, box)
        for other in shares:
            _remove(owned, box, other)
        if owned.any():
            shares.append(Share(face, frame, *_tightened(owned, box)))
    return shares


@dataclass(frozen=True, eq=False)
class Behind:
    """A share and the matte of its face; what is not face in it is painted as texture."""

    share: Share
    matte: Matte | None


def backdrop(
    hole: np.ndarray, bounds: Box | None, shares: Sequence[Share], behind: Sequence[Behind]
) -> np.ndarray:
    """How much of each pixel of a hole (H x W bool, lying inside `bounds`) is texture, H x W uint8:
    all of what no face owns, and of what a face owns as much as its matte leaves."""
    result = np.zeros(hole.shape, np.uint8)  # takes memory where it is written to alone
    if bounds is None:
        return result
    x, y, width, height = bounds
    inside = hole[y : y + height, x : x + width].view(np.uint8)
    np.multiply(inside, np.uint8(255), out=result[y : y + height, x : x + width])
    for share in shares:
        x, y, width, height = share.box
        result[y : y + height, x : x + width][share.owned] = 0
    for entry in behind:
        if entry.matte is None:
            continue
        x, y, width, height = entry.share.box
        rest = (255 * (1 - entry.matte.over(entry.share.box)) + 0.5).astype(np.uint8)
        part = result[y : y + height, x : x + width]
        np.maximum(part, np.where(entry.share.owned, rest, 0), out=part)
    return result


def meet(a: Box, b: Box) -> Box:
    """What two boxes share; its width or height is 0 or less where they share nothing."""
    x, y = max(a[0], b[0]), max(a[1], b[1])
    return x, y, min(a[0] + a[2], b[0] + b[2]) - x, min(a[1] + a[3], b[1] + b[3]) - y


def part_of(box: Box, window: Box) -> tuple[slice, slice]:
    """The rows and columns of a window's pixels that a box in it is."""
    x, y, width, height = box
    left, top = x - window[0], y - window[1]
    return slice(top, top + height), slice(left, left + width)


def _remove(owned: np.ndarray, box: Box, other: Share) -> None:
    x, y, width, height = meet(box, other.box)
    if width > 0 and height > 0:
        theirs = other.owned[y - other.box[1] :, x - other.box[0] :][:height, :width]
        owned[y - box[1] : y - box[1] + height, x - box[0] : x - box[0] + width] &= ~theirs


def _tightened(owned: np.ndarray, box: Box) -> tuple[Box, np.ndarray]:
    rows, columns = np.flatnonzero(owned.any(1)), np.flatnonzero(owned.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    tight = (int(box[0] + left), int(box[1] + top), int(right - left), int(bottom - top))
    return tight, owned[top:bottom, left:right].copy()
