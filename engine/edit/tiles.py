"""Masks as tiles that are shared between versions: a snapshot of 48 megapixels costs no copy.

A stroke touches a few tiles and shares all others with the mask it began on, so the history, the
preview and a running fill each keep a mask of their own for the price of what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache

import numpy as np

from engine.mask import HOLE_THRESHOLD, Mask, paint_segment

TILE = 256
LARGE = 128.0  # radius from which a brush's coverage is taken at every fourth pixel
COARSE = 4
Box = tuple[int, int, int, int]
Key = tuple[int, int]  # row, column
Point = tuple[float, float]


class TiledMask:
    """A mask of (width, height), one byte a pixel like `engine.mask.Mask`, that never changes.

    tiles: (row, column) -> up to 256 x 256 uint8, read-only; a tile that is not there is all zero,
    and one that is all zero is not there.
    """

    def __init__(self, size: tuple[int, int], tiles: Mapping[Key, np.ndarray] | None = None):
        self.size = size
        self.tiles: Mapping[Key, np.ndarray] = {} if tiles is None else tiles

    @classmethod
    def of(cls, mask: Mask) -> TiledMask:
        """The same mask in tiles."""
        return cls(mask.size).with_part((0, 0), mask.pixels)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width), as an array's."""
        return self.size[1], self.size[0]

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(np.uint8)

    @property
    def is_blank(self) -> bool:
        """Whether every pixel is 0."""
        return not self.tiles

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to fill: no pixel is painted enough to be a hole."""
        return self.bounds is None

    @cached_property
    def bounds(self) -> Box | None:
        """The tight box (x, y, width, height) of the hole, None without one."""
        return self._bounds(HOLE_THRESHOLD)

    @cached_property
    def painted(self) -> Box | None:
        """The tight box of every pixel that is not 0, None without one."""
        return self._bounds(1)

    def _bounds(self, least: int) -> Box | None:
        import cv2

        corners = []
        for (row, column), tile in self.tiles.items():
            x, y, width, height = cv2.boundingRect((tile >= least).view(np.uint8))
            if width:
                left, top = column * TILE + x, row * TILE + y
                corners.append((left, top, left + width, top + height))
        if not corners:
            return None
        low, high = np.min(corners, 0), np.max(corners, 0)
        x, y = int(low[0]), int(low[1])
        return x, y, int(high[2]) - x, int(high[3]) - y

    def read(self, box: Box) -> np.ndarray:
        """The pixels of a box that lies inside the mask, height x width uint8, a new array."""
        return read_tiles(self.tiles, box)

    def to_mask(self) -> Mask:
        """The whole mask in one array: costs what the photo's size costs, so not for the GUI."""
        return Mask(self.read((0, 0, *self.size)))

    def same(self, other: TiledMask) -> bool:
        """Whether both paint the same pixels; quick where tiles are shared."""
        if self is other:
            return True
        return (
            self.size == other.size
            and self.tiles.keys() == other.tiles.keys()
            and all(
                tile is other.tiles[key] or np.array_equal(tile, other.tiles[key])
                for key, tile in self.tiles.items()
            )
        )

    def damage(self, other: TiledMask) -> Box | None:
        """A box around all tiles that are not shared with a mask of the same size."""
        keys = [
            key
            for key in self.tiles.keys() | other.tiles.keys()
            if self.tiles.get(key) is not other.tiles.get(key)
        ]
        if not keys:
            return None
        low, high = np.min(keys, 0), np.max(keys, 0) + 1
        x, y = int(low[1]) * TILE, int(low[0]) * TILE
        return (
            x,
            y,
            min(int(high[1]) * TILE, self.size[0]) - x,
            min(int(high[0]) * TILE, self.size[1]) - y,
        )

    # New masks.

    def with_part(self, corner: tuple[int, int], part: np.ndarray) -> TiledMask:
        """The mask with the h x w uint8 of `part` put at the photo's `corner` (x, y)."""
        x, y = corner
        height, width = part.shape
        tiles = dict(self.tiles)
        for key in keys_of((x, y, width, height)):
            left, top, right, bottom = corners_of(key, self.size)
            x0, y0, x1, y1 = (
                max(left, x),
                max(top, y),
                min(right, x + width),
                min(bottom, y + height),
            )
            new = part[y0 - y : y1 - y, x0 - x : x1 - x]
            old = tiles.get(key)
            if (x0, y0, x1, y1) == (left, top, right, bottom):
                tile = new.copy()
            else:
                tile = (
                    np.zeros((bottom - top, right - left), np.uint8) if old is None else old.copy()
                )
                tile[y0 - top : y1 - top, x0 - left : x1 - left] = new
            _put(tiles, key, tile)
        return TiledMask(self.size, tiles)

    def inverted(self) -> TiledMask:
        """Fill what was kept and keep what was filled."""
        tiles: dict[Key, np.ndarray] = {}
        for key in keys_of((0, 0, *self.size)):
            tile = self.tiles.get(key)
            left, top, right, bottom = corners_of(key, self.size)
            full = full_tile(bottom - top, right - left)
            if tile is None:
                tiles[key] = full
            elif tile is not full:
                _put(tiles, key, 255 - tile)
        return TiledMask(self.size, tiles)

    def union(self, other: TiledMask) -> TiledMask:
        """What either fills."""
        return self._merged(other, np.maximum)

    def subtract(self, other: TiledMask) -> TiledMask:
        """What this fills and the other does not."""
        return self._merged(other, lambda mine, theirs: np.minimum(mine, 255 - theirs))

    def without(self, other: TiledMask) -> TiledMask:
        """The mask, cleared wherever the other is painted at all."""
        return self._merged(other, lambda mine, theirs: np.where(theirs > 0, np.uint8(0), mine))

    def _merged(
        self, other: TiledMask, merge: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> TiledMask:
        tiles = dict(self.tiles)
        for key, theirs in other.tiles.items():
            mine = self.tiles.get(key)
            if mine is None:
                mine = np.zeros(theirs.shape, np.uint8)
            _put(tiles, key, merge(mine, theirs))
        return TiledMask(self.size, tiles)

    def with_area(self, outline: np.ndarray, *, subtract: bool = False) -> TiledMask:
        """The mask with the area inside an outline added or taken away, its edge anti-aliased.

        outline: N x 2 photo coordinates, N >= 3. Costs what the outline's box costs.
        """
        import cv2

        points = np.asarray(outline, np.float64)
        low = np.clip(np.floor(points.min(0)) - 2, 0, self.size).astype(int)
        high = np.clip(np.ceil(points.max(0)) + 2, 0, self.size).astype(int)
        if (low >= high).any():
            return self
        area = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        # A sixteenth of a pixel: cv2 takes whole numbers with fractional bits.
        corners = np.round((points - low - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(area, [corners], (255,), lineType=cv2.LINE_AA, shift=4)
        x, y = int(low[0]), int(low[1])
        old = self.read((x, y, area.shape[1], area.shape[0]))
        merged = np.minimum(old, 255 - area) if subtract else np.maximum(old, area)
        return self.with_part((x, y), merged)

    def changed(self, change: Callable[[Mask], Mask], reach: float) -> TiledMask:
        """The mask after any function of masks whose effect goes no farther than `reach` pixels
        beyond what is painted; it is given that neighbourhood alone."""
        if self.painted is None:
            return self
        x, y, width, height = self.painted
        by = int(np.ceil(reach)) + 2
        x0, y0 = max(0, x - by), max(0, y - by)
        x1, y1 = min(self.size[0], x + width + by), min(self.size[1], y + height + by)
        part = Mask(self.read((x0, y0, x1 - x0, y1 - y0)))
        return self.with_part((x0, y0), change(part).pixels)

    def with_tiles(self, tiles: Mapping[Key, np.ndarray]) -> TiledMask:
        """The same mask from equal tiles that lie elsewhere, on disk for example."""
        return TiledMask(self.size, tiles)


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
        solid = radius + 0.5 - max(1.0, radius * (1 - hardness))
        for key in keys_of((x0, y0, x1 - x0, y1 - y0)):
            corners = corners_of(key, size)
            full = full_tile(corners[3] - corners[1], corners[2] - corners[0])
            stamp = self._stamp.get(key)
            if stamp is full:
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
                _put(self._result, key, stamp.copy())
            elif mine is not None:
                merged = np.minimum(mine, 255 - stamp) if self._erase else np.maximum(mine, stamp)
                _put(self._result, key, merged)

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


def read_tiles(tiles: Mapping[Key, np.ndarray], box: Box) -> np.ndarray:
    """The pixels of a box from tiles, height x width uint8, a new array."""
    x, y, width, height = box
    part = np.zeros((height, width), np.uint8)
    for row, column in keys_of(box):
        tile = tiles.get((row, column))
        if tile is None:
            continue
        left, top = column * TILE, row * TILE
        x0, y0 = max(x, left), max(y, top)
        x1, y1 = min(x + width, left + tile.shape[1]), min(y + height, top + tile.shape[0])
        part[y0 - y : y1 - y, x0 - x : x1 - x] = tile[y0 - top : y1 - top, x0 - left : x1 - left]
    return part


def keys_of(box: Box) -> list[Key]:
    """The tiles that a box (x, y, width, height) lies on."""
    x, y, width, height = box
    if width <= 0 or height <= 0:
        return []
    rows = range(y // TILE, (y + height - 1) // TILE + 1)
    columns = range(x // TILE, (x + width - 1) // TILE + 1)
    return [(row, column) for row in rows for column in columns]


def corners_of(key: Key, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a tile in a mask of (width, height)."""
    left, top = key[1] * TILE, key[0] * TILE
    return left, top, min(left + TILE, size[0]), min(top + TILE, size[1])


@lru_cache(maxsize=16)
def full_tile(height: int, width: int) -> np.ndarray:
    """The one tile of 255 of that size: painted areas share it."""
    tile = np.full((height, width), 255, np.uint8)
    tile.flags.writeable = False
    return tile


def _put(tiles: dict[Key, np.ndarray], key: Key, tile: np.ndarray) -> None:
    """Keep a tile, or leave it out where it is all zero."""
    if not tile.any():
        tiles.pop(key, None)
        return
    full = full_tile(*tile.shape)
    if tile[0, 0] == 255 and np.array_equal(tile, full):
        tile = full
    else:
        tile.flags.writeable = False
    tiles[key] = tile


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
