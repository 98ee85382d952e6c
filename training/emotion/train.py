"""Training an emotion network on a CPU within a wall-clock budget.

One cycle of the learning rate over the budget (Smith and Topin 2019), small pictures first, label
smoothing, averaged weights, and a temperature fitted on the validation split (Guo et al. 2017).
Every step draws from a generator seeded by the run's seed and the step, so a resumed run sees what
it would have seen. The loop around the steps is that of training.loop.
"""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any

import lightning_fabric
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.base.errors import MienError
from engine.catalogue.weights import find, load_tensors
from engine.face.emotion import SIDE, EmotionNetwork, mirror_mean
from training.emotion.augment import augmented, plain_inputs
from training.emotion.config import EmotionConfig
from training.emotion.data import LabelledFaces, load_faces
from training.emotion.judge import Judge, PlainEmotionNetwork, SqueezeEmotionNetwork, judge_of
from training.failures import explained
from training.loop import Losses, NetworkTraining, Report, averaged, decayed, fabric_for, go_on
from training.run import RunFolder

QUICK = 1000  # validation faces looked at on the way
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


def train(
    config: EmotionConfig,
    folder: Path,
    run: Path,
    report: Report | None = None,
    stop: threading.Event | None = None,
) -> Reader:
    """Train until the configuration's end; a run that exists is gone on with.

    folder: of the emotion sets. report, stop: see `training.trainer.train`. Returns the averaged
    network, calibrated, in eval mode. Raises MienError.
    """
    load_faces(folder, "validation")  # a wrong folder is told before anything is started
    with explained():
        fabric = fabric_for("cpu", config.processes, config.precision)
        fabric.launch(_run, config.as_dict(), folder, run, report, stop)
    return finished(run, folder)


def _run(
    fabric: lightning_fabric.Fabric,
    values: dict[str, Any],
    folder: Path,
    run: Path,
    report: Report | None,
    stop: threading.Event | None,
) -> None:
    config = EmotionConfig.from_dict(values)
    torch.set_num_threads(config.threads)
    training = load_faces(folder, "train", config.sources)
    trainer = EmotionTrainer(config, training, load_faces(folder, "validation"), fabric)
    go_on(trainer, run, report, stop)


def finished(run: Path, folder: Path) -> Reader:
    """The averaged network of a run, in eval mode, calibrated on the validation split of the sets
    in `folder`. Raises MienError."""
    config = EmotionConfig.of_run(run)
    network = build(config)
    network.load_state_dict(averaged(run)[0])
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
    return EmotionNetwork.of(tensors).eval().requires_grad_(False)


def facts_of(run: Path) -> dict[str, Any]:
    """`step`, `samples`, `seconds` and `epochs` of a run's last checkpoint. Raises MienError."""
    facts = averaged(run)[1]
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


class EmotionTrainer(NetworkTraining):
    """A network and its optimiser on labelled faces."""

    config: EmotionConfig

    def __init__(
        self,
        config: EmotionConfig,
        training: LabelledFaces,
        validation: LabelledFaces,
        fabric: lightning_fabric.Fabric,
    ) -> None:
        super().__init__(fabric, config)
        self.training, self.validation = training, validation
        network = build(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        groups = decayed(network, config.weight_decay)
        if config.optimiser == "sgd":
            optimiser: torch.optim.Optimizer = torch.optim.SGD(
                groups, lr=config.learning_rate, momentum=0.9, nesterov=True
            )
        else:
            optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99))
        self.shared = self.set_up(network, optimiser)

    def train_step(self) -> Losses | None:
        """One batch; the loss before it."""
        config = self.config
        seed = (config.seed * 1_000_003 + self.step) * 64 + self.fabric.global_rank
        generator = torch.Generator().manual_seed(seed)
        chosen = self._chosen()
        x = augmented(self.training.pixels[chosen], self.side, config.holes, generator)
        x = x.contiguous(memory_format=torch.channels_last)
        self.network.train()
        torch.manual_seed(seed)  # dropout
        with self.fabric.autocast():
            logits = self.shared(x)[1]
        loss = F.cross_entropy(
            logits.float(), self.training.labels[chosen], label_smoothing=config.smoothing
        )
        if not self.descend(loss, self.optimisers["network"], self.network):
            return None
        return {"loss": loss.detach()}

    @property
    def side(self) -> int:
        """Of the pictures in this third of the training."""
        return self.config.sides[min(2, int(3 * self.clock.done()))]

    @property
    def epochs(self) -> float:
        """How often every training face was seen."""
        return round(self.clock.samples / len(self.training), 2)

    def _chosen(self) -> Tensor:
        """The batch of this step: every epoch is an order of its own, without a remainder."""
        batch = min(self.config.batch, len(self.training) // self.fabric.world_size)
        epoch, place = divmod(self.step, len(self.training) // (batch * self.fabric.world_size))
        place = place * self.fabric.world_size + self.fabric.global_rank
        generator = torch.Generator().manual_seed(self.config.seed * 7919 + epoch)
        order = drawn(self.training.labels, self.config.balance, generator)
        return order[place * batch : (place + 1) * batch]

    def validate(self) -> float:
        """Accuracy of the averaged network on QUICK validation faces of the current side."""
        network = build(self.config)
        network.load_state_dict(self.average.tensors)
        network.eval()
        order = torch.randperm(len(self.validation), generator=torch.Generator().manual_seed(0))[
            :QUICK
        ]
        faces = LabelledFaces(self.validation.pixels[order], self.validation.labels[order])
        logits, labels = logits_of(network, faces, side=self.side)
        return round((logits.argmax(1) == labels).float().mean().item(), 4)

    def at_checkpoint(self, run: Path, folder: RunFolder, report: Report) -> None:
        """A look at faces that are not trained on."""
        row = {"step": self.step, "epochs": self.epochs, "validation": self.validate()}
        folder.log(row)
        report({"event": "validation", **row})

    def facts(self) -> dict[str, Any]:
        """How often every face was seen."""
        return {"epochs": self.epochs}


def drawn(labels: Tensor, balance: float, generator: torch.Generator) -> Tensor:
    """The faces of one epoch, as many indices as there are labels: a permutation, or with a
    balance (see EmotionConfig) drawn with replacement, rare classes more often."""
    if not balance:
        return torch.randperm(len(labels), generator=generator)
    weights = torch.bincount(labels).double()[labels] ** -balance
    return torch.multinomial(weights, len(labels), replacement=True, generator=generator)
