"""A stroke while it is painted, on top of a mask that may still change under it."""

from __future__ import annotations

import numpy as np

from engine.edit.tiles import Box, Key, TiledMask, corners_of, full_tile, keys_of, put, read_tiles
from engine.mask import paint_segment

LARGE = 128.0  # radius from which a brush's coverage is taken at every fourth pixel
COARSE = 4
Point = tuple[float, float]


class StrokeInProgress:
    """A stroke on top of a mask that may still change under it.

    What the stroke covers is kept apart from the mask: when a fill lands meanwhile and clears the
    mask, `rebase` puts the stroke on the new one.
    """

    def __init__(self, base: TiledMask) -> None:
        self._base = base
        self._erase = False
        self._stamp: dict[Key, np.ndarray] = {}
        self._result: dict[Key, np.ndarray] = dict(base.tiles)
        self._owned: set[Key] = set()  # tiles of the result that no snapshot shares
        self._last: tuple[Point, float, float, bool] | None = (
            None  # where the brush stands, as it is
        )

    @property
    def shape(self) -> tuple[int, int]:
        return self._base.shape

    @property
    def dtype(self) -> np.dtype:
        return self._base.dtype

    def read(self, box: Box) -> np.ndarray:
        """The mask with the stroke on it, as `TiledMask.read`."""
        return read_tiles(self._result, box)

    def paint(
        self, start: Point, end: Point, radius: float, hardness: float = 1.0, erase: bool = False
    ) -> Box | None:
        """A straight piece, as `engine.mask.paint_segment`; the box it may have changed."""
        self._erase = erase
        size = self._base.size
        reach = radius + 1
        x0 = max(0, int(np.floor(min(start[0], end[0]) - reach)))
        y0 = max(0, int(np.floor(min(start[1], end[1]) - reach)))
        x1 = min(size[0], int(np.ceil(max(start[0], end[0]) + reach)))
        y1 = min(size[1], int(np.ceil(max(start[1], end[1]) + reach)))
        if x0 >= x1 or y0 >= y1:
            return None
        goes_on = radius >= LARGE and self._last == (start, radius, hardness, erase)
        self._last = end, radius, hardness, erase
        solid = radius + 0.5 - max(1.0, radius * (1 - hardness))
        for key in keys_of((x0, y0, x1 - x0, y1 - y0)):
            corners = corners_of(key, size)
            full = full_tile(corners[3] - corners[1], corners[2] - corners[0])
            stamp = self._stamp.get(key)
            # What lies behind the start was painted when the brush came there.
            if stamp is full or (goes_on and _is_behind(corners, start, end)):
                continue
            if _farthest(corners, start, end) <= solid:
                self._stamp[key] = full
                self._owned.discard(key)
                if erase:
                    self._result.pop(key, None)
                else:
                    self._result[key] = full
            else:
                self._paint_tile(key, corners, stamp, start, end, radius, hardness)
        return x0, y0, x1 - x0, y1 - y0

    def _paint_tile(
        self,
        key: Key,
        corners: Box,
        stamp: np.ndarray | None,
        start: Point,
        end: Point,
        radius: float,
        hardness: float,
    ) -> None:
        left, top, right, bottom = corners
        fresh = stamp is None
        if stamp is None:
            stamp = np.zeros((bottom - top, right - left), np.uint8)
        start, end = (start[0] - left, start[1] - top), (end[0] - left, end[1] - top)
        if radius >= LARGE:
            box = (0, 0, stamp.shape[1], stamp.shape[0])
            coverage = _large_coverage(stamp.shape, start, end, radius, hardness)
            np.maximum(stamp, coverage, out=stamp)
        else:
            box = paint_segment(stamp, start, end, radius, hardness)
        if box is None:
            return
        x, y, width, height = box
        inside = (slice(y, y + height), slice(x, x + width))
        if fresh and not stamp[inside].any():
            return
        self._stamp[key] = stamp
        result = self._result.get(key)
        if key not in self._owned:
            if result is None:
                if self._erase:
                    return
                result = np.zeros(stamp.shape, np.uint8)
            else:
                result = result.copy()
            self._result[key] = result
            self._owned.add(key)
        assert result is not None
        if self._erase:
            np.minimum(result[inside], 255 - stamp[inside], out=result[inside])
        else:
            np.maximum(result[inside], stamp[inside], out=result[inside])

    def rebase(self, base: TiledMask) -> None:
        """The mask under the stroke is another one now."""
        self._base = base
        self._result, self._owned = dict(base.tiles), set()
        for key, stamp in self._stamp.items():
            mine = base.tiles.get(key)
            if mine is None and not self._erase:
                # A copy: the stamp goes on changing, a snapshot must not.
                put(self._result, key, stamp.copy())
            elif mine is not None:
                merged = np.minimum(mine, 255 - stamp) if self._erase else np.maximum(mine, stamp)
                put(self._result, key, merged)

    def snapshot(self) -> TiledMask:
        """The mask with the stroke as it is now; painting on does not change it."""
        for key in self._owned:
            tile = self._result[key]
            if self._erase and not tile.any():
                del self._result[key]
            else:
                tile.flags.writeable = False
        self._owned.clear()
        return TiledMask(self._base.size, dict(self._result))


