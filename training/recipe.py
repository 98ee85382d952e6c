"""How a network of the table is trained, measured and made a model; what is its own is its Recipe.

The loop around the steps is that of `training.loop`; the networks of the table share an AdamW whose
weights decay, batches drawn by a thread, and averaged weights. A training with other needs (several
optimisers, an adversary, processes) is a class of `training.loop.Training` of its own.
"""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import lightning_fabric
import numpy as np
import torch
from torch import Tensor, nn

from engine.base.errors import MienError
from engine.catalogue.weights import Manifest, load
from training.checkpoint import LATEST
from training.export import export_model
from training.failures import explained
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
from training.network_config import NetworkConfig

OPPONENT = "opponent"
MOMENTA = (0.0, 0.99)  # of its Adam: it must not chase a network that is gone

Network = TypeVar("Network", bound=nn.Module)
Batch = TypeVar("Batch")


class Samples(Protocol):
    """What batches are drawn from."""

    def batch(self, size: int, rng: np.random.Generator) -> Any:
        """So many samples; the same generator state gives the same."""
        ...


class Opponent(Protocol):
    """Who learns beside a network, from what the recipe's losses have shown it."""

    network: nn.Module

    def lesson(self) -> Tensor:
        """Its own loss on the batch that was last shown to it."""
        ...


@dataclass(frozen=True)
class Measured:
    """figures: plain values, for JSON. table: the same in Markdown."""

    figures: dict[str, Any]
    table: str


@dataclass(frozen=True)
class Model:
    """What a run becomes beside its weights. card: Markdown (see `training.export`). facts: fields
    of Manifest. table: the figures, for the terminal."""

    card: str
    table: str
    facts: dict[str, Any] = field(default_factory=dict)


class Recipe(Generic[Network, Batch]):
    """One network: what it learns from, its loss, what is measured, what its card says.

    KIND: of its models. NOUN: of it in sentences. NETWORK: its class, with `of(tensors)`. CONFIG:
    of its runs. UNDECAYED: parameters besides biases and norms whose weights do not decay.
    """

    KIND: ClassVar[str]
    NOUN: ClassVar[str]
    NETWORK: ClassVar[Any]
    CONFIG: ClassVar[type[NetworkConfig]]
    UNDECAYED: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: Any) -> None:
        self.config = config

    def samples(self, **sources: Any) -> Samples:
        """What is learnt from. sources: by the names of the row's options. Raises MienError."""
        raise NotImplementedError

    def network(self) -> Network:
        """The untrained network of the configuration."""
        raise NotImplementedError

    def opponent(self) -> Opponent | None:
        """Who learns against the network, anew with every call; None where nobody does."""
        return None

    def prepare(self, network: Network, samples: Any) -> None:
        """What is fitted in closed form before the first step of a new run."""

    def losses(self, network: Network, batch: Batch, fabric: Any) -> Losses:
        """What one batch costs: "loss", which is descended, and what is told beside it. fabric:
        Lightning Fabric's, for its device and its autocast."""
        raise NotImplementedError

    def check(self, before: Any) -> None:
        """Raise MienError where a run of another configuration cannot be gone on with."""

    def compare(
        self,
        networks: dict[str, Network],
        kept_aside: Path,
        *,
        limit: int | None = None,
        seed: int = 0,
        **more: Any,
    ) -> Measured:
        """Figures of networks by name, on what none has seen. limit: on so many faces at most.
        more: by the names of the row's `compared`. Raises MienError where nothing is given."""
        raise NotImplementedError

    def model(
        self, network: Network, kept_aside: Path, samples: int, limit: int | None = None
    ) -> Model:
        """Card and figures of a trained network, measured on what it has not seen; it may be given
        what is fitted last. samples: that it learnt from."""
        raise NotImplementedError

    @classmethod
    def nothing_to_measure(cls) -> MienError:
        """The error of measuring without a network."""
        return MienError(f"No {cls.NOUN} is installed; name a run's folder to measure.")


