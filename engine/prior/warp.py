"""Faces brought to one shape by their meshes, and back: piecewise affine over fixed triangles.

The mean mesh and anchors around the frame are triangulated once. A face is cut to the mean shape
by looking up, for each place of it, where its triangle lies in the crop; what is painted there is
brought back by the same triangles the other way round. Where the mesh is folded (a profile, a bad
guess) there is no way back, and those places are given up.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

# The anchors lie this far outside the frame (in its sides), so many on each side of it.
OUTSIDE, ANCHORS = 0.2, 5
SQUEEZED = 0.08  # a triangle this much smaller than in the mean shape is as good as folded


class MeanShape:
    """The shape that faces are brought to.

    mean: 478 x 2, crop units. triangles: T x 3 numbers of its nodes and the anchors after them.
    """

    def __init__(self, mean: np.ndarray, triangles: np.ndarray) -> None:
        self.points = np.concatenate([np.asarray(mean, np.float32), anchors()])
        self.triangles = np.ascontiguousarray(triangles, np.int32)
        self._areas = _areas(self.points[self.triangles])
        self._places: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    @cached_property
    def face(self) -> int:
        """How many of the points are nodes of the face."""
        return len(self.points) - len(anchors())

    def to_mean(self, mesh: np.ndarray, side: int) -> np.ndarray:
        """Where each pixel of the mean shape (side x side) lies in a crop of that size: side x
        side x 2 float32, pixel indices as cv2.remap takes them. mesh: 478 x 2, crop units."""
        # Affine but for the triangles' edges: every second place tells the rest.
        numbers, weights = self._inside(side // 2)
        corners = self._moved(mesh)[self.triangles[numbers]]
        places = np.einsum("yxkc,yxk->yxc", corners, weights)
        places = cv2.resize(places, (side, side), interpolation=cv2.INTER_LINEAR)
        return (places * side - 0.5).astype(np.float32)

    def from_mean(
        self, mesh: np.ndarray, side: int, window: tuple[slice, slice] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(h x w x 2 float32, h x w bool): for each pixel of a crop where it lies in the mean
        shape, in crop units, and whether it lies there at all. window: the rows and columns of
        the crop (side x side) that are asked for; None: all."""
        moved = self._moved(mesh)
        corners = moved[self.triangles]
        rows, columns = window or (slice(0, side), slice(0, side))
        numbers, folded = self._drawn(corners, side, (rows, columns))
        maps = _affine(corners, self.points[self.triangles])[np.maximum(numbers, 0)]
        steps = (np.arange(side, dtype=np.float32) + 0.5) / side
        x, y = steps[columns][None, :, None], steps[rows][:, None, None]
        places = x * maps[..., 0, :] + y * maps[..., 1, :]
        return places + maps[..., 2, :], (numbers >= 0) & ~folded

    def _drawn(
        self, corners: np.ndarray, side: int, window: tuple[slice, slice] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(the triangle at each pixel of a window of a crop or -1, where triangles are folded)."""
        rows, columns = window or (slice(0, side), slice(0, side))
        size = rows.stop - rows.start, columns.stop - columns.start
        numbers = np.full(size, -1, np.int32)
        folded = np.zeros(size, np.uint8)
        areas = _areas(corners) / self._areas
        # Pixel centres at whole numbers, sixteenths of a pixel.
        first = np.array([columns.start, rows.start], np.float32)
        fixed = np.round((corners * side - 0.5 - first) * 16).astype(np.int32)
        fixed = np.clip(fixed, -(2**20), 2**20)
        for number in np.flatnonzero(areas >= SQUEEZED):
            cv2.fillConvexPoly(numbers, fixed[number], (int(number),), cv2.LINE_8, 4)
        for number in np.flatnonzero(areas < 0):
            cv2.fillConvexPoly(folded, fixed[number], (1,), cv2.LINE_8, 4)
        return numbers, folded > 0

    def _inside(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """For each pixel of the mean shape its triangle and its barycentric weights."""
        if side not in self._places:
            corners = self.points[self.triangles]
            numbers = np.maximum(self._drawn(corners, side)[0], 0)
            edges = np.concatenate([corners, np.ones_like(corners[..., :1])], -1)
            inverse = np.linalg.inv(edges.astype(np.float64)).astype(np.float32)[numbers]
            steps = (np.arange(side, dtype=np.float32) + 0.5) / side
            weights = (
                steps[None, :, None] * inverse[..., 0, :]
                + steps[:, None, None] * inverse[..., 1, :]
            )
            self._places[side] = numbers, weights + inverse[..., 2, :]
        return self._places[side]

    def _moved(self, mesh: np.ndarray) -> np.ndarray:
        return np.concatenate([np.asarray(mesh, np.float32), self.points[self.face :]])


def anchors() -> np.ndarray:
    """Points around the frame that never move, N x 2 float32 in crop units."""
    line = np.linspace(-OUTSIDE, 1 + OUTSIDE, ANCHORS, dtype=np.float32)
    low, high = np.full_like(line, line[0]), np.full_like(line, line[-1])
    sides = [(line, low), (line, high), (low[1:-1], line[1:-1]), (high[1:-1], line[1:-1])]
    return np.concatenate([np.stack(side, -1) for side in sides])


def triangulated(mean: np.ndarray) -> np.ndarray:
    """Delaunay triangles of a mean mesh (478 x 2, crop units) and the anchors, T x 3 int32, all
    turned the same way."""
    from scipy.spatial import Delaunay

    points = np.concatenate([np.asarray(mean, np.float32), anchors()])
    triangles = Delaunay(points).simplices.astype(np.int32)
    turned = _areas(points[triangles]) < 0
    triangles[turned] = triangles[turned][:, ::-1]
    return triangles[np.abs(_areas(points[triangles])) > 1e-9]


def _affine(corners: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The maps that bring corners to others, both T x 3 x 2: T x 3 x 2 float32, [x y 1] times one
    is the place. Of a triangle without an area anything."""
    corners, wanted = corners.astype(np.float64), wanted.astype(np.float64)
    (ax, ay), (bx, by) = ((corners[:, k] - corners[:, 0]).T for k in (1, 2))
    area = ax * by - ay * bx
    area[np.abs(area) < 1e-9] = 1
    # The two edges' inverse, in closed form: LAPACK would be called for each triangle, and takes a
    # hundred times as long on a busy machine.
    inverse = np.stack([np.stack([by, -ay], -1), np.stack([-bx, ax], -1)], 1) / area[:, None, None]
    linear = inverse @ (wanted[:, 1:] - wanted[:, :1])
    shift = wanted[:, :1] - corners[:, :1] @ linear
    return np.concatenate([linear, shift], 1).astype(np.float32)


def _areas(corners: np.ndarray) -> np.ndarray:
    """Signed areas of T x 3 x 2 triangles."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
