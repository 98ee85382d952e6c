"""The losses of the generator, every one on the composited picture.

Forms as published with DMFN (Hui et al. 2020): feature matching with self-guided regression,
geometrical alignment, discriminator matching, relativistic average adversary (Jolicoeur-Martineau
2018). Weights live in the configuration.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

GUIDED_STAGES = 2  # feature maps whose errors are weighted by where the picture is wrong


def feature_matching(
    output: Tensor, target: Tensor, ours: Sequence[Tensor], theirs: Sequence[Tensor]
) -> Tensor:
    """L1 between feature maps, each weighted 1000 / C^2; the first two guided by the error map.

    output, target: B x 3 x H x W, only for the map. ours, theirs: feature maps, shallow first.
    """
    guidance = error_map(output, target)
    total = output.new_zeros(())
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        a, b = a.float(), b.float().detach()
        if number < GUIDED_STAGES:
            weight = 1 + F.adaptive_avg_pool2d(guidance, (a.shape[-2], a.shape[-1]))
            a, b = a * weight, b * weight
        total = total + _layer_weight(a) * F.l1_loss(a, b)
    return total


def error_map(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared error over the channels divided by its maximum, B x 1 x H x W, detached.

    Zero where output and target are equal everywhere: a perfect fill needs no guidance, and a
    division by its maximum would be one by zero.
    """
    error = (output.detach() - target).square().mean(1, keepdim=True)
    highest = error.amax((1, 2, 3), keepdim=True)
    return torch.where(highest > 0, error / highest.clamp_min(1e-12), torch.zeros_like(error))


def alignment(ours: Tensor, theirs: Tensor) -> Tensor:
    """Mean squared distance of the channels' centroids, coordinates in [-1, 1].

    ours, theirs: B x C x H x W, one deep, non-negative feature map of output and target.
    """
    return F.mse_loss(_centroids(ours.float()), _centroids(theirs.float()).detach())


def _centroids(features: Tensor) -> Tensor:
    """B x C x 2: the mean (x, y) of each channel weighted by its response."""
    height, width = features.shape[-2:]
    mass = features.sum((2, 3)) + 1e-7
    across = torch.linspace(-1, 1, width, device=features.device)
    down = torch.linspace(-1, 1, height, device=features.device)
    x = (features.sum(2) * across).sum(2) / mass
    y = (features.sum(3) * down).sum(2) / mass
    return torch.stack([x, y], -1)


def discriminator_matching(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> Tensor:
    """L1 between the discriminator's feature maps, each weighted 1000 / C^2."""
    total = ours[0].new_zeros((), dtype=torch.float32)
    for a, b in zip(ours, theirs, strict=True):
        total = total + _layer_weight(a) * F.l1_loss(a.float(), b.float().detach())
    return total


def relativistic(real: Tensor, fake: Tensor, *, for_generator: bool) -> Tensor:
    """Relativistic average adversary with logits, both halves.

    real, fake: logits B x N. The discriminator learns that real pictures look more real than the
    average fake one and the other way round; the generator learns the opposite.
    """
    real, fake = real.float(), fake.float()
    if for_generator:
        real = real.detach()
    ahead, behind = real - fake.mean(), fake - real.mean()
    ones, zeros = torch.ones_like(ahead), torch.zeros_like(ahead)
    if for_generator:
        ones, zeros = zeros, ones
    halves = F.binary_cross_entropy_with_logits(ahead, ones)
    halves = halves + F.binary_cross_entropy_with_logits(behind, zeros)
    return halves / 2


def _layer_weight(features: Tensor) -> float:
    return 1000 / features.shape[1] ** 2
