"""What a landmark network begins with: a shape model and a first guess, fitted in closed form."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.face.first_guess import SIDE as GUESS_SIDE
from engine.face.first_guess import FirstGuess
from engine.face.landmarks import COMPONENTS
from training.landmarks.data import LandmarkFaces

GUESSES = 20_000  # aligned crops the first guess is fitted on
RIDGE = 30.0  # in samples


def shape_model(meshes: np.ndarray, components: int = COMPONENTS) -> tuple[Tensor, Tensor]:
    """(mean 478 x 2, basis components x 478 x 2, each of one standard deviation) of n meshes."""
    values = torch.from_numpy(meshes).double().flatten(1)
    mean = values.mean(0)
    basis = _components(values - mean, components)
    return mean.view(-1, 2).float(), basis.reshape(components, -1, 2).float().contiguous()


def fit_guess(guess: FirstGuess, data: LandmarkFaces, mean: Tensor, basis: Tensor) -> None:
    """Fit the first guess on aligned faces and their mirror images, drawn by their weights.

    mean, basis: the shape model whose coefficients it gives.
    """
    rng = np.random.default_rng([data.seed, 4])
    chosen = rng.choice(len(data), GUESSES, p=data.weights)
    pairs = [data.aligned(int(index), bool(row % 2)) for row, index in enumerate(chosen)]
    pixels = np.stack([crop for crop, _ in pairs]).transpose(0, 3, 1, 2)
    parts = [
        F.adaptive_avg_pool2d(torch.from_numpy(part).float() / 127.5 - 1, GUESS_SIDE)
        for part in np.array_split(pixels, max(1, len(pixels) // 500))
    ]
    values = torch.cat(parts)
    flat = values.flatten(1).double()
    centred = flat - flat.mean(0)
    kept = _components(centred, len(guess.basis))
    left = centred.square().mean(0) - kept.square().sum(0)
    guess.pixel_mean.copy_(flat.mean(0).view_as(guess.pixel_mean))
    guess.basis.copy_(kept.reshape(guess.basis.shape))
    guess.residual.copy_(left.view_as(guess.pixel_mean).mean(0).clamp_min(1e-4))

    # Coefficients from whole crops, the mesh from them: ridge regression.
    known = torch.cat([values, torch.zeros_like(values[:, :1])], 1)
    z = torch.cat([guess.posterior(part) for part in known.split(256)]).double()
    meshes = torch.from_numpy(np.stack([mesh for _, mesh in pairs])).flatten(1)
    modes = ((meshes - mean.flatten()) @ torch.linalg.pinv(basis.flatten(1))).double()
    z_mean, modes_mean = z.mean(0), modes.mean(0)
    matrix = (z - z_mean).mT @ (z - z_mean)
    matrix.diagonal().add_(RIDGE)
    rows = torch.linalg.solve(matrix, (z - z_mean).mT @ (modes - modes_mean))
    guess.rows.copy_(rows)
    guess.offset.copy_(modes_mean - z_mean @ rows)


def _components(centred: Tensor, count: int) -> Tensor:
    """The first principal components of n x D centred values, count x D, one standard deviation
    each; zeros where there are fewer."""
    number, size = centred.shape
    if number < size:
        _, scales, vectors = torch.linalg.svd(centred / number**0.5, full_matrices=False)
    else:
        squares, columns = torch.linalg.eigh(centred.mT @ centred / number)
        scales, vectors = squares.flip(0).clamp_min(0).sqrt(), columns.flip(1).mT
    found = scales[:count, None] * vectors[:count]
    return F.pad(found, (0, 0, 0, count - len(found)))
