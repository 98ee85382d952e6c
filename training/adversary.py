"""The adversaries of a training: what each tells the generator, and what it learns itself.

`Published` is DMFN's: a discriminator of its own on the picture and the hole's neighbourhood.
`Projected` costs next to nothing: small heads on the feature maps that the perceptual loss has
computed anyway (Sauer et al. 2021, *Projected GANs Converge Faster*).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from training import losses
from training.config import Weights
from training.discriminator import Discriminator
from training.learner import Fills
from training.perceptual import CHANNELS

HEADS = slice(1, 4)  # the trunk's maps that are judged: a half to an eighth of the picture's side
WIDTH = 64
MOMENTA = (0.0, 0.99)  # of a projected adversary's Adam: it must not chase a fill that is gone


@dataclass(frozen=True)
class Seen:
    """What the trunk sees of a part of the fills: its maps of them and of the targets, and the
    part's hole, B x 1 x h x w."""

    ours: list[Tensor]
    theirs: list[Tensor]
    hole: Tensor


class Adversary(Protocol):
    """One adversary. network: what judges; shared: the same as it learns, on all processes of a
    training; momenta: its Adam's, None the run's."""

    network: nn.Module
    shared: nn.Module
    momenta: tuple[float, float] | None

    def against(self, fills: Fills, seen: Seen | None) -> dict[str, Tensor]:
        """The generator's losses by name, unweighted; the network is not changed by them."""
        ...

    def lesson(self, fills: Fills, seen: Seen | None) -> Tensor:
        """The network's own loss on the same fills."""
        ...


class Published:
    """The discriminator of DMFN. weights: which of its losses are on."""

    momenta: tuple[float, float] | None = None

    def __init__(self, weights: Weights) -> None:
        self.network: nn.Module = Discriminator()
        self.shared: nn.Module = self.network
        self._weights = weights

    def against(self, fills: Fills, seen: Seen | None) -> dict[str, Tensor]:
        """Its feature matching and the relativistic adversary."""
        parts: dict[str, Tensor] = {}
        self.network.requires_grad_(False)
        with torch.no_grad():
            real, real_maps = self.network(fills.target, fills.hole)
        fake, fake_maps = self.network(fills.output, fills.hole)
        self.network.requires_grad_(True)
        if self._weights.matching:
            parts["matching"] = losses.discriminator_matching(fake_maps, real_maps)
        if self._weights.adversarial:
            parts["adversarial"] = losses.relativistic(real, fake, for_generator=True)
        return parts

    def lesson(self, fills: Fills, seen: Seen | None) -> Tensor:
        """The relativistic loss of one batch of fills."""
        pictures = torch.cat([fills.target, fills.output.detach()])
        logits, _ = self.shared(pictures, torch.cat([fills.hole, fills.hole]))
        real, fake = logits.chunk(2)
        return losses.relativistic(real, fake, for_generator=False)


class Projected:
    """Heads on the trunk's features, judging place by place inside the hole."""

    momenta: tuple[float, float] | None = MOMENTA

    def __init__(self) -> None:
        self.network: nn.Module = Heads()
        self.shared: nn.Module = self.network

    def against(self, fills: Fills, seen: Seen | None) -> dict[str, Tensor]:
        """Every place of the fill against the same place of the photo."""
        seen = _needed(seen)
        self.network.requires_grad_(False)
        fake, inside = self.network(seen.ours, seen.hole)
        real, _ = self.network(seen.theirs, seen.hole)
        self.network.requires_grad_(True)
        return {"projected": losses.paired(real, fake, inside, for_generator=True)}

    def lesson(self, fills: Fills, seen: Seen | None) -> Tensor:
        """The same with the other sign."""
        seen = _needed(seen)
        # One call for both, or a process would wait for gradients of the first.
        maps = [torch.cat([a.detach(), b]) for a, b in zip(seen.ours, seen.theirs, strict=True)]
        logits, inside = self.shared(maps, torch.cat([seen.hole, seen.hole]))
        fake, real = logits.chunk(2)
        return losses.paired(real, fake, inside.chunk(2)[0], for_generator=False)


def _needed(seen: Seen | None) -> Seen:
    if seen is None:
        raise ValueError("the projected adversary needs the trunk's maps")
    return seen


class Heads(nn.Module):
    """The trunk's maps and the hole B x 1 x h x w -> (logits, share of hole), both B x N, a
    number for every place of the maps in HEADS."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(channels, WIDTH, 1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(WIDTH, WIDTH, 3, padding=1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(WIDTH, 1, 1)),
            )
            for channels in CHANNELS[HEADS]
        )

    def forward(self, maps: list[Tensor], hole: Tensor) -> tuple[Tensor, Tensor]:
        logits, inside = [], []
        for head, features in zip(self.heads, maps[HEADS], strict=True):
            features = features.float()
            # Of one length everywhere: the trunk's own scale differs a hundredfold by depth.
            length = features.square().mean(1, keepdim=True).add(1e-6).sqrt()
            logits.append(head(features / length).flatten(1))
            height, width = features.shape[-2:]
            inside.append(F.adaptive_avg_pool2d(hole.float(), (height, width)).flatten(1))
        return torch.cat(logits, 1).float(), torch.cat(inside, 1)


def adversaries(weights: Weights) -> dict[str, Adversary]:
    """Those that a configuration's weights ask for, by the name their states are kept under."""
    found: dict[str, Adversary] = {}
    if weights.needs_discriminator:
        found["discriminator"] = Published(weights)
    if weights.projected:
        found["heads"] = Projected()
    return found