class RecipeTraining(NetworkTraining):
    """A recipe's network on its batches.

    start: a state dict to begin from. resumed: a checkpoint will follow, so nothing is prepared.
    """

    def __init__(
        self,
        fabric: lightning_fabric.Fabric,
        recipe: Recipe[Any, Any],
        samples: Samples,
        start: dict[str, Tensor] | None = None,
        *,
        resumed: bool = False,
    ) -> None:
        super().__init__(fabric, recipe.config)
        self.recipe, self.samples, self._ahead = recipe, samples, Ahead(self._batch)
        network = recipe.network()
        if start is not None and not resumed:
            network.load_state_dict(start)
        elif not resumed:
            recipe.prepare(network, samples)
        network.to(memory_format=torch.channels_last)
        groups = decayed(network, recipe.config.weight_decay, but=recipe.UNDECAYED)
        self.set_up(network, torch.optim.AdamW(groups, lr=recipe.config.learning_rate))
        self.opponent = recipe.opponent()
        if self.opponent is not None:
            optimiser = torch.optim.Adam(self.opponent.network.parameters(), betas=MOMENTA)
            _, self.optimisers[OPPONENT] = fabric.setup(self.opponent.network, optimiser)

    def train_step(self) -> Losses | None:
        """One batch."""
        batch = self._ahead.batch(self.step)
        self.network.train()
        named = self.recipe.losses(self.network, batch, self.fabric)
        if not self.descend(named["loss"], self.optimisers["network"], self.network):
            return None
        if self.opponent is not None:
            lesson = self.opponent.lesson()
            self.descend(lesson, self.optimisers[OPPONENT], self.opponent.network)
            named[OPPONENT] = lesson
        return {name: value.detach() for name, value in named.items()}

    def states(self) -> dict[str, dict[str, Tensor]]:
        """The network, and who learns against it."""
        if self.opponent is None:
            return super().states()
        return {**super().states(), OPPONENT: self.opponent.network.state_dict()}

    def load_states(self, states: dict[str, dict[str, Tensor]]) -> None:
        """The inverse of `states`; an opponent that was not there before begins anew."""
        super().load_states(states)
        if self.opponent is not None and OPPONENT in states:
            self.opponent.network.load_state_dict(states[OPPONENT])

    def close(self) -> None:
        """End the thread that draws."""
        self._ahead.close()

    def _batch(self, step: int) -> Any:
        rng = np.random.default_rng([self.config.seed, 3, step])
        return self.samples.batch(self.config.batch, rng)


def train(
    recipe: Recipe[Any, Any],
    run: Path,
    *,
    start: dict[str, Tensor] | None = None,
    device: str = "auto",
    report: Report | None = None,
    stop: threading.Event | None = None,
    **sources: Any,
) -> None:
    """Train in the folder `run`, or go on with it.

    sources: what it learns from (see `Recipe.samples`). start: a state dict to begin a new run
    from. report, stop: see `training.trainer.train`. Raises MienError where sources are missing or
    the folder holds another run.
    """
    config = recipe.config
    with explained():
        if config.threads:
            torch.set_num_threads(config.threads)
        samples = recipe.samples(**sources)
        resumed = (run / LATEST).exists()
        if resumed:
            recipe.check(recipe.CONFIG.of_run(run))
        fabric = fabric_for(device, precision=config.precision)
        with closing(RecipeTraining(fabric, recipe, samples, start, resumed=resumed)) as training:
            go_on(training, run, report, stop)


def trained(recipe: type[Recipe[Network, Any]], run: Path) -> Network:
    """The averaged network of a run, frozen and in eval mode. Raises MienError."""
    network = recipe(recipe.CONFIG.of_run(run)).network()
    try:
        network.load_state_dict(averaged(run)[0])
    except RuntimeError as error:
        raise MienError(f"{run} holds a network of another make; train it anew.") from error
    return network.eval().requires_grad_(False)


def compare(
    recipe: type[Recipe[Any, Any]], runs: list[Path], kept_aside: Path, **options: Any
) -> Measured:
    """Figures of runs, or of the installed network where none is named. options: of
    `Recipe.compare`. Raises MienError."""
    networks: dict[str, Any] = {run.name: trained(recipe, run) for run in runs}
    if not runs:
        installed = load(recipe.KIND, recipe.NETWORK)
        networks = {} if installed is None else {"installed": installed}
    return recipe(recipe.CONFIG()).compare(networks, kept_aside, **options)


def export(
    recipe: type[Recipe[Any, Any]],
    run: Path,
    kept_aside: Path,
    folder: Path,
    *,
    notes: str = "",
    licence: str = "",
    limit: int | None = None,
) -> tuple[Manifest, str]:
    """Write the averaged network of a run as a model into `folder`; (manifest, table of figures).

    kept_aside: what the run has not seen; the figures are measured on `limit` of it. notes: a
    paragraph on the data and its terms for the card.
    """
    network, config = trained(recipe, run), recipe.CONFIG.of_run(run)
    samples = int(averaged(run)[1]["step"]) * config.batch
    model = recipe(config).model(network, kept_aside, samples, limit)
    manifest = export_model(
        folder, network, model.card, data=notes, kind=recipe.KIND, licence=licence, **model.facts
    )
    return manifest, model.table
