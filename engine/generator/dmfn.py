"""The generator: a dense multi-scale fusion network that paints a hole in a 3-channel crop.

Hui, Li, Wang & Gao 2020, *Image Fine-grained Inpainting* (arXiv 2002.02609), at width 64 with
eight fusion blocks: 9,037,443 parameters. Two forms of it are used. `sharpen` gives it the face
prior's fill and takes a residual; `paint` is the published form, a zeroed hole and direct output.

On the full grid, as published, the first and the last layer work on every pixel. On the half grid
they step by two pixels and everything between works on a quarter of the places: the same layers
with the same number of parameters in a third of the operations. A cell of the feature grid is then
eight pixels wide, and a decoder that has learnt little stamps every cell with one pattern of dots,
which perceptual losses take for detail. So it enlarges by interpolation and convolution (Odena et
al. 2016) where the published one has transposed convolutions, and gets back, by plain addition,
what the encoder saw at its two finer sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import partial
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.base.brightness import blurred, luma
from engine.nets.tensors import adopted

if TYPE_CHECKING:
    from engine.generator.branches import Hints

DILATIONS = (1, 2, 4, 8)
COLOURS = 2.5  # pixels: sigma beyond which colours are the fill's; chosen by LPIPS and PSNR
FULL, HALF = "full", "half"
GRIDS = (FULL, HALF)


class Dmfn(nn.Module):
    """B x 4 x H x W (RGB in [-1, 1], hole 1 = hidden) -> B x 3 x H x W in [-1, 1].

    H and W are multiples of `stride`, the pixels of a cell of the feature grid after e4: 4 on the
    full grid, 8 on the half one. Every convolution has a bias; instance normalisation has neither
    affine parameters nor running statistics, so a crop is normalised by itself.
    """

    def __init__(
        self,
        in_channels: int = 4,
        out_channels: int = 3,
        width: int = 64,
        blocks: int = 8,
        grid: str = FULL,
    ) -> None:
        super().__init__()
        self.grid = grid
        step = 2 if grid == HALF else 1
        self.stride = 4 * step
        self.e1 = nn.Sequential(nn.Conv2d(in_channels, width, 5, step, padding=2), nn.ReLU())
        self.e2 = _conv(width, 2 * width, stride=2)
        self.e3 = _conv(2 * width, 2 * width)
        self.e4 = _conv(2 * width, 4 * width, stride=2)
        self.blocks = nn.Sequential(*(FusionBlock(4 * width) for _ in range(blocks)))
        self.d1 = _conv(4 * width, 4 * width)
        up = _enlarge if grid == HALF else _up
        self.d2 = up(4 * width, 2 * width)
        self.d3 = up(2 * width, width)
        self.out = nn.Conv2d(width, out_channels, 3, padding=1)

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> Dmfn:
        """The generator that these tensors are the state of, on their grid; they become its own."""
        return adopted(partial(cls, grid=grid_of(tensors)), tensors)

    def forward(self, x: Tensor, hints: Hints | None = None) -> Tensor:
        """hints: what the landmark and emotion modules say, for crops of this size."""
        finest = self.e1(x)
        finer = self.e3(self.e2(finest))
        x = self.e4(finer)
        if hints is not None and hints.grid is not None:
            x = x + hints.grid
        for number, block in enumerate(self.blocks):
            x = block(x)
            if hints is not None and hints.film is not None:
                scale, shift = hints.film[:, number, :, :, None, None].unbind(1)
                x = x * (1 + scale) + shift
        x = self.d2(self.d1(x))
        x = _doubled(self.d3(x + finer) + finest) if self.grid == HALF else self.d3(x)
        return torch.tanh(self.out(x))

    def start_at_zero(self) -> Dmfn:
        """Zero the last layer, so that `sharpen` begins as the prior's fill. Returns itself."""
        nn.init.zeros_(self.out.weight)
        if self.out.bias is not None:
            nn.init.zeros_(self.out.bias)
        return self


