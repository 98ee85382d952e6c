"""The detail network: what a fill of 256 pixels a face lacks at three times that size.

It sees a face in the mean shape, where every lid and lip lies where lids and lips lie, and knows by
a learnt map of positions where on the face it is. Beside the picture it sees it mirrored: a hidden
eye is told by its twin, half a mouth by the other half. What it answers is added to the hole.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.detail.mean_view import SIDE
from engine.nets.tensors import adopted

CELL = 4  # pixels a side of what the layers see as one place
CHANNELS, POSITIONS, PLACES = 64, 16, 96  # of the layers; of the map of positions and its side
DILATIONS = (1, 2, 1, 4, 1, 2, 1, 1)  # of the blocks: a lid is as wide as sixty pixels
PLANES = 8  # the picture and its hole, and both mirrored


class DetailNetwork(nn.Module):
    """A window of a face in the mean shape -> the change of its picture."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.randn(1, POSITIONS, PLACES, PLACES) * 0.02)
        self.first = nn.Conv2d(PLANES * CELL**2 + POSITIONS, CHANNELS, 3, padding=1)
        self.blocks = nn.ModuleList(_Block(CHANNELS, dilation) for dilation in DILATIONS)
        self.last = nn.Conv2d(CHANNELS, 3 * CELL**2, 3, padding=1)
        for parameter in self.last.parameters():
            nn.init.zeros_(parameter)

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> DetailNetwork:
        """The network with these weights."""
        # Half the time of the other order of channels, on processors without bfloat16.
        network = adopted(cls, tensors)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network

    def forward(self, seen: Tensor, places: Tensor) -> Tensor:
        """seen: B x 8 x h x w by `network_inputs`, whole CELLs. places: B x POSITIONS x h/4 x w/4,
        of `places`. Returns B x 3 x h x w, to be added to the picture, 2 is from black to white."""
        x = self.first(torch.cat([F.pixel_unshuffle(seen, CELL), places], 1))
        for block in self.blocks:
            x = block(x)
        return F.pixel_shuffle(self.last(x), CELL)

    def places(self, off: tuple[int, int] = (0, 0)) -> Tensor:
        """Where on a face each CELL of a whole picture lies, 1 x POSITIONS x SIDE/4 x SIDE/4. off:
        of a picture that begins so many pixels (down, right) before the mean shape's."""
        size = (SIDE // CELL, SIDE // CELL)
        if not any(off):
            return F.interpolate(self.positions, size=size, mode="bilinear", align_corners=False)
        cells = torch.arange(SIDE // CELL, device=self.positions.device)
        down, right = ((cells * CELL + CELL / 2 - by) * (2 / SIDE) - 1 for by in off)
        grid = torch.stack(torch.meshgrid(down, right, indexing="ij")[::-1], -1)[None]
        return F.grid_sample(
            self.positions, grid, mode="bilinear", padding_mode="border", align_corners=False
        )


class _Block(nn.Module):
    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation),
            nn.GELU(),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def network_inputs(pictures: Tensor, holes: Tensor) -> Tensor:
    """B x 8 x SIDE x SIDE. pictures: B x 3 x SIDE x SIDE in [-1, 1], filled. holes: B x 1 x SIDE x
    SIDE, 1 is the fill's."""
    both = torch.cat([pictures, 2 * holes - 1], 1)
    return torch.cat([both, both.flip(-1)], 1)
