"""Who is it? Two faces are one person's where the prior says the same of their fine detail.

Brought to the mean shape a face is told by the coefficients of the appearance prior, and two of one
person point the same way, whatever their expression. Both are looked at where the one that is
filled is visible, so that what is hidden of it is compared with nothing.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.base.exact import exact
from engine.prior.prior import FacePrior

SAME = 0.2  # cosine of two faces' coefficients from which on they are one person's


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
        fine.prior.posterior(picture, unseen).mean
        for picture, unseen in ((seen, hidden), *zip(others[:, None], shared[:, None], strict=True))
    ]
    return [float(F.cosine_similarity(told[0], other)[0]) for other in told[1:]]
