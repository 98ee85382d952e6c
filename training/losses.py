"""The losses of the generator, every one on the composited picture.

Forms as published with DMFN (Hui et al. 2020): feature matching with self-guided regression,
geometrical alignment, discriminator matching, relativistic average adversary (Jolicoeur-Martineau
2018). Two more are this project's own: expression and geometry as frozen networks read them.
Weights live in the configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.face.mesh import LEFT_EYE, RIGHT_EYE

if TYPE_CHECKING:
    from engine.face.emotion import EmotionNetwork
    from engine.face.landmarks import LandmarkNetwork

EXPRESSION = 0.1  # weight of the probabilities beside the feature map in the emotion loss
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


def paired(real: Tensor, fake: Tensor, inside: Tensor, *, for_generator: bool) -> Tensor:
    """Relativistic adversary of pairs (Huang et al. 2024, R3GAN), place by place.

    real, fake: logits B x N of the same places of photo and fill. inside: B x N, how much of each
    place is hole; elsewhere both are the same picture. The discriminator learns that the photo
    looks more real there than the fill; the generator learns the opposite.
    """
    behind = real - fake if for_generator else fake - real
    return (F.softplus(behind.float()) * inside).sum() / inside.sum().clamp_min(1e-6)


def emotion(network: EmotionNetwork, output: Tensor, target: Tensor) -> Tensor:
    """How differently a frozen emotion network sees two batches of whole crops.

    L1 between its feature maps, and EXPRESSION times the Kullback-Leibler divergence of its
    probabilities. output, target: B x 3 x S x S in [-1, 1]; no gradient reaches `target`.
    """
    with torch.no_grad():
        theirs, expected = network(network.inputs(target))
    ours, found = network(network.inputs(output))
    divergence = F.kl_div(
        (found.float() / network.temperature).log_softmax(1),
        (expected.float() / network.temperature).log_softmax(1),
        reduction="batchmean",
        log_target=True,
    )
    return F.l1_loss(ours.float(), theirs.float()) + EXPRESSION * divergence


def landmark(network: LandmarkNetwork, output: Tensor, target: Tensor) -> Tensor:
    """How differently a frozen landmark network sees two batches of whole crops, nothing hidden.

    L1 between its node embeddings, and between the node positions in inter-ocular distances.
    output, target: B x 3 x S x S in [-1, 1]; no gradient reaches `target`.
    """
    with torch.no_grad():
        expected, theirs = network.embed(target)
    found, ours = network.embed(output)
    left, right = expected[:, list(LEFT_EYE)].mean(1), expected[:, list(RIGHT_EYE)].mean(1)
    unit = (right - left).norm(dim=-1).clamp_min(1e-3).view(-1, 1, 1)
    positions = ((found - expected) / unit).abs().mean()
    return F.l1_loss(ours.float(), theirs.float()) + positions


def _layer_weight(features: Tensor) -> float:
    return 1000 / features.shape[1] ** 2
