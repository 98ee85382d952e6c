"""The discriminator: a global branch on the crop, a local one on the hole's neighbourhood."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

_GLOBAL = (64, 128, 256, 512, 512, 512)
_LOCAL = (64, 128, 256, 512, 512)
HEAD = 4  # the last maps are pooled to 4 x 4, so that a crop of any size fits the linear head


class Discriminator(nn.Module):
    """B x 3 x S x S in [-1, 1] and B x 1 x S x S holes -> (B x 2 logits, feature maps).

    Six and five conv5 of stride 2 with LeakyReLU 0.2 as published, with spectral normalisation
    (Miyato et al. 2018), which the published one lacks: with it the adversary may be switched on
    late and at a small batch without running away.
    """

    def __init__(self) -> None:
        super().__init__()
        self.whole, self.near = _Branch(_GLOBAL), _Branch(_LOCAL)

    def forward(self, pictures: Tensor, holes: Tensor) -> tuple[Tensor, list[Tensor]]:
        whole, whole_maps = self.whole(pictures)
        near, near_maps = self.near(neighbourhoods(pictures, holes))
        return torch.cat([whole, near], 1), whole_maps + near_maps


class _Branch(nn.Module):
    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        channels = (3, *widths)
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 5, 2, padding=2)) for a, b in pairwise(channels)
        )
        self.head = spectral_norm(nn.Linear(widths[-1] * HEAD * HEAD, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        maps = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            maps.append(x)
        pooled = F.interpolate(x, size=(HEAD, HEAD), mode="bilinear", align_corners=False)
        return self.head(pooled.flatten(1)), maps


def neighbourhoods(pictures: Tensor, holes: Tensor) -> Tensor:
    """Windows of half the side, each around the middle of its hole: B x 3 x S/2 x S/2."""
    side = pictures.shape[-1]
    half = side // 2
    steps = torch.arange(side, device=holes.device, dtype=torch.float32)
    mass = holes.sum((1, 2, 3)).clamp_min(1)
    x = (holes.sum((1, 2)) * steps).sum(1) / mass
    y = (holes.sum((1, 3)) * steps).sum(1) / mass
    lefts = (x - half / 2).round().clamp(0, side - half).long().tolist()
    tops = (y - half / 2).round().clamp(0, side - half).long().tolist()
    return torch.stack(
        [
            picture[:, top : top + half, left : left + half]
            for picture, left, top in zip(pictures, lefts, tops, strict=True)
        ]
    )
