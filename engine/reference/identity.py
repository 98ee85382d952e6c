"""Who is it? Two faces are one person's where the prior says the same of their fine detail.

Light is taken out: what is coarse of a face in the mean shape becomes the mean face's. What is left
is told by coefficients of the appearance prior, and those of one person point the same way,
whatever the expression. Both are looked at where the one that is filled is visible, so that what is
hidden of it is compared with nothing.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.base.exact import exact
from engine.prior.prior import FacePrior, Fine, Posterior

LIGHT = 0.12  # of the mean shape's side: sigma of what is light rather than face
DARK = 0.04  # of white: added before light is divided out


@exact
def likenesses(prior: FacePrior, crops: Tensor, hole: Tensor, meshes: Tensor) -> list[float] | None:
    """How much each face is like the first one, cosines; None for a prior without fine detail.

    crops: B x 3 x S x S in [-1, 1], in the light of the average face, the one that is filled first.
    hole: 1 x 1 x S x S, hidden in the first and looked at in none. meshes: B x 478 x 2, crop units.
    """
    fine = prior.fine
    if fine is None:
        return None
    nothing = torch.zeros_like(hole)
    seen, hidden = fine.appearance.observed(crops[:1], hole, meshes[:1])
    others, beyond = fine.appearance.observed(crops[1:], nothing, meshes[1:])
    # In the mean shape the hole of the first is the same place of every face.
    shared = torch.maximum(hidden, beyond)
    told = [
        _posterior(fine, picture, unseen).mean
        for picture, unseen in ((seen, hidden), *zip(others[:, None], shared[:, None], strict=True))
    ]
    return [float(F.cosine_similarity(told[0], other)[0]) for other in told[1:]]


@exact
def told_of(
    prior: FacePrior, crop: Tensor, hole: Tensor, mesh: Tensor
) -> tuple[np.ndarray, np.ndarray] | None:
    """What is told of one face by itself, to be compared with faces that are seen another time: K
    coefficients and their K x K covariance, float32. None for a prior without fine detail.

    crop: 1 x 3 x S x S in [-1, 1], in the light of the average face. hole: 1 x 1 x S x S, hidden
    in it. mesh: 1 x 478 x 2, crop units.
    """
    fine = prior.fine
    if fine is None:
        return None
    posterior = _posterior(fine, *fine.appearance.observed(crop, hole, mesh))
    unsure = torch.cholesky_inverse(posterior.factor)
    return posterior.mean[0].cpu().numpy(), unsure[0].cpu().numpy()


def _posterior(fine: Fine, picture: Tensor, hidden: Tensor) -> Posterior:
    """Of pictures in the mean shape (B x 3 x s x s) and what is hidden of them."""
    return fine.prior.posterior(_evened(picture, hidden, fine.prior.average), hidden)


def _evened(pictures: Tensor, hidden: Tensor, average: Tensor) -> Tensor:
    """Pictures in the mean shape (B x 3 x s x s) with the light of its average (3 x s x s)."""
    both = (pictures + 1) / 2 + DARK, (average[None] + 1) / 2 + DARK
    known = (1 - hidden).clamp(0, 1)
    ours, theirs = (_coarse(one.clamp_min(DARK / 2), known) for one in both)
    return (both[0] / ours * theirs - DARK) * 2 - 1


def _coarse(pictures: Tensor, known: Tensor) -> Tensor:
    """What is coarser than LIGHT of what is known of pictures, B x 3 x s x s."""
    values = torch.cat([pictures * known, known.expand(len(pictures), -1, -1, -1)], 1)
    planes = values.permute(0, 2, 3, 1).cpu().numpy()
    sigma = LIGHT * values.shape[-1]
    calm = np.stack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in planes])
    told = torch.from_numpy(calm).permute(0, 3, 1, 2).to(pictures)
    return told[:, :3] / told[:, 3:].clamp_min(1e-4)
