"""Training the generator and its modules: the networks of a run, one step, and the loop around it.

What a run leaves behind is described in training.run. Device, precision and processes are
Lightning Fabric's.
"""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import MienError
from training.balance import balanced_weights
from training.checkpoint import BEST, EMA, LATEST, load_checkpoint, save_average, save_checkpoint
from training.clock import Clock
from training.config import TrainingConfig, from_dict
from training.crops import Sample, TrainingCrops, crop_batches, kept_apart
from training.discriminator import Discriminator
from training.faces import FaceShards
from training.failures import explained
from training.learner import Filler, new_learner
from training.perceptual import StVgg
from training.precision import fitting
from training.run import CONFIG, RunFolder, run_config, write_config
from training.sheets import fill_sheet, fixed_samples, spread_out
from training.step import Objective, discriminator_loss

__all__ = ["CONFIG", "Trainer", "run_config", "train"]

Report = Callable[[dict[str, Any]], None]


def train(
    config: TrainingConfig,
    faces: Path,
    run: Path,
    prior: Path | None = None,
    *,
    start: dict[str, Tensor] | None = None,
    device: str = "auto",
    devices: int = 1,
    report: Report | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Train until the configuration's end or its minutes are over; a run folder that exists is
    gone on with.

    faces: a folder of prepared shards. prior: the fitted prior's folder, needed by input "prior".
    start: weights to begin from, for a new run only: the generator's, and the modules' prefixed
    `modules.`. report: gets a row for every event ("step", "sheet", "checkpoint", at the end
    "finished" or "stopped"). stop: ends the run after the step at hand, as Ctrl-C and a polite
    kill do. Raises MienError for what does not fit together, and for a full disk or memory.
    """
    if config.input == "prior" and prior is None:
        raise MienError("Sharpening needs a face prior; fit one with 'main.py train prior'.")
    with explained():
        run.mkdir(parents=True, exist_ok=True)
        strategy = "auto" if devices == 1 else "ddp_spawn" if device == "cpu" else "ddp"
        fabric = lightning_fabric.Fabric(
            accelerator={"auto": "auto", "cpu": "cpu", "cuda": "cuda", "mps": "mps"}[device],
            devices=devices,
            strategy=strategy,
            precision=fitting(config.precision, device),  # type: ignore[arg-type]
        )
        fabric.launch(_run, config.as_dict(), faces, run, prior, start, report, stop)  # type: ignore[arg-type]


def _run(
    fabric: lightning_fabric.Fabric,
    values: dict[str, Any],
    faces: Path,
    run: Path,
    prior: Path | None,
    start: dict[str, Tensor] | None,
    report: Report | None,
    stop: threading.Event | None,
) -> None:
    config = from_dict(values)  # Fabric hands no frozen dataclass to spawned processes
    shards = FaceShards(faces)
    trainer = Trainer(fabric, config, prior, start, shards)
    if (run / LATEST).exists():
        trainer.restore(run / LATEST)
    elif fabric.is_global_zero:
        write_config(run, config)
    folder = RunFolder(run, config, trainer.step) if fabric.is_global_zero else None
    with _stopping_cleanly(trainer, stop):
        trainer.loop(shards, run, folder, report or (lambda row: None))


@contextlib.contextmanager
def _stopping_cleanly(trainer: Trainer, stop: threading.Event | None) -> Iterator[None]:
    """Ctrl-C, a polite kill and the caller's event end the run as its clock would: checkpoint
    first. Whoever brings an event looks after the signals too."""
    if stop is not None:
        trainer.stopped = stop
        yield
        return
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(n, lambda *_: setattr(trainer, "stopping", True)) for n in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


class Trainer:
    """The networks, optimisers and averages of one training, on Fabric's device."""

    def __init__(
        self,
        fabric: lightning_fabric.Fabric,
        config: TrainingConfig,
        prior: Path | None,
        start: dict[str, Tensor] | None = None,
        shards: FaceShards | None = None,
    ) -> None:
        self.fabric, self.config = fabric, config
        self.clock = Clock(config, fabric.world_size)
        self.best = math.inf  # distance of `best.safetensors`, by the faces kept apart
        self.stopping = False  # set from outside: end after this step, with a checkpoint
        self.stopped = threading.Event()
        torch.manual_seed(config.seed)
        learner = new_learner(config, shards)
        if start is not None:
            learner.load(start)
        layout = torch.channels_last if fabric.device.type == "cuda" else torch.contiguous_format
        self.raw = learner.to(memory_format=layout)  # type: ignore[call-overload]
        self.learner, self.optimiser = self._set_up(self.raw)
        self.ema = {k: v.detach().clone() for k, v in self.raw.tensors().items()}
        self.discriminator: nn.Module | None = None
        self.raw_discriminator: nn.Module | None = None
        if config.weights.needs_discriminator:
            self.raw_discriminator = Discriminator()
            self.discriminator, self.judging = self._set_up(self.raw_discriminator)
        self.objective = Objective(config.weights, fabric.device, config.lpips_file, config.patch)
        self.filler = Filler(config, prior, fabric.device)

    def _set_up(self, network: nn.Module) -> tuple[Any, Any]:
        learning = [p for p in network.parameters() if p.requires_grad]
        optimiser = torch.optim.Adam(
            learning, lr=self.config.learning_rate, betas=self.config.betas
        )
        return self.fabric.setup(network, optimiser)

    def train_step(self, batch: Sample) -> dict[str, Tensor]:
        """One step of both networks; the losses by name, detached."""
        fills = self.filler(self.learner, batch, varied=True)
        with self.fabric.autocast():
            parts = self.objective(fills, self.raw_discriminator)
        total = self.objective.total(parts)
        self.optimiser.zero_grad()
        if self._any(~torch.isfinite(total)):
            # One broken batch must not poison the averages; it is skipped and seen in the log.
            return {"skipped": torch.ones(())}
        self.fabric.backward(total)
        nn.utils.clip_grad_norm_(self.raw.parameters(), self.config.clip)
        self.optimiser.step()
        if self.discriminator is not None:
            with self.fabric.autocast():
                loss = parts["discriminator"] = discriminator_loss(self.discriminator, fills)
            self.judging.zero_grad()
            self.fabric.backward(loss)
            self.judging.step()
        self._average()
        return {name: loss.detach() for name, loss in {"total": total, **parts}.items()}

    def _any(self, flag: Tensor) -> bool:
        """Whether a flag is set on any process: all must skip a step, or none."""
        if self.fabric.world_size > 1:
            flag = self.fabric.all_reduce(flag.float(), reduce_op="sum") > 0  # type: ignore[union-attr]
        return bool(flag)

    @torch.no_grad()
    def _average(self) -> None:
        self.clock.step += 1
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        live = self.raw.tensors()
        for name, averaged in self.ema.items():
            averaged.lerp_(live[name], 1 - decay)

    def loop(self, shards: FaceShards, run: Path, folder: RunFolder | None, report: Report) -> None:
        """Steps until the end, with logs, sheets and checkpoints on the way and one at the end."""
        config = self.config
        apart = kept_apart(len(shards), config.validation_faces, config.seed)
        validation = self._validation(shards, apart if config.validation_steps else [])
        shown = fixed_samples(shards, config.side, spread_out(len(shards)))
        data = self._batches(shards, apart if config.validation_steps else [])
        self.clock.start()
        saved = kept = time.perf_counter()
        recent, skipped = [], 0
        while not self._over():
            rate = self._set_rate()
            parts = self.train_step(next(data))
            if "skipped" in parts:
                skipped += 1
                self.clock.step += 1
                continue
            recent.append(parts)
            if self.step % config.log_steps == 0:
                row = {**self.clock.progress(), "learning_rate": rate, "skipped": skipped}
                row |= self._means(recent)
                recent = []
                if folder is not None:
                    folder.log(row)
                    report({"event": "step", **row})
            if folder is None:
                continue  # the rest is the first process's matter
            if self.step % config.sheet_steps == 0:
                self._sheet(folder, shown, report)
            if validation is not None and self.step % config.validation_steps == 0:
                self._validate(validation, run, folder)
            now = time.perf_counter()
            if config.keep_minutes is not None and now - kept > 60 * config.keep_minutes:
                save_average(
                    run / f"ema-{self.clock.samples:08d}.safetensors", self.ema, self._facts()
                )
                kept = now
            if now - saved > config.checkpoint_seconds:
                self._checkpoint(run, folder, report)
                saved = time.perf_counter()
        if folder is not None:
            if validation is not None and self.clock.over():
                self._validate(validation, run, folder)
            self._sheet(folder, shown, report)
            self._checkpoint(run, folder, report)
            folder.close()
            ended = "finished" if self.clock.over() else "stopped"
            report(
                {"event": ended, "step": self.step, "samples": self.clock.samples, "finished": True}
            )

    @property
    def step(self) -> int:
        """Steps so far, all calls of this run together."""
        return self.clock.step

    def _batches(self, shards: FaceShards, apart: list[int]) -> Iterator[Sample]:
        """Endless batches; where crops grow, of the side that the clock has come to."""
        weights = balanced_weights(shards) if self.config.balanced else shards.weights()
        while True:
            side = self.config.side_at(self.clock.done())
            for batch in self._of_side(side, shards, apart, weights):
                yield batch
                if self.config.side_at(self.clock.done()) != side:
                    break

    def _of_side(
        self, side: int, shards: FaceShards, apart: list[int], weights: np.ndarray
    ) -> Iterator[Sample]:
        config, fabric = self.config, self.fabric
        crops = TrainingCrops(
            shards,
            side,
            config.seed,
            config.batch,
            shared=config.shared_holes,
            dropout=config.modules.dropout,
            apart=apart,
            weights=weights,
            astray=config.astray,
        )
        batches = crop_batches(
            crops,
            config.batch,
            self.step,
            fabric.global_rank,
            fabric.world_size,
            config.workers,
        )
        layout = torch.channels_last if fabric.device.type == "cuda" else torch.contiguous_format
        for batch in batches:
            moved = Sample(*(t.to(fabric.device, non_blocking=True) for t in batch))
            yield moved._replace(crop=moved.crop.contiguous(memory_format=layout))

    def _over(self) -> bool:
        over = self.stopping or self.stopped.is_set() or self.clock.over()
        # One process's clock decides for all, or the others would wait for it for ever.
        return bool(self.fabric.broadcast(over)) if self.fabric.world_size > 1 else over

    def _set_rate(self) -> float:
        rate = self.clock.learning_rate()
        for optimiser in self._optimisers().values():
            for group in optimiser.param_groups:
                group["lr"] = rate
        return rate

    def _means(self, recent: list[dict[str, Tensor]]) -> dict[str, float]:
        """Each loss's mean over some steps and all processes."""
        names = list(recent[0])
        means = torch.stack([torch.stack([p[n].float() for p in recent]).mean() for n in names])
        if self.fabric.world_size > 1:
            means = self.fabric.all_reduce(means, reduce_op="mean")
        return {name: round(value, 5) for name, value in zip(names, means.tolist(), strict=True)}  # type: ignore[union-attr]

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """The averaged weights in place of the live ones, in evaluation mode."""
        live = {k: v.detach().clone() for k, v in self.raw.tensors().items()}
        self.raw.load(self.ema)
        self.raw.eval()
        try:
            with torch.no_grad(), self.fabric.autocast():
                yield
        finally:
            self.raw.train()
            self.raw.load(live)

    def whole(self, sample: Sample) -> Tensor:
        """One whole crop with its fill in place, as the program would return it."""
        moved = Sample(*(t.to(self.fabric.device) for t in sample))
        return self.filler(self.raw, moved).whole().float()

    def _sheet(self, folder: RunFolder, shown: list[Sample], report: Report) -> None:
        with self.averaged():
            sheet = fill_sheet(shown, self.whole)
        path = folder.sheet(self.step, sheet)
        report({"event": "sheet", "step": self.step, "path": str(path)})

    def _validation(self, shards: FaceShards, apart: list[int]) -> Validation | None:
        if not apart or not self.fabric.is_global_zero:
            return None
        samples = fixed_samples(shards, self.config.side, apart)
        trunk = self.objective.trunk or StVgg().to(self.fabric.device)
        return Validation(samples, trunk)

    def _validate(self, validation: Validation, run: Path, folder: RunFolder) -> None:
        distance = validation(self)
        folder.log({"step": self.step, "validation": round(distance, 5)})
        if distance < self.best:
            self.best = distance
            save_average(run / BEST, self.ema, self._facts())

    def _optimisers(self) -> dict[str, Any]:
        optimisers = {"generator": self.optimiser}
        if self.discriminator is not None:
            optimisers["discriminator"] = self.judging
        return optimisers

    def _facts(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "samples": self.clock.samples,
            "seconds": round(self.clock.seconds, 1),
            "best": self.best if math.isfinite(self.best) else None,
            "config": self.config.as_dict(),
        }

    def _checkpoint(self, run: Path, folder: RunFolder, report: Report) -> None:
        """Write the run's state, its average and its report."""
        states = {"generator": self.raw.tensors(), "ema": self.ema}
        if self.raw_discriminator is not None:
            states["discriminator"] = self.raw_discriminator.state_dict()
        optimisers = {name: o.state_dict() for name, o in self._optimisers().items()}
        save_checkpoint(run / LATEST, states, optimisers, self._facts())
        save_average(run / EMA, self.ema, self._facts())
        folder.write_report()
        report({"event": "checkpoint", "step": self.step, "samples": self.clock.samples})

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint: weights, averages, optimisers, step and random state."""
        states, optimisers, facts = load_checkpoint(path)
        self.raw.load(states["generator"])
        if set(states["ema"]) != set(self.ema):
            raise MienError(
                f"The run in {path.parent} has other modules than asked for; give another folder."
            )
        self.ema = {name: states["ema"][name].to(t.device) for name, t in self.ema.items()}
        if self.raw_discriminator is not None and "discriminator" in states:
            self.raw_discriminator.load_state_dict(states["discriminator"])
        for name, optimiser in self._optimisers().items():
            if name in optimisers:
                optimiser.load_state_dict(optimisers[name])
        torch.set_rng_state(states["rng"]["torch"])
        self.clock.step, self.clock.spent = int(facts["step"]), float(facts["seconds"])
        self.best = math.inf if facts.get("best") is None else float(facts["best"])


class Validation:
    """The mean ST-VGG distance of fixed faces that are never trained on, with fixed holes."""

    def __init__(self, samples: list[Sample], trunk: StVgg) -> None:
        self._samples, self._trunk = samples, trunk

    def __call__(self, trainer: Trainer) -> float:
        with trainer.averaged():
            distances = []
            for sample in self._samples:
                target = sample.crop.to(trainer.fabric.device)
                distances.append(self._trunk.distance(trainer.whole(sample), target))
            return float(torch.stack(distances).mean())
