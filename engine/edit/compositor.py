"""Photo and layers made into pixels: by box for the canvas, whole for a save or another fill."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np

from engine.edit.edit import Edit, Layer
from engine.edit.tiles import TILE, Box, Key, corners_of, keys_of
from engine.photo import Photo
from engine.photo.compositing import lay

Signature = tuple[tuple[str, float], ...]


class Composite:
    """The picture of a photo under layers (from the lowest up), in the photo's depth.

    It never changes. Tiles that a layer touches are made when they are first looked at and kept
    in a store that composites of the same photo share; all others are the photo's own memory.
    """

    def __init__(
        self, photo: Photo, layers: Iterable[Layer] = (), store: TileStore | None = None
    ) -> None:
        self._photo = photo
        self._layers = tuple(layer for layer in layers if layer.is_shown)
        self._store = TileStore() if store is None else store
        self._touched: dict[Key, list[Layer]] = {}
        for layer in self._layers:
            for key in {key for patch in layer.patches for key in keys_of(patch.box)}:
                self._touched.setdefault(key, []).append(layer)
        self._whole: Photo | None = None if self._layers else photo
        self._lock = threading.Lock()

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width, channels)."""
        return self._photo.pixels.shape

    @property
    def dtype(self) -> np.dtype:
        return self._photo.pixels.dtype

    @property
    def opened(self) -> Photo:
        """The photo without any layer."""
        return self._photo

    def of(self, edit: Edit) -> Composite:
        """The picture of another edit of the same photo; it shares the tiles made so far."""
        if edit.photo is self._photo and edit.look == tuple(one.key for one in self._layers):
            return self
        return Composite(edit.photo, edit.layers, self._store)

    def read(self, box: Box) -> np.ndarray:
        """The pixels of a box inside the photo, height x width x channels; to be read only."""
        x, y, width, height = box
        below = self._photo.pixels[y : y + height, x : x + width]
        keys = [key for key in keys_of(box) if key in self._touched]
        if not keys:
            return below
        made = below.copy()
        for key in keys:
            tile, (left, top, right, bottom) = self._tile(key), corners_of(key, self._photo.size)
            x0, y0, x1, y1 = (
                max(x, left),
                max(y, top),
                min(x + width, right),
                min(y + height, bottom),
            )
            made[y0 - y : y1 - y, x0 - x : x1 - x] = tile[
                y0 - top : y1 - top, x0 - left : x1 - left
            ]
        return made

    def warm(self) -> None:
        """Make every tile that a layer touches, so that showing it costs no blending."""
        for key in self._touched:
            self._tile(key)

    def photo(self) -> Photo:
        """The whole picture with the photo's path and metadata; made once, one copy."""
        with self._lock:
            if self._whole is None:
                pixels = self._photo.pixels.copy()
                for layer in self._layers:
                    for patch in layer.patches:
                        lay(pixels, (0, 0), patch, layer.opacity)
                self._whole = self._photo.with_pixels(pixels)
            return self._whole

    def _tile(self, key: Key) -> np.ndarray:
        layers = self._touched[key]
        signature = tuple(layer.key for layer in layers)
        tile = self._store.get(key, signature)
        if tile is None:
            left, top, right, bottom = corners_of(key, self._photo.size)
            tile = self._photo.pixels[top:bottom, left:right].copy()
            for layer in layers:
                for patch in layer.patches:
                    lay(tile, (left, top), patch, layer.opacity)
            self._store.put(key, signature, tile)
        return tile


class Shown:
    """A composite as a screen shows it: its pixels in sRGB, whatever the photo's own colours are,
    converted where they are looked at. It never changes."""

    def __init__(self, picture: Composite) -> None:
        self.photo = picture.opened
        self._picture = picture

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width, channels)."""
        return self._picture.shape

    @property
    def dtype(self) -> np.dtype:
        return self._picture.dtype

    def read(self, box: Box) -> np.ndarray:
        """As `Composite.read`, in sRGB; transparency stays."""
        pixels = self._picture.read(box)
        if self.photo.profile is None:
            return pixels
        rgb = self.photo.to_srgb(np.ascontiguousarray(pixels))
        return np.concatenate([rgb, pixels[..., 3:]], axis=2) if pixels.shape[2] == 4 else rgb


class TileStore:
    """The composited tiles of one photo: of each place the two that were made last, so that going
    back and forth between two fills costs nothing."""

    def __init__(self) -> None:
        self._tiles: dict[Key, tuple[tuple[Signature, np.ndarray], ...]] = {}

    def get(self, key: Key, signature: Signature) -> np.ndarray | None:
        kept = self._tiles.get(key, ())
        return next((tile for made_of, tile in kept if made_of == signature), None)

    def put(self, key: Key, signature: Signature, tile: np.ndarray) -> None:
        self._tiles[key] = ((signature, tile), *self._tiles.get(key, ())[:1])


def damage(before: Edit, after: Edit) -> list[Box]:
    """The boxes where two edits of one photo can look different."""
    old, new = before.shown, after.shown
    if before.look == after.look:
        return []
    start = 0
    while start < min(len(old), len(new)) and old[start].key == new[start].key:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end].key == new[-1 - end].key:
        end += 1
    changed = (*old[start : len(old) - end], *new[start : len(new) - end])
    return list(dict.fromkeys(patch.box for layer in changed for patch in layer.patches))


def composite(edit: Edit) -> Photo:
    """The whole picture of an edit."""
    return Composite(edit.photo, edit.layers).photo()


__all__ = ["TILE", "Composite", "Shown", "TileStore", "composite", "damage"]
