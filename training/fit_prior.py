"""Fit the face prior: a PCA of aligned faces and their mirror images, minutes on a CPU.

With mirror images in the set the covariance splits into a symmetric and an antisymmetric part,
so two PCAs of half the width give the same components at a quarter of the cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.base.errors import MienError
from training.faces import FaceShards

LEAST_FACES = 50
BASIS = ("mean", "even", "even_scale", "odd", "odd_scale", "residual")  # what `fit_prior` makes


@dataclass(frozen=True)
class PriorOptions:
    """side: the prior's resolution. components: how many in all, split between symmetric and
    antisymmetric by variance. limit: use at most so many faces. seed: of the randomised SVD."""

    side: int = 96
    components: int = 400
    limit: int | None = None
    seed: int = 0


def fit_prior(faces: FaceShards, options: PriorOptions | None = None) -> dict[str, Tensor]:
    """The tensors of engine.prior.FacePrior, float32 except the int8 components.

    Faces count by `FaceShards.weights`. Raises MienError with too few faces for a covariance.
    """
    options = options or PriorOptions()
    count = min(len(faces), options.limit or len(faces))
    crops = (faces.crop(index, options.side) for index in range(count))
    return fit_gaussian(crops, faces.weights()[:count], options)


def fit_gaussian(
    crops: Iterable[np.ndarray], shares: np.ndarray, options: PriorOptions
) -> dict[str, Tensor]:
    """The same from crops (side x side x 3 uint8 each) and how much each counts (n float64)."""
    count = len(shares)
    if count < LEAST_FACES:
        raise MienError(
            f"{count} faces are too few to fit a prior; prepare at least {LEAST_FACES} photos."
        )
    torch.manual_seed(options.seed)
    half = options.side // 2
    weights = torch.from_numpy(shares / shares.sum()).float()

    even, odd = _halves(crops, count, options.side)
    mean = weights @ even
    even -= mean
    # A face and its mirror image, each with half the face's weight.
    root = weights.sqrt().unsqueeze(1)
    even *= root
    odd *= root
    variance = (even.square() + odd.square()).sum(0)
    wanted = min(options.components, count // 2)
    even_basis, even_scale = _components(even, wanted)
    odd_basis, odd_scale = _components(odd, wanted)
    kept = torch.cat([even_scale, odd_scale]).sort(descending=True).values[wanted - 1]
    even_basis, even_scale = even_basis[:, even_scale >= kept], even_scale[even_scale >= kept]
    odd_basis, odd_scale = odd_basis[:, odd_scale >= kept], odd_scale[odd_scale >= kept]
    explained = (even_basis * even_scale).square().sum(1) + (odd_basis * odd_scale).square().sum(1)
    residual = (variance - explained).clamp_min(0).view(3, options.side, half).mean(0)

    even_int, even_step = _quantise(even_basis * even_scale)
    odd_int, odd_step = _quantise(odd_basis * odd_scale)
    shape = (3, options.side, half)
    return {
        "mean": mean.view(shape).contiguous(),
        "even": even_int.view(*shape, -1).contiguous(),
        "even_scale": even_step,
        "odd": odd_int.view(*shape, -1).contiguous(),
        "odd_scale": odd_step,
        "residual": residual.contiguous(),
    }


def _halves(crops: Iterable[np.ndarray], count: int, side: int) -> tuple[Tensor, Tensor]:
    """Left halves of the symmetric and antisymmetric parts, count x (3 * side * side / 2) each."""
    half = side // 2
    even = torch.empty(count, 3 * side * half)
    odd = torch.empty_like(even)
    for index, crop in enumerate(crops):
        planes = torch.from_numpy(crop.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)
        left, right = planes[..., :half], planes[..., half:].flip(-1)
        even[index] = ((left + right) / 2).reshape(-1)
        odd[index] = ((left - right) / 2).reshape(-1)
    return even, odd


def _components(rows: Tensor, wanted: int) -> tuple[Tensor, Tensor]:
    """(basis D x K, standard deviations K) by randomised SVD (Halko et al. 2011)."""
    rank = min(wanted + 20, *rows.shape)
    _, scale, basis = torch.svd_lowrank(rows, q=rank, niter=3)
    return basis[:, :wanted], scale[:wanted]


def _quantise(basis: Tensor) -> tuple[Tensor, Tensor]:
    """Components as int8 with one step each: a quarter of the size, noise far below a pixel's."""
    step = basis.abs().amax(0) / 127
    return (basis / step).round().to(torch.int8), step
