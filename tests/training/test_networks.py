"""The table of trainable networks: a third one is a row, with its data, loss, figures and card."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from typer.testing import CliRunner

from engine.catalogue import weights
from training.configuration import CONFIGS
from training.loop import Losses
from training.network_config import NetworkConfig
from training.networks import NETWORKS
from training.recipe import Measured, Model, Recipe
from training.trainable import Option, Trainable
from training.verbs.apps import train_app
from training.verbs.networks import _add


@dataclass(frozen=True)
class DotConfig(NetworkConfig):
    KIND: ClassVar[str] = "dot"
    FOLDER: ClassVar = CONFIGS / "landmarks"

    samples: int | None = 64
    batch: int = 8
    learning_rate: float = 0.1
    precision: str = "32-true"
    log_steps: int = 4


class Dot(torch.nn.Module):
    """Finds the slope of a line."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = torch.nn.Parameter(torch.zeros(1))

    @classmethod
    def of(cls, tensors):
        made = cls()
        made.load_state_dict(tensors)
        return made


class Line:
    def __init__(self, slope: float) -> None:
        self.slope = slope

    def batch(self, size, rng):
        x = torch.from_numpy(rng.random(size)).float()
        return x, self.slope * x


class DotRecipe(Recipe[Dot, tuple]):
    KIND, NOUN, NETWORK, CONFIG = "dot", "dot", Dot, DotConfig

    def samples(self, *, slope: float) -> Line:
        return Line(slope)

    def network(self) -> Dot:
        return Dot()

    def losses(self, network, batch, fabric) -> Losses:
        x, y = batch
        return {"loss": (network.slope * x - y).square().mean()}

    def compare(self, networks, kept_aside, *, limit=None, seed=0, unit=""):
        if not networks:
            raise self.nothing_to_measure()
        slopes = {name: float(network.slope) for name, network in networks.items()}
        return Measured(slopes, "\n".join(f"{name}{unit}" for name in slopes))

    def model(self, network, kept_aside, samples, limit=None) -> Model:
        return Model(f"# Dot\n\n{samples} samples", "a table", {"title": "A dot"})


ROW = Trainable(
    name="dot",
    noun="dot",
    config=DotConfig,
    first="dot",
    configs="a TOML file.",
    train="Train the dot",
    measure="Measure dots.",
    sources=(Option("slope", float, "Of the line.", required=True),),
    kept_aside="Nothing.",
    recipe=f"{__name__}:DotRecipe",
    compared=(Option("unit", str, "Behind each.", ""),),
)


@pytest.fixture
def verbs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The command line with a third network, whose recipe is the one above."""
    monkeypatch.setattr(train_app, "registered_commands", list(train_app.registered_commands))
    monkeypatch.setattr(Trainable, "load", lambda self: DotRecipe)
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    _add(ROW)

    def run(*words: str):
        return CliRunner().invoke(train_app, [str(word) for word in words])

    return run


def test_a_third_network_is_trained_measured_and_becomes_a_model(verbs, tmp_path: Path) -> None:
    run, config = tmp_path / "run", tmp_path / "dot.toml"
    config.write_text('name = "dot"\nema = 0.5\n')
    done = verbs("dot", "--run", run, "--slope", "2", "--config", config, "--json")
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]
    losses = [row["loss"] for row in rows if row["event"] == "step"]
    assert losses[-1] < losses[0]
    assert "--slope" in verbs("dot", "--help").output
    measured = verbs("dot-measure", run, "--kept-aside", tmp_path, "--json")
    assert 0.2 < json.loads(measured.output)["run"] < 2.5
    assert verbs("dot-measure", run, "--kept-aside", tmp_path, "--unit", "!").output == "run!\n"
    none = verbs("dot-measure", "--kept-aside", tmp_path)
    assert "No dot is installed" in str(none.exception)
    folder = tmp_path / "models" / "mine"
    made = verbs("dot-export", run, "--kept-aside", tmp_path, "-o", folder, "--licence", "free")
    assert "a table" in made.output
    manifest = weights.newest("dot")
    assert manifest is not None
    assert (manifest.title, manifest.licence) == ("A dot", "free")
    assert weights.load("dot", Dot).slope.item() == pytest.approx(
        json.loads(measured.output)["run"], abs=2e-3
    )


@pytest.mark.parametrize("row", NETWORKS, ids=lambda row: row.name)
def test_every_row_names_its_recipe(row: Trainable) -> None:
    recipe = row.load()
    assert (row.name, row.noun, row.config) == (recipe.KIND, recipe.NOUN, recipe.CONFIG)
    assert row.first in row.config.bundled()
