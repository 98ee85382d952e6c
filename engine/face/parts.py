"""Face parts as masks: what one click, a batch rule or an evaluation hole covers.

Every part is drawn from the mesh, with margins in units of the distance between the eyes, so
that it fits a face of any size and turn.
"""

from __future__ import annotations

import numpy as np

from engine.base.errors import MienError
from engine.face import mesh as nodes

PARTS = (
    "left_eye",
    "right_eye",
    "eyes",
    "glasses",
    "left_brow",
    "right_brow",
    "brows",
    "nose",
    "mouth",
    "lower_face",
    "skin",
    "hair",
    "face",
    "left_half",
    "right_half",
)

_WIDEST = 1.1  # eye distances that a part may reach beyond the mesh


def part_mask(mesh: np.ndarray, part: str, size: tuple[int, int]) -> np.ndarray:
    """A part of a face as H x W uint8, 0 or 255.

    mesh: 478 x 2 in pixels of the canvas. size: (width, height) of the canvas. Raises MienError
    for a part that is not in PARTS.
    """
    mesh = np.asarray(mesh, np.float64)
    unit = nodes.inter_ocular(mesh)
    left, right = nodes.eye_centres(mesh)
    across = (right - left) / max(unit, 1e-6)
    down = np.array([-across[1], across[0]])
    canvas = _Canvas(mesh, size, unit)

    if part == "left_eye":
        return canvas.hull(nodes.LEFT_EYE, 0.14)
    if part == "right_eye":
        return canvas.hull(nodes.RIGHT_EYE, 0.14)
    if part == "eyes":
        return canvas.hull(nodes.LEFT_EYE, 0.14) | canvas.hull(nodes.RIGHT_EYE, 0.14)
    if part == "glasses":
        middle = (left + right) / 2
        corners = [
            middle + a * unit * across + d * unit * down
            for a, d in ((-1.02, -0.36), (1.02, -0.36), (1.02, 0.5), (-1.02, 0.5))
        ]
        return canvas.polygon(np.array(corners))
    if part == "left_brow":
        return canvas.hull(nodes.LEFT_BROW, 0.08)
    if part == "right_brow":
        return canvas.hull(nodes.RIGHT_BROW, 0.08)
    if part == "brows":
        return canvas.hull(nodes.LEFT_BROW, 0.08) | canvas.hull(nodes.RIGHT_BROW, 0.08)
    if part == "nose":
        return canvas.hull(nodes.NOSE, 0.08)
    if part == "mouth":
        return canvas.hull(nodes.LIPS, 0.16)
    face = canvas.hull(nodes.OVAL, 0.03)
    if part == "face":
        return face
    if part == "lower_face":
        return face & canvas.side_of(mesh[4] + 0.05 * unit * down, down)
    if part == "left_half":
        return face & canvas.side_of(mesh[168], -across)
    if part == "right_half":
        return face & canvas.side_of(mesh[168], across)
    if part == "skin":
        features = (
            canvas.hull(nodes.LEFT_EYE, 0.06)
            | canvas.hull(nodes.RIGHT_EYE, 0.06)
            | canvas.hull(nodes.LEFT_BROW, 0.04)
            | canvas.hull(nodes.RIGHT_BROW, 0.04)
            | canvas.hull(nodes.LIPS, 0.05)
        )
        return face & ~features
    if part == "hair":
        # The mesh ends at the hairline: a band around the upper oval, not the hair itself.
        around = canvas.hull(nodes.OVAL, 0.55)
        above_chin = canvas.side_of(mesh[4] + 0.3 * unit * down, -down)
        return around & ~canvas.hull(nodes.OVAL, 0.0) & above_chin
    raise MienError(f"'{part}' is not a part of a face; choose one of {', '.join(PARTS)}.")


def part_area(
    mesh: np.ndarray, part: str, size: tuple[int, int]
) -> tuple[tuple[int, int, int, int], np.ndarray] | None:
    """The same by box: (x, y, width, height) in the canvas and its h x w uint8; what lies outside
    is 0. Costs what the face's box costs. None for a face that lies outside the canvas."""
    box = area_of(mesh, size)
    if box is None:
        return None
    x, y, width, height = box
    return box, part_mask(np.asarray(mesh, np.float64) - (x, y), part, (width, height))


def area_of(mesh: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The box (x, y, width, height) in a canvas of (width, height) that every part of a face lies
    in, None for a face outside."""
    mesh = np.asarray(mesh, np.float64)
    margin = _WIDEST * nodes.inter_ocular(mesh) + 2
    low = np.clip(np.floor(mesh.min(0) - margin), 0, size).astype(int)
    high = np.clip(np.ceil(mesh.max(0) + margin), 0, size).astype(int)
    if (low >= high).any():
        return None
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


class _Canvas:
    def __init__(self, mesh: np.ndarray, size: tuple[int, int], unit: float) -> None:
        self._mesh, (self._width, self._height), self._unit = mesh, size, unit

    def hull(self, indices: tuple[int, ...], margin: float) -> np.ndarray:
        """The convex hull of nodes, grown by `margin` eye distances."""
        import cv2

        points = self._mesh[list(indices)]
        filled = self.polygon(cv2.convexHull(points.astype(np.float32))[:, 0])
        radius = round(margin * self._unit)
        if radius < 1:
            return filled
        x0, y0 = np.floor(points.min(0)).astype(int) - radius - 2
        x1, y1 = np.ceil(points.max(0)).astype(int) + radius + 3
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(self._width, x1), min(self._height, y1)
        if x0 >= x1 or y0 >= y1:
            return filled
        # Grown within the hull's neighbourhood only: the canvas may be 48 megapixels.
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        filled[y0:y1, x0:x1] = cv2.dilate(filled[y0:y1, x0:x1], disc)
        return filled

    def polygon(self, points: np.ndarray) -> np.ndarray:
        import cv2

        canvas = np.zeros((self._height, self._width), np.uint8)
        cv2.fillPoly(canvas, [np.round(points - 0.5).astype(np.int32)], (255,))
        return canvas

    def side_of(self, point: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """Everything that lies in `direction` from the line through `point` across it."""
        x = np.arange(self._width, dtype=np.float32) + 0.5 - point[0]
        y = np.arange(self._height, dtype=np.float32) + 0.5 - point[1]
        inside = x[None] * direction[0] + y[:, None] * direction[1] > 0
        return inside.astype(np.uint8) * 255
