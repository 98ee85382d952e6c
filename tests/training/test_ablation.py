"""The comparison: rows that differ in their switches alone, equal budgets, one table."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import fields, replace
from pathlib import Path

import pytest

from engine.base.errors import Cancelled, MienError
from training.ablation import FEATURE, ROWS, AblationOptions, ablation, table
from training.checkpoint import LATEST, load_checkpoint
from training.config import TrainingConfig


def test_rows_differ_in_their_switches_alone() -> None:
    whole = TrainingConfig.load("ablation")
    assert ROWS[-1].config(whole) == replace(whole, name="ablation 8")
    order = [(r.feature, r.emotion, r.landmark) for r in ROWS]
    assert len(set(order)) == 8
    assert [sum(switches) for switches in order] == [0, 1, 1, 1, 2, 2, 2, 3]
    for row in ROWS:
        config = row.config(whole)
        changed = {f.name for f in fields(TrainingConfig)} - {"name", "modules", "weights"}
        assert all(getattr(config, name) == getattr(whole, name) for name in changed)
        assert config.weights.needs_trunk is row.feature
        assert all(bool(getattr(config.weights, name)) is row.feature for name in FEATURE)
        assert bool(config.weights.emotion) is config.modules.emotion is row.emotion
        assert bool(config.weights.landmark) is config.modules.landmark is row.landmark
        assert config.weights.pixel == whole.weights.pixel


@pytest.fixture
def small() -> TrainingConfig:
    return replace(TrainingConfig.load("ablation"), batch=2, precision="32-true", sheet_steps=1000)


@pytest.mark.slow
def test_rows_are_trained_once_on_equal_samples_and_told_in_a_table(
    prepared, readers, tmp_path: Path, small
) -> None:
    options = AblationOptions(
        prepared[0], prepared[0], tmp_path, samples=4, side=32, limit=2, rows=(1, 8), judges=False
    )
    events: list[dict] = []
    report = ablation(options, events.append, whole=small)
    assert [event["row"] for event in events if event["event"] == "row"] == [1, 8]
    for row in ("1", "8"):
        assert load_checkpoint(tmp_path / row / LATEST)[2]["samples"] == 4

    header, lines = table(report)
    trained = [line for line in lines if line[0] in ("1", "8")]
    assert [line[:4] for line in trained][:2] == [
        ["1", "-", "-", "-"],
        ["8", "yes", "yes", "yes"],
    ]
    assert header[-1] == "protocol"
    assert all("32 px, 2 faces, seed 0" in line[-1] for line in lines)
    assert (
        "centre 25 %, 32 px, 2 faces, seed 0, 4 samples" in (tmp_path / "ablation.md").read_text()
    )
    page = (tmp_path / "ablation.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2  # a sheet for each kind of hole
    assert not re.search(r'(src|href)="(?!data:)', page)

    events.clear()
    again = ablation(options, events.append, whole=small)
    assert not events
    assert again["rows"][-1]["psnr"] == report["rows"][-1]["psnr"]
    with pytest.raises(MienError, match="another run folder"):
        ablation(replace(options, samples=8), whole=small)


@pytest.mark.slow
def test_minutes_become_equal_samples_and_a_stop_is_honoured(
    prepared, readers, tmp_path: Path, small
) -> None:
    options = AblationOptions(prepared[0], prepared[0], tmp_path, minutes=5.0, side=32, rows=(1,))
    stop = threading.Event()

    def tell(event: dict) -> None:
        if event["event"] == "row":
            stop.set()

    with pytest.raises(Cancelled):
        ablation(options, tell, stop, whole=small)
    budget = json.loads((tmp_path / "budget.json").read_text())
    assert budget["samples"] % small.batch == 0
    assert budget["samples"] >= small.batch
    assert load_checkpoint(tmp_path / "1" / LATEST)[2]["samples"] < budget["samples"]


def test_a_row_that_is_none_is_named(prepared, tmp_path: Path) -> None:
    options = AblationOptions(prepared[0], prepared[0], tmp_path, rows=(9,))
    with pytest.raises(MienError, match="no row 9"):
        ablation(options)
