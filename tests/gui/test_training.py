"""The training panel, with a script in the place of the trainer."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from PySide6.QtCore import Qt

import gui.dialogs.messages
import gui.dialogs.training
import gui.dialogs.unfinished
from engine.catalogue.exemplars import EXEMPLARS
from gui.dialogs.training import TrainingDialog, clock
from gui.main_window import MainWindow
from gui.trainer import (
    FINISHED,
    LATEST,
    LIBRARY,
    MODEL,
    STOPPED,
    Run,
    command,
    new_run,
    runs,
)

LEFT = Qt.MouseButton.LeftButton

# Trains until told to stop (kind "long"), to its end ("short"), fails, or dies; goes on from a
# checkpoint file in its run's folder.
SCRIPT = """
import json, sys, threading, time
from pathlib import Path
run, kind, sheet = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
def tell(**event): print(json.dumps(event), flush=True)
stop = threading.Event()
threading.Thread(target=lambda: sys.stdin.readline().strip() == "stop" and stop.set(),
                 daemon=True).start()
print("a library says hello", flush=True)
tell(event="stage", stage="prepare", done=0.5)
if kind == "error":
    tell(event="error", message="No face was found in these photos; choose another folder.")
    sys.exit(1)
if kind == "crash":
    raise SystemError("out of luck")
saved = run / "checkpoint"
first = int(saved.read_text()) if saved.exists() else 0
tell(event="stage", stage="train", done=0)
tell(event="sheet", path=sheet)
for step in range(first, first + (4 if kind == "short" else 100000)):
    tell(event="step", step=step, samples=8 * step, seconds=step, remaining=60,
         total=1 / (step + 1))
    saved.write_text(str(step + 1))
    if stop.wait(0.01):
        tell(event="stopped")
        sys.exit(0)
tell(event="result", model=run.name, before={"psnr": 25.0, "lpips": 0.09},
     after={"psnr": 26.5, "lpips": 0.07}, verdict="better")
