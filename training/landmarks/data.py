"""Samples for the landmark network: misaligned, mirrored, relit crops with holes, and their mesh.

The faces are decoded once, a little larger than the network sees them; a sample is then one
affine warp. Holes are drawn beforehand (following a mesh costs more than the rest of a sample).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.face import geometry
from engine.face.landmarks import SIDE
from engine.face.mesh import mirror_permutation
from training.faces import FaceShards
from training.masks import LARGEST, MIXTURE, SMALLEST, draw_hole

DECODED = 80  # pixels of a frame in memory; the network sees SIDE of them
WITHOUT_HOLE = 0.2  # share of samples
HALVES = 0.1  # weight of each half of the face, beside MIXTURE
GEOMETRIC = ("centre", "square", "strokes", "blob")  # lie in the crop, not on the face
ZOOM, TURN, SHIFT = 0.12, 12.0, 0.06  # share, degrees, share of the frame: the most misaligned
ALIGNED = 0.65  # share of samples that are not misaligned


@dataclass(frozen=True, eq=False)
class Batch:
    """crops: B x 3 x S x S in [-1, 1]. hole: B x 1 x S x S, 1 hidden. nodes: B x 478 x 2 in units
    of the (misaligned) crop."""

    crops: Tensor
    hole: Tensor
    nodes: Tensor


class LandmarkFaces:
    """Every face of some shards, decoded, with what is needed to draw samples of them.

    holes: how many holes are drawn beforehand. seed: of those holes.
    """

    def __init__(self, shards: FaceShards, holes: int = 6000, seed: int = 0) -> None:
        self.margin, self.seed = shards.margin, seed
        side = round(DECODED * shards.margin)
        self.pictures = np.empty((len(shards), side, side, 3), np.uint8)
        self.meshes = shards.meshes.astype(np.float32)
        self.weights = shards.weights()

        def decode(index: int) -> None:
            picture, _ = shards.decode(index)
            self.pictures[index] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)

        with ThreadPoolExecutor() as pool:
            list(pool.map(decode, range(len(shards))))
        self.frames = np.stack([geometry.frame_from_mesh(mesh) for mesh in self.meshes])
        rng = np.random.default_rng([seed, 1])
        self._holes = np.empty((holes, SIDE, SIDE), bool)
        self._follows = np.empty(holes, bool)
        for number in range(holes):
            self._holes[number], self._follows[number] = self._draw(rng)

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """A batch of samples; the same generator state gives the same batch."""
        chosen = rng.choice(len(self), size, p=self.weights)
        crops = np.empty((size, SIDE, SIDE, 3), np.uint8)
        holes = np.zeros((size, SIDE, SIDE), bool)
        nodes = np.empty((size, self.meshes.shape[1], 2), np.float32)
        for row, index in enumerate(chosen):
            frame = misaligned(rng)
            flip = rng.random() < 0.5
            if rng.random() >= WITHOUT_HOLE:
                holes[row] = self._hole(frame, rng)
            crop, mesh = self._view(int(index), frame)
            if rng.random() < 0.15:
                crop = _blurred(crop, rng)
            if flip:
                crop, holes[row] = crop[:, ::-1], holes[row, :, ::-1].copy()
                mesh = mirrored(mesh)
            crops[row], nodes[row] = crop, mesh
        pixels = torch.from_numpy(crops.transpose(0, 3, 1, 2).astype(np.float32)) / 127.5 - 1
        hidden = torch.from_numpy(holes.astype(np.float32))[:, None]
        return Batch(_relit(pixels, rng), hidden, torch.from_numpy(nodes))

    def sample_meshes(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Meshes as batches hold them, count x 478 x 2 float32, for the shape model."""
        meshes = []
        for index in rng.choice(len(self), count, p=self.weights):
            mesh = geometry.transform(self._warp(int(index), misaligned(rng)), self.meshes[index])
            meshes.append(mirrored(mesh) if rng.random() < 0.5 else mesh)
        return np.stack(meshes).astype(np.float32)

    def aligned(self, index: int, flip: bool) -> tuple[np.ndarray, np.ndarray]:
        """(crop S x S x 3 uint8, mesh 478 x 2) of a face's own frame, mirrored or not."""
        crop, mesh = self._view(index, np.eye(2, 3))
        if flip:
            crop, mesh = np.ascontiguousarray(crop[:, ::-1]), mirrored(mesh)
        return crop, mesh

    def _warp(self, index: int, frame: np.ndarray) -> np.ndarray:
        """Stored frame units -> the misaligned crop's."""
        return geometry.compose(frame, self.frames[index])

    def _view(self, index: int, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        warp = self._warp(index, frame)
        border = (self.margin - 1) / 2
        to_frame = np.array([[1, 0, -border * DECODED], [0, 1, -border * DECODED]]) / DECODED
        matrix = _pixels(geometry.compose(warp, to_frame))
        crop = cv2.warpAffine(
            self.pictures[index],
            matrix,
            (SIDE, SIDE),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        return crop, geometry.transform(warp, self.meshes[index]).astype(np.float32)

    def _draw(self, rng: np.random.Generator) -> tuple[np.ndarray, bool]:
        """A hole in an aligned crop, and whether it follows the face."""
        shares = {**MIXTURE, "left_half": HALVES, "right_half": HALVES}
        values = np.array(list(shares.values()))
        while True:
            kind = str(rng.choice(list(shares), p=values / values.sum()))
            index = int(rng.integers(len(self)))
            mesh = geometry.transform(self.frames[index], self.meshes[index]) * SIDE
            hole = draw_hole(kind, SIDE, rng, mesh)
            if SMALLEST <= hole.mean() <= LARGEST:
                return hole, kind not in GEOMETRIC

    def _hole(self, frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        number = int(rng.integers(len(self._holes)))
        hole = self._holes[number]
        if not self._follows[number]:
            return hole
        to_frame = np.array([[1 / SIDE, 0, 0], [0, 1 / SIDE, 0]])
        matrix = _pixels(geometry.compose(frame, to_frame))
        return cv2.warpAffine(hole.view(np.uint8), matrix, (SIDE, SIDE), flags=0).view(bool)


def misaligned(rng: np.random.Generator) -> np.ndarray:
    """A 2 x 3 matrix, aligned frame units -> those of a crop that is zoomed, turned, shifted.

    Most crops are aligned: where the hole leaves it open the network should believe so.
    """
    reach = 0.02 if rng.random() < ALIGNED else rng.random()
    zoom = 1 + reach * rng.uniform(-ZOOM, ZOOM)
    turn = np.radians(reach * rng.uniform(-TURN, TURN))
    shift = reach * rng.uniform(-SHIFT, SHIFT, 2)
    linear = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.column_stack([linear, 0.5 + shift - linear @ np.array([0.5, 0.5])])


def mirrored(mesh: np.ndarray) -> np.ndarray:
    """The mesh (478 x 2, frame units) of the mirrored crop."""
    return (mesh * [-1, 1] + [1, 0])[mirror_permutation()].astype(np.float32)


def _pixels(matrix: np.ndarray) -> np.ndarray:
    """A matrix from continuous pixels to crop units -> OpenCV's, pixel index to pixel index."""
    linear, shift = matrix[:, :2] * SIDE, matrix[:, 2] * SIDE
    return np.column_stack([linear, shift + linear @ np.array([0.5, 0.5]) - 0.5])


def _blurred(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As if from a face of fewer pixels."""
    small = int(rng.integers(20, 48))
    reduced = cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(reduced, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)


def _relit(pixels: Tensor, rng: np.random.Generator) -> Tensor:
    """Other exposure, contrast and colour balance, some grey; still in [-1, 1]."""
    count = len(pixels)

    def draw(spread: float, channels: int) -> Tensor:
        values: Any = rng.normal(0, spread, (count, channels, 1, 1))
        return torch.from_numpy(values).float()

    grey = pixels.mean(1, keepdim=True)
    share = torch.from_numpy((rng.random((count, 1, 1, 1)) < 0.1).astype(np.float32))
    pixels = pixels + share * (grey - pixels)
    pixels = pixels * draw(0.18, 1).exp() + draw(0.12, 1) + draw(0.05, 3)
    return pixels.clamp(-1, 1)
