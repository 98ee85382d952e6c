"""The landmark network's training loop: seeded, resumable, within a wall-clock budget.

The loss is the distance of every node from MediaPipe's on the untouched picture, in inter-ocular
units, for the refined nodes and, at half the weight, for the shape model's first positions;
hidden nodes count twice, since they are what the network is for.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from engine.device import choose_device
from engine.errors import MienError
from engine.face.first_guess import SIDE as GUESS_SIDE
from engine.face.first_guess import FirstGuess
from engine.face.landmarks import COMPONENTS, LandmarkNetwork
from engine.face.mesh import LEFT_EYE, RIGHT_EYE
from engine.guidance import nodes_in_hole
from training.checkpoint import EMA, LATEST, load_checkpoint, save_checkpoint
from training.faces import FaceShards
from training.landmarks.config import LandmarkConfig, from_dict
from training.landmarks.data import Batch, LandmarkFaces
from training.landmarks.links import mesh_links

CONFIG = "config.json"
HISTORY = "history.jsonl"
SHAPES = 20_000  # meshes the shape model is made of
GUESSES = 20_000  # aligned crops the first guess is fitted on
RIDGE = 30.0  # in samples
FLOOR = 0.01  # of the learning rate, at the end of the schedule
FIRST = 0.5  # weight of the first positions
HIDDEN = 1.0  # extra weight of hidden nodes
Report = Callable[[dict[str, Any]], None]


def train(
    config: LandmarkConfig,
    faces: Path,
    run: Path,
    *,
    start: dict[str, Tensor] | None = None,
    device: str = "auto",
    report: Report | None = None,
) -> dict[str, Any]:
    """Train in the folder `run`, or go on with it. Returns the last row of the history.

    faces: a folder of shards. start: a state dict to begin a new run from. Writes config.json,
    history.jsonl, state.safetensors (everything that resuming needs) and ema.safetensors (the
    averaged network). Raises MienError where the folder holds no faces or another run.
    """
    run.mkdir(parents=True, exist_ok=True)
    if config.threads:
        torch.set_num_threads(config.threads)
    path = run / CONFIG
    if path.exists() and run_config(run).refinement != config.refinement:
        raise MienError(f"{run} holds a run of another network; choose another folder.")
    path.write_text(json.dumps(config.as_dict(), indent=2) + "\n", encoding="utf-8")
    data = LandmarkFaces(FaceShards(faces), config.holes, config.seed)
    loop = _Loop(config, data, run, choose_device(device), start, report)
    return loop.run()


def run_config(run: Path) -> LandmarkConfig:
    """The configuration of a run's folder. Raises MienError where there is none."""
    try:
        return from_dict(json.loads((run / CONFIG).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise MienError(f"{run} is not a landmark run ({error}); choose another folder.") from error


def trained(run: Path) -> LandmarkNetwork:
    """The averaged network of a run, frozen and in eval mode. Raises MienError."""
    if not (run / EMA).is_file():
        raise MienError(f"{run} holds no averaged weights yet; train it first.")
    network = LandmarkNetwork(run_config(run).refinement)
    try:
        network.load_state_dict(load_file(str(run / EMA)))
    except RuntimeError as error:
        raise MienError(f"{run} holds a network of another make; train it anew.") from error
    return network.eval().requires_grad_(False)


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


def node_errors(nodes: Tensor, true: Tensor) -> Tensor:
    """Distances of B x 478 x 2 meshes node by node, in inter-ocular units of the true ones."""
    left, right = true[:, list(LEFT_EYE)].mean(1), true[:, list(RIGHT_EYE)].mean(1)
    unit = (left - right).norm(dim=-1).clamp_min(1e-3)[:, None]
    # The tiny constant keeps the gradient finite where a node is met exactly.
    return ((nodes - true).square().sum(-1) + 1e-9).sqrt() / unit


class _Loop:
    def __init__(
        self,
        config: LandmarkConfig,
        data: LandmarkFaces,
        run: Path,
        device: str,
        start: dict[str, Tensor] | None,
        report: Report | None,
    ) -> None:
        self.config, self.data, self.folder, self.device = config, data, run, device
        self.report = report or (lambda _: None)
        torch.manual_seed(config.seed)
        self.network = LandmarkNetwork(config.refinement)
        resumed = (run / LATEST).exists()
        if start is not None and not resumed:
            self.network.load_state_dict(start)
        elif not resumed:
            rng = np.random.default_rng([config.seed, 2])
            mean, basis = shape_model(data.sample_meshes(SHAPES, rng))
            self.network.mean.copy_(mean)
            self.network.basis.copy_(basis)
            self.network.link(mesh_links())
            fit_guess(self.network.guess, data, mean, basis)
        self.network.to(device)
        self.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.optimiser = torch.optim.AdamW(self._groups(), lr=config.learning_rate)
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.step, self.seconds = 0, 0.0
        if resumed:
            self._restore()

    def run(self) -> dict[str, Any]:
        config, begun = self.config, time.monotonic() - self.seconds
        row: dict[str, Any] = {"step": self.step, "samples": self.step * config.batch}
        saved, sums, counted = self.seconds, np.zeros(3), 0
        self.network.train()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self._batch, self.step)
            while (progress := self._progress()) < 1:
                batch, waiting = self._next(pool, waiting)
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
            done = self.step * config.batch / config.samples
            ended = config.minutes is not None and self.seconds >= config.minutes * 60
            return 1.0 if ended else done
        assert config.minutes is not None
        return self.seconds / (config.minutes * 60)

    def _batch(self, step: int) -> Batch:
        rng = np.random.default_rng([self.config.seed, 3, step])
        return self.data.batch(self.config.batch, rng)

    def _next(
        self, pool: ThreadPoolExecutor, waiting: Future[Batch]
    ) -> tuple[Batch, Future[Batch]]:
        batch = waiting.result()
        return batch, pool.submit(self._batch, self.step + 1)

    def _train(self, batch: Batch, progress: float) -> np.ndarray:
        """One step. Returns (loss, error of all nodes, error of hidden nodes)."""
        config = self.config
        warm = min(1.0, (self.step + 1) / config.warmup_steps)
        cosine = FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * min(progress, 1.0))) / 2
        for group in self.optimiser.param_groups:
            group["lr"] = config.learning_rate * warm * cosine
        crops = batch.crops.to(self.device, memory_format=torch.channels_last)
        hole, true = batch.hole.to(self.device), batch.nodes.to(self.device)
        kind = torch.device(self.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=config.precision == "bf16-mixed"):
            mesh = self.network.predict(crops, hole)
        hidden = nodes_in_hole(true, hole)
        weight = 1 + HIDDEN * hidden
        errors = node_errors(mesh.nodes, true)
        first = node_errors(mesh.first, true)
        loss = ((errors + FIRST * first) * weight).sum() / weight.sum()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        decay = min(config.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1 - decay)
                else:
                    self.average[name].copy_(value)
            unseen = (errors * hidden).sum() / hidden.sum().clamp_min(1)
            return np.array([float(loss), float(errors.mean()), float(unseen)])

    def _groups(self) -> list[dict[str, Any]]:
        """Weights decay; biases, norms and node identities do not."""
        weights, others = [], []
        for name, parameter in self.network.named_parameters():
            matrix = parameter.ndim > 1 and name != "identity"
            (weights if matrix else others).append(parameter)
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
            "hidden": float(means[2]),
        }

    def _log(self, row: dict[str, Any]) -> None:
        if not all(math.isfinite(row[key]) for key in ("loss", "error", "hidden")):
            raise MienError("The training diverged; lower the learning rate and start anew.")
        with (self.folder / HISTORY).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.report(row)

    def _save(self) -> None:
        modules = {"network": self.network.state_dict(), "average": self.average}
        facts = {"step": self.step, "seconds": self.seconds}
        save_checkpoint(
            self.folder / LATEST, modules, {"network": self.optimiser.state_dict()}, facts
        )
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
