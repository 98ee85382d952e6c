"""The modules' branches of the generator: small networks that start at zero effect.

Each costs nothing when off; the generator itself keeps its parameters. The landmarks' is a graph
convolution over the face mesh (Kipf & Welling 2016) whose node embeddings are splatted onto the
feature grid after e4; the emotion's scales and shifts the output of every fusion block (FiLM,
Perez et al. 2018). Both are trained with condition dropout, so one set of weights serves every
state of the check boxes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.nets.graph import GraphConvolution
from engine.readings import EMOTIONS

CHANNELS = 256  # of the feature grid after e4, and of the fusion blocks
BLOCKS = 8


@dataclass(frozen=True)
class Told:
    """What one module tells its branch of a batch of B crops.

    values: its condition. use: B of 0 and 1, which samples are told (condition dropout); None tells
    all.
    """

    values: tuple[Tensor, ...]
    use: Tensor | None = None


# By the keys of the modules that have a say.
Conditions = dict[str, Told]


@dataclass(frozen=True)
class Hints:
    """What branches add inside the generator. grid: B x 256 x h x w, added after e4. film:
    B x 8 x 2 x 256, scale and shift of each fusion block's output. None adds nothing."""

    grid: Tensor | None = None
    film: Tensor | None = None

    def told_to(self, use: Tensor | None) -> Hints:
        """The same for the samples of which `use` (B) is 1, nothing for the others."""
        if use is None:
            return self
        use = use.view(-1, 1, 1, 1)
        return Hints(
            None if self.grid is None else self.grid * use,
            None if self.film is None else self.film * use,
        )

    def __add__(self, other: Hints) -> Hints:
        return Hints(_sum(self.grid, other.grid), _sum(self.film, other.film))


def _sum(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


class LandmarkBranch(nn.Module):
    """Nodes -> a 256-channel grid: two graph convolutions, a bilinear splat, a 1 x 1 convolution.

    A node's input is its place, how far it lies from the mean face there, and whether it is
    hidden. `adjacency` (478 x 478, normalised) and `mean` (478 x 2) are buffers, saved with the
    weights: MediaPipe is not needed to run this. stride: crop pixels a cell of the generator's
    feature grid.
    """

    adjacency: Tensor
    mean: Tensor

    def __init__(
        self,
        adjacency: Tensor | None = None,
        mean: Tensor | None = None,
        width: int = 64,
        stride: int = 4,
    ) -> None:
        super().__init__()
        self.stride = stride
        nodes = 478
        self.register_buffer("adjacency", torch.eye(nodes) if adjacency is None else adjacency)
        self.register_buffer("mean", torch.full((nodes, 2), 0.5) if mean is None else mean)
        self.first = GraphConvolution(5, width)
        self.second = GraphConvolution(width, width)
        self.spread = nn.Conv2d(width + 1, CHANNELS, 1)
        nn.init.zeros_(self.spread.weight)
        nn.init.zeros_(self.spread.bias)  # type: ignore[arg-type]

    def forward(
        self, nodes: Tensor, hidden: Tensor, *, rows: slice, columns: slice, side: int
    ) -> Hints:
        """nodes: B x 478 x 2 in units of the whole crop (0 .. 1), hidden: B x 478, 1 inside the
        hole, rows and columns: the window of the side x side crop that is sharpened."""
        # Units in which nodes differ by about one: a twentieth of the crop.
        inputs = torch.cat([2 * nodes - 1, 20 * (nodes - self.mean), hidden.unsqueeze(-1)], -1)
        x = self.second(self.first(inputs, self.adjacency), self.adjacency)
        x = torch.cat([x, hidden.unsqueeze(-1)], -1)
        origin = nodes.new_tensor([columns.start, rows.start])
        places = (nodes * side - origin) / self.stride - 0.5
        height, width = rows.stop - rows.start, columns.stop - columns.start
        size = (height // self.stride, width // self.stride)
        return Hints(grid=self.spread(splat(x, places, size)))


class EmotionBranch(nn.Module):
    """Probabilities of EMOTIONS -> scale and shift of every fusion block's channels."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.mix = nn.Sequential(nn.Linear(len(EMOTIONS), width), nn.ReLU())
        self.film = nn.Linear(width, BLOCKS * 2 * CHANNELS)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, emotion: Tensor, *, rows: slice, columns: slice, side: int) -> Hints:
        """emotion: B x 7. The same everywhere: the window has no say."""
        return Hints(film=self.film(self.mix(emotion)).view(-1, BLOCKS, 2, CHANNELS))


def splat(values: Tensor, places: Tensor, size: tuple[int, int]) -> Tensor:
    """Node values onto a grid, each shared out bilinearly among the four cells around it.

    values: B x N x C. places: B x N x 2, (x, y) in cells, 0 being the first cell's centre. size:
    (h, w). Returns B x C x h x w: in each cell the weighted mean where nodes are dense, their
    weighted sum where they are sparse. Nodes outside the grid are dropped. Differentiable in both.
    """
    batch, _, channels = values.shape
    height, width = size
    values = torch.cat([values, torch.ones_like(values[..., :1])], -1)
    corner = places.detach().floor()
    fraction = places - corner
    grid = values.new_zeros(batch, height * width, channels + 1)
    for dy in (0, 1):
        for dx in (0, 1):
            x, y = corner[..., 0] + dx, corner[..., 1] + dy
            weight = (fraction[..., 0] if dx else 1 - fraction[..., 0]) * (
                fraction[..., 1] if dy else 1 - fraction[..., 1]
            )
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            index = (y.clamp(0, height - 1) * width + x.clamp(0, width - 1)).long()
            part = values * (weight * inside).unsqueeze(-1)
            grid = grid.scatter_add(1, index.unsqueeze(-1).expand_as(part), part)
    sums, weights = grid[..., :-1], grid[..., -1:]
    mean = sums / weights.clamp_min(1)
    return mean.transpose(1, 2).reshape(batch, channels, height, width)
