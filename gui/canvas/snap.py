"""Edges that a lasso follows from corner to corner: a live wire (Mortensen & Barrett 1995)."""

from __future__ import annotations

import numpy as np

from gui.qimage import cv2

REACH = 320  # pixels of the screen around a corner in which edges are followed
CANNY = (32, 100)  # gradients between which an edge begins and goes on
STRONGEST = 200  # gradient that no edge needs to be above
Point = tuple[float, float]


class LiveWire:
    """The edges around one corner. pixels: H x W x 3 uint8, the photo. scale: of the view, so that
    edges are those that are seen. A corner beyond the photo has those of its nearest pixel."""

    def __init__(self, pixels: np.ndarray, corner: Point, scale: float) -> None:
        height, width = pixels.shape[:2]
        self._step = max(1.0, 1 / scale)
        reach = round(REACH * self._step)
        x = min(max(round(corner[0]), 0), width - 1)
        y = min(max(round(corner[1]), 0), height - 1)
        left, top = max(0, x - reach), max(0, y - reach)
        part = pixels[top : min(height, y + reach), left : min(width, x + reach)]
        size = [max(2, round(side / self._step)) for side in (part.shape[1], part.shape[0])]
        self._corner, self._origin, self._size = corner, (left, top), size
        self._wire = cv2.segmentation.IntelligentScissorsMB()
        self._wire.setEdgeFeatureCannyParameters(*CANNY)
        self._wire.setGradientMagnitudeMaxLimit(STRONGEST)
        small = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA)
        self._wire.applyImage(small)
        self._wire.buildMap(self._inside(corner))

    def to(self, point: Point) -> list[Point]:
        """The way along edges from the corner to a point, both included."""
        contour = self._wire.getContour(self._inside(point)).reshape(-1, 2)
        left, top = self._origin
        way = [(left + (x + 0.5) * self._step, top + (y + 0.5) * self._step) for x, y in contour]
        return [self._corner, *way[1:-1], point]

    def _inside(self, point: Point) -> tuple[int, int]:
        place = (
            min(max(int((at - origin) / self._step), 0), side - 1)
            for at, origin, side in zip(point, self._origin, self._size, strict=True)
        )
        x, y = place
        return x, y
