"""Training an emotion network on a CPU within a wall-clock budget.

A run is a folder: `config.json`, `state.safetensors` (everything a resumed run needs) and
`log.jsonl`. One cycle of the learning rate over the budget (Smith and Topin 2019), small pictures
first, label smoothing, averaged weights, and a temperature fitted on the validation split (Guo et
al. 2017). Every step draws from a generator seeded by the run's seed and the step, so a resumed
run sees what it would have seen.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning_fabric
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import MienError
from engine.face.emotion import SIDE, EmotionNetwork, mirror_mean
from engine.generator.weights import find, load_tensors
from training.checkpoint import LATEST, load_checkpoint, save_checkpoint
from training.emotion.augment import augmented, plain_inputs
from training.emotion.config import EmotionConfig, from_dict
from training.emotion.data import LabelledFaces, load_faces
from training.emotion.judge import Judge, PlainEmotionNetwork, SqueezeEmotionNetwork, judge_of

CONFIG = "config.json"
LOG = "log.jsonl"
QUICK = 1000  # validation faces looked at on the way
Report = Callable[[dict[str, Any]], None]
Reader = EmotionNetwork | Judge
NETWORKS = {
    "attention": EmotionNetwork,
    "plain": PlainEmotionNetwork,
    "squeeze": SqueezeEmotionNetwork,
}


def build(config: EmotionConfig) -> Reader:
    """A fresh network of a configuration, its first weights by the seed."""
    torch.manual_seed(config.seed)
    return NETWORKS[config.network](config.width)


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
    load_faces(folder, "validation")  # a wrong folder is told before anything is started
    run.mkdir(parents=True, exist_ok=True)
    fabric = lightning_fabric.Fabric(
        accelerator="cpu",
        devices=config.processes,
        strategy="auto" if config.processes == 1 else "ddp_spawn",
    )
    fabric.launch(_run, config.as_dict(), folder, run, report, steps)  # type: ignore[arg-type]
    return finished(run, folder)


def _run(
    fabric: lightning_fabric.Fabric,
    values: dict[str, Any],
    folder: Path,
    run: Path,
    report: Report | None,
    steps: int | None,
) -> None:
    config = from_dict(values)
    torch.set_num_threads(config.threads)
    training = load_faces(folder, "train", config.sources)
    trainer = EmotionTrainer(config, training, load_faces(folder, "validation"), fabric)
    if (run / LATEST).exists():
        trainer.restore(run / LATEST)
    if fabric.is_global_zero:
        text = json.dumps(config.as_dict(), indent=2) + "\n"
        (run / CONFIG).write_text(text, encoding="utf-8")
    trainer.loop(run, report or (lambda row: None), steps)


def finished(run: Path, folder: Path) -> Reader:
    """The averaged network of a run, in eval mode, calibrated on the validation split of the sets
    in `folder`. Raises MienError."""
    config = run_config(run)
    if not (run / LATEST).exists():
        raise MienError(f"{run} holds no checkpoint yet; train it first.")
    network = build(config)
    network.load_state_dict(load_checkpoint(run / LATEST)[0]["ema"])
    network.eval().requires_grad_(False)
    torch.set_num_threads(config.threads)
    validation = load_faces(folder, "validation")
    straight, labels = logits_of(network, validation)
    mirrored, _ = logits_of(network, validation, mirror=True)
    network.temperature.fill_(fit_temperature(straight, mirrored, labels))
    return network


def installed_reader(name: str) -> Reader:
    """The installed emotion network or judge of that name, in eval mode. Raises MienError."""
    manifest = find(name)
    if manifest.kind not in ("emotion", "judge"):
        raise MienError(f"'{name}' reads no emotions; choose a model of kind emotion or judge.")
    tensors = load_tensors(manifest)
    if manifest.kind == "judge":
        return judge_of(tensors)
    network = EmotionNetwork(tensors["trunk.0.weight"].shape[0])
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def facts_of(run: Path) -> dict[str, Any]:
    """`step`, `samples`, `seconds` and `epochs` of a run's last checkpoint. Raises MienError."""
    facts = load_checkpoint(run / LATEST)[2]
    return {name: facts.get(name, 0) for name in ("step", "samples", "seconds", "epochs")}


@torch.no_grad()
def logits_of(
    network: nn.Module,
    faces: LabelledFaces,
    part: str | None = None,
    mirror: bool = False,
    side: int = SIDE,
) -> tuple[Tensor, Tensor]:
    """(logits N x 7, labels) of untouched faces, or of those with a part hidden or mirrored."""
    rows = []
    for pixels in faces.pixels.split(256):
        x = plain_inputs(pixels, part)
        if side != SIDE:
            x = F.interpolate(x, (side, side), mode="bilinear", antialias=True)
        rows.append(network(x.flip(-1) if mirror else x)[1].float())
    return torch.cat(rows), faces.labels


def fit_temperature(straight: Tensor, mirrored: Tensor, labels: Tensor) -> float:
    """The divisor of both logits under which `mirror_mean` has the smallest negative
    log-likelihood, by golden-section search."""

    def surprise(log: float) -> float:
        return F.nll_loss(mirror_mean(straight, mirrored, math.exp(log)).log(), labels).item()

    low, high = math.log(0.1), math.log(10.0)
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(40):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if surprise(a) < surprise(b):
            high = b
        else:
            low = a
    return math.exp((low + high) / 2)


