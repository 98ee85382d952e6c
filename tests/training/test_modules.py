"""Training with modules: what learns, what is kept, and what comes out of it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.base.errors import MienError
from engine.catalogue.weights import find
from engine.fill.networks import load_networks
from main import main
from training.checkpoint import EMA, LATEST, load_average, load_checkpoint
from training.config import ModuleSwitches, TrainingConfig, Weights
from training.faces import FaceShards
from training.learner import BRANCHES, Filler, new_learner
from training.sheets import fixed_samples
from training.trainer import train

BOTH = TrainingConfig(
    side=32,
    batch=2,
    samples=4,
    precision="32-true",
    shared_holes=True,
    train_generator=False,
    learning_rate=1e-2,
    warmup_steps=1,
    log_steps=1,
    sheet_steps=100,
    validation_steps=0,
    modules=ModuleSwitches(landmark=True, emotion=True, dropout=0.2),
    weights=Weights(pixel=4.0, emotion=0.5, landmark=0.5),
)


def run(config: TrainingConfig, faces: Path, folder: Path, **options) -> list[dict]:
    rows: list[dict] = []
    train(config, faces, folder, find("prior").folder, device="cpu", report=rows.append, **options)
    return rows


def awake(config: TrainingConfig) -> dict[str, torch.Tensor]:
    """Weights of a generator whose last layer is not zero: a module shows in its output."""
    learner = new_learner(config, None)
    torch.nn.init.normal_(learner.generator.out.weight, std=0.05)
    return {k: t.clone() for k, t in learner.tensors().items() if not k.startswith(BRANCHES)}


def test_only_modules_learn_on_a_frozen_generator_and_are_exported(
    prepared, readers, tmp_path: Path, forced: str
) -> None:
    start = awake(BOTH)
    rows = run(BOTH, prepared[0], tmp_path / "run", start=start)
    steps = [row for row in rows if row["event"] == "step"]
    assert {"pixel", "emotion", "landmark"} <= set(steps[-1])
    states, _, _ = load_checkpoint(tmp_path / "run" / LATEST)
    for name, tensor in start.items():
        assert torch.equal(states["generator"][name], tensor), name
    for part in ("landmark.spread.weight", "emotion.film.weight"):
        assert states["generator"][BRANCHES + part].abs().sum() > 0, part
        assert states["ema"][BRANCHES + part].abs().sum() > 0, part

    assert main(["train", "export", str(tmp_path / "run"), "--name", "both"]) == 0
    networks = load_networks("both", "cpu")
    assert networks.branches is not None
    manifest = find("both")
    assert set(manifest.modules["parameters"]) == {"landmark", "emotion"}
    learnt = load_average(tmp_path / "run" / EMA)[BRANCHES + "emotion.film.weight"]
    assert torch.equal(networks.branches.emotion.film.weight, learnt)

    plain = replace(BOTH, modules=ModuleSwitches(), train_generator=True)
    with pytest.raises(MienError, match="other modules"):
        run(plain, prepared[0], tmp_path / "run")


def test_hints_reach_only_the_samples_that_are_told(prepared, readers) -> None:
    learner = new_learner(BOTH, FaceShards(prepared[0])).eval()
    for layer in (
        learner.generator.out,
        learner.speaking.landmark.spread,
        learner.speaking.emotion.film,
    ):
        torch.nn.init.normal_(layer.weight, std=0.1)
    filler = Filler(BOTH, find("prior").folder, torch.device("cpu"))
    filler.knowledge = None  # the prior's rows are not what is asked about here
    sample = fixed_samples(FaceShards(prepared[0]), 32, [0])[0]
    batch = type(sample)(*(t.repeat(3, *[1] * (t.ndim - 1)) for t in sample))
    batch = batch._replace(told=torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    with torch.no_grad():
        fills = filler(learner, batch).output
        learner.speaking = None
        plain = filler(learner, batch).output
    differences = (fills - plain).abs().amax((1, 2, 3))
    # A first pass in a process may differ from the next ones by some 1e-4.
    assert differences[0] < 1e-3 < differences[1:].min()


def test_the_window_goes_back_into_the_whole_face(prepared) -> None:
    config = replace(BOTH, side=256, modules=ModuleSwitches(), train_generator=True)
    learner = new_learner(config, None)
    filler = Filler(config, find("prior").folder, torch.device("cpu"))
    sample = fixed_samples(FaceShards(prepared[0]), 256, [0], ["one_eye"])[0]
    with torch.no_grad():
        fills = filler(learner, sample)
    assert fills.output.shape[-1] < 256
    whole, hole = fills.whole(), sample.hole.bool().expand_as(fills.crop)
    assert torch.equal(whole[~hole], sample.crop[~hole])
    assert torch.equal(whole[(..., *fills.window)], fills.output)
    assert not torch.equal(whole[hole], sample.crop[hole])


def test_missing_readers_are_named(prepared, tmp_path: Path, monkeypatch) -> None:
    from engine.catalogue import weights

    others = [manifest for manifest in weights.installed() if manifest.kind != "emotion"]
    monkeypatch.setattr(weights, "installed", lambda: others)
    with pytest.raises(MienError, match="emotion network"):
        run(replace(BOTH, weights=Weights()), prepared[0], tmp_path / "a")
    plain = replace(BOTH, modules=ModuleSwitches(), train_generator=True)
    with pytest.raises(MienError, match="train emotion"):
        run(plain, prepared[0], tmp_path / "b")


def test_an_event_from_outside_stops_a_run(prepared, readers, tmp_path: Path) -> None:
    stop = threading.Event()
    rows: list[dict] = []

    def tell(row: dict) -> None:
        rows.append(row)
        if row["event"] == "step":
            stop.set()

    config = replace(BOTH, samples=40)
    train(
        config,
        prepared[0],
        tmp_path,
        find("prior").folder,
        device="cpu",
        report=tell,
        stop=stop,
    )
    assert rows[-1]["event"] == "stopped"
    assert load_checkpoint(tmp_path / LATEST)[2]["step"] == 1
