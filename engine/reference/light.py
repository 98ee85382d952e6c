"""Two photos of a person differ in their light. What is seen of the face in both tells how, and
that goes on smoothly into what is hidden in one.

Light multiplies: the ratio of both faces' colours is calmed over what both show, first over all of
the face and then closer to each place, as far as there is something to be seen near by.
"""

from __future__ import annotations

import cv2
import numpy as np

DARK = 0.03  # added to colours in [0, 1] before they are divided: black has no ratio
FARTHEST, STRAYS = 2.0, 0.6  # logarithms: of the whole face's ratio, and of a place's to that
SIGMAS = (0.25, 0.08)  # crop units over which the ratio is calmed, one after the other
# Standard deviation of the logarithm of the ratio over what both show, from which on light falls
# from elsewhere, and does so altogether. In one studio it is 0.01 to 0.04, from other distances
# 0.03 to 0.10 (better as they are), with a lamp at the other side 0.2: blotches, and LPIPS at 256
# pixels 1.05 times what it is with the fill's light.
LIKE, UNLIKE = 0.12, 0.2
DOUBT = 0.03  # of a calmed map of what is seen: so little of it has half a say


def relighting(target: np.ndarray, source: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """What a source's colours are multiplied by to be in the target's light, S x S x 3 float32.

    target, source: S x S x 3 float32 in [0, 1], the same face in the same place. seen: S x S
    float32 in [0, 1], how far a pixel is face in both. All ones where nothing is.
    """
    side = len(target)
    ratio = np.log((target + DARK) / (source.clip(0) + DARK)).astype(np.float32)
    where = seen > 0.5
    if not where.any():
        return np.ones_like(ratio)
    whole = np.median(ratio[where], axis=0).clip(-FARTHEST, FARTHEST)
    light = np.broadcast_to(whole, ratio.shape).astype(np.float32)
    weight = seen.astype(np.float32)[..., None]
    for sigma in SIGMAS:
        off = (ratio - light).clip(-STRAYS, STRAYS) * weight
        both = cv2.GaussianBlur(np.dstack([off, weight]), (0, 0), sigma * side)
        light = light + both[..., :3] / (both[..., 3:] + DOUBT)
    return np.exp(light)


def unlike(light: np.ndarray, seen: np.ndarray) -> float:
    """How differently light falls on two faces: 0 alike, 1 from elsewhere.

    light: of `relighting`. seen: as given to it.
    """
    where = seen > 0.5
    if not where.any():
        return 0.0
    spread = float(np.log(light[where]).std(0).mean())
    return float(np.clip((spread - LIKE) / (UNLIKE - LIKE), 0, 1))


def coarse(pixels: np.ndarray, where: np.ndarray, sigma: float) -> np.ndarray:
    """What is coarser than `sigma` pixels of h x w x 3 pixels, of those in `where` (h x w bool)
    alone; 0 elsewhere."""
    known = where.astype(np.float32)[..., None]
    both = cv2.GaussianBlur(np.dstack([pixels * known, known]), (0, 0), sigma)
    return known * both[..., :3] / (both[..., 3:] + 1e-3)


def relit(pixels: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Pixels (h x w x 3, 1 is white) multiplied by a light of the same shape."""
    return ((pixels + DARK) * light - DARK).astype(np.float32)
