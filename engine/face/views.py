"""The pictures of a photo in which faces are looked for: scales, quarter turns and tiles."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from engine.face import geometry

TILE = 560  # pixels; the detectors see 192 of them
SMALL = 900  # pixels of a photo whose faces are all seen in the whole of it
# Longer sides of the copies that tiles are cut from. Each shows faces from about 8 % of a tile on;
# together they leave no gap: faces from 48 pixels on in a photo as wide as the last.
DENSITIES = (1600, 3200, 6400)


View = tuple[np.ndarray, np.ndarray]  # a picture, and the matrix from it to photo coordinates


def search_views(rgb: np.ndarray, turn: int) -> Iterator[Iterator[View]]:
    """The views to search, of ever smaller faces: what a copy of two megapixels shows, then what
    finer ones do."""
    longest = max(rgb.shape[:2])
    yield itertools.chain(_whole(rgb, turn), () if turn else _tiled(rgb, DENSITIES[0]))
    if not turn and 2 * longest > DENSITIES[1]:
        yield _tiled(rgb, DENSITIES[1])
    if not turn and 2 * longest > DENSITIES[2]:
        yield _tiled(rgb, DENSITIES[2])


def _whole(rgb: np.ndarray, turn: int) -> Iterator[View]:
    """The whole picture, bare and inside a border: in a tight portrait the face is larger than
    either detector expects."""
    import cv2

    height, width = rgb.shape[:2]
    longest = max(height, width)
    scale = min(1.0, 640 / longest)
    whole = _reduced(rgb, scale)
    spin = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    back = _turned_back(turn, whole.shape)
    if turn:
        whole = np.ascontiguousarray(cv2.rotate(whole, spin[turn]))
    to_photo = geometry.compose(scaling(1 / scale), back)
    yield whole, to_photo
    border = max(whole.shape[:2]) // 3
    padded = cv2.copyMakeBorder(whole, border, border, border, border, cv2.BORDER_REPLICATE)
    shift = np.array([[1, 0, -border], [0, 1, -border]], np.float64)
    yield padded, geometry.compose(to_photo, shift)


def _tiled(rgb: np.ndarray, size: int) -> Iterator[View]:
    """Tiles of a copy whose longer side is `size` at most, for small faces."""
    longest = max(rgb.shape[:2])
    if longest <= SMALL:
        return
    reduced = _reduced(rgb, min(1.0, size / longest))
    factor = reduced.shape[1] / rgb.shape[1]
    for y, x, tile in _tiles(reduced, TILE, 96):
        offset = np.array([[1, 0, x], [0, 1, y]], np.float64)
        yield tile, geometry.compose(scaling(1 / factor), offset)


def _tiles(picture: np.ndarray, side: int, overlap: int) -> Iterator[tuple[int, int, np.ndarray]]:
    height, width = picture.shape[:2]
    for y in _starts(height, side, overlap):
        for x in _starts(width, side, overlap):
            yield y, x, np.ascontiguousarray(picture[y : y + side, x : x + side])


def _starts(length: int, side: int, overlap: int) -> list[int]:
    if length <= side:
        return [0]
    count = -(-(length - overlap) // (side - overlap))
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


def _reduced(rgb: np.ndarray, scale: float) -> np.ndarray:
    import cv2

    if scale >= 1:
        return np.ascontiguousarray(rgb)
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def scaling(factor: float) -> np.ndarray:
    return np.array([[factor, 0, 0], [0, factor, 0]], np.float64)


def _turned_back(turn: int, shape: tuple[int, ...]) -> np.ndarray:
    """Coordinates of a picture turned clockwise by `turn` -> coordinates before the turn."""
    height, width = shape[:2]
    matrices = {
        0: [[1, 0, 0], [0, 1, 0]],
        90: [[0, 1, 0], [-1, 0, height]],
        180: [[-1, 0, width], [0, -1, height]],
        270: [[0, -1, width], [1, 0, 0]],
    }
    return np.array(matrices[turn], np.float64)
