"""The loop of every training: steps, log rows and checkpoints, until it is over or someone ends it.

The generator's, the emotion networks' and the landmark network's trainings differ in what a step
does; when there is one, at which rate, what is written down and how a run is gone on with is the
same for all. Device, precision and processes are Lightning Fabric's.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import lightning_fabric
import torch
from torch import Tensor, nn

from engine.base.errors import MienError
from engine.catalogue.weights import find, load_tensors
from training.average import Average
from training.checkpoint import LATEST, load_checkpoint, save_checkpoint
from training.configuration import Config
from training.precision import fitting
from training.run import RunFolder
from training.schedule import Clock

MOST_SKIPPED = 50  # steps in a row without a finite loss: nothing will come of it
Report = Callable[[dict[str, Any]], None]
Losses = dict[str, Tensor]


class Training:
    """One training: its networks, optimisers and averages, and the loop around its steps.

    A subclass fills `optimisers` and `average` in its __init__, and answers `train_step`,
    `live`, `states` and `load_states`; the rest it may add to.
    """

    average: Average

    def __init__(self, fabric: lightning_fabric.Fabric, config: Config) -> None:
        self.fabric, self.config = fabric, config
        self.clock = Clock(config, fabric.world_size)
        self.stopped = threading.Event()  # set from outside: end after this step
        self.optimisers: dict[str, Any] = {}
        torch.manual_seed(config.seed)

    def train_step(self) -> Losses | None:
        """One step; the losses by name, detached, or None where they were not finite."""
        raise NotImplementedError

    def live(self) -> dict[str, Tensor]:
        """The tensors that are averaged."""
        raise NotImplementedError

    def states(self) -> dict[str, dict[str, Tensor]]:
        """The networks' tensors for a checkpoint, by name; the average goes with them."""
        raise NotImplementedError

    def load_states(self, states: dict[str, dict[str, Tensor]]) -> None:
        """The inverse of `states`. RuntimeError or KeyError where they are of another network."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """What else a checkpoint says, JSON values."""
        return {}

    def after_step(self, run: Path, folder: RunFolder, report: Report) -> None:
        """What is done after some steps, by the first process."""

    def at_checkpoint(self, run: Path, folder: RunFolder, report: Report) -> None:
        """What is written beside a checkpoint, by the first process."""

    def at_end(self, run: Path, folder: RunFolder, report: Report) -> None:
        """What is done before the last checkpoint, by the first process."""

    @property
    def step(self) -> int:
        """Steps so far, all calls of this run together."""
        return self.clock.step

    def descend(self, loss: Tensor, optimiser: Any, network: nn.Module) -> bool:
        """A step down a loss; False, and no step, where it is not finite on some process."""
        optimiser.zero_grad()
        if self._any(~torch.isfinite(loss.detach())):
            # One broken batch must not poison the averages; it is skipped and seen in the log.
            return False
        self.fabric.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), self.config.clip)
        optimiser.step()
        return True

    def loop(self, run: Path, folder: RunFolder | None, report: Report) -> None:
        """Steps until the end. folder: None on all processes but the first."""
        self.clock.start()
        saved = time.perf_counter()
        recent: list[Losses] = []
        skipped = in_a_row = 0
        while not self._over():
            rate = self._set_rate()
            losses = self.train_step()
            self.clock.step += 1
            if losses is None:
                skipped, in_a_row = skipped + 1, in_a_row + 1
                if in_a_row == MOST_SKIPPED:
                    raise MienError(
                        "The training diverged; lower the learning rate and start anew."
                    )
                continue
            in_a_row = 0
            self.average.follow(self.live(), self.step)
            recent.append(losses)
            if self.step % self.config.log_steps == 0:
                row = {**self.clock.progress(), "learning_rate": rate, "skipped": skipped}
                row |= self._means(recent)
                recent = []
                if folder is not None:
                    folder.log(row)
                    report({"event": "step", **row})
            if folder is None:
                continue  # the rest is the first process's matter
            self.after_step(run, folder, report)
            if time.perf_counter() - saved > self.config.checkpoint_seconds:
                self.checkpoint(run, folder, report)
                saved = time.perf_counter()
        if folder is not None:
            over = self.clock.over()
            self.at_end(run, folder, report)
            self.checkpoint(run, folder, report)
            folder.close()
            report(
                {
                    "event": "finished" if over else "stopped",
                    "step": self.step,
                    "samples": self.clock.samples,
                    "finished": over,
                }
            )
        self.fabric.barrier()

    def checkpoint(self, run: Path, folder: RunFolder, report: Report) -> None:
        """Write everything that a resumed run needs."""
        save_checkpoint(
            run / LATEST,
            {**self.states(), "ema": self.average.tensors},
            {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            self.all_facts(),
        )
        self.at_checkpoint(run, folder, report)
        folder.write_report()
        report({"event": "checkpoint", "step": self.step, "samples": self.clock.samples})

    def all_facts(self) -> dict[str, Any]:
        """What a checkpoint says of the run: step, samples, seconds, config and `facts`."""
        return {
            "step": self.step,
            "samples": self.clock.samples,
            "seconds": round(self.clock.seconds, 1),
            "config": self.config.as_dict(),
            **self.facts(),
        }

    def restore(self, path: Path) -> dict[str, Any]:
        """Go on from a checkpoint: weights, averages, optimisers, step and random state. Returns
        its facts. Raises MienError where it is of another network."""
        states, optimisers, facts = load_checkpoint(path)
        try:
            self.load_states(states)
            self.average.restore(_average_in(states))
        except (RuntimeError, KeyError) as error:
            raise MienError(
                f"The run in {path.parent} is of another network, or has other modules; choose "
                "another folder."
            ) from error
        for name, optimiser in self.optimisers.items():
            if name in optimisers:
                optimiser.load_state_dict(optimisers[name])
        torch.set_rng_state(states["rng"]["torch"])
        self.clock.step, self.clock.spent = int(facts["step"]), float(facts["seconds"])
        return facts

    def _over(self) -> bool:
        self.clock.agree(self.fabric)
        over = self.stopped.is_set() or self.clock.over()
        # One process decides for all, or the others would wait for it for ever.
        return bool(self.fabric.broadcast(over)) if self.fabric.world_size > 1 else over

    def _set_rate(self) -> float:
        rate = self.clock.learning_rate()
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = rate
        return rate

    def _any(self, flag: Tensor) -> bool:
        """Whether a flag is set on any process: all must skip a step, or none."""
        if self.fabric.world_size > 1:
            flag = self.fabric.all_reduce(flag.float(), reduce_op="sum") > 0  # type: ignore[union-attr]
        return bool(flag)

    def _means(self, recent: list[Losses]) -> dict[str, float]:
        """Each loss's mean over some steps and all processes."""
        names = list(recent[0])
        means = torch.stack([torch.stack([p[n].float() for p in recent]).mean() for n in names])
        if self.fabric.world_size > 1:
            means = self.fabric.all_reduce(means, reduce_op="mean")
        return {name: round(value, 5) for name, value in zip(names, means.tolist(), strict=True)}  # type: ignore[union-attr]


