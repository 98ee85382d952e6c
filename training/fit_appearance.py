"""Fit the appearance prior: the same PCA, of faces brought to their mean shape by their meshes."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.face.mesh import OVAL, mirror_permutation
from engine.prior.appearance import PREFIX, brought
from engine.prior.prior import INSIDE
from engine.prior.warp import MeanShape, triangulated
from training.balance import COARSE, balanced_weights
from training.faces import FaceShards
from training.fit_prior import PriorOptions, fit_gaussian
from training.glasses import ROWS, wear_glasses

SIDE = 192  # pixels a side of its pictures
FROM = 256  # of the crops that are brought to the mean shape
BEYOND = 0.04  # crop units around the face's outline in which there is detail
FEW = 0.15  # of the faces may be of the coarse source


def fit_appearance(faces: FaceShards, options: PriorOptions) -> dict[str, Tensor]:
    """The tensors of engine.prior.appearance.Appearance, named with its prefix.

    Sharp faces all, of the coarse source no more than count, as training.balance weighs them, and
    none that wears glasses: a Gaussian that knows rims paints their ghosts under eyes that wear
    none. Raises MienError with too few faces for a covariance.
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
    bare = ~_wear_glasses(faces, kept, meshes, shape, options)
    kept, meshes = kept[bare], meshes[bare]
    tensors = fit_gaussian(_brought(faces, kept, meshes, shape, options), shares[kept], options)
    inside = inside_of(mean, options.side)[:, : options.side // 2]
    for name in ("even", "odd"):
        tensors[name] = tensors[name][:, torch.from_numpy(inside)].contiguous()
    tensors |= {
        INSIDE: torch.from_numpy(inside.astype(np.uint8)),
        "shape": torch.from_numpy(mean.astype(np.float32)),
        "triangles": torch.from_numpy(shape.triangles.astype(np.int16)),
    }
    return {PREFIX + name: tensor for name, tensor in tensors.items()}


def inside_of(mean: np.ndarray, side: int) -> np.ndarray:
    """Where a mean mesh (478 x 2, crop units) has detail, side x side bool, the same on both sides.

    Hair and background agree in nothing, whatever the shape: their detail would be noise that
    costs as much room as the face.
    """
    hull = cv2.convexHull((mean[list(OVAL)] * side * 16).astype(np.float32))
    inside = np.zeros((side, side), np.uint8)
    cv2.fillPoly(inside, [np.round(hull - 8).astype(np.int32)], (1,), cv2.LINE_8, 4)
    reach = round(BEYOND * side)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    inside = cv2.dilate(inside, disc) > 0
    return inside | inside[:, ::-1]


def _wear_glasses(
    faces: FaceShards,
    kept: np.ndarray,
    meshes: np.ndarray,
    shape: MeanShape,
    options: PriorOptions,
) -> np.ndarray:
    top, bottom = (round(share * options.side) for share in ROWS)
    bands = np.empty((len(kept), bottom - top, options.side), np.float16)
    for number, picture in enumerate(_brought(faces, kept, meshes, shape, options)):
        bands[number] = cv2.cvtColor(picture[top:bottom], cv2.COLOR_RGB2GRAY)
    return wear_glasses(bands)


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
