"""From a face's expression to another by what the emotion network sees in it.

The map from coefficients to expressions is linear only nearly, and poor for what few photos show
(surprise, sadness). Its gradient, taken through the network that reads expressions, tells at every
step what of the hidden part would be read as more of what is asked for. Steps are taken in units of
what the visible pixels leave open, so a short way is a probable face.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.base.exact import exact

STEPS = 12
LENGTH = 0.7  # standard deviations of a step
MOST = 5.5  # and of all of them together


@exact
def climbed(
    z: Tensor,
    factor: Tensor,
    render: Callable[[Tensor], Tensor],
    shown: Tensor,
    hole: Tensor,
    read: Callable[[Tensor], Tensor],
    emotion: int,
    clear: float,
) -> Tensor:
    """Coefficients (1 x K) of the face with more of an expression, until it is read clearly.

    factor: 1 x K x K, Cholesky factor of what is known of z. render: z to pictures, linear.
    shown: 1 x 3 x s x s, the face of z in its crop; hole: 1 x 1 x s x s. read: a picture to
    logits N x 7, of as many looks at it, whose mean counts. emotion: which of them; clear: the
    probability that ends the climb.
    """
    with torch.inference_mode(False), torch.enable_grad():
        start, factor, shown, hole = (one.clone() for one in (z, factor, shown, hole))
        base = render(start).detach()
        away = torch.zeros_like(start)
        for _ in range(STEPS):
            away.requires_grad_(True)
            # L^-T e: a unit of e is a standard deviation, whatever its direction.
            step = torch.linalg.solve_triangular(factor.mT, away.unsqueeze(-1), upper=True)
            picture = shown + hole * (render(start + step.squeeze(-1)) - base)
            logits = F.log_softmax(read(picture.clamp(-1, 1)), -1).mean(0, keepdim=True)
            if float(logits[0, emotion].detach().exp()) > clear:
                break
            (slope,) = torch.autograd.grad(logits[0, emotion], away)
            away = away.detach() + LENGTH * slope / slope.norm().clamp_min(1e-9)
            away = away * (MOST / away.norm().clamp_min(1e-9)).clamp_max(1)
        step = torch.linalg.solve_triangular(factor.mT, away.detach().unsqueeze(-1), upper=True)
        return start + step.squeeze(-1)
