"""The locator's training loop: seeded, resumable, within a wall-clock budget.

The loss is how far off the eyes and the mouth are put, in inter-ocular distances, weighed by the
error the network expects (a Laplace likelihood, Kendall & Gal 2017), and, for a quarter, the
log-likelihood of there being a face.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from engine.device import choose_device
from engine.errors import MienError
from engine.face.locator import Locator, points_of
from training.checkpoint import EMA, LATEST, load_checkpoint, save_checkpoint
from training.faces import FaceShards
from training.locator.config import LocatorConfig, from_dict
from training.locator.data import Batch, LocatorSamples
from training.locator.scenes import Scenes
from training.precision import fitting

CONFIG = "config.json"
HISTORY = "history.jsonl"
FLOOR = 0.01  # of the learning rate, at the end of the schedule
FACE = 0.25  # weight of the question whether there is a face
LEAST = 0.01  # inter-ocular distances: no error is expected to be smaller
Report = Callable[[dict[str, Any]], None]


def train(
    config: LocatorConfig,
    photos: list[Path],
    faces: Path,
    run: Path,
    *,
    device: str = "auto",
    report: Report | None = None,
) -> dict[str, Any]:
    """Train in the folder `run`, or go on with it. Returns the last row of the history.

    photos: folders or zips of the original photos; faces: the shards prepared from them. Writes
    config.json, history.jsonl, state.safetensors (everything that resuming needs) and
    ema.safetensors (the averaged network). Raises MienError where faces or photos are missing.
    """
    run.mkdir(parents=True, exist_ok=True)
    if config.threads:
        torch.set_num_threads(config.threads)
    (run / CONFIG).write_text(json.dumps(config.as_dict(), indent=2) + "\n", encoding="utf-8")
    samples = LocatorSamples(Scenes(photos, FaceShards(faces)), config.holes, config.seed)
    return _Loop(config, samples, run, choose_device(device), report).run()


def run_config(run: Path) -> LocatorConfig:
    """The configuration of a run's folder. Raises MienError where there is none."""
    try:
        return from_dict(json.loads((run / CONFIG).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise MienError(f"{run} is not a locator run ({error}); choose another folder.") from error


def trained(run: Path) -> Locator:
    """The averaged network of a run, frozen and in eval mode. Raises MienError."""
    if not (run / EMA).is_file():
        raise MienError(f"{run} holds no averaged weights yet; train it first.")
    network = Locator()
    network.load_state_dict(load_file(str(run / EMA)))
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


class _Loop:
    def __init__(
        self,
        config: LocatorConfig,
        samples: LocatorSamples,
        run: Path,
        device: str,
        report: Report | None,
    ) -> None:
        self.config, self.samples, self.folder, self.device = config, samples, run, device
        self.report = report or (lambda _: None)
        torch.manual_seed(config.seed)
        self.network = Locator().to(device)
        self.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.precision = fitting(config.precision, device)
        self.optimiser = torch.optim.AdamW(self._groups(), lr=config.learning_rate)
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.step, self.seconds = 0, 0.0
        if (run / LATEST).exists():
            self._restore()

    def run(self) -> dict[str, Any]:
        config, begun = self.config, time.monotonic() - self.seconds
        row: dict[str, Any] = {"step": self.step, "samples": self.step * config.batch}
        saved, sums, counted = self.seconds, np.zeros(3), 0
        self.network.train()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self._batch, self.step)
            while (progress := self._progress()) < 1:
                batch = waiting.result()
                waiting = pool.submit(self._batch, self.step + 1)
                sums += self._train(batch, progress)
                counted += 1
                self.step += 1
                self.seconds = time.monotonic() - begun
                if self.step % config.log_steps == 0:
                    row = self._row(sums / counted)
                    self._log(row)
                    sums, counted = np.zeros(3), 0
                if self.seconds - saved > config.checkpoint_seconds:
                    self._save()
                    saved = self.seconds
            waiting.cancel()
        if counted:
            row = self._row(sums / counted)
            self._log(row)
        self._save()
        row = {**row, "finished": True}
        self.report(row)
        return row

    def _progress(self) -> float:
        """The share of the schedule that is done."""
        config = self.config
        if config.samples is not None:
            ended = config.minutes is not None and self.seconds >= config.minutes * 60
            return 1.0 if ended else self.step * config.batch / config.samples
        assert config.minutes is not None
        return self.seconds / (config.minutes * 60)

    def _batch(self, step: int) -> Batch:
        rng = np.random.default_rng([self.config.seed, 3, step])
        return self.samples.batch(self.config.batch, rng)

    def _train(self, batch: Batch, progress: float) -> np.ndarray:
        """One step. Returns (loss, distance, share of right words on faces)."""
        config = self.config
        warm = min(1.0, (self.step + 1) / config.warmup_steps)
        cosine = FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * min(progress, 1.0))) / 2
        for group in self.optimiser.param_groups:
            group["lr"] = config.learning_rate * warm * cosine
        placed = Batch(*(t.to(self.device) for t in (batch.windows, batch.answers, batch.face)))
        kind = torch.device(self.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=self.precision == "bf16-mixed"):
            answers = self.network(placed.windows)
        loss, apart, right = losses(answers, placed)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimiser.step()
        decay = min(config.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1 - decay)
                else:
                    self.average[name].copy_(value)
        return np.array([loss.item(), apart.item(), right.item()])

    def _groups(self) -> list[dict[str, Any]]:
        """Weights decay; biases and norms do not."""
        weights = [p for p in self.network.parameters() if p.ndim > 1]
        others = [p for p in self.network.parameters() if p.ndim <= 1]
        return [
            {"params": weights, "weight_decay": self.config.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]

    def _row(self, means: np.ndarray) -> dict[str, Any]:
        samples = self.step * self.config.batch
        return {
            "step": self.step,
            "samples": samples,
            "seconds": round(self.seconds, 1),
            "rate": round(samples / max(self.seconds, 1e-6), 1),
            "loss": float(means[0]),
            "error": float(means[1]),
            "right": float(means[2]),
        }

    def _log(self, row: dict[str, Any]) -> None:
        if not math.isfinite(row["loss"]):
            raise MienError("The training diverged; lower the learning rate and start anew.")
        with (self.folder / HISTORY).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.report(row)

    def _save(self) -> None:
        modules = {"network": self.network.state_dict(), "average": self.average}
        facts = {"step": self.step, "seconds": self.seconds}
        optimisers = {"network": self.optimiser.state_dict()}
        save_checkpoint(self.folder / LATEST, modules, optimisers, facts)
        temporary = (self.folder / EMA).with_suffix(".tmp")
        save_file({k: v.cpu().contiguous() for k, v in self.average.items()}, str(temporary))
        temporary.replace(self.folder / EMA)

    def _restore(self) -> None:
        modules, optimisers, facts = load_checkpoint(self.folder / LATEST)
        self.network.load_state_dict(modules["network"])
        self.average = {k: v.to(self.device) for k, v in modules["average"].items()}
        self.optimiser.load_state_dict(optimisers["network"])
        self.step, self.seconds = int(facts["step"]), float(facts["seconds"])
        torch.set_rng_state(modules["rng"]["torch"])
