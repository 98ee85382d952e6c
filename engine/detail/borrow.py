"""Detail of the most alike exemplars, brought into the hidden features of a face."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.detail.exemplars import (
    DARK,
    DOWN,
    MOUTH,
    Exemplars,
    detail_of,
    is_open,
    light_of,
    middle_of,
    next_of,
)
from engine.photo import Stamp

HIDDEN = 0.6  # of an eye, a mouth or a nose: what is seen of it tells more than an exemplar
# Correlation of the middle octaves below which no exemplar is taken. LPIPS of 32 hidden mouths with
# over without: all 0.998, those of at least 0.8 0.993, 0.85 0.988, 0.9 0.982, 0.93 0.983; eyes have
# 0.93 and more.
FITS = 0.9
DEPTH = 5.0  # pixels of the mean view: sigma over which detail sets in behind a hole's border
FARTHEST = 14.0  # pixels of the mean view that an exemplar is moved by to lie on a fill
WINDOW, SMOOTH = 9, 1.5  # pixels of the middle octaves: of the flow, and its sigma
# How much an exemplar's contrast is changed; the strength of the octaves next to it says how much.
FAINTEST, STRONGEST = 0.6, 1.4


@dataclass(frozen=True)
class Borrowed:
    """What was taken for a region: the number of the face in the library, and how alike it is."""

    region: str
    number: int
    alike: float


def borrowed(
    exemplars: Exemplars,
    picture: np.ndarray,
    hole: np.ndarray,
    nodes: np.ndarray,
    stamp: Stamp | None = None,
) -> tuple[np.ndarray, tuple[Borrowed, ...]]:
    """A picture of the mean view whose hidden eyes, mouth and nose have the finest octaves of
    exemplars instead of their own: SIDE x SIDE x 3 float32 in 0..255; and what was taken.

    picture: SIDE x SIDE x 3 in 0..255, in its hole (SIDE x SIDE bool) the fill. nodes: of the face,
    478 x 2. stamp: of the photo's file; its own faces are not taken. Deterministic.
    """
    out = np.asarray(picture, np.float32).copy()
    wanted = [
        (name, region)
        for name, region in exemplars.regions.items()
        if any(_hidden(part, region.of(hole)) for part in region.parts)
    ]
    if not wanted or not len(exemplars):
        return out, ()
    light = light_of(picture)
    middle, beside, own = middle_of(light), next_of(light), detail_of(light)
    allowed = ~exemplars.of_photo(light, hole, stamp)
    depth = (2 * cv2.GaussianBlur(hole.astype(np.float32), (0, 0), DEPTH) - 1).clip(0)
    change, taken = np.zeros_like(light), []
    for name, region in wanted:
        may = allowed & (exemplars.open == is_open(nodes)) if name == MOUTH else allowed
        found = exemplars.best(name, middle, may)
        if found is None or found[1] < FITS:
            continue
        number, alike = found
        ours, theirs = region.of(middle, DOWN), exemplars.middles[name][number]
        hidden = [part for part in region.parts if _hidden(part, region.of(hole))]
        weight = np.maximum.reduce(hidden) * region.of(depth)
        detail = _moved(exemplars.detail(name, number), _flow(ours, theirs))
        there = region.of(change)
        contrast = region.strength(beside) / max(float(exemplars.strengths[name][number]), 1e-6)
        contrast = min(max(contrast, FAINTEST), STRONGEST)
        there += weight * (contrast * detail - region.of(own) - there)
        taken.append(Borrowed(name, number, alike))
    # Light is multiplied, which keeps every colour.
    out = (out + DARK) * np.exp(change)[..., None] - DARK
    return out.clip(0, 255), tuple(taken)


def _hidden(part: np.ndarray, hole: np.ndarray) -> bool:
    return float((part * hole).sum()) >= HIDDEN * float(part.sum())


def _flow(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Where each place of a fill's middle octaves lies in an exemplar's, h x w x 2 float32: how far
    away (Farnebäck 2003)."""
    pair = [
        ((band - band.mean()) / max(float(band.std()), 1e-6) * 40 + 128).clip(0, 255)
        for band in (ours, theirs)
    ]
    first, second = (band.astype(np.uint8) for band in pair)
    start = np.zeros((*first.shape, 2), np.float32)
    flow = cv2.calcOpticalFlowFarneback(first, second, start, 0.5, 3, WINDOW, 3, 5, 1.2, 0)
    most = FARTHEST / DOWN
    return cv2.GaussianBlur(flow, (0, 0), SMOOTH).clip(-most, most)


def _moved(detail: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """An exemplar's detail where the fill has what it is detail of."""
    height, width = detail.shape
    flow = DOWN * cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
    down, across = np.mgrid[:height, :width].astype(np.float32)
    places = across + flow[..., 0], down + flow[..., 1]
    return cv2.remap(detail, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