def grid_of(tensors: Container[str]) -> str:
    """The grid of a generator with tensors of these names, by how its decoder enlarges."""
    return HALF if "d2.2.weight" in tensors else FULL


class FusionBlock(nn.Module):
    """Dense multi-scale fusion: four dilated views of a squeezed tensor, each added to the sum of
    the narrower ones, fused back onto the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = channels // 4
        self.squeeze = _conv(channels, squeezed)
        self.dilated = nn.ModuleList(
            nn.Conv2d(squeezed, squeezed, 3, padding=d, dilation=d) for d in DILATIONS
        )
        self.activate = nn.Sequential(nn.InstanceNorm2d(channels), nn.ReLU())
        self.fuse = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.InstanceNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        squeezed = self.squeeze(x)
        sums = [self.dilated[0](squeezed)]
        for convolution in list(self.dilated)[1:]:
            sums.append(sums[-1] + convolution(squeezed))
        return x + self.fuse(self.activate(torch.cat(sums, 1)))


def _conv(channels: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, stride, padding=1), nn.InstanceNorm2d(out), nn.ReLU()
    )


def _up(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(channels, out, 4, 2, 1),
        nn.InstanceNorm2d(out),
        nn.ReLU(),
        *_conv(out, out),
    )


def _enlarge(channels: int, out: int) -> nn.Sequential:
    """As `_up`, with as many parameters."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        nn.ZeroPad2d((1, 2, 1, 2)),
        nn.Conv2d(channels, out, 4),
        nn.InstanceNorm2d(out),
        nn.ReLU(),
        *_conv(out, out),
    )


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


# (B x 4 x H x W, hints) -> B x 3 x H x W: a Dmfn, or what runs one.
Network = Callable[[Tensor, "Hints | None"], Tensor]

CONTEXT = 32  # pixels around a hole that the generator sees when it sharpens
SMALLEST_WINDOW = 96  # pixels: instance normalisation needs something to take statistics of


def window_of(hole: Tensor, context: int = CONTEXT) -> tuple[slice, slice]:
    """(rows, columns) of the part of a crop that sharpening a hole needs to see.

    hole: B x 1 x H x W; one window covers the holes of all. The whole face is the prior's matter;
    its fill is sharpened from its surroundings alone, so a brushed eye costs a fifth of a face.
    Sides are multiples of 32 (or the crop's own).
    """
    touched = hole.amax((0, 1)) > 0
    return _span(touched.any(1), context), _span(touched.any(0), context)


def _span(touched: Tensor, context: int) -> slice:
    length = len(touched)
    places = touched.nonzero()
    if not len(places):
        return slice(0, length)
    low, high = int(places[0]) - context, int(places[-1]) + 1 + context
    wanted = min(length, -(-max(high - low, SMALLEST_WINDOW) // 32) * 32)
    start = min(max(0, (low + high - wanted) // 2), length - wanted)
    return slice(start, start + wanted)


def sharpen(generator: Network, fill: Tensor, hole: Tensor, hints: Hints | None = None) -> Tensor:
    """Sharpen a fill: the generator's output is a residual on it, inside the hole only.

    Colours stay the fill's but for their finest detail: what a generator changes of them is no
    truer, and shadows turn blue.

    fill: B x 3 x H x W in [-1, 1], the crop (or the window of it) with the prior's fill in its
    hole. hole: B x 1 x H x W. hints: of the modules, for the same window. Returns B x 3 x H x W,
    outside the hole `fill` itself.
    """
    change = hole * generator(torch.cat([fill, hole], 1), hints).float()
    return fill + hole * (change - blurred(change - luma(change), COLOURS))


def paint(generator: Network, crop: Tensor, hole: Tensor, hints: Hints | None = None) -> Tensor:
    """Paint a zeroed hole directly, the published form; shapes as in `sharpen`."""
    painted = generator(torch.cat([crop * (1 - hole), hole], 1), hints).float()
    return crop * (1 - hole) + hole * painted
