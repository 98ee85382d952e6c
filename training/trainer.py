"""Training the generator and its modules: the networks of a run, one step, sheets, validation.

What a run leaves behind is described in training.run, the loop around the steps in training.loop.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np
import torch
from torch import Tensor, nn

from engine.base.errors import MienError
from training.adversary import adversaries
from training.average import Average
from training.balance import balanced_weights
from training.checkpoint import BEST, EMA, save_average
from training.config import TrainingConfig
from training.crops import TrainingCrops, crop_batches, kept_apart
from training.faces import FaceShards
from training.failures import explained
from training.learner import Filler, new_learner
from training.loop import Losses, Report, Training, fabric_for, go_on
from training.perceptual import StVgg
from training.run import RunFolder
from training.sample import Sample
from training.sheets import fill_sheet, fixed_samples, spread_out
from training.step import Objective


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
        fabric = fabric_for(device, devices, config.precision)
        fabric.launch(_run, config.as_dict(), faces, run, prior, start, report, stop)


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
    # Fabric hands no frozen dataclass to spawned processes.
    config, shards = TrainingConfig.from_dict(values), FaceShards(faces)
    go_on(Trainer(fabric, config, prior, start, shards), run, report, stop)


class Trainer(Training):
    """The networks of one training of the generator, on Fabric's device."""

    config: TrainingConfig

    def __init__(
        self,
        fabric: lightning_fabric.Fabric,
        config: TrainingConfig,
        prior: Path | None,
        start: dict[str, Tensor] | None = None,
        shards: FaceShards | None = None,
    ) -> None:
        super().__init__(fabric, config)
        self.best = math.inf  # distance of `best.safetensors`, by the faces kept apart
        learner = new_learner(config, shards)
        if start is not None:
            learner.load(start)
        layout = torch.channels_last if fabric.device.type == "cuda" else torch.contiguous_format
        self.raw = learner.to(memory_format=layout)  # type: ignore[call-overload]
        self.learner, self.optimisers["generator"] = self._set_up(self.raw)
        self.average = Average(self.raw.tensors(), config.ema)
        self.adversaries = adversaries(config.weights)
        for name, adversary in self.adversaries.items():
            judging = self._set_up(adversary.network, adversary.momenta)
            adversary.shared, self.optimisers[name] = judging
        self.objective = Objective(config.weights, fabric.device, config.lpips_file, config.patch)
        self.filler = Filler(config, prior, fabric.device)
        if shards is not None:
            self._look(shards)

    def _set_up(
        self, network: nn.Module, momenta: tuple[float, float] | None = None
    ) -> tuple[Any, Any]:
        learning = [p for p in network.parameters() if p.requires_grad]
        betas = momenta or self.config.betas
        optimiser = torch.optim.Adam(learning, lr=self.config.learning_rate, betas=betas)
        return self.fabric.setup(network, optimiser)

    def _look(self, shards: FaceShards) -> None:
        """What is trained on, looked at and validated by; some faces are kept apart for that."""
        config = self.config
        apart = kept_apart(len(shards), config.validation_faces, config.seed)
        if not config.validation_steps:
            apart = []
        self.validation = self._validation(shards, apart)
        self._shown = fixed_samples(shards, config.side, spread_out(len(shards)))
        self._data = self._batches(shards, apart)
        self._kept = time.perf_counter()

    def train_step(self) -> Losses | None:
        """One step of all networks on the next batch."""
        fills = self.filler(self.learner, next(self._data), varied=True)
        begun = self.clock.done() >= self.config.adversary_from
        against = self.adversaries if begun else {}
        with self.fabric.autocast():
            seen = self.objective.look(fills)
            parts = self.objective(fills, seen, against.values())
        total = self.objective.total(parts)
        if not self.descend(total, self.optimisers["generator"], self.raw):
            return None
        for name, adversary in against.items():
            judging = self.optimisers[name]
            with self.fabric.autocast():
                loss = parts[name] = adversary.lesson(fills, seen)
            judging.zero_grad()
            self.fabric.backward(loss)
            judging.step()
        return {name: loss.detach() for name, loss in {"total": total, **parts}.items()}

    def live(self) -> dict[str, Tensor]:
        """The generator's and its modules' tensors."""
        return self.raw.tensors()

    def after_step(self, run: Path, folder: RunFolder, report: Report) -> None:
        """Sheets, validation and numbered averages when their time has come."""
        config = self.config
        if self.step % config.sheet_steps == 0:
            self._sheet(folder, report)
        if self.validation is not None and self.step % config.validation_steps == 0:
            self._validate(self.validation, run, folder)
        now = time.perf_counter()
        if config.keep_minutes is not None and now - self._kept > 60 * config.keep_minutes:
            name = f"ema-{self.clock.samples:08d}.safetensors"
            save_average(run / name, self.average.tensors, self.all_facts())
            self._kept = now

    def at_end(self, run: Path, folder: RunFolder, report: Report) -> None:
        """A last look."""
        if self.validation is not None and self.clock.over():
            self._validate(self.validation, run, folder)
        self._sheet(folder, report)

    def at_checkpoint(self, run: Path, folder: RunFolder, report: Report) -> None:
        """The averaged weights alone: what a model is made of."""
        save_average(run / EMA, self.average.tensors, self.all_facts())

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

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """The averaged weights in place of the live ones, in evaluation mode."""
        live = {k: v.detach().clone() for k, v in self.raw.tensors().items()}
        self.raw.load(self.average.tensors)
        self.raw.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self.raw.train()
            self.raw.load(live)

    def whole(self, sample: Sample) -> Tensor:
        """One whole crop with its fill in place, as the program would return it."""
        moved = Sample(*(t.to(self.fabric.device) for t in sample))
        return self.filler(self._mixed, moved).whole()

    def _mixed(self, *asked: Any) -> Tensor:
        """What the learner answers in the run's precision, which is nobody else's, as in a step."""
        with self.fabric.autocast():
            return self.raw(*asked)

    def _sheet(self, folder: RunFolder, report: Report) -> None:
        with self.averaged():
            sheet = fill_sheet(self._shown, self.whole)
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
            save_average(run / BEST, self.average.tensors, self.all_facts())

    def facts(self) -> dict[str, Any]:
        """How near the best average came, None before the first look."""
        return {"best": self.best if math.isfinite(self.best) else None}

    def states(self) -> dict[str, dict[str, Tensor]]:
        """The learner's tensors, and those of its adversaries."""
        judging = {name: a.network.state_dict() for name, a in self.adversaries.items()}
        return {"generator": self.raw.tensors(), **judging}

    def load_states(self, states: dict[str, dict[str, Tensor]]) -> None:
        """The inverse of `states`; an adversary that was not there before begins anew."""
        self.raw.load(states["generator"])
        for name, adversary in self.adversaries.items():
            if name in states:
                adversary.network.load_state_dict(states[name])

    def restore(self, path: Path) -> dict[str, Any]:
        """See `Training.restore`; sees the samples that would have come next."""
        facts = super().restore(path)
        self.best = math.inf if facts.get("best") is None else float(facts["best"])
        return facts


class Validation:
    """The mean ST-VGG distance of fixed faces that are never trained on, with fixed holes."""

    def __init__(self, samples: list[Sample], trunk: StVgg) -> None:
        self._samples, self._trunk = samples, trunk

    def __call__(self, trainer: Trainer) -> float:
        with trainer.averaged():
            distances = []
            for sample in self._samples:
                target = sample.crop.to(trainer.fabric.device)
                whole = trainer.whole(sample)
                with trainer.fabric.autocast():
                    distances.append(self._trunk.distance(whole, target))
            return float(torch.stack(distances).mean())
