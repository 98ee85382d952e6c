"""What a run leaves behind: logs, sheets, averages, one file that shows it all."""

from __future__ import annotations

import base64
import errno
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.base.errors import MienError
from engine.catalogue.weights import find
from training import report
from training.checkpoint import BEST, load_average
from training.config import TrainingConfig, Weights
from training.failures import explained
from training.run import REPORT, SHEET, RunFolder, read_log
from training.schedule import Clock
from training.sheets import LETTERS, stacked
from training.trainer import train


@pytest.fixture(scope="module")
def trained(prepared, tmp_path_factory) -> tuple[Path, list[dict]]:
    run, rows = tmp_path_factory.mktemp("run"), []
    config = TrainingConfig(
        side=32,
        batch=2,
        samples=6,
        precision="32-true",
        shared_holes=True,
        checkpoint_seconds=0,
        keep_minutes=0,
        log_steps=1,
        sheet_steps=2,
        validation_steps=2,
        weights=Weights(pixel=4.0, perceptual=1.0),
    )
    train(config, prepared[0], run, find("prior").folder, device="cpu", report=rows.append)
    return run, rows


def test_a_report_shows_curves_and_sheets_from_one_file(trained) -> None:
    page = (trained[0] / REPORT).read_text(encoding="utf-8")
    assert page.count("<polyline") >= 4
    assert "perceptual" in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    pictures = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", page)
    assert pictures
    for picture in pictures:
        data = np.frombuffer(base64.b64decode(picture), np.uint8)
        assert cv2.imdecode(data, cv2.IMREAD_COLOR).shape == (LETTERS + 6 * 36, 3 * 36 - 4, 3)


def test_the_newest_sheet_lies_on_the_disk_and_is_told(trained) -> None:
    run, rows = trained
    sheets = [row for row in rows if row["event"] == "sheet"]
    assert [row["path"] for row in sheets] == [str(run / SHEET)] * 2
    assert cv2.imread(str(run / SHEET)).shape[0] == LETTERS + 6 * 36
    assert not [path for path in run.iterdir() if path.suffix in (".tmp", ".part")]


def test_the_best_average_and_numbered_ones_are_kept(trained) -> None:
    run, rows = trained
    validations = [row["validation"] for row in read_log(run) if "validation" in row]
    assert len(validations) == 2  # at step two, and at the end
    assert min(validations) > 0
    assert set(load_average(run / BEST)) == set(load_average(run / "ema.safetensors"))
    assert (run / "ema-00000004.safetensors").exists()
    assert sum(row["event"] == "checkpoint" for row in rows) >= 3


def test_a_resumed_run_does_not_repeat_its_log(tmp_path: Path) -> None:
    config = TrainingConfig(samples=8)
    folder = RunFolder(tmp_path, config)
    for step in (1, 2, 3):
        folder.log({"step": step, "total": 0.5})
    folder.close()
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 4, "to')  # a crash
    RunFolder(tmp_path, config, from_step=2).close()
    assert [row["step"] for row in read_log(tmp_path)] == [1, 2]


def test_curves_leave_out_what_is_not_finite_and_escape_names() -> None:
    drawn = report.curve("<total>", [1, 2, 3, 4], [1.0, float("nan"), float("inf"), 3.0])
    assert "nan" not in drawn
    assert "&lt;total&gt;" in drawn
    assert len(re.search(r'points="([^"]+)"', drawn)[1].split()) == 2
    assert report.curve("none", [], []) == ""
    assert (
        len(re.search(r'points="([^"]+)"', report.curve("x", *[range(5000)] * 2))[1].split()) <= 400
    )


def test_sheets_keep_true_colours_and_their_places() -> None:
    red, blue = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3), np.uint8)
    red[..., 0], blue[..., 2] = 200, 100
    sheet = stacked([[red, blue], [blue, red]], ("a", "b"))
    assert tuple(sheet[LETTERS + 3, 3]) == (200, 0, 0)
    assert tuple(sheet[LETTERS + 3, 15]) == (0, 0, 100)
    assert tuple(sheet[LETTERS + 15, 3]) == (0, 0, 100)


def test_minutes_count_one_call_or_the_whole_run() -> None:
    for whole_run, over in ((False, False), (True, True)):
        clock = Clock(TrainingConfig(minutes=1.0, whole_run=whole_run, batch=4), world=2)
        clock.step, clock.spent = 10, 61.0
        clock.start()
        assert clock.samples == 80
        assert clock.over() is over
        assert (clock.progress()["remaining"] == 0) is over
    late = Clock(TrainingConfig(samples=80, batch=8, warmup_steps=0, floor=0.1, learning_rate=1.0))
    assert late.learning_rate() == pytest.approx(1.0)
    late.step = 10
    assert late.learning_rate() == pytest.approx(0.1)
    assert late.over()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "disk is full"),
        (MemoryError(), "memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "memory"),
        (PermissionError(errno.EACCES, "denied", "/x/y"), "/x/y cannot"),
    ],
)
def test_what_runs_out_is_told_in_a_sentence(error: Exception, words: str) -> None:
    with pytest.raises(MienError, match=words), explained():
        raise error


def test_other_failures_stay_what_they_are() -> None:
    with pytest.raises(ZeroDivisionError), explained():
        raise ZeroDivisionError
    with pytest.raises(MienError, match=r"^mine$"), explained():
        raise MienError("mine")


def test_log_lines_are_json_that_anyone_can_read(trained) -> None:
    lines = (trained[0] / "log.jsonl").read_text().splitlines()
    steps = [row["step"] for row in map(json.loads, lines) if "total" in row]
    assert steps == [1, 2, 3]


def test_a_processor_without_bfloat16_trains_in_full_precision(monkeypatch) -> None:
    from training import precision

    for has, expected in ((True, "bf16-mixed"), (False, "32-true")):
        monkeypatch.setattr(precision, "has_bfloat16", lambda has=has: has)
        assert precision.fitting("bf16-mixed", "cpu") == expected
        assert precision.fitting("32-true", "cpu") == "32-true"
