"""Scratches and spots of old prints and scans, found without a network.

A scratch is thin, long, straight for a while and lighter (or darker) than everything around it;
a spot is small, round and stands alone. Hair and lashes are thin too, but come in bundles: where
much is found close together, it is the photo's own texture and stays.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.errors import MienError
from engine.face.finder import Face

LARGEST_SIDE = 1600  # pixels looked at; scratches are found at this scale
TOO_MUCH = 0.15  # of the photo
_ANGLES = 16
_CROWDED = 0.22  # share of a neighbourhood that is thin structure: texture, not damage
_KEPT_PARTS = ("eyes", "brows", "mouth")  # glints and lashes are no damage


def find_scratches(rgb: np.ndarray, faces: Iterable[Face] = ()) -> np.ndarray:
    """H x W uint8: 255 on scratches and spots, with a rim that covers their soft border.

    rgb: H x W x 3 uint8. faces: known faces, whose glints and lashes are left alone. Raises
    MienError where so much is found that it cannot be damage.
    """
    import cv2

    height, width = rgb.shape[:2]
    scale = min(1.0, LARGEST_SIDE / max(height, width))
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = np.zeros(grey.shape, np.uint8)
    for polarity in (grey, 255 - grey):
        found |= _thin_and_light(polarity)
    found &= ~_inside_parts(faces, grey.shape, scale)
    share = float(found.mean() / 255)
    if share > TOO_MUCH:
        raise MienError(
            f"What looks like scratches is {share:.0%} of the photo; mask it by hand instead."
        )
    rim = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    found = cv2.dilate(found, rim)
    if scale < 1:
        found = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)
        found = ((found > 64) * np.uint8(255)).astype(np.uint8)
    return found


def _thin_and_light(grey: np.ndarray) -> np.ndarray:
    """0 or 255 where something thin is lighter than what surrounds it."""
    import cv2

    side = max(grey.shape)
    reach = max(3, round(side / 160)) | 1  # the widest scratch
    length = max(15, round(side / 28)) | 1  # the shortest
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    above = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, disc)
    # The photo's own roughness, here: what is ordinary is no damage.
    rough = cv2.blur(np.minimum(above, 40).astype(np.float32), (4 * length + 1, 4 * length + 1))
    surely = above.astype(np.float32) - np.maximum(16, 3.2 * rough + 8)
    strong, weak = surely > 0, above > np.maximum(9, 1.6 * rough + 4)

    lines = np.zeros(grey.shape, np.uint8)
    for angle in range(_ANGLES):
        kernel = _line(length, np.pi * angle / _ANGLES)
        # Open with gaps allowed: 70 % of a straight piece must stand out.
        share = cv2.filter2D(weak.astype(np.float32), -1, kernel / kernel.sum())
        on_line = (share > 0.7).astype(np.uint8)
        lines |= cv2.dilate(on_line, kernel.astype(np.uint8)) & weak.astype(np.uint8)
    crowd = cv2.blur(weak.astype(np.float32), (2 * length + 1, 2 * length + 1))
    lines[crowd > _CROWDED] = 0
    lines = _with_strong(lines, strong, least=length)
    spots = _spots(strong.astype(np.uint8), crowd, reach)
    return (lines | spots) * np.uint8(255)


def _line(length: int, angle: float) -> np.ndarray:
    import cv2

    kernel = np.zeros((length, length), np.float32)
    middle = length // 2
    x, y = middle * np.cos(angle), middle * np.sin(angle)
    start = (round(middle - x), round(middle - y))
    cv2.line(kernel, start, (round(middle + x), round(middle + y)), (1.0,), 1)
    return kernel


def _with_strong(lines: np.ndarray, strong: np.ndarray, least: int) -> np.ndarray:
    """The pieces that are long and mostly sure."""
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    sure = np.bincount(labels.ravel(), weights=strong.ravel(), minlength=count)
    extent = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    area = np.maximum(stats[:, cv2.CC_STAT_AREA], 1)
    keep = (extent >= least) & (sure / area > 0.35) & (area < extent * least / 2)
    keep[0] = False
    return keep[labels].astype(np.uint8)


def _spots(strong: np.ndarray, crowd: np.ndarray, reach: int) -> np.ndarray:
    """Small round things that stand alone."""
    import cv2

    count, labels, stats, centres = cv2.connectedComponentsWithStats(strong, connectivity=8)
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    area = stats[:, cv2.CC_STAT_AREA]
    compact = area > 0.55 * width * height
    small = (np.maximum(width, height) <= 2 * reach) & (np.minimum(width, height) >= 3)
    round_ = np.maximum(width, height) <= 1.7 * np.minimum(width, height)
    rows, columns = (
        np.nan_to_num(centres[:, 1]).astype(int),
        np.nan_to_num(centres[:, 0]).astype(int),
    )
    alone = crowd[rows.clip(0, crowd.shape[0] - 1), columns.clip(0, crowd.shape[1] - 1)] < 0.04
    keep = compact & small & round_ & alone
    keep[0] = False
    return keep[labels[: strong.shape[0]]].astype(np.uint8) if count > 1 else np.zeros_like(strong)


def _inside_parts(faces: Iterable[Face], shape: tuple[int, ...], scale: float) -> np.ndarray:
    from engine.face.parts import part_mask

    inside = np.zeros(shape[:2], np.uint8)
    for face in faces:
        if face.mesh is not None:
            for part in _KEPT_PARTS:
                inside |= part_mask(face.mesh * scale, part, (shape[1], shape[0]))
    return inside
