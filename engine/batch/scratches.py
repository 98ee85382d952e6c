"""Scratches and spots of old prints and scans, found without a network.

A scratch is thin, long, straight for a while, lighter (or darker) than both of its sides, and its
sides are alike, for it crosses what is there (`engine.batch.segments` weighs it). What is found of
it is followed from its ends. A spot is small, round and stands alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.base.errors import MienError
from engine.batch.follow import bridge, follow
from engine.batch.segments import Segments, level_segments
from engine.face.finder import Face

LARGEST_SIDE = 1400  # pixels looked at; scratches are found at this scale
TOO_MUCH = 0.15  # of the photo
ANGLES = 24
SURE, LIKELY = 0.5, -2.0  # log odds; what is likely counts where it touches what is sure
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
    if scale < 1:
        rgb = _array(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    found = _scratches(rgb)
    grey = _array(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
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


def _scratches(rgb: np.ndarray) -> np.ndarray:
    """0 or 255 where a long thin thing is lighter, or darker, than both of its sides."""
    import cv2

    chroma = _array(cv2.blur(rgb.max(2) - rgb.min(2), (3, 3)))
    grey = _array(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    _, away, length = _sizes(grey)
    found = np.zeros(grey.shape, np.uint8)
    for light, first in zip((True, False), _lines(grey, chroma, (True, False)), strict=True):
        if not first.found.any():
            continue
        # Scratches are crossed by others, and lie beside them: without those that are found the
        # rest is seen better.
        rim = cv2.dilate(first.found, np.ones((5, 5), np.uint8))
        rest = _array(cv2.inpaint(grey, rim, 3, cv2.INPAINT_TELEA))
        (second,) = _lines(rest, chroma, (light,))
        ends = np.concatenate([first.ends, second.ends])
        level = np.concatenate([first.level, second.level])
        found |= first.found | second.found
        found |= follow(grey if light else 255 - grey, ends, level, away, length)
        bridge(found, ends, 3 * length)
    return found * np.uint8(255)


def _sizes(grey: np.ndarray) -> tuple[int, int, int]:
    """The longer side; how far a scratch's banks are from its middle; its least length; pixels."""
    side = max(grey.shape)
    return side, max(3, round(side / 220)), max(25, round(side / 15)) | 1


@dataclass(frozen=True, eq=False)
class _Found:
    """The scratches of one kind, H x W uint8 of 0 or 1, and of the pieces that are sure the ends
    (n x 2 x 2) and the levels (n), the grey turned round where they are dark."""

    found: np.ndarray
    ends: np.ndarray
    level: np.ndarray


@dataclass(frozen=True, eq=False)
class _Turned:
    """What runs at one angle, as `_Found`: sure, and likely."""

    sure: np.ndarray
    likely: np.ndarray
    ends: np.ndarray
    level: np.ndarray


def _lines(grey: np.ndarray, chroma: np.ndarray, kinds: tuple[bool, ...]) -> list[_Found]:
    """The scratches that are lighter than their banks (kind True) or darker, one a kind."""
    _, _, length = _sizes(grey)
    turned = [_lines_at(grey, chroma, 180 * n / ANGLES, kinds) for n in range(ANGLES)]
    result = []
    for lines in zip(*turned, strict=True):
        found = np.zeros(grey.shape, np.uint8)
        for number, line in enumerate(lines):
            near = [lines[(number + turn) % ANGLES].sure for turn in (-1, 0, 1)]
            found |= line.sure | _touching(line.likely, near[0] | near[1] | near[2], length // 2)
        ends, level = ([getattr(line, name) for line in lines] for name in ("ends", "level"))
        result.append(_Found(found, np.concatenate(ends), np.concatenate(level)))
    return result


def _lines_at(
    grey: np.ndarray, chroma: np.ndarray, degrees: float, kinds: tuple[bool, ...]
) -> list[_Turned]:
    import cv2

    _, away, length = _sizes(grey)
    turn, size = _turned(grey.shape, degrees)
    both = cv2.warpAffine(cv2.merge([grey, chroma]), turn, size, borderMode=cv2.BORDER_REPLICATE)
    picture, colour = (_array(channel) for channel in cv2.split(both))
    inside = cv2.warpAffine(np.full_like(grey, 255), turn, size, flags=cv2.INTER_NEAREST)
    result = []
    for light in kinds:
        own = picture if light else 255 - picture
        segments = level_segments(own, colour, _array(inside), away, length)
        result.append(_upright(segments, turn, grey.shape, length))
    return result


def _upright(
    segments: Segments | None, turn: np.ndarray, shape: tuple[int, ...], length: int
) -> _Turned:
    """What level segments of a turned picture are in the picture itself."""
    import cv2

    sure = np.zeros(1, bool) if segments is None else segments.score > SURE
    likely = np.zeros(1, bool) if segments is None else segments.score > LIKELY
    sure[0] = likely[0] = False
    nothing = np.zeros(shape, np.uint8)
    if segments is None or not likely.any():
        return _Turned(nothing, nothing, np.empty((0, 2, 2)), np.empty(0))
    masks = []
    for kept in (sure, likely):
        line = kept[segments.labels].astype(np.uint8)
        # It goes on where it is fainter.
        for _ in range(3 if kept.any() else 0):
            line = _array(cv2.dilate(line, np.ones((3, length), np.uint8))) & segments.faint
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        masks.append(_array(cv2.warpAffine(line, turn, (shape[1], shape[0]), flags=flags)))
    back = _array(cv2.invertAffineTransform(turn))
    ends = segments.ends[sure] @ back[:, :2].T + back[:, 2]
    return _Turned(masks[0], masks[1], ends, segments.level[sure])


def _touching(mask: np.ndarray, seeds: np.ndarray, reach: int) -> np.ndarray:
    """The connected pieces of a mask that come near to seeds; all of 0 or 1."""
    import cv2

    if not seeds.any() or not mask.any():
        return np.zeros_like(mask)
    near = _array(cv2.distanceTransform(1 - seeds, cv2.DIST_L2, 3)) <= reach
    count, labels = cv2.connectedComponents(mask)
    kept = np.zeros(count, bool)
    labels = _array(labels)
    kept[np.unique(labels[_array(near)])] = True
    kept[0] = False
    return kept[labels].astype(np.uint8)


def _turned(shape: tuple[int, ...], degrees: float) -> tuple[np.ndarray, tuple[int, int]]:
    """The 2 x 3 matrix that turns a picture, and the (width, height) that holds all of it."""
    import cv2

    height, width = shape[:2]
    turn = _array(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0))
    across, down = abs(turn[0, 0]), abs(turn[0, 1])
    size = (int(height * down + width * across) + 1, int(height * across + width * down) + 1)
    turn[:, 2] += size[0] / 2 - width / 2, size[1] / 2 - height / 2
    return turn, size


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