"""


@pytest.fixture
def kind() -> list[str]:
    """What the next run does."""
    return ["long"]


@pytest.fixture
def panel(
    qtbot, window: MainWindow, kind: list[str], tmp_path: Path, photo_path: Path
) -> Iterator[TrainingDialog]:
    sheet = tmp_path / "sheet.png"
    Image.new("RGB", (60, 40), "red").save(sheet)
    trainer = window.school.trainer
    trainer.root = tmp_path / "runs"
    trainer._command_of = lambda run: [
        *(sys.executable, "-c", SCRIPT, str(run.folder), kind[0], str(sheet))
    ]
    window.actions_["training"].trigger()
    dialog = window.school.dialog
    assert isinstance(dialog, TrainingDialog)
    dialog.folder.setText(str(tmp_path))
    dialog.name.setText("family")
    yield dialog
    trainer.close()


def press(qtbot, button) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


def test_a_run_is_followed_stopped_and_resumed(qtbot, panel: TrainingDialog, window) -> None:
    trainer = window.school.trainer
    press(qtbot, panel.start)
    assert trainer.is_running
    assert not panel.start.isEnabled()
    qtbot.waitUntil(lambda: len(panel.curve.points) > 3)
    assert panel.stage.text() == "Training"
    assert panel.left.text() == "1:00 left"
    assert panel.sheet.has_picture
    press(qtbot, panel.stop)
    assert not panel.stop.isEnabled()
    qtbot.waitUntil(lambda: not trainer.is_running)
    assert "can be resumed" in panel.outcome.text()
    last = panel.curve.points[-1][0]
    press(qtbot, panel.unfinished.resume)
    qtbot.waitUntil(lambda: panel.curve.points[-1][0] > last + 8)
    losses = [loss for _, loss in panel.curve.points]
    assert losses == sorted(losses, reverse=True)  # it went on, it did not begin anew
    trainer.stop()
    qtbot.waitUntil(lambda: not trainer.is_running)
    (run,) = runs(trainer.root)
    assert run.state == STOPPED


def test_a_run_can_be_resumed_after_a_restart(qtbot, panel: TrainingDialog, window, kind) -> None:
    trainer = window.school.trainer
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: len(panel.curve.points) > 3)
    trainer.stop()
    qtbot.waitUntil(lambda: not trainer.is_running)
    drawn = len(panel.curve.points)
    trainer.run = None
    again = TrainingDialog(trainer, window.settings, window)
    assert again.unfinished.resume.isEnabled()
    assert again.unfinished.chooser.currentText().startswith("family")
    kind[0] = "short"
    press(qtbot, again.unfinished.resume)
    qtbot.waitUntil(lambda: not trainer.is_running)
    assert len(again.curve.points) >= drawn + 3
    assert not again.unfinished.resume.isEnabled()
    again.close()


def test_a_result_is_shown_and_its_model_can_be_used(
    qtbot, panel: TrainingDialog, window: MainWindow, kind, monkeypatch
) -> None:
    kind[0] = "short"
    chosen = []
    panel.model_chosen.connect(chosen.append)
    listed = []
    window.school.learnt.connect(listed.append)
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: not window.school.trainer.is_running)
    text = panel.outcome.text()
    assert panel.stage.text() == "Done"
    assert "better than before" in text
    assert "PSNR 25.00 → 26.50" in text
    assert "LPIPS 0.0900 → 0.0700" in text
    assert listed == ["family"]
    press(qtbot, panel.use)
    assert chosen == ["family"]
    assert runs(window.school.trainer.root)[0].state == FINISHED


@pytest.mark.parametrize(
    ("what", "sentence", "detail"),
    [("error", "No face was found", "exit code 1"), ("crash", "unexpectedly", "out of luck")],
)
def test_a_failure_is_told_in_a_sentence(
    qtbot, panel: TrainingDialog, window, kind, what, sentence, detail
) -> None:
    kind[0] = what
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: not window.school.trainer.is_running)
    assert sentence in panel.outcome.text()
    assert detail in panel.outcome.toolTip()
    assert panel.start.isEnabled()
    assert panel.unfinished.resume.isEnabled()


def test_a_program_that_cannot_be_started_is_told(qtbot, panel: TrainingDialog, window) -> None:
    window.school.trainer._command_of = lambda run: ["/nowhere/at-all"]
    qtbot.mouseClick(panel.start, LEFT)
    qtbot.waitUntil(lambda: not window.school.trainer.is_running)
    assert "could not be started" in panel.outcome.text()


def test_one_that_does_not_listen_is_ended(qtbot, panel: TrainingDialog, window) -> None:
    trainer = window.school.trainer
    trainer._command_of = lambda run: [sys.executable, "-c", "import time; time.sleep(60)"]
    trainer._grace.setInterval(100)
    press(qtbot, panel.start)
    press(qtbot, panel.stop)
    qtbot.waitUntil(lambda: not trainer.is_running)
    assert runs(trainer.root)[0].state == STOPPED


def test_what_is_missing_is_said_before_starting(panel: TrainingDialog, tmp_path: Path) -> None:
    assert panel.start.isEnabled()
    panel.folder.setText(str(tmp_path / "none"))
    assert not panel.start.isEnabled()
    assert panel.start.toolTip() == panel.stage.text() == "There is no such folder."
    panel.folder.setText(str(tmp_path))
    assert panel.stage.text() == "Ready"
    panel.name.setText("prior")
    assert panel.start.toolTip() == panel.stage.text() == "There is a model of this name already."


def test_closing_the_editor_asks_about_training(
    qtbot, panel: TrainingDialog, window: MainWindow, monkeypatch
) -> None:
    trainer, answers = window.school.trainer, [False, True]
    monkeypatch.setattr(
        gui.dialogs.messages, "ask_to_stop_training", lambda _parent: answers.pop(0)
    )
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: len(panel.curve.points) > 1)
    assert not window.close()
    assert trainer.is_running
    assert not window.close()  # stops first, then closes by itself
    qtbot.waitUntil(lambda: not window.isVisible())
    assert not trainer.is_running
    assert runs(trainer.root)[0].state == STOPPED
    assert answers == []


def test_the_command_is_this_program_s_own(tmp_path: Path, monkeypatch) -> None:
    run = Run(tmp_path / "run", tmp_path / "사진", 90, "내 모델")
    line = command(run)
    at = line.index("train")
    assert Path(line[at - 1]).name == "main.py"
    assert line[at:] == [
        *("train", "finetune", str(tmp_path / "사진"), "--minutes", "90"),
        *("--name", "내 모델", "--run", str(tmp_path / "run"), "--json"),
    ]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    frozen = command(run)
    assert frozen[frozen.index("train") - 1] == sys.executable


def test_runs_are_kept_apart_and_bad_records_are_left_out(tmp_path: Path) -> None:
    first = new_run(tmp_path, tmp_path, 5, "my faces")
    first.write()
    second = new_run(tmp_path, tmp_path, 5, "my faces")
    assert second.folder != first.folder
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.panel.json").write_text("{")
    assert runs(tmp_path) == [first]


def test_time_is_written_as_clocks_are() -> None:
    assert [clock(s) for s in (0, 65, 3605)] == ["0:00", "1:05", "1:00:05"]


def test_a_stopped_run_says_when_and_how_large_and_is_used_as_it_is(
    qtbot, panel: TrainingDialog, window, kind
) -> None:
    trainer, asked = window.school.trainer, []
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: len(panel.curve.points) > 3)
    press(qtbot, panel.stop)
    qtbot.waitUntil(lambda: not trainer.is_running)
    (run,) = runs(trainer.root)
    line = panel.unfinished.chooser.currentText()
    assert line.startswith("family")
    assert re.search(r"\d.*·.*\d (bytes|kB|KiB)$", line)
    assert not panel.unfinished.finish.isEnabled()  # nothing was learnt yet
    (run.folder / LATEST).write_bytes(b"weights")
    panel._list_runs()
    kind[0] = "short"
    asking = trainer._command_of
    trainer._command_of = lambda run: asked.append(command(run)) or asking(run)
    press(qtbot, panel.unfinished.finish)
    qtbot.waitUntil(lambda: not trainer.is_running)
    assert float(asked[0][asked[0].index("--minutes") + 1]) < 0.01
    assert "is ready" in panel.outcome.text()
    assert not panel.unfinished.isVisibleTo(panel)


def test_an_unfinished_run_is_deleted_if_told(
    qtbot, panel: TrainingDialog, window, monkeypatch
) -> None:
    trainer = window.school.trainer
    for name in ("one", "two"):
        replace(new_run(trainer.root, Path("photos"), 60, name), state=STOPPED).write()
    panel._list_runs()
    assert panel.unfinished.count == 2
    answers, told = [False, True], []
    monkeypatch.setattr(
        gui.dialogs.unfinished,
        "may_delete",
        lambda _w, title, text: told.append(title) or answers.pop(0),
    )
    gone = panel.unfinished.run
    assert gone is not None
    panel.unfinished.delete.click()
    assert gone.folder.is_dir()
    panel.unfinished.delete.click()
    assert not gone.folder.exists()
    assert told[0] == f"Delete the training '{gone.name}'?"
    assert panel.unfinished.count == 1


LIBRARY_SCRIPT = """
import json, sys
def tell(**event): print(json.dumps(event), flush=True)
tell(event="stage", stage="look", done=0.5)
if sys.argv[1] == "long":
    sys.stdin.readline()
    tell(event="stopped")
    sys.exit(0)
