"""A face that was solved, changed: another shape, another expression, and pixels that follow.

The face is solved as it is. Then its coefficients make the most probable change, given the visible
pixels, that goes with the other shape and reads as the other expression; what of the shape the
coefficients do not say, the pixels are moved by. So a corner that is dragged moves the lips that
were solved instead of asking the prior for a mouth that no one has.
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.base.exact import exact
from engine.prior.knowledge import FARTHEST, Knowledge
from engine.prior.prior import Changed, Posterior
from engine.readings import EMOTIONS


@exact
def change(
    knowledge: Knowledge,
    z: Tensor,
    posterior: Posterior,
    before: Tensor,
    after: Tensor,
    asked: tuple[str, float] | None = None,
) -> Changed:
    """Faces (z: B x K) whose meshes go from `before` to `after` (B x 478 x 2, crop units).

    posterior: of the visible pixels, which says what of a face is free. asked: (expression, push);
    push 1 aims at that expression's average reading.
    """
    rows, noise = knowledge.mesh_rows, knowledge.mesh_noise
    step = knowledge.modes_of(after) - knowledge.modes_of(before)
    if asked is not None:
        emotion, push = asked
        wanted = knowledge.classes[EMOTIONS.index(emotion)] - knowledge.mean
        rows = torch.cat([rows, knowledge.emotion_rows])
        noise = torch.cat([noise, knowledge.emotion_noise])
        step = torch.cat([step, push * (wanted - z @ knowledge.emotion_rows.mT)], 1)
    # C R' of the covariance C that the pixels leave: of all changes of z the most probable one.
    free = torch.cholesky_solve(rows.mT.expand(len(z), -1, -1), posterior.factor)
    told = rows @ free + torch.diag(noise)
    moved = (free @ torch.linalg.solve(told, step.unsqueeze(-1))).squeeze(-1)
    moved = moved * (FARTHEST / moved.norm(dim=1, keepdim=True).clamp_min(1e-6)).clamp_max(1)
    return Changed(z + moved, before, after)
