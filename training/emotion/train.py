"""Training an emotion network on a CPU within a wall-clock budget.

A run is a folder: `config.json`, `state.safetensors` (everything a resumed run needs) and
`log.jsonl`. SGD with one cycle over the budget (Smith and Topin 2019), label smoothing, averaged
weights, and a temperature fitted on the validation split (Guo et al. 2017). Every step draws from
a generator seeded by the run's seed and the step, so a resumed run sees what it would have seen.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import MienError
from engine.face.emotion import SIDE, EmotionNetwork
from training.checkpoint import LATEST, load_checkpoint, save_checkpoint
from training.emotion.augment import augmented, plain_inputs
from training.emotion.config import EmotionConfig, from_dict
from training.emotion.data import LabelledFaces, load_faces
from training.emotion.judge import PlainEmotionNetwork

CONFIG = "config.json"
LOG = "log.jsonl"
QUICK = 1000  # validation faces looked at on the way
Report = Callable[[dict[str, Any]], None]
Reader = EmotionNetwork | PlainEmotionNetwork


def build(config: EmotionConfig) -> Reader:
    """A fresh network of a configuration, its first weights by the seed."""
    torch.manual_seed(config.seed)
    kind = EmotionNetwork if config.network == "attention" else PlainEmotionNetwork
    return kind(config.width)


def run_config(run: Path) -> EmotionConfig:
    """The configuration an existing run was started with. Raises MienError."""
    try:
        return from_dict(json.loads((run / CONFIG).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise MienError(f"{run} is not an emotion training's run ({error}).") from error


def train(
    config: EmotionConfig,
    folder: Path,
    run: Path,
    report: Report | None = None,
    steps: int | None = None,
) -> Reader:
    """Train until the budget (or so many steps more) is over; a run that exists is gone on with.

    folder: of the emotion sets. Returns the averaged network, calibrated, in eval mode. Raises
    MienError.
    """
    training = load_faces(folder, "train", config.sources)
    validation = load_faces(folder, "validation")
    run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.threads)
    trainer = EmotionTrainer(config, training, validation)
    if (run / LATEST).exists():
        trainer.restore(run / LATEST)
    (run / CONFIG).write_text(json.dumps(config.as_dict(), indent=2) + "\n", encoding="utf-8")
    trainer.loop(run, report or (lambda row: None), steps)
    return finished(run, validation)


def finished(run: Path, validation: LabelledFaces) -> Reader:
    """The averaged network of a run, its temperature fitted, in eval mode. Raises MienError."""
    config = run_config(run)
    if not (run / LATEST).exists():
        raise MienError(f"{run} holds no checkpoint yet; train it first.")
    network = build(config)
    network.load_state_dict(load_checkpoint(run / LATEST)[0]["ema"])
    network.eval().requires_grad_(False)
    network.temperature.fill_(fit_temperature(*logits_of(network, validation)))
    return network


@torch.no_grad()
def logits_of(
    network: nn.Module, faces: LabelledFaces, part: str | None = None, mirror: bool = False
) -> tuple[Tensor, Tensor]:
    """(logits N x 7, labels) of untouched faces, or of those with a part hidden or mirrored."""
    rows = []
    for pixels in faces.pixels.split(256):
        x = plain_inputs(pixels, part)
        rows.append(network(x.flip(-1) if mirror else x)[1].float())
    return torch.cat(rows), faces.labels


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The divisor of logits with the smallest negative log-likelihood, by golden-section search."""
    low, high = math.log(0.1), math.log(10.0)
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(60):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if F.cross_entropy(logits / math.exp(a), labels) < F.cross_entropy(
            logits / math.exp(b), labels
        ):
            high = b
        else:
            low = a
    return math.exp((low + high) / 2)


