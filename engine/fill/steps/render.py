"""The face as its coefficients say, and the fine detail of the mean shape on it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.fill.face_fill import RenderedFill, SolvedFill
from engine.fill.membrane import reached
from engine.fill.steps.solve import VARIETY
from engine.prior.prior import Fine

# Of a crop only the hole is painted, with what lies this far around it (crop units): three sigma of
# what is called detail, and a border wide enough to close a seam with.
AROUND = 12 / 256


def render(fill: SolvedFill, _: bool) -> RenderedFill:
    """Reads z or changed. Writes picture: the face alone, at the crop's size."""
    z = fill.z if fill.changed is None else fill.changed.z
    return fill.becomes(RenderedFill, picture=enlarged(fill.prior.render(z), fill.side))


def enlarged(faces: Tensor, side: int) -> Tensor:
    """Rendered faces (B x 3 x s x s) at the size of their crops."""
    if faces.shape[-1] == side:
        return faces
    return F.interpolate(faces, size=(side, side), mode="bicubic", align_corners=False)


def shaped(fill: SolvedFill) -> tuple[Fine, Tensor] | None:
    """A shape, and what the prior knows of fine detail; None without either."""
    fine = fill.prior.fine
    return None if fine is None or fill.shape is None else (fine, fill.shape)


def add_detail(fill: RenderedFill, given: tuple[Fine, Tensor]) -> RenderedFill:
    """Reads balanced, hole, own, shape, share, picture. Writes picture, with detail around the
    hole."""
    fine, shape = given
    unseen = fill.hole if fill.own is None else torch.maximum(fill.hole, 1 - fill.own)
    seen, hidden = fine.appearance.observed(fill.balanced, unseen, shape)
    posterior = fine.prior.posterior(seen, hidden)
    known = posterior.mean if fill.dice is None else posterior.sample(fill.dice, VARIETY)
    window = reached(fill.hole, round(AROUND * fill.side))
    part = (..., *window)
    share = None if fill.share is None else fill.share[part]
    picture = fill.picture.clone()
    picture[part] = fine.appearance.detailed(
        picture[part], fine.prior.render(known), shape, window, fill.side, share
    )
    return fill.becomes(RenderedFill, picture=picture)
