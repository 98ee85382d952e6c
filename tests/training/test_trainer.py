"""Training: it learns, a resumed run is the run that was not stopped, and weights can be used."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine.base.errors import MienError
from engine.catalogue.weights import find, write_model
from engine.fill.networks import load_networks
from training.checkpoint import EMA, LATEST, load_checkpoint
from training.config import TrainingConfig as Config
from training.config import Weights
from training.crops import crop_batches
from training.run import read_log
from training.sample import Sample
from training.trainer import train

SMALL = Config(
    side=32,
    batch=2,
    samples=8,
    precision="32-true",
    log_steps=1,
    sheet_steps=3,
    validation_steps=0,
    weights=Weights(pixel=4.0, perceptual=1.0),
)


@pytest.fixture(autouse=True)
def _sheets_of_one_row(monkeypatch) -> None:
    monkeypatch.setattr("training.trainer.spread_out", lambda count: [0])


def run(config: Config, faces: Path, folder: Path, **options) -> list[dict]:
    rows: list[dict] = []
    prior = find("prior").folder if config.input == "prior" else None
    train(config, faces, folder, prior, device="cpu", report=rows.append, **options)
    return rows


def run_until(step: int, config: Config, faces: Path, folder: Path) -> dict:
    """Stop a run after a step, as its user would; the last event."""
    stop, rows = threading.Event(), []

    def report(row: dict) -> None:
        rows.append(row)
        if row["event"] == "step" and row["step"] == step:
            stop.set()

    prior = find("prior").folder
    train(config, faces, folder, prior, device="cpu", report=report, stop=stop)
    return rows[-1]


# Two equal runs of four steps were seen to differ by 1.6e-5: sums are taken in another order, and
# Adam makes steps of what that changes.
ORDER = 5e-5


def test_a_resumed_run_equals_one_that_was_not_stopped(prepared, tmp_path: Path) -> None:
    faces = prepared[0]
    run(SMALL, faces, tmp_path / "whole")
    # Stopped after two of four steps: the schedule must stay that of the whole.
    (tmp_path / "halves").mkdir()
    stopped = SMALL.changed(minutes=0.0)
    run(stopped, faces, tmp_path / "halves")
    assert load_checkpoint(tmp_path / "halves" / LATEST)[2]["step"] == 0
    ended = run_until(2, SMALL, faces, tmp_path / "halves")
    assert ended["event"] == "stopped"
    assert ended["finished"] is False
    assert load_checkpoint(tmp_path / "halves" / LATEST)[2]["step"] == 2
    ended = run(SMALL, faces, tmp_path / "halves")[-1]
    assert ended == {"event": "finished", "step": 4, "samples": 8, "finished": True}
    one, first, facts = load_checkpoint(tmp_path / "whole" / LATEST)
    two, second, _ = load_checkpoint(tmp_path / "halves" / LATEST)
    assert facts["step"] == 4
    for name in one["generator"]:
        assert torch.allclose(one["generator"][name], two["generator"][name], atol=ORDER), name
        assert torch.allclose(one["ema"][name], two["ema"][name], atol=ORDER), name
    moments = first["generator"]["state"][0], second["generator"]["state"][0]
    one, two = (m["exp_avg"] for m in moments)
    assert torch.allclose(one, two, atol=0.05 * float(one.abs().max()))


def test_training_lowers_its_loss(prepared, tmp_path: Path, monkeypatch) -> None:
    """On one batch over and over: what other faces and holes make of the loss hides a trend."""

    def the_first(*asked) -> Iterator[Sample]:
        return itertools.repeat(next(iter(crop_batches(*asked))))

    monkeypatch.setattr("training.trainer.crop_batches", the_first)
    config = SMALL.changed(samples=24, warmup_steps=2, sheet_steps=100, validation_steps=0)
    rows = [row for row in run(config, prepared[0], tmp_path / "run") if "total" in row]
    assert rows[-1]["total"] < 0.9 * rows[0]["total"]
    assert rows[-1]["skipped"] == 0
    assert list((tmp_path / "run" / "events").iterdir())


@pytest.mark.parametrize("form", ["prior", "zero"])
def test_all_the_published_losses_work_together(prepared, tmp_path: Path, form: str) -> None:
    weights = Weights(pixel=1.0, feature=25.0, alignment=1.0, matching=5.0, adversarial=0.003)
    config = SMALL.changed(input=form, weights=weights, samples=4)
    rows = [row for row in run(config, prepared[0], tmp_path / "run") if "total" in row]
    names = {"pixel", "feature", "alignment", "matching", "adversarial", "discriminator"}
    assert names <= set(rows[-1])
    assert rows[-1]["skipped"] == 0
    modules, optimisers, _ = load_checkpoint(tmp_path / "run" / LATEST)
    assert set(optimisers) == {"generator", "discriminator"}
    assert "discriminator" in modules


@pytest.mark.slow
def test_two_processes_learn_what_one_with_both_their_batches_does(
    prepared, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # two processes share the processors
    together = SMALL.changed(batch=4, samples=12, validation_steps=0, sheet_steps=100)
    apart = together.changed(batch=2)
    prior = find("prior").folder
    train(together, prepared[0], tmp_path / "one", prior, device="cpu")
    train(apart, prepared[0], tmp_path / "two", prior, device="cpu", devices=2)
    one, two = read_log(tmp_path / "one"), read_log(tmp_path / "two")
    assert [row["step"] for row in two] == [1, 2, 3]
    assert [row["samples"] for row in two] == [4, 8, 12]
    for a, b in zip(one, two, strict=True):
        for name in ("total", "pixel", "perceptual"):
            assert b[name] == pytest.approx(a[name], rel=0.02, abs=2e-5), (a["step"], name)
    states = [load_checkpoint(tmp_path / r / LATEST)[0]["generator"] for r in ("one", "two")]
    name = "out.weight"  # zero at the start: all of it was learnt
    difference = (states[0][name] - states[1][name]).norm() / states[0][name].norm()
    assert difference < 0.1


def test_the_result_can_be_filled_with(prepared, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    run(SMALL, prepared[0], tmp_path / "run")
    tensors = load_file(str(tmp_path / "run" / EMA))
    assert all(tensor.dtype == torch.float16 for tensor in tensors.values())
    folder = tmp_path / "models" / "mine"
    write_model(folder, tensors, "card", name="mine", title="Mine", kind="generator")
    networks = load_networks("mine", "cpu")
    assert networks.generator is not None


def test_what_does_not_fit_together_is_said(prepared, tmp_path: Path) -> None:
    with pytest.raises(MienError, match="needs a face prior"):
        train(SMALL, prepared[0], tmp_path / "run", None, device="cpu")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / LATEST).write_bytes(b"nonsense")
    with pytest.raises(MienError, match="not a training checkpoint"):
        run(SMALL, prepared[0], tmp_path / "bad")


def test_the_bundled_configurations_load_and_survive_json() -> None:
    assert {"ablation", "cpu", "finetune", "modules", "published", "sharpen"} <= set(
        Config.bundled()
    )
    for name in Config.bundled():
        config = Config.load(name)
        assert Config.from_dict(json.loads(json.dumps(config.as_dict()))) == config


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"side": 100, "samples": 1}, "side 100"),
        ({"input": "noise", "samples": 1}, "noise"),
        ({"speed": 1, "samples": 1}, "speed"),
        ({"weights": {"magic": 1}, "samples": 1}, "magic"),
        ({"modules": {"voice": True}, "samples": 1}, "voice"),
        ({"modules": {"dropout": 1.0}, "samples": 1}, "dropout"),
        ({"train_generator": False, "samples": 1}, "nothing would learn"),
        ({"weights": {"pixel": 0.0}, "samples": 1}, "every loss has the weight 0"),
        ({}, "minutes"),
    ],
)
def test_wrong_configurations_are_explained(values: dict, what: str) -> None:
    with pytest.raises(MienError, match=what):
        Config.from_dict(values)