class EmotionTrainer:
    """A network, its averages and its optimiser."""

    def __init__(
        self, config: EmotionConfig, training: LabelledFaces, validation: LabelledFaces
    ) -> None:
        self.config, self.training, self.validation = config, training, validation
        self.network = build(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        rest = [p for p in self.network.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.SGD(
            [{"params": decayed, "weight_decay": config.weight_decay}, {"params": rest}],
            lr=config.learning_rate,
            momentum=0.9,
            nesterov=True,
        )
        self.step = 0
        self.spent = 0.0  # seconds, all calls of this run together

    def loop(self, run: Path, report: Report, steps: int | None) -> None:
        """Steps until the end, with log rows and checkpoints on the way and one at the end."""
        config = self.config
        saved = logged = time.perf_counter()
        before, last, recent = self.spent, self.step + (steps or 1 << 60), []
        started, first = saved, self.step
        while self.step < last and self.spent < 60 * config.minutes:
            recent.append(self.train_step())
            now = time.perf_counter()
            self.spent = before + now - started
            if self.step % config.log_steps == 0:
                rate = len(recent) * config.batch / (now - logged)
                loss = sum(recent) / len(recent)
                self._log(run, report, {"loss": round(loss, 4), "rate": round(rate, 1)})
                recent, logged = [], now
            if now - saved > config.checkpoint_seconds:
                self.save(run)
                self._log(run, report, {"validation": self.validate()})
                saved = logged = time.perf_counter()
        if self.step > first:
            self.save(run)

    def _log(self, run: Path, report: Report, values: dict[str, Any]) -> None:
        row = {
            "step": self.step,
            "seconds": round(self.spent, 1),
            "epochs": round(self.step * self.config.batch / len(self.training), 2),
            **values,
        }
        with (run / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        report(row)

    def train_step(self) -> float:
        """One batch; the loss before it."""
        config = self.config
        done = min(1.0, self.spent / (60 * config.minutes))
        for group in self.optimiser.param_groups:
            group["lr"] = config.learning_rate * one_cycle(done, config.warmup)
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + self.step)
        chosen = self._chosen()
        side = config.side if done < config.full_from else SIDE
        x = augmented(self.training.pixels[chosen], side, config.holes, generator)
        x = x.contiguous(memory_format=torch.channels_last)
        self.network.train()
        torch.manual_seed(config.seed * 1_000_003 + self.step)  # dropout
        with torch.autocast("cpu", torch.bfloat16, enabled=config.bf16):
            logits = self.network(x)[1]
        loss = F.cross_entropy(
            logits.float(), self.training.labels[chosen], label_smoothing=config.smoothing
        )
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self._average()
        return loss.item()

    def _chosen(self) -> Tensor:
        """The batch of this step: every epoch is a permutation of its own, without a remainder."""
        batch = min(self.config.batch, len(self.training))
        epoch, place = divmod(self.step, len(self.training) // batch)
        generator = torch.Generator().manual_seed(self.config.seed * 7919 + epoch)
        order = torch.randperm(len(self.training), generator=generator)
        return order[place * batch : (place + 1) * batch]

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        for name, live in self.network.state_dict().items():
            if live.is_floating_point():
                self.ema[name].lerp_(live, 1 - decay)
            else:
                self.ema[name].copy_(live)

    def validate(self) -> float:
        """Accuracy of the averaged network on the first validation faces."""
        network = build(self.config)
        network.load_state_dict(self.ema)
        network.eval()
        order = torch.randperm(
            len(self.validation), generator=torch.Generator().manual_seed(0)
        )[:QUICK]
        faces = LabelledFaces(self.validation.pixels[order], self.validation.labels[order])
        logits, labels = logits_of(network, faces)
        return round((logits.argmax(1) == labels).float().mean().item(), 4)

    def save(self, run: Path) -> None:
        """Write the run's state."""
        save_checkpoint(
            run / LATEST,
            {"network": self.network.state_dict(), "ema": self.ema},
            {"network": self.optimiser.state_dict()},
            {"step": self.step, "seconds": self.spent, "config": self.config.as_dict()},
        )

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint. Raises MienError where it is of another network."""
        modules, optimisers, facts = load_checkpoint(path)
        try:
            self.network.load_state_dict(modules["network"])
        except (RuntimeError, KeyError) as error:
            raise MienError(
                f"{path} is of another network; choose a new folder for this run."
            ) from error
        self.ema = {k: modules["ema"][k] for k in self.network.state_dict()}
        self.optimiser.load_state_dict(optimisers["network"])
        self.step, self.spent = int(facts["step"]), float(facts["seconds"])


def one_cycle(done: float, warmup: float) -> float:
    """The share of the highest learning rate after a share of the training: up, then down."""
    if done < warmup:
        return 0.1 + 0.9 * done / warmup
    falling = (done - warmup) / (1 - warmup)
    return 0.002 + 0.998 * 0.5 * (1 + math.cos(math.pi * falling))
