"""A hidden eye has the colour of the one that is seen.

Most eyes are brown, so a mean of eyes is; somebody with one blue and one brown eye is rare. The
colour of an iris is read as the median of its ring, which catchlights and lashes do not move, and
given to the hidden one in the light that falls on its own side.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.base.brightness import luma
from engine.face.mesh import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS
from engine.fill.face_fill import RenderedFill

EYES = ((LEFT_EYE, LEFT_IRIS), (RIGHT_EYE, RIGHT_IRIS))
RING = (0.35, 0.85)  # of an iris's radius: between the pupil and the dark edge
WHITE = (1.15, 2.5)  # the same, of the white beside it
DARKER = 0.79  # of its brighter quarter: irises have at most 0.77, a head before both 0.81 and more
LEAST = 6  # crop pixels of a ring that tell its colour
SHOWN, HIDDEN = 0.1, 0.75  # shares of an iris that are hidden: of one that is read, of one painted
CHEEK = 0.9  # eye widths below an eye: skin in the same light
DIMMEST, BRIGHTEST = 0.6, 1.6  # of the light on a hidden eye, in that on the seen one
LIDS = 1.2 / 256  # crop units: sigma of the edge that lids make on an iris


@dataclass(frozen=True, eq=False)
class _Eye:
    """One eye of a mesh on a crop. open: S x S bool, between its lids. away: S x S float32, from
    the middle of the iris, in its radii. hidden: share of its iris. below: where its cheek is."""

    open: np.ndarray
    away: np.ndarray
    hidden: float
    below: np.ndarray

    @property
    def ring(self) -> np.ndarray:
        return self.open & (self.away > RING[0]) & (self.away < RING[1])


def twin(fill: RenderedFill) -> tuple[_Eye, _Eye] | None:
    """One eye whose iris is seen, and one whose iris is hidden; None where it is not so."""
    if fill.shape is None or len(fill.shape) != 1:
        return None
    hole = fill.hole[0, 0].cpu().numpy() > 0.5
    mesh = fill.shape[0].cpu().numpy() * fill.side
    left, right = (_eye(mesh, hole, *nodes) for nodes in EYES)
    for seen, ours in ((left, right), (right, left)):
        enough = min(int((seen.ring & ~hole).sum()), int(ours.ring.sum())) >= LEAST
        if seen.hidden <= SHOWN and ours.hidden >= HIDDEN and enough and _is_eye(fill, seen, hole):
            return seen, ours
    return None


def _is_eye(fill: RenderedFill, eye: _Eye, hole: np.ndarray) -> bool:
    """Whether an eye shows an iris in its white, and not the head or hand that is before it."""
    light = luma(fill.picture)[0, 0].cpu().numpy() + 1
    white = eye.open & (eye.away > WHITE[0]) & (eye.away < WHITE[1]) & ~hole
    if white.sum() < LEAST:
        return True
    iris = float(np.median(light[eye.ring & ~hole]))
    return iris < DARKER * float(np.percentile(light[white], 75))


def match_eyes(fill: RenderedFill, both: tuple[_Eye, _Eye]) -> RenderedFill:
    """Reads hole, picture. Writes picture: the hidden iris in the colour of the seen one."""
    seen, ours = both
    hole = fill.hole[0, 0].cpu().numpy() > 0.5
    picture = fill.picture[0]
    light = luma(fill.picture)[0, 0] + 1
    wanted = _median(picture, seen.ring & ~hole) + 1
    lit = _brightness(light, ours.below & hole, ours.below) / _brightness(
        light, seen.below & ~hole, seen.below
    )
    wanted = wanted * float(np.clip(lit, DIMMEST, BRIGHTEST)) - 1
    change = wanted - _median(picture, ours.ring)
    soft = cv2.GaussianBlur(ours.open.astype(np.float32), (0, 0), LIDS * fill.side)
    soft *= np.interp(ours.away, (0.2, RING[0], 0.9, 1.1), (0.15, 1, 1, 0)) * hole
    added = torch.from_numpy(soft.astype(np.float32)).to(picture) * change[:, None, None]
    return fill.becomes(RenderedFill, picture=fill.picture + added[None])


def _eye(mesh: np.ndarray, hole: np.ndarray, lids: tuple[int, ...], iris: tuple[int, ...]) -> _Eye:
    side = len(hole)
    between = np.zeros((side, side), np.uint8)
    cv2.fillPoly(between, [np.round(mesh[list(lids)] - 0.5).astype(np.int32)], (1,))
    middle, rim = mesh[iris[0]], mesh[list(iris[1:])]
    radius = max(1.0, float(np.linalg.norm(rim - middle, axis=1).mean()))
    line = np.arange(side, dtype=np.float32) + 0.5
    away = np.hypot(line[None] - middle[0], line[:, None] - middle[1]) / radius
    disc = (away < 1) & (between > 0)
    width = float(np.linalg.norm(mesh[lids[0]] - mesh[lids[8]]))
    x, y = middle[0], middle[1] + CHEEK * width
    below = np.zeros((side, side), np.uint8)
    cv2.circle(below, (int(x), int(y)), max(2, int(0.35 * width)), (1,), -1)
    share = float(hole[disc].mean()) if disc.any() else 0.0
    return _Eye(between > 0, away, share, below > 0)


def _median(picture: Tensor, where: np.ndarray) -> Tensor:
    return picture[:, torch.from_numpy(where).to(picture.device)].median(1).values


def _brightness(light: Tensor, where: np.ndarray, otherwise: np.ndarray) -> float:
    there = torch.from_numpy(where if where.any() else otherwise).to(light.device)
    return max(float(light[there].median()), 0.05) if there.any() else 1.0
