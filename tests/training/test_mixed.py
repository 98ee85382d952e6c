"""Mixed precision is the networks' alone: what they learn on, and what a user is shown of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from engine.catalogue.weights import find
from engine.fill.networks import load_networks
from training import finetune as module
from training.checkpoint import LATEST, load_checkpoint
from training.config import ModuleSwitches, TrainingConfig, Weights
from training.faces import FaceShards
from training.finetune import FinetuneOptions, finetune
from training.learner import Filler
from training.perceptual import StVgg
from training.sheets import fixed_samples
from training.trainer import Trainer, train

BOTH = TrainingConfig(
    side=32,
    batch=2,
    samples=4,
    shared_holes=True,
    modules=ModuleSwitches(landmark=True, emotion=True),
    weights=Weights(pixel=1.0),
)


class Watched(torch.nn.Module):
    """A generator that adds nothing and keeps what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[torch.Tensor] = []
        self.layer = torch.nn.Conv2d(4, 3, 1)

    def forward(self, x: torch.Tensor, telling: object = None) -> torch.Tensor:
        self.shown.append(x)
        return 0 * self.layer(x)


def test_a_generator_sees_the_same_fills_whatever_is_around(prepared, readers) -> None:
    filler = Filler(BOTH, find("prior").folder, torch.device("cpu"))
    (sample,) = fixed_samples(FaceShards(prepared[0]), 64, [0], ["mouth"])
    watched = Watched()
    with torch.no_grad():
        outside = filler(watched, sample).whole()
        with torch.autocast("cpu", torch.bfloat16):
            inside = filler(watched, sample).whole()
    assert torch.equal(*watched.shown)
    assert torch.equal(inside, outside)
    assert not torch.equal(outside, sample.crop)


def test_a_sheet_shows_the_priors_fills_as_the_program_has_them(
    prepared, readers, tmp_path
) -> None:
    sheets = []
    for precision in ("32-true", "bf16-mixed"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("training.loop.fitting", lambda wanted, device, one=precision: one)
            patch.setattr("training.trainer.spread_out", lambda count: [0, count // 2])
            # Not a step: the generator is as it begins, and adds nothing.
            config = BOTH.changed(minutes=0.0, validation_steps=0)
            train(config, prepared[0], tmp_path / precision, find("prior").folder, device="cpu")
        (path,) = (tmp_path / precision).rglob("*.png")
        sheets.append(cv2.imread(str(path)))
    assert np.array_equal(*sheets)


def test_distances_of_the_same_maps_are_the_same() -> None:
    torch.manual_seed(0)
    trunk = StVgg()
    one, other = (torch.rand(1, 3, 32, 32) * 2 - 1 for _ in range(2))
    maps = trunk(one, 4), trunk(other, 4)
    outside = trunk.between(*maps)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(trunk.between(*maps), outside)


@pytest.mark.slow
def test_a_fine_tuning_that_died_at_its_first_sheet_ends_in_a_model(
    photos, aligned, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr("training.loop.fitting", lambda wanted, device: "bf16-mixed")
    monkeypatch.setattr(module, "HOLES", ("mouth",))
    monkeypatch.setattr(module, "MOST_MEASURED", 1)
    monkeypatch.setattr("training.trainer.spread_out", lambda count: [0])  # rows of a sheet
    config = replace(TrainingConfig.load("finetune"), batch=2, samples=6, log_steps=1)
    config = replace(config, sheet_steps=2, checkpoint_seconds=0.0, weights=Weights(pixel=1.0))
    monkeypatch.setattr(TrainingConfig, "load", lambda name: config)
    options = FinetuneOptions(photos, 5, "ours", tmp_path / "run", side=32)
    shutil.copytree(aligned, tmp_path / "run" / "faces")

    def died(*_: object) -> None:
        raise RuntimeError("linalg.cholesky: the input is not positive-definite")

    with monkeypatch.context() as before:
        before.setattr(Trainer, "_sheet", died)
        with pytest.raises(RuntimeError, match="cholesky"):
            finetune(options)
    assert load_checkpoint(tmp_path / "run" / LATEST)[2]["step"] == 1

    events: list[dict] = []
    assert finetune(options, events.append)["model"] == "ours"
    steps = [event["step"] for event in events if event["event"] == "step"]
    assert steps == [2, 3]
    sheets = [Path(event["path"]) for event in events if event["event"] == "sheet"]
    assert [path.is_file() for path in sheets] == [True, True]
    assert load_networks("ours", "cpu").generator is not None