def _is_behind(corners: tuple[int, int, int, int], start: Point, end: Point) -> bool:
    """Whether the start is what of a segment lies nearest to every point of a rectangle."""
    left, top, right, bottom = corners
    dx, dy = end[0] - start[0], end[1] - start[1]
    return all(
        (x - start[0]) * dx + (y - start[1]) * dy <= 0 for x in (left, right) for y in (top, bottom)
    )


def _farthest(corners: tuple[int, int, int, int], start: Point, end: Point) -> float:
    """How far the farthest point of a rectangle lies from a segment: it is a corner, distance to
    a segment being convex."""
    left, top, right, bottom = corners
    ax, ay = start
    dx, dy = end[0] - ax, end[1] - ay
    length2 = dx * dx + dy * dy
    farthest = 0.0
    for x, y in ((left, top), (right, top), (left, bottom), (right, bottom)):
        px, py = x - ax, y - ay
        along = 0.0 if length2 == 0 else min(1.0, max(0.0, (px * dx + py * dy) / length2))
        away = ((px - along * dx) ** 2 + (py - along * dy) ** 2) ** 0.5
        farthest = max(farthest, away)
    return farthest


def _large_coverage(
    shape: tuple[int, ...], start: Point, end: Point, radius: float, hardness: float
) -> np.ndarray:
    """Coverage 0..255 of a large brush on one tile, as `engine.mask.paint_segment` has it.

    The distance to a segment bends so little at this size that it is interpolated between every
    fourth pixel, a hundredth of a pixel off; the rim is cut off at full resolution.
    """
    import cv2

    height, width = shape
    # One sample more all around, or the outermost pixels would repeat instead of interpolate.
    rows, columns = -(-height // COARSE) + 2, -(-width // COARSE) + 2
    x = (np.arange(columns, dtype=np.float32) - 0.5) * COARSE - np.float32(start[0])
    y = ((np.arange(rows, dtype=np.float32) - 0.5) * COARSE - np.float32(start[1]))[:, None]
    dx, dy = np.float32(end[0] - start[0]), np.float32(end[1] - start[1])
    length2 = dx * dx + dy * dy
    if length2 > 0:
        along = np.clip((x * dx + y * dy) / length2, 0, 1)
        distance = np.hypot(x - along * dx, y - along * dy)
    else:
        distance = np.hypot(x, y)
    rim = max(1.0, radius * (1 - hardness))
    coverage = (np.float32(radius + 0.5) - distance) * np.float32(255 / rim)
    fine = cv2.resize(coverage, (columns * COARSE, rows * COARSE), interpolation=cv2.INTER_LINEAR)[
        COARSE : COARSE + height, COARSE : COARSE + width
    ]
    return cv2.add(fine, 0.0, dtype=cv2.CV_8U)  # type: ignore[call-overload, arg-type]
