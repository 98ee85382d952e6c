"""A face as it is wanted: dragged, and with the expression that is asked for."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from engine.base.exact import exact
from engine.fill.face_fill import SolvedFill
from engine.fill.steps.mouth import lightened
from engine.fill.steps.move import moved_along
from engine.fill.steps.seam import composite
from engine.modules.guidance import Guidance
from engine.prior.prior import Changed, FacePrior


def wishes(fill: SolvedFill) -> Guidance | None:
    """A wish for another face than the one that was solved."""
    return fill.guidance if fill.guidance is not None and fill.guidance.changes else None


def change_expression(fill: SolvedFill, guidance: Guidance) -> SolvedFill:
    """Reads z, posterior. Writes changed, told, shape, outline."""

    def show(changed: Changed) -> Tensor:
        return look_of(fill.prior, fill.z, changed, guidance.sight.crop, fill.hole)

    changed = guidance.changed(fill.z, fill.posterior, fill.prior, show)
    return fill.becomes(
        SolvedFill,
        changed=changed,
        told=guidance.told(changed),
        shape=changed.after if fill.prior.fine is not None else None,
        outline=changed.after,
    )


@exact
def look_of(prior: FacePrior, z: Tensor, changed: Changed, crop: Tensor, hole: Tensor) -> Tensor:
    """Changed faces in a crop (1 x 3 x S x S) without fine detail, B x 3 x s x s at the prior's
    own size: what tells how they look. z: B x K, the faces as they were solved."""
    faces = prior.render(changed.z)
    if prior.fine is not None and prior.knows_shapes:
        faces = lightened(moved_along(prior, prior.fine, faces, z, changed), changed.after)
    size = (prior.side, prior.side)
    small = F.interpolate(crop, size=size, mode="bilinear", antialias=True)
    hidden = (F.interpolate(hole, size=size, mode="area") > 0).to(hole)
    return composite(faces, small, hidden, changed.after)
