"""Which face it is: the most probable one, given everything that is known, or a draw."""

from __future__ import annotations

import torch.nn.functional as F

from engine.fill.face_fill import BalancedFill, SolvedFill

VARIETY = 1.0  # of variants: 1 is a true sample of what the visible part leaves open


def solve(fill: BalancedFill, _: bool) -> SolvedFill:
    """Reads balanced, hole, own, known, dice. Writes posterior, z, shape, outline.

    The visible pixels of the face alone are looked at, and what the modules observe of it. What was
    solved before from the very same is not solved again.
    """
    known, prior = fill.known, fill.prior
    facing = prior.facing(known.meshes, known.use)
    if facing is not None and fill.own is not None:
        facing = facing * F.interpolate(fill.own, size=facing.shape[-2:], mode="area").to(facing)
    evidence = prior.evidence(fill.balanced, fill.hole, facing)
    if fill.solutions is None:
        posterior = prior.solved(evidence, known.observations)
    else:
        posterior = fill.solutions.posterior(prior, evidence, known.observations)
    z = posterior.mean if fill.dice is None else posterior.sample(fill.dice, VARIETY)
    shape = prior.meshes_of(z, known.meshes, known.use)
    return fill.becomes(SolvedFill, posterior=posterior, z=z, shape=shape, outline=known.meshes)
