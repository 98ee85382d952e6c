"""Lips that have a colour, and keep it when an expression moves them.

A mean over faces whose lips lie a little higher or lower is paler than any of them: hidden lips
are painted with three quarters of the redness that lips have beside their skin, and get the rest
back.

A change of coefficients that closes a smile darkens and reddens what becomes lips: the network
that reads expressions likes the contrast, and the mouth ends in lipstick. Lips are as red as they
were.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.base.brightness import luma
from engine.face.mesh import LIPS
from engine.fill.face_fill import RenderedFill
from engine.fill.pale import softened, strengthened
from engine.fill.steps.mouth import between, corners
from engine.fill.steps.render import enlarged
from engine.prior.prior import Changed, Fine

FEWEST = 12  # pixels of lips that tell their colour
LEAST, MOST = 0.5, 3.0  # gains of a channel that are believed
SOFT = 1.5 / 256  # crop units: sigma of the lips' edge
BESIDE = 10 / 256  # crop units: sigma of the surroundings that lips stand out from


def reddened(pictures: Tensor, meshes: Tensor, hole: Tensor, redness: float) -> Tensor:
    """Painted faces with lips that are not paler than lips are, the more so the more of them is
    hidden: those that are seen have told their colour.

    pictures: B x 3 x S x S. meshes: B x 478 x 2, crop units. hole: B or 1 x 1 x S x S, 1 hidden.
    redness: how many times as red wholly hidden lips become (engine.prior.retouch).
    """
    side = pictures.shape[-1]
    colours = colours_of(pictures)
    out = pictures.clone()
    for number, hidden in enumerate(hole.expand(len(pictures), -1, -1, -1)[:, 0].cpu().numpy()):
        lips = lips_of(meshes[number], side)
        share = float(hidden[lips].mean()) if lips.any() else 0.0
        if share:
            more = (redness - 1) * share**2
            out[number] += strengthened(colours[number], lips, more, BESIDE * side, SOFT * side)
    return out


def colours_of(pictures: Tensor) -> Tensor:
    """What is no brightness in pictures, B x 3 x S x S."""
    return pictures - luma(pictures)


def coloured(pictures: Tensor, solved: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Changed faces with the mean colour of lips that they had.

    pictures: B x 3 x S x S from -1 (black) on, the changed faces, whose meshes are `after`; solved:
    as they were, with the meshes `before` (both B x 478 x 2, crop units).
    """
    more = torch.zeros_like(pictures)
    side = pictures.shape[-1]
    for number in range(len(pictures)):
        then, now = (lips_of(mesh[number], side) for mesh in (before, after))
        if min(then.sum(), now.sum()) < FEWEST:
            continue
        had = (solved[number] + 1)[:, torch.from_numpy(then)].mean(1)
        has = (pictures[number] + 1)[:, torch.from_numpy(now)].mean(1)
        gain = (had / has.clamp_min(1 / 255)).clamp(LEAST, MOST).view(3, 1, 1)
        soft = softened(now, SOFT * side)
        more[number] = torch.from_numpy(soft).to(pictures) * (gain - 1)
    return pictures + (pictures + 1) * more


def lips_of(mesh: Tensor, side: int) -> np.ndarray:
    """Where the lips of a mesh (478 x 2, crop units) are, side x side bool."""
    whole = np.zeros((side, side), np.uint8)
    cv2.fillPoly(whole, [corners(mesh, LIPS, side)], (1,))
    return (whole > 0) & (between(mesh, side) == 0)


def redden_lips(fill: RenderedFill, given: tuple[Fine, Tensor]) -> RenderedFill:
    """Reads shape, hole, picture. Writes picture."""
    picture = reddened(fill.picture, given[1], fill.hole, fill.prior.retouch.redness)
    return fill.becomes(RenderedFill, picture=picture)


def keep_lip_colour(fill: RenderedFill, given: tuple[Fine, Changed]) -> RenderedFill:
    """Reads z, changed, picture. Writes picture."""
    solved, changed = enlarged(fill.prior.render(fill.z), fill.side), given[1]
    picture = coloured(fill.picture, solved, changed.before, changed.after)
    return fill.becomes(RenderedFill, picture=picture)
