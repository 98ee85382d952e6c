"""Membrane interpolation: the smoothest surface over a hole that meets its border.

Used to close seams: the difference between photo and fill is known outside the hole and is
carried in, so that colours agree at the border and nothing else changes (Pérez et al. 2003,
*Poisson Image Editing*, with a zero guidance field). Solved coarse to fine: on each level the
known values are averages of the known pixels below, and a few relaxation sweeps settle the rest.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SWEEPS = 12
COARSEST = 4
# Of a difference at the border, [-1, 1] units, what may be light and is carried all over the hole;
# and how far the rest is carried, in units of the crop's side.
LIGHT, CONTOUR = 0.15, 5 / 256


def closing(difference: Tensor, hole: Tensor) -> Tensor:
    """What is added to a fill so that it meets the photo at the hole's border.

    difference: B x 3 x H x W, photo minus fill, read outside the hole; hole: B x 1 x H x W or one
    for all. A difference of light is carried over the whole hole. A larger one says that the fill
    has the face where the photo has something else: it is evened out beside the border, and no
    background glows through a cheek.
    """
    size = difference.abs().amax(1, keepdim=True)
    light = difference * (LIGHT / size.clamp_min(LIGHT))
    carried = membrane(torch.cat([light, difference - light], 1), hole)
    depth = [
        cv2.distanceTransform((one.numpy() > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
        for one in hole[:, 0].detach().cpu()
    ]
    near = torch.from_numpy(np.stack(depth)).to(difference)[:, None] / (CONTOUR * hole.shape[-1])
    return carried[:, :3] + carried[:, 3:] * torch.exp(-near)


def membrane(values: Tensor, hole: Tensor, sweeps: int = SWEEPS) -> Tensor:
    """Fill the hole of `values` harmonically.

    values: B x C x H x W float, read only where `hole` is 0. hole: B x 1 x H x W, 1 = unknown.
    Returns B x C x H x W: `values` outside the hole, the membrane inside. With no known pixel at
    all the result is 0.
    """
    known = 1 - hole
    levels = [(values * known, known)]
    while min(levels[-1][0].shape[-2:]) > COARSEST:
        summed, weight = levels[-1]
        # Weighted means of the known pixels; ceil_mode keeps the last row of odd sizes.
        weight_below = F.avg_pool2d(weight, 2, ceil_mode=True)
        summed_below = F.avg_pool2d(summed * (weight > 0), 2, ceil_mode=True)
        mean = summed_below / weight_below.clamp_min(1e-6)
        present = (weight_below > 0).to(values.dtype)
        levels.append((mean * present, present))
    coarse_values, coarse_known = levels[-1]
    total = coarse_known.sum((-2, -1), keepdim=True).clamp_min(1)
    surface = (coarse_values * coarse_known).sum((-2, -1), keepdim=True) / total
    surface = surface.expand_as(coarse_values)
    for level_values, level_known in reversed(levels):
        size = level_values.shape[-2:]
        surface = F.interpolate(surface, size=size, mode="bilinear", align_corners=False)
        surface = _relax(surface, level_values, level_known, sweeps)
    return surface


def _relax(surface: Tensor, values: Tensor, known: Tensor, sweeps: int) -> Tensor:
    surface = torch.where(known > 0, values, surface)
    for _ in range(sweeps):
        padded = F.pad(surface, (1, 1, 1, 1), mode="replicate")
        mean = (
            padded[..., :-2, 1:-1]
            + padded[..., 2:, 1:-1]
            + padded[..., 1:-1, :-2]
            + padded[..., 1:-1, 2:]
        ) / 4
        surface = torch.where(known > 0, values, mean)
    return surface