class NetworkTraining(Training):
    """The training of one network by one optimiser."""

    network: nn.Module

    def set_up(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> Any:
        """Take both over; returns what is called in training, the network for all processes."""
        self.network = network
        shared, self.optimisers["network"] = self.fabric.setup(network, optimiser)
        self.average = Average(network.state_dict(), self.config.ema)
        return shared

    def live(self) -> dict[str, Tensor]:
        """The network's tensors."""
        return self.network.state_dict()

    def states(self) -> dict[str, dict[str, Tensor]]:
        """The network."""
        return {"network": self.network.state_dict()}

    def load_states(self, states: dict[str, dict[str, Tensor]]) -> None:
        """The inverse of `states`."""
        self.network.load_state_dict(states["network"])


def decayed(network: nn.Module, decay: float, but: Collection[str] = ()) -> list[dict[str, Any]]:
    """An optimiser's groups: weights decay; biases, norms and parameters named in `but` do not."""
    named = list(network.named_parameters())
    weights = [p for name, p in named if p.ndim > 1 and name not in but]
    others = [p for name, p in named if p.ndim <= 1 or name in but]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def averaged(run: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The averaged tensors of a run's last checkpoint, and its facts. Raises MienError."""
    if not (run / LATEST).is_file():
        raise MienError(f"{run} holds no averaged weights yet; train it first.")
    states, _, facts = load_checkpoint(run / LATEST)
    return _average_in(states), facts


def beginning(name: str, kind: str, trained: Callable[[Path], nn.Module]) -> dict[str, Tensor]:
    """The weights to begin another run from: those of a run's averaged network, or of an installed
    one. name: the run's folder, or the model's name. kind: the model's. trained: reads a run's
    averaged network. Raises MienError."""
    if Path(name).is_dir():
        return dict(trained(Path(name)).state_dict())
    manifest = find(name)
    if manifest.kind != kind:
        raise MienError(f"'{name}' is a model of another kind; give a run's folder or '{kind}'.")
    return load_tensors(manifest)


def _average_in(states: dict[str, dict[str, Tensor]]) -> dict[str, Tensor]:
    return states.get("ema") or states.get("average", {})  # some runs of before call it so


class Ahead:
    """Batches that a thread draws while the step before is taken.

    draw: the batch of a step, by its number.
    """

    def __init__(self, draw: Callable[[int], Any]) -> None:
        self._draw = draw
        self._pool = ThreadPoolExecutor(1)
        self._waiting: Future[Any] | None = None

    def batch(self, step: int) -> Any:
        """The batch of a step; the next step's is begun."""
        batch = self._draw(step) if self._waiting is None else self._waiting.result()
        self._waiting = self._pool.submit(self._draw, step + 1)
        return batch

    def close(self) -> None:
        """Drop what no step will ask for."""
        self._pool.shutdown(cancel_futures=True)


def fabric_for(device: str, devices: int = 1, precision: str = "32-true") -> Any:
    """Lightning Fabric on a device (auto, cpu, cuda, mps) for so many processes."""
    strategy = "auto" if devices == 1 else "ddp_spawn" if device == "cpu" else "ddp"
    return lightning_fabric.Fabric(
        accelerator=device,
        devices=devices,
        strategy=strategy,
        precision=fitting(precision, device),  # type: ignore[arg-type]
    )


def go_on(
    training: Training,
    run: Path,
    report: Report | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Train in a run's folder: anew, or from its last checkpoint. Called on every process."""
    if (run / LATEST).exists():
        training.restore(run / LATEST)
    folder = None
    if training.fabric.is_global_zero:
        run.mkdir(parents=True, exist_ok=True)
        training.config.write(run)
        folder = RunFolder(run, training.config, training.step)
    with _stopping_cleanly(training, stop):
        training.loop(run, folder, report or (lambda row: None))


@contextlib.contextmanager
def _stopping_cleanly(training: Training, stop: threading.Event | None) -> Iterator[None]:
    """Ctrl-C, a polite kill and the caller's event end the run as its clock would: checkpoint
    first. Whoever brings an event looks after the signals too."""
    if stop is not None:
        training.stopped = stop
        yield
        return
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(n, lambda *_: training.stopped.set()) for n in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
