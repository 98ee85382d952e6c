"""Hidden eyes as crisp as the face around them.

What the detail network paints has half of the energy that true eyes have in the finest two octaves.
Where the visible face says that the photo holds those octaves, they are raised in eyes: a line of
lashes raised is a line. In irises what is raised is first rid of the lattice of the network's
cells. A soft photo's eyes stay soft.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import cv2
import numpy as np

from engine.base.brightness import LUMA
from engine.detail.borrow import DEPTH
from engine.detail.exemplars import EYES, around, regions
from engine.detail.mean_view import SIDE
from engine.detail.network import DetailNetwork
from engine.detail.paint import spun

OCTAVES = (0.8, 1.6, 3.2)  # sigmas, pixels of the mean view; the finest two are raised
MOST = 1.8  # times: more is worse by LPIPS, and noise to the eye
# The finest two octaves' strength over the third's in true eyes: (0.46, 0.65), of 16 people within
# 0.03. The strongest edges of the visible face have as much or more; blurred by one pixel of the
# photo, 0.6 and 0.8 of it.
TRUE = (0.457, 0.654)
EDGES = 0.1  # share of the visible face's pixels that are its strongest edges
SHARP = (0.85, 0.95)  # of TRUE, from where on octaves are raised, and whole
# Finest octave of the fill's eyes over that of the visible face's strongest edges: eyes that stand
# out so far are crisp beside smooth skin, and raised no more from the second on.
STRONG = (1.0, 1.15)
LARGE = (1.5, 1.7)  # pixels of the photo to one of the view: its finest octaves are not the photo's
# Of irises how much is painted without the lattice, and how much less they are raised, for what of
# it is left. Without any of it irises are cleaner to the eye, and LPIPS, which likes any weave, is
# 1.04 of what it is around one of 16 pairs of glasses.
SPUN, WOVEN = 0.4, 0.2
FAINT = 0.1  # of an iris's soft edge, what is as good as beside it
IRISES = (range(468, 473), range(473, 478))  # nodes


class EyesOfMean:
    """Where eyes lie in the mean shape. points: its nodes, 478 x 2 (and more) in crop units."""

    def __init__(self, points: np.ndarray) -> None:
        self._points = points

    @cached_property
    def eyes(self) -> np.ndarray:
        """SIDE x SIDE float32 in 0..1, lids included."""
        region = regions(self._points)[EYES]
        whole = np.zeros((SIDE, SIDE), np.float32)
        whole[region.rows, region.columns] = region.mask
        return whole

    @cached_property
    def irises(self) -> tuple[np.ndarray, ...]:
        """Of each, SIDE x SIDE float32 in 0..1."""
        masks = (around(self._points[list(nodes)] * SIDE, 1) for nodes in IRISES)
        return tuple(np.where(mask > FAINT, mask, 0) for mask in masks)


def crisper(
    network: DetailNetwork,
    picture: np.ndarray,
    change: np.ndarray,
    hole: np.ndarray,
    seen: np.ndarray,
    where: EyesOfMean,
    finer: float,
) -> np.ndarray:
    """The change of a picture with its eyes crisper, SIDE x SIDE x 3 float32 of 255.

    picture: SIDE x SIDE x 3 uint8, in its hole (SIDE x SIDE bool) the fill. change: what the
    network adds there. seen: SIDE x SIDE bool, what is visible of the face. finer: pixels of the
    photo to one of the view, a side.
    """
    hidden = hole & (where.eyes > 0.5)
    share = _share(_octaves(picture + change), hidden, seen) * _falling(finer, LARGE)
    if not share:
        return change
    depth = (2 * cv2.GaussianBlur(hole.astype(np.float32), (0, 0), DEPTH) - 1).clip(0)
    irises = np.maximum.reduce(where.irises) * hole
    clean = spun(network, picture, hole, [iris > 0 for iris in where.irises]) - picture
    change = change + (share * SPUN * irises)[..., None] * (clean - change)
    finest, next_to_it, _ = _octaves(picture + change)
    weight = where.eyes * (1 - WOVEN * irises) * depth
    return change + (share * (MOST - 1) * weight * (finest + next_to_it))[..., None]


def _share(bands: list[np.ndarray], hidden: np.ndarray, seen: np.ndarray) -> float:
    """How much of MOST the visible face allows, 0..1; 0 where too little is seen, or hidden."""
    if not hidden.any() or not seen.any():
        return 0.0
    strength = np.abs(bands).sum(0)
    edges = seen & (strength >= np.quantile(strength[seen], 1 - EDGES))
    theirs = [_strength(band, edges) for band in bands]
    shares = [a / (max(theirs[2], 1e-6) * b) for a, b in zip(theirs[:2], TRUE, strict=True)]
    standing = _strength(bands[0], hidden) / max(theirs[0], 1e-6)
    return (1 - _falling(min(shares), SHARP)) * _falling(standing, STRONG)


def _falling(value: float, between: tuple[float, float]) -> float:
    """1 up to the first of two values, 0 from the second on."""
    low, high = between
    return float(min(max((high - value) / (high - low), 0.0), 1.0))


def _octaves(picture: np.ndarray) -> list[np.ndarray]:
    """Those of its light between OCTAVES, finest first."""
    light = picture @ np.array(LUMA, np.float32)
    blurs = [light, *(cv2.GaussianBlur(light, (0, 0), sigma) for sigma in OCTAVES)]
    return [a - b for a, b in pairwise(blurs)]


def _strength(band: np.ndarray, where: np.ndarray) -> float:
    return float(np.sqrt(np.square(band[where]).mean()))
