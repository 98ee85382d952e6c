"""Scratches and spots of old prints and scans, found without a network.

A scratch is thin, long, straight for a while, lighter (or darker) than both of its sides, and its
sides are alike, for it crosses what is there. A spot is small, round and stands alone. Hair and
lashes are thin too, but come in bundles: where much is found close together, it is the photo's
own texture and stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.base.errors import MienError
from engine.face.finder import Face

LARGEST_SIDE = 1400  # pixels looked at; scratches are found at this scale
TOO_MUCH = 0.15  # of the photo
_ANGLES = 16
_STANDS_OUT = 22  # grey levels over both sides
_ALONG = 0.74  # of a straight piece must stand out
_CROWDED = 0.4  # share of a neighbourhood that is thin structure: texture, not damage
_KEPT_PARTS = ("eyes", "brows", "mouth")  # glints and lashes are no damage


def _array(value: Any) -> np.ndarray:
    return np.asarray(value)


def find_scratches(rgb: np.ndarray, faces: Iterable[Face] = ()) -> np.ndarray:
    """H x W uint8: 255 on scratches and spots, with a rim that covers their soft border.

    rgb: H x W x 3 uint8. faces: known faces, whose glints and lashes are left alone. Raises
    MienError where so much is found that it cannot be damage.
    """
    import cv2

    height, width = rgb.shape[:2]
    scale = min(1.0, LARGEST_SIDE / max(height, width))
    grey = _array(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    if scale < 1:
        grey = _array(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    found = _scratches(grey) | _scratches(255 - grey)
    kept = _inside_parts(faces, grey.shape, scale)
    found |= (_spots(grey) | _spots(255 - grey)) & ~kept
    share = float(found.mean() / 255)
    if share > TOO_MUCH:
        raise MienError(
            f"What looks like scratches is {share:.0%} of the photo; mask it by hand instead."
        )
    rim = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    found = _array(cv2.dilate(found, rim))
    if scale < 1:
        found = _array(cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR))
        found = ((found > 64) * np.uint8(255)).astype(np.uint8)
    return found


def _scratches(grey: np.ndarray) -> np.ndarray:
    """0 or 255 where a long thin thing is lighter than both of its sides."""
    import cv2

    side = max(grey.shape)
    length = max(25, round(side / 15)) | 1  # the shortest
    lines, ridges = np.zeros(grey.shape, np.uint8), np.zeros(grey.shape, np.uint8)
    for number in range(_ANGLES):
        turn, size = _turned(grey.shape, 180 * number / _ANGLES)
        picture = cv2.warpAffine(grey, turn, size, borderMode=cv2.BORDER_REPLICATE)
        line, ridge = _level_scratches(_array(picture), max(3, round(side / 220)), length)
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        back = (grey.shape[1], grey.shape[0])
        lines |= _array(cv2.warpAffine(line, turn, back, flags=flags))
        ridges |= _array(cv2.warpAffine(ridge, turn, back, flags=flags))
    crowd = _array(cv2.blur(ridges.astype(np.float32), (length, length)))
    lines[crowd > _CROWDED] = 0
    lines = _array(cv2.morphologyEx(lines, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))
    # What is as wide as it is thick is a thing, not a scratch.
    wide = np.ones((2 * max(3, round(side / 220)) + 1,) * 2, np.uint8)
    lines &= ~_array(cv2.morphologyEx(lines, cv2.MORPH_OPEN, wide))
    return _long(lines, least=round(1.2 * length)) * np.uint8(255)


def _turned(shape: tuple[int, ...], degrees: float) -> tuple[np.ndarray, tuple[int, int]]:
    """The 2 x 3 matrix that turns a picture, and the (width, height) that holds all of it."""
    import cv2

    height, width = shape[:2]
    turn = _array(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0))
    across, down = abs(turn[0, 0]), abs(turn[0, 1])
    size = (int(height * down + width * across) + 1, int(height * across + width * down) + 1)
    turn[:, 2] += size[0] / 2 - width / 2, size[1] / 2 - height / 2
    return turn, size


def _level_scratches(grey: np.ndarray, away: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Scratches that lie level, and every thin level thing, both 0 or 1. away: pixels from the
    middle of a scratch to where its sides are looked at."""
    import cv2

    smooth = _array(cv2.GaussianBlur(grey, (0, 0), 0.6))
    sides = _array(cv2.blur(grey, (3, max(1, away - 1))))
    one, other = np.roll(sides, away, 0), np.roll(sides, -away, 0)
    over = _array(cv2.subtract(smooth, np.maximum(one, other)))  # 0 where it is darker
    limit = (0.7 * np.arange(256) + 6).astype(np.uint8)
    alike = _array(cv2.absdiff(one, other)) < limit[over]
    ridge = ((over > _STANDS_OUT) & alike).astype(np.uint8)
    # A pixel up or down: a scratch is not quite straight.
    loose = _array(cv2.dilate(ridge, np.ones((3, 1), np.uint8)))
    share = _array(cv2.blur(loose * np.uint8(255), (length, 1)))
    line = ((share > 255 * _ALONG) & (ridge > 0)).astype(np.uint8)
    if line.any():
        # It goes on where it is fainter.
        faint = (over > _STANDS_OUT // 3).astype(np.uint8)
        for _ in range(3):
            line = _array(cv2.dilate(line, np.ones((3, length), np.uint8))) & faint
    return line, ridge


def _long(lines: np.ndarray, least: int) -> np.ndarray:
    """The pieces that are long, 0 or 1."""
    import cv2

    _, labels, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    stats = _array(stats)
    extent = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = extent >= least
    keep[0] = False
    return _array(keep)[_array(labels)].astype(np.uint8)


def _spots(grey: np.ndarray) -> np.ndarray:
    """0 or 255 on small round light things that stand alone on even ground."""
    import cv2

    reach = max(4, round(max(grey.shape) / 110)) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    calm = _array(cv2.GaussianBlur(grey, (0, 0), 0.8))  # the grain is no ground
    above = _array(cv2.morphologyEx(calm, cv2.MORPH_TOPHAT, disc)).astype(np.float32)
    around = 8 * reach + 1
    rough = _array(cv2.blur(np.minimum(above, 40), (around, around)))
    strong = (above > np.maximum(45, 6 * rough)).astype(np.uint8)
    _, labels, stats, centres = cv2.connectedComponentsWithStats(strong, connectivity=8)
    stats, centres = _array(stats), np.nan_to_num(_array(centres)).astype(int)
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    longer, shorter = np.maximum(width, height), np.minimum(width, height)
    is_round = (longer <= 1.6 * shorter) & (stats[:, cv2.CC_STAT_AREA] > 0.6 * width * height)
    crowd = _array(cv2.blur(strong.astype(np.float32), (around, around)))
    alone = crowd[centres[:, 1], centres[:, 0]] * around**2 < 1.5 * stats[:, cv2.CC_STAT_AREA]
    even = rough[centres[:, 1], centres[:, 0]] < 7
    keep = is_round & (longer <= 2 * reach) & (shorter >= 3) & alone & even
    keep[0] = False
    return _array(keep)[_array(labels)].astype(np.uint8) * np.uint8(255)


def _inside_parts(faces: Iterable[Face], shape: tuple[int, ...], scale: float) -> np.ndarray:
    from engine.face.parts import part_mask

    inside = np.zeros(shape[:2], np.uint8)
    for face in faces:
        if face.mesh is not None:
            for part in _KEPT_PARTS:
                inside |= part_mask(face.mesh * scale, part, (shape[1], shape[0]))
    return inside
