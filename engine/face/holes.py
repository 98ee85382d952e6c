"""What a hole and a face have to do with each other, in pixels of the photo."""

from __future__ import annotations

import numpy as np

from engine.face import geometry
from engine.face.finder import Box, Face
from engine.face.frames import matrix_of
from engine.face.regions import owned_area

RIM = 0.015  # frame sides that a head in front is hidden beyond its outline


def touches(face: Face, hole: np.ndarray) -> bool:
    """Whether a hole hides a part of what a face would paint."""
    return meets(matrix_of(face), hole)


def meets(frame: np.ndarray, hole: np.ndarray) -> bool:
    """The same of a frame (2 x 3, the hole's pixels)."""
    x, y, width, height = geometry.bounds(frame, (hole.shape[1], hole.shape[0]))
    if width <= 0 or height <= 0:
        return False
    part = hole[y : y + height, x : x + width]
    return bool(part.any()) and bool((part & owned_area(frame, (x, y, width, height))).any())


def hidden_share(face: Face, hole: np.ndarray) -> float:
    """The share of a face's nodes that lie in the hole, 0..1; 1 without a mesh."""
    if face.mesh is None:
        return 1.0
    places = np.floor(face.mesh).astype(int)
    inside = (places >= 0).all(1) & (places < (hole.shape[1], hole.shape[0])).all(1)
    if not inside.any():
        return 0.0
    x, y = places[inside].T
    return float(hole[y, x].sum()) / len(places)


def boxes_near(hole: np.ndarray, face: Face) -> tuple[Box, ...]:
    """The box (photo pixels) of what a hole hides of a face's frame and a little around it."""
    frame = matrix_of(face)
    x, y, width, height = geometry.bounds(
        geometry.grown(frame, 1.3), (hole.shape[1], hole.shape[0])
    )
    part = hole[y : y + height, x : x + width]
    rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
    if len(rows) == 0:
        return ()
    box = (x + columns[0], y + rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0])
    return ((float(box[0]), float(box[1]), float(box[2]), float(box[3])),)


def owned(hole: np.ndarray, face: Face) -> np.ndarray:
    """What of a hole a face may paint, H x W bool."""
    mine = np.zeros(hole.shape, bool)
    frame = matrix_of(face)
    x, y, width, height = box = geometry.bounds(frame, (hole.shape[1], hole.shape[0]))
    part = hole[y : y + height, x : x + width]
    mine[y : y + height, x : x + width] = part & owned_area(frame, box)
    return mine


def widened(head: np.ndarray, face: Face) -> np.ndarray:
    """A head's outline (H x W bool) and what is mixed with it at its edge."""
    import cv2

    reach = max(1, round(RIM * geometry.frame_side(matrix_of(face))))
    return cv2.dilate(head.view(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)).view(bool)


def box_of(area: np.ndarray) -> Box:
    """The box around what is true in an area, H x W bool with some of it."""
    rows, columns = np.flatnonzero(area.any(1)), np.flatnonzero(area.any(0))
    width, height = columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0]
    return float(columns[0]), float(rows[0]), float(width), float(height)


def squared(box: Box, by: float) -> Box:
    """The square of `by` times a box's longer side around its middle."""
    x, y, width, height = box
    side = by * max(width, height)
    return x + (width - side) / 2, y + (height - side) / 2, side, side
