"""Layers that the small networks of faces share."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


def convolution(inner: int, outer: int, stride: int = 1) -> nn.Sequential:
    """3 x 3, normalised over the batch, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inner, outer, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """x + conv(x), normalised (He et al. 2016, one convolution)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.body(x))