class EmotionTrainer:
    """A network, its averages and its optimiser."""

    def __init__(
        self,
        config: EmotionConfig,
        training: LabelledFaces,
        validation: LabelledFaces,
        fabric: lightning_fabric.Fabric | None = None,
    ) -> None:
        self.config, self.training, self.validation = config, training, validation
        self.fabric = fabric or lightning_fabric.Fabric(accelerator="cpu", devices=1)
        self.network = build(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        rest = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": rest}]
        if config.optimiser == "sgd":
            optimiser: torch.optim.Optimizer = torch.optim.SGD(
                groups, lr=config.learning_rate, momentum=0.9, nesterov=True
            )
        else:
            optimiser = torch.optim.AdamW(
                groups, lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=0.0
            )
        self.shared, self.optimiser = self.fabric.setup(self.network, optimiser)
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
            # One process's clock decides for all: of the learning rate, and of the end.
            self.spent = self.fabric.broadcast(before + now - started)
            if not self.fabric.is_global_zero:
                recent.clear()
                continue
            if self.step % config.log_steps == 0:
                rate = len(recent) * self.batch / (now - logged)
                loss = sum(recent) / len(recent)
                self._log(run, report, {"loss": round(loss, 4), "rate": round(rate, 1)})
                recent, logged = [], now
            if now - saved > config.checkpoint_seconds:
                self.save(run)
                self._log(run, report, {"validation": self.validate()})
                saved = time.perf_counter()
        if self.step > first and self.fabric.is_global_zero:
            self.save(run)
        self.fabric.barrier()

    def _log(self, run: Path, report: Report, values: dict[str, Any]) -> None:
        row = {
            "step": self.step,
            "seconds": round(self.spent, 1),
            "epochs": self.epochs,
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
        seed = (config.seed * 1_000_003 + self.step) * 64 + self.fabric.global_rank
        generator = torch.Generator().manual_seed(seed)
        chosen = self._chosen()
        x = augmented(self.training.pixels[chosen], self.side, config.holes, generator)
        x = x.contiguous(memory_format=torch.channels_last)
        self.network.train()
        torch.manual_seed(seed)  # dropout
        with torch.autocast("cpu", torch.bfloat16, enabled=config.bf16):
            logits = self.shared(x)[1]
        loss = F.cross_entropy(
            logits.float(), self.training.labels[chosen], label_smoothing=config.smoothing
        )
        self.optimiser.zero_grad()
        self.fabric.backward(loss)
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self._average()
        return loss.item()

    @property
    def batch(self) -> int:
        """Samples a step, all processes together."""
        return self.config.batch * self.fabric.world_size

    @property
    def side(self) -> int:
        """Of the pictures in this third of the training."""
        return self.config.sides[min(2, int(3 * self.spent / (60 * self.config.minutes)))]

    @property
    def epochs(self) -> float:
        """How often every training face was seen."""
        return round(self.step * self.batch / len(self.training), 2)

    def _chosen(self) -> Tensor:
        """The batch of this step: every epoch is an order of its own, without a remainder."""
        batch = min(self.config.batch, len(self.training) // self.fabric.world_size)
        epoch, place = divmod(self.step, len(self.training) // (batch * self.fabric.world_size))
        place = place * self.fabric.world_size + self.fabric.global_rank
        generator = torch.Generator().manual_seed(self.config.seed * 7919 + epoch)
        order = drawn(self.training.labels, self.config.balance, generator)
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
        """Accuracy of the averaged network on QUICK validation faces of the current side."""
        network = build(self.config)
        network.load_state_dict(self.ema)
        network.eval()
        order = torch.randperm(len(self.validation), generator=torch.Generator().manual_seed(0))[
            :QUICK
        ]
        faces = LabelledFaces(self.validation.pixels[order], self.validation.labels[order])
        logits, labels = logits_of(network, faces, side=self.side)
        return round((logits.argmax(1) == labels).float().mean().item(), 4)

    def save(self, run: Path) -> None:
        """Write the run's state."""
        save_checkpoint(
            run / LATEST,
            {"network": self.network.state_dict(), "ema": self.ema},
            {"network": self.optimiser.state_dict()},
            {
                "step": self.step,
                "seconds": self.spent,
                "epochs": self.epochs,
                "samples": self.step * self.batch,
                "config": self.config.as_dict(),
            },
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


def drawn(labels: Tensor, balance: float, generator: torch.Generator) -> Tensor:
    """The faces of one epoch, as many indices as there are labels: a permutation, or with a
    balance (see EmotionConfig) drawn with replacement, rare classes more often."""
    if not balance:
        return torch.randperm(len(labels), generator=generator)
    weights = torch.bincount(labels).double()[labels] ** -balance
    return torch.multinomial(weights, len(labels), replacement=True, generator=generator)


def one_cycle(done: float, warmup: float) -> float:
    """The share of the highest learning rate after a share of the training: up, then down."""
    if done < warmup:
        return 0.1 + 0.9 * done / warmup
    falling = (done - warmup) / (1 - warmup)
    return 0.002 + 0.998 * 0.5 * (1 + math.cos(math.pi * falling))
