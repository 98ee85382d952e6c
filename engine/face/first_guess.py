"""The first guess of a mesh: a small Gaussian over aligned crops and meshes, solved in closed form.

The face prior's idea (probabilistic PCA, Tipping & Bishop 1999), small enough to live inside the
landmark network: a crop of 24 pixels is `mean + basis z` with z ~ N(0, I), the mesh's shape
coefficients are linear in z, and the visible pixels are the observation. What it gets wrong
(misaligned crops, whatever is not linear) is left to the network's trunk.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.base.exact import exact
from engine.base.hidden import AVERAGED

SIDE = 24
COMPONENTS = 128  # of the crops
NOISE = 0.4  # of an observed pixel, beside what the components cannot express, [-1, 1] units
MANY = 8  # crops from which on a table of products pays


class FirstGuess(nn.Module):
    """Crops with holes -> shape coefficients, by one small linear system a crop.

    Buffers, fitted by training: pixel_mean 3 x 24 x 24; basis K x 3 x 24 x 24, one standard
    deviation each; residual 24 x 24, variance that is left over; rows K x modes; offset modes.
    """

    pixel_mean: Tensor
    basis: Tensor
    residual: Tensor
    rows: Tensor
    offset: Tensor

    def __init__(self, modes: int, components: int = COMPONENTS) -> None:
        super().__init__()
        self.register_buffer("pixel_mean", torch.zeros(3, SIDE, SIDE))
        self.register_buffer("basis", torch.zeros(components, 3, SIDE, SIDE))
        self.register_buffer("residual", torch.ones(SIDE, SIDE))
        self.register_buffer("rows", torch.zeros(components, modes))
        self.register_buffer("offset", torch.zeros(modes))

    @exact
    def forward(self, x: Tensor) -> Tensor:
        """x: B x 4 x S x S, RGB in [-1, 1] with the hole zeroed, and the hole. Returns B x modes,
        those of the mean face where nothing is visible. Differentiable in the pixels."""
        return self.posterior(x) @ self.rows + self.offset

    @exact
    def posterior(self, x: Tensor) -> Tensor:
        """The mean of z given the visible pixels, B x K; arguments as of `forward`."""
        count, flat = len(self.basis), self.basis.flatten(1)
        values, weight = self._observe(x)
        if len(x) >= MANY:
            pixels = self.basis.flatten(2).permute(2, 0, 1)  # the weight is one for three channels
            products = (pixels @ pixels.mT).flatten(1)
            matrix = (weight.flatten(1) @ products).view(-1, count, count)
        else:
            weighted = weight.repeat(1, 3, 1, 1).flatten(1)[:, None] * flat
            matrix = weighted @ flat.mT
        matrix = matrix + torch.eye(count, device=x.device)
        target = (weight * (values - self.pixel_mean)).flatten(1) @ flat.mT
        factor = torch.linalg.cholesky(matrix)
        return torch.cholesky_solve(target[..., None], factor)[..., 0]

    def _observe(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(values B x 3 x 24 x 24, precision B x 1 x 24 x 24) of the visible pixels."""
        known = 1 - x[:, 3:]
        share = F.adaptive_avg_pool2d(known, SIDE)
        values = F.adaptive_avg_pool2d(x[:, :3] * known, SIDE) / share.clamp_min(0.25)
        return values, (share > AVERAGED) / (NOISE**2 + self.residual)
