"""Fine-tuning as a user meets it: a folder in, a model out, stopped and gone on with at will."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.base.errors import Cancelled, MienError
from engine.catalogue.weights import find
from engine.fill.networks import load_networks
from main import main
from training import finetune as module
from training.checkpoint import LATEST, load_checkpoint
from training.config import TrainingConfig
from training.faces import FaceShards
from training.finetune import BETTER, SAME, WORSE, FinetuneOptions, finetune, verdict

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mine(tmp_path: Path, monkeypatch) -> Path:
    """An empty models folder; trainings of one step, since a clock is no test, that are measured
    by one fill and have sheets of one row."""
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    small = replace(
        TrainingConfig.load("finetune"), batch=2, precision="32-true", samples=2, log_steps=1
    )
    monkeypatch.setattr(TrainingConfig, "load", lambda name: small)
    monkeypatch.setattr(module, "HOLES", ("mouth",))
    monkeypatch.setattr(module, "MOST_MEASURED", 1)
    monkeypatch.setattr("training.trainer.spread_out", lambda count: [0])
    return tmp_path / "models"


def stopped_at(stage: str) -> tuple[Callable[[dict], None], threading.Event]:
    """(tell, stop): stop is set when that stage begins."""
    stop = threading.Event()

    def tell(event: dict) -> None:
        if event.get("stage") == stage:
            stop.set()

    return tell, stop


@pytest.mark.slow
def test_photos_become_a_model_with_its_figures(photos, mine, tmp_path: Path) -> None:
    events: list[dict] = []
    options = FinetuneOptions(photos, 5, "ours", tmp_path / "run", side=64)
    result = finetune(options, events.append)
    stages = list(dict.fromkeys(e["stage"] for e in events if e["event"] == "stage"))
    assert stages == ["prepare", "before", "train", "after", "export"]
    assert all(0 <= e["done"] <= 1 for e in events if e["event"] == "stage")
    assert {"step", "sheet", "checkpoint"} <= {e["event"] for e in events}
    step = next(e for e in events if e["event"] == "step")
    assert {"samples", "seconds", "remaining", "total", "pixel", "perceptual"} <= set(step)

    assert result["model"] == "ours"
    assert result["held_out"] == 4
    assert set(result["before"]) == set(result["after"]) == {"psnr", "ssim", "hole_mae", "distance"}
    manifest = find("ours")
    assert manifest.folder.parent == mine
    assert manifest.figures["held-out faces, after"] == result["after"]
    assert "held out" in (manifest.folder / "CARD.md").read_text()
    assert load_networks("ours", "cpu").generator is not None

    names = [
        {r["name"] for r in FaceShards(tmp_path / "run" / part).records}
        for part in ("train", "held-out")
    ]
    assert not names[0] & names[1]
    assert len(names[0] | names[1]) == result["faces"]

    with pytest.raises(MienError, match="another kind"):
        finetune(replace(options, side=32))
    with pytest.raises(MienError, match="'ours' already"):
        finetune(replace(options, run=tmp_path / "other"))


@pytest.mark.slow
def test_a_stopped_run_goes_on_where_it_was(photos, aligned, mine, tmp_path: Path) -> None:
    shutil.copytree(aligned, tmp_path / "run" / "faces")
    options = FinetuneOptions(photos, 5, "ours", tmp_path / "run", side=64)
    prepared: dict[Path, int] = {}
    for when in ("before", "train", "after"):
        with pytest.raises(Cancelled):
            finetune(options, *stopped_at(when))
        with pytest.raises(MienError, match="no model 'ours'"):
            find("ours")
        prepared = prepared or {
            p: p.stat().st_mtime_ns for p in (tmp_path / "run").glob("*/faces-*.zip")
        }
    assert prepared
    assert finetune(options)["model"] == "ours"
    assert all(path.stat().st_mtime_ns == time for path, time in prepared.items())
    assert load_checkpoint(tmp_path / "run" / LATEST)[2]["samples"] == 2


@pytest.mark.slow
def test_too_few_faces_are_told_and_more_are_looked_at(photos, mine, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for path in sorted(photos.glob("*.jpg"))[:3]:
        (few / path.name).write_bytes(path.read_bytes())
    options = FinetuneOptions(few, 1, "few", tmp_path / "run")
    with pytest.raises(MienError, match=r"Only \d different faces.*at least 8"):
        finetune(options)
    for path in sorted(photos.glob("*.jpg"))[3:]:
        (few / path.name).write_bytes(path.read_bytes())
    # Nothing of the first look passes for the second.
    with pytest.raises(Cancelled):
        finetune(options, *stopped_at("before"))
    assert len(FaceShards(tmp_path / "run" / "faces")) >= 8


def test_bad_places_and_names_are_told(photos, mine, tmp_path: Path, monkeypatch) -> None:
    for options, words in (
        (FinetuneOptions(tmp_path / "none", 1), "no folder"),
        (FinetuneOptions(photos, 0), "no time"),
        (FinetuneOptions(photos, 1, "a/b"), "no name"),
        (FinetuneOptions(photos, 1, "default"), "no name"),
        (FinetuneOptions(photos, 1, "prior"), "'prior' already"),
        (FinetuneOptions(photos, 1, "x", model="nonsense"), "no model 'nonsense'"),
    ):
        with pytest.raises(MienError, match=words):
            finetune(options)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(MienError, match="cannot be read"):
        finetune(FinetuneOptions(photos, 1, "x"))


def test_the_verdict_asks_for_more_than_chance() -> None:
    rng = np.random.default_rng(0)
    before, noise = rng.uniform(0.05, 0.2, 30), rng.normal(size=30)
    assert verdict(list(before), list(before - 0.01 + 0.005 * noise)) == BETTER
    assert verdict(list(before), list(before + 0.01 + 0.005 * noise)) == WORSE
    assert verdict(list(before), list(before + 0.01 * noise)) == SAME
    assert verdict([0.1], [0.0]) == SAME


def test_errors_are_json_lines_with_exit_code_one(tmp_path: Path, capsys) -> None:
    assert main(["train", "finetune", str(tmp_path / "none"), "--json"]) == 1
    event = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert event["event"] == "error"
    assert "no folder" in event["message"]


@pytest.mark.slow
def test_a_line_on_standard_input_stops_the_command(photos, aligned, tmp_path: Path) -> None:
    shutil.copytree(aligned, tmp_path / "run" / "faces")
    environment = {**os.environ, "MIEN_MODELS": str(tmp_path / "models"), "OMP_NUM_THREADS": "1"}
    # main.py, but that it measures and shows as little as the tests above do.
    start = "import sys, main; from training import finetune, trainer; "
    start += "finetune.HOLES, finetune.MOST_MEASURED = ('mouth',), 1; "
    start += "trainer.spread_out = lambda count: [0]; sys.exit(main.main(sys.argv[1:]))"
    command = [sys.executable, "-c", start, "train", "finetune", str(photos)]
    command += ["--minutes", "30", "--name", "ours", "--run", str(tmp_path / "run")]
    process = subprocess.Popen(
        [*command, "--side", "64", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]["event"] == "step":
            process.stdin.write("stop\n")
            process.stdin.flush()
            break
    events += [json.loads(line) for line in process.stdout]
    assert process.wait(60) == 0
    assert events[-1] == {"event": "stopped"}
    assert load_checkpoint(tmp_path / "run" / LATEST)[2]["step"] >= 1