tell(event="result", model="studio", library={"faces": 3, "photos": 5, "unreadable": 1, "soft": 2,
     "small": 0, "regions": {"eyes": 2, "mouth": 3, "nose": 3}})
"""


@pytest.fixture
def library(panel: TrainingDialog, window: MainWindow, kind: list[str]) -> TrainingDialog:
    """The panel that is to make a library of faces."""
    window.school.trainer._command_of = lambda run: [
        *(sys.executable, "-c", LIBRARY_SCRIPT, kind[0])
    ]
    panel.kind.setCurrentIndex(panel.kind.findData(LIBRARY))
    panel.name.setText("studio")
    return panel


def test_a_library_of_faces_is_made_and_can_be_used(
    qtbot, library: TrainingDialog, window: MainWindow, kind
) -> None:
    kind[0] = "short"
    chosen: list[str] = []
    library.model_chosen.connect(chosen.append)
    assert library.minutes.isHidden()  # it takes as long as it takes
    press(qtbot, library.start)
    qtbot.waitUntil(lambda: not window.school.trainer.is_running)
    told = library.outcome.text()
    assert "3 faces of 5 photos: 2 pairs of eyes, 3 mouths, 3 noses." in told
    assert "Left out: 1 unreadable, 2 not sharp." in told
    assert library.use.text() == "Use this library"
    press(qtbot, library.use)
    assert chosen == ["studio"]
    library.kind.setCurrentIndex(library.kind.findData(MODEL))
    assert not library.minutes.isHidden()


def test_a_library_that_is_stopped_leaves_nothing_to_resume(
    qtbot, library: TrainingDialog, window: MainWindow
) -> None:
    press(qtbot, library.start)
    qtbot.waitUntil(lambda: library.stage.text() == "Looking for sharp faces")
    press(qtbot, library.stop)
    qtbot.waitUntil(lambda: not window.school.trainer.is_running)
    assert library.outcome.text() == "Stopped; no library was made."
    assert library.unfinished.count == 0


def test_a_library_may_be_made_anew_and_takes_no_other_model_s_name(
    library: TrainingDialog, monkeypatch
) -> None:
    kinds = {"studio": EXEMPLARS, "prior": "prior"}
    found = [SimpleNamespace(name=name, kind=kind) for name, kind in kinds.items()]
    monkeypatch.setattr(gui.dialogs.training, "installed", lambda: found)
    library._refresh()
    assert library.start.isEnabled()
    library.name.setText("prior")
    assert library.start.toolTip() == "There is a model of this name already."
    library.name.setText("studio")
    library.kind.setCurrentIndex(library.kind.findData(MODEL))
    assert library.start.toolTip() == "There is a model of this name already."


def test_a_library_is_made_by_the_verb(tmp_path: Path) -> None:
    line = command(new_run(tmp_path, tmp_path / "사진", 5, "studio", LIBRARY))
    at = line.index("train")
    assert line[at:] == ["train", "exemplars", str(tmp_path / "사진"), "-o", "studio", "--json"]
