"""Training samples: augmented crops of prepared faces, each a function of its number alone.

Sample n is drawn by generators seeded with (seed, purpose, n), so a resumed run goes on with
exactly the samples it would have seen, on any number of worker processes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from engine.face import geometry
from engine.face.mesh import mirror_permutation
from training.conditions import hidden_nodes, predicted
from training.faces import FaceShards
from training.masks import draw_hole
from training.sample import Sample

FEWEST_APART = 4
CROP, HOLE, TOLD = 0, 1, 2  # what a generator is seeded for


@dataclass(frozen=True)
class Augmentation:
    """Standard deviations: zoom (log), turn (radians), shift (share of the frame); ranges: gain
    and offset of the light, in the [-1, 1] of a crop."""

    zoom: float = 0.05
    turn: float = 0.06
    shift: float = 0.015
    gain: float = 0.1
    offset: float = 0.08


# As placed by a locator that erred; a frame that is off must not make the fill worse than it must.
ASTRAY = Augmentation(zoom=0.09, turn=0.1, shift=0.03)


class TrainingCrops(Dataset):
    """Sample number -> Sample.

    shared: samples of one batch (numbers of one `batch` block) share their hole, which lets the
    prior solve one system a batch; on a CPU that is half of the step. dropout: how often a module
    is not told. apart: faces that are never drawn. weights: how often each face is drawn, n
    numbers; None takes the sources' own. astray: share of the samples placed as by ASTRAY.
    """

    def __init__(
        self,
        faces: FaceShards,
        side: int,
        seed: int,
        batch: int,
        *,
        shared: bool,
        dropout: float = 0.0,
        apart: Collection[int] = (),
        weights: np.ndarray | None = None,
        astray: float = 0.0,
    ) -> None:
        self._faces, self._side, self._seed = faces, side, seed
        self._batch, self._shared, self._dropout = batch, shared, dropout
        weights = faces.weights() if weights is None else weights.copy()
        weights[list(apart)] = 0
        self._chances = np.cumsum(weights / weights.sum())
        self._augmentation, self._astray = Augmentation(), astray

    def __getitem__(self, number: int) -> Sample:
        crop, mesh = self._crop(self._rng(CROP, number))
        first = number - number % self._batch if self._shared else number
        shaped_by = mesh
        if first != number:
            _, shaped_by = self._crop(self._rng(CROP, first), pixels=False)
        hole = draw_hole("mixed", self._side, self._rng(HOLE, first), shaped_by)
        rng = self._rng(TOLD, number)
        told = rng.random(2) >= self._dropout
        hidden = hidden_nodes(mesh / self._side, hole)
        nodes = predicted(mesh / self._side, hidden, rng)
        return Sample(
            torch.from_numpy(crop).permute(2, 0, 1).contiguous(),
            torch.from_numpy(hole.astype(np.float32))[None],
            torch.from_numpy(nodes.astype(np.float32)),
            torch.from_numpy(hidden.astype(np.float32)),
            torch.from_numpy(told.astype(np.float32)),
        )

    def _rng(self, purpose: int, number: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, purpose, number))

    def _crop(self, rng: np.random.Generator, *, pixels: bool = True) -> tuple:
        vary = ASTRAY if rng.random() < self._astray else self._augmentation
        index = min(int(np.searchsorted(self._chances, rng.random())), len(self._faces) - 1)
        scale, turn = np.exp(rng.normal(0, vary.zoom)), rng.normal(0, vary.turn)
        shift, mirrored = rng.normal(0, vary.shift, 2), rng.random() < 0.5
        gain, offset = rng.uniform(-vary.gain, vary.gain), rng.uniform(-vary.offset, vary.offset)
        linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        middle = np.array([0.5, 0.5])
        jitter = np.column_stack([linear, middle + shift - linear @ middle])
        frame = geometry.compose(jitter, self._faces.frame_of(index))
        mesh = geometry.transform(frame, self._faces.mesh_in_picture(index)) * self._side
        if mirrored:
            # The left eye of the mirrored crop was the right one: the nodes change places too.
            mesh = (mesh * (-1, 1) + (self._side, 0))[mirror_permutation()]
        if not pixels:
            return None, mesh
        picture, _ = self._faces.decode(index)
        crop = geometry.cut(picture, frame, self._side).astype(np.float32) / 127.5 - 1
        if mirrored:
            crop = crop[:, ::-1]
        return np.clip(crop * np.float32(1 + gain) + np.float32(offset), -1, 1), mesh


def kept_apart(count: int, wanted: int, seed: int) -> list[int]:
    """The faces of `count` that a training keeps for its validation: `wanted` of them, at most a
    tenth, none where that would be fewer than FEWEST_APART, which say nothing."""
    number = min(wanted, count // 10)
    if number < FEWEST_APART:
        return []
    chosen = np.random.default_rng((seed, 9)).permutation(count)[:number]
    return sorted(int(index) for index in chosen)


class _From(Sampler[list[int]]):
    """Endless batches of sample numbers for one of `world` processes, from a global batch on."""

    def __init__(self, start: int, batch: int, rank: int, world: int) -> None:
        self._start, self._batch, self._rank, self._world = start, batch, rank, world

    def __iter__(self) -> Iterator[list[int]]:
        step = self._start
        while True:
            first = (step * self._world + self._rank) * self._batch
            yield list(range(first, first + self._batch))
            step += 1


def crop_batches(
    crops: TrainingCrops, batch: int, start: int, rank: int, world: int, workers: int
) -> Iterator[Sample]:
    """Endless batches of `crops` for one process of `world`, from step `start` on."""
    loader = DataLoader(
        crops,
        batch_sampler=_From(start, batch, rank, world),
        num_workers=workers,
        # Its own: drawn from the global state, a resumed run would go on with another one.
        generator=torch.Generator().manual_seed(0),
        worker_init_fn=_one_thread,
        prefetch_factor=4 if workers else None,
        pin_memory=torch.cuda.is_available(),
    )
    return iter(loader)


def _one_thread(_worker: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
