"""A blemish at a place: the hole that fits it, found by how it differs from the skin around."""

from __future__ import annotations

import cv2
import numpy as np

RING = 1.6  # of the radius: how far the surroundings reach that a spot is compared with
LEAST = 4.0  # levels of Lab that a spot differs by at least
NOISE = 3.0  # times the spread of the surroundings
MARGIN = 0.18  # of the radius: how much wider than the spot its hole is
SMALLEST = 1.5  # pixels of the margin
Box = tuple[int, int, int, int]


def spot_at(
    pixels: np.ndarray, at: tuple[float, float], radius: float
) -> tuple[tuple[int, int], np.ndarray]:
    """The hole that fits the blemish at a place: ((left, top) in the photo's part, its h x w uint8
    of 0 and 255).

    pixels: h x w x 3 uint8, sRGB, what lies around. at: (x, y) in it. radius: pixels; the hole
    stays within. The surroundings' colour is a plane fitted to the ring outside of the radius, so
    that light that falls off is no blemish. Where nothing stands out the hole is the whole disc.
    """
    height, width = pixels.shape[:2]
    lab = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2Lab).astype(np.float32)
    lab[..., 0] *= 100 / 255
    y, x = np.mgrid[:height, :width].astype(np.float32)
    away = np.hypot(x - at[0], y - at[1])
    disc, ring = away <= radius, (away > radius) & (away <= RING * radius + 2)
    hole = disc
    if ring.sum() >= 12:
        differs = _difference(lab, x, y, ring)
        # What is spread in the surroundings, by its middle: a hair or another spot in it counts
        # little.
        limit = max(LEAST, NOISE * float(np.median(differs[ring])))
        found = _part_at((differs > limit) & disc, away, radius)
        if found is not None:
            wide = max(SMALLEST, MARGIN * radius)
            side = 2 * round(wide) + 1
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
            hole = (cv2.dilate(found.astype(np.uint8), kernel) > 0) & disc
    left, top, wide, high = cv2.boundingRect(hole.astype(np.uint8))
    return (left, top), (hole[top : top + high, left : left + wide] * 255).astype(np.uint8)


def _difference(lab: np.ndarray, x: np.ndarray, y: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """How far each pixel's colour lies from the plane through the ring's, levels of Lab."""
    smooth = cv2.GaussianBlur(lab, (0, 0), 0.8)  # the sensor's grain is no spot
    base = np.stack([np.ones_like(x), x, y], -1)
    plane, *_ = np.linalg.lstsq(base[ring], smooth[ring], rcond=None)
    return np.linalg.norm(smooth - base @ plane, axis=-1)


def _part_at(stands_out: np.ndarray, away: np.ndarray, radius: float) -> np.ndarray | None:
    """The part of what stands out that is meant: the one nearest to the place, no further off than
    half the radius, None without one."""
    count, labels = cv2.connectedComponents(stands_out.astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    nearest = float(np.where(stands_out, away, np.inf).min())
    if nearest > radius / 2:
        return None
    meant = int(labels[stands_out & (away <= nearest)][0])
    return labels == meant
