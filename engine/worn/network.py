"""The network that sees what is worn: which pixels of an aligned face are glasses, a face mask or a
hand before it.

An encoder of four halvings and a decoder that adds what it skipped: a U-Net (Ronneberger et al.
2015, arXiv 1505.04597) with the sums of LinkNet (Chaurasia and Culurciello 2017, arXiv 1707.03718)
in place of concatenations. The last layer answers for two by two pixels at once, so that nothing
is computed at the full size but its own sigmoid.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.nets.layers import Residual, convolution
from engine.nets.tensors import adopted
from engine.worn.things import CHANNELS

WIDTHS = (16, 40, 80, 112)


class WornNetwork(nn.Module):
    """B x 3 x H x W RGB in [-1, 1] -> logits B x 3 x H x W in the order of CHANNELS; H and W are
    multiples of 16."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, last = WIDTHS
        self.down = nn.ModuleList(
            (
                nn.Sequential(convolution(3, first, 2), Residual(first)),
                nn.Sequential(convolution(first, second, 2), Residual(second)),
                nn.Sequential(convolution(second, third, 2), Residual(third)),
                nn.Sequential(convolution(third, last, 2), Residual(last), Residual(last)),
            )
        )
        self.narrow = nn.ModuleList(
            nn.Conv2d(wide, slim, 1)
            for wide, slim in ((last, third), (third, second), (second, first))
        )
        self.up = nn.ModuleList(Residual(width) for width in (third, second, first))
        self.answer = nn.Conv2d(first, 4 * len(CHANNELS), 3, 1, 1)

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> WornNetwork:
        """The network with these weights."""
        return adopted(cls, tensors)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        maps = []
        for stage in self.down:
            x = stage(x)
            maps.append(x)
        for narrow, up, skipped in zip(self.narrow, self.up, maps[-2::-1], strict=True):
            x = F.interpolate(narrow(x), scale_factor=2, mode="bilinear", align_corners=False)
            x = up(F.relu(x + skipped))
        return F.pixel_shuffle(self.answer(x), 2)

    @torch.no_grad()
    def shares(self, crops: Tensor) -> Tensor:
        """How probably each pixel is each thing, B x 3 x H x W in 0..1, mirror image averaged in.

        crops: B x 3 x H x W RGB in [-1, 1], cut MARGIN frames wide.
        """
        straight, mirrored = self(torch.cat([crops, crops.flip(-1)])).float().sigmoid().chunk(2)
        return (straight + mirrored.flip(-1)) / 2
