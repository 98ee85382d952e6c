"""Training the locator: what a step is; the loop around it is that of training.loop.

The loss is how far off the eyes and the mouth are put, in inter-ocular distances, weighed by the
error the network expects (a Laplace likelihood, Kendall & Gal 2017), and, for a quarter, the
log-likelihood of there being a face.
"""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import lightning_fabric
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.face.locator import Locator, points_of
from training.faces import FaceShards
from training.failures import explained
from training.locator.config import LocatorConfig
from training.locator.data import Batch, LocatorSamples
from training.locator.scenes import Scenes
from training.loop import (
    Ahead,
    Losses,
    NetworkTraining,
    Report,
    averaged,
    decayed,
    fabric_for,
    go_on,
)

FACE = 0.25  # weight of the question whether there is a face
LEAST = 0.01  # inter-ocular distances: no error is expected to be smaller


def train(
    config: LocatorConfig,
    photos: list[Path],
    faces: Path,
    run: Path,
    *,
    start: dict[str, Tensor] | None = None,
    device: str = "auto",
    report: Report | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Train in the folder `run`, or go on with it.

    photos: folders or zips of the original photos; faces: the shards prepared from them. start: a
    state dict to begin a new run from. report, stop: see `training.trainer.train`. Raises
    MienError where faces or photos are missing.
    """
    with explained():
        if config.threads:
            torch.set_num_threads(config.threads)
        samples = LocatorSamples(Scenes(photos, FaceShards(faces)), config.holes, config.seed)
        fabric = fabric_for(device, precision=config.precision)
        with closing(LocatorTrainer(fabric, config, samples, start)) as trainer:
            go_on(trainer, run, report, stop)


def trained(run: Path) -> Locator:
    """The averaged network of a run, frozen and in eval mode. Raises MienError."""
    network = Locator()
    network.load_state_dict(averaged(run)[0])
    return network.eval().requires_grad_(False)


def losses(answers: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """(loss, mean distance of the points in inter-ocular distances, share of right words on
    whether there is a face) of B x 6 answers."""
    true = points_of(batch.answers)
    unit = (true[:, 1] - true[:, 0]).norm(dim=-1).clamp_min(1e-4)
    apart = ((points_of(answers) - true).square().sum(-1) + 1e-9).sqrt().mean(1) / unit
    expected = answers[:, 4].clamp(-6, 3).exp() + LEAST
    # A far miss would drown the rest of the batch; beyond one distance its logarithm counts.
    fair = torch.where(apart < 1, apart, 1 + apart.clamp_min(1).log())
    face = batch.face
    place = ((fair / expected + expected.log()) * face).sum() / face.sum().clamp_min(1)
    plain = (fair * face).sum() / face.sum().clamp_min(1)
    there = F.binary_cross_entropy_with_logits(answers[:, 5], face)
    right = ((answers[:, 5] > 0) == (face > 0.5)).float().mean()
    return place + plain + FACE * there, plain, right


class LocatorTrainer(NetworkTraining):
    """The network on windows of whole photos. start: a state dict to begin from."""

    config: LocatorConfig

    def __init__(
        self,
        fabric: lightning_fabric.Fabric,
        config: LocatorConfig,
        samples: LocatorSamples,
        start: dict[str, Tensor] | None = None,
    ) -> None:
        super().__init__(fabric, config)
        self.samples, self._ahead = samples, Ahead(self._batch)
        network = Locator()
        if start is not None:
            network.load_state_dict(start)
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        groups = decayed(network, config.weight_decay)
        self.set_up(network, torch.optim.AdamW(groups, lr=config.learning_rate))

    def train_step(self) -> Losses | None:
        """One batch: the loss, the distance, and the share of right words on whether there is a
        face."""
        batch, device = self._ahead.batch(self.step), self.fabric.device
        placed = Batch(*(t.to(device) for t in (batch.windows, batch.answers, batch.face)))
        self.network.train()
        with self.fabric.autocast():
            answers = self.network(placed.windows)
        loss, apart, right = losses(answers, placed)
        if not self.descend(loss, self.optimisers["network"], self.network):
            return None
        named = {"loss": loss, "error": apart, "right": right}
        return {name: value.detach() for name, value in named.items()}

    def close(self) -> None:
        """End the thread that draws."""
        self._ahead.close()

    def _batch(self, step: int) -> Batch:
        rng = np.random.default_rng([self.config.seed, 3, step])
        return self.samples.batch(self.config.batch, rng)
