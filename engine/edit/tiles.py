"""Masks as tiles that are shared between versions: a snapshot of 48 megapixels costs no copy.

A stroke touches a few tiles and shares all others with the mask it began on, so the history, the
preview and a running fill each keep a mask of their own for the price of what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache

import numpy as np

from engine.base.hidden import PAINTED
from engine.mask import OPAQUE, Mask, least_of_hole

TILE = 256
Box = tuple[int, int, int, int]
Key = tuple[int, int]  # row, column


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
        return self._bounds(self.least)

    @cached_property
    def least(self) -> int:
        """The value from which on a pixel is filled, as of `engine.mask.Mask.hole`."""
        painted = opaque = 0
        for tile in self.tiles.values():
            if tile is full_tile(*tile.shape):
                painted, opaque = painted + tile.size, opaque + tile.size
            else:
                painted += int(np.count_nonzero(tile >= PAINTED))
                opaque += int(np.count_nonzero(tile >= OPAQUE))
        return least_of_hole(painted, opaque)

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
            put(tiles, key, tile)
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
                put(tiles, key, 255 - tile)
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
            put(tiles, key, merge(mine, theirs))
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


def put(tiles: dict[Key, np.ndarray], key: Key, tile: np.ndarray) -> None:
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
