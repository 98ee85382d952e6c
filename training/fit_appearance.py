"""Fit the appearance prior: the same PCA, of faces brought to their mean shape by their meshes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from engine.face.mesh import mirror_permutation
from engine.prior.appearance import PREFIX, brought
from engine.prior.warp import MeanShape, triangulated
from training.balance import COARSE, balanced_weights
from training.faces import FaceShards
from training.fit_prior import PriorOptions, fit_gaussian

SIDE = 128  # pixels a side of its pictures
FROM = 256  # of the crops that are brought to the mean shape
FEW = 0.15  # of the faces may be of the coarse source


def fit_appearance(faces: FaceShards, options: PriorOptions) -> dict[str, Tensor]:
    """The tensors of engine.prior.appearance.Appearance, named with its prefix.

    Sharp faces all, of the coarse source no more than count, as training.balance weighs them.
    Raises MienError with too few faces for a covariance.
    """
    shares = balanced_weights(faces)
    rng = np.random.default_rng(options.seed)
    coarse = np.array([record.get("source") == COARSE for record in faces.records])
    wanted = round(FEW / (1 - FEW) * int((~coarse).sum())) if (~coarse).any() else len(faces)
    kept = np.concatenate(
        [np.flatnonzero(~coarse), rng.permutation(np.flatnonzero(coarse))[:wanted]]
    )
    kept = np.sort(kept)[: options.limit]
    # What is left out of the coarse source is spoken for by the rest of it.
    shares[coarse] *= max(1.0, coarse.sum() / max(1, np.isin(np.flatnonzero(coarse), kept).sum()))
    meshes = np.stack([faces.mesh_in_crop(int(index), 1) for index in kept])
    mean = np.average(meshes, axis=0, weights=shares[kept])
    mean = (mean + (mean * (-1, 1) + (1, 0))[mirror_permutation()]) / 2
    shape = MeanShape(mean, triangulated(mean))
    tensors = fit_gaussian(_brought(faces, kept, meshes, shape, options), shares[kept], options)
    tensors |= {
        "shape": torch.from_numpy(mean.astype(np.float32)),
        "triangles": torch.from_numpy(shape.triangles.astype(np.int16)),
    }
    return {PREFIX + name: tensor for name, tensor in tensors.items()}


def _brought(
    faces: FaceShards,
    kept: np.ndarray,
    meshes: np.ndarray,
    shape: MeanShape,
    options: PriorOptions,
) -> Iterator[np.ndarray]:
    for index, mesh in zip(kept, meshes, strict=True):
        crop = faces.crop(int(index), FROM).astype(np.float32)
        yield brought(crop, mesh, shape, options.side)
