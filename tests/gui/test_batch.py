"""The batch window, with a script in the place of the program."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent

import gui.dialogs.messages
from engine.batch import BatchJob, MaskRule
from engine.inpaint import FillOptions
from gui.base.program import program
from gui.batch_process import MOST_ARGUMENTS, arguments
from gui.dialogs.batch import EMPTY, LOG, QUEUE, BatchDialog
from gui.main_window import MainWindow
from gui.panels.batch_presets import MARKER, ONE, PART
from gui.panels.queue import MASK, PHOTO, RESULT, STATE

LEFT = Qt.MouseButton.LeftButton

# Fills the photos of its command line by copying them, holds on "pause", ends on "stop"; the first
# argument says how.
SCRIPT = """
import json, shutil, sys, threading, time
from pathlib import Path
kind, line = sys.argv[1], sys.argv[2:]
out, folder = Path(line[line.index("-o") + 1]), Path(line[-1])
def tell(**event): print(json.dumps(event), flush=True)
go, stop = threading.Event(), threading.Event()
go.set()
def listen():
    for word in sys.stdin:
        {"pause": go.clear, "go": go.set, "stop": lambda: (stop.set(), go.set())}[word.strip()]()
threading.Thread(target=listen, daemon=True).start()
print("a library says hello", flush=True)
if kind == "error":
    tell(event="error", message="Another batch writes into this folder.")
    sys.exit(1)
if kind == "crash":
    raise SystemError("out of luck")
out.mkdir(exist_ok=True)
names = sorted(p.name for p in folder.glob("?.png"))
tell(event="begin", total=len(names), photos=names)
done = 0
for name in names:
    go.wait()
    if stop.is_set():
        break
    tell(event="stage", photo=name, stage="fill")
    time.sleep(0.05 if kind == "short" else 0.3)
    done += 1
    state = {"state": "filled", "output": name, "seconds": {"fill": 1.25}}
    if name == "c.png":
        state = {"state": "failed", "error": "c.png is damaged."}
    else:
        shutil.copy(folder / name, out / name)
    tell(event="photo", photo=name, done=done, total=len(names), remaining=65, **state)
tell(event="result", filled=done, failed=0, existing=0, without_mask=0, nothing_found=0,
     stopped=stop.is_set())
sys.exit(130 if stop.is_set() else 0)
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "사진"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in "abcd":
        Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8)).save(folder / f"{name}.png")
    hole = np.zeros((60, 80), np.uint8)
    hole[20:40, 20:60] = 255
    for name in "abc":
        Image.fromarray(hole).save(folder / f"{name}_mask.png")
    return folder


@pytest.fixture
def kind() -> list[str]:
    """What the next batch does."""
    return ["short"]


@pytest.fixture
def panel(qtbot, window: MainWindow, kind: list[str]) -> Iterator[BatchDialog]:
    process = window.batches.process
    process._program_of = lambda: [sys.executable, "-c", SCRIPT, kind[0]]
    window.actions_["batch"].trigger()
    dialog = window.batches.dialog
    assert isinstance(dialog, BatchDialog)
    dialog.resize(1100, 740)  # as on a screen that has room for it
    yield dialog
    process.close()


def test_photos_without_masks_are_listed_and_other_rules_are_offered(
    qtbot, panel: BatchDialog, photos: Path
) -> None:
    for mask in photos.glob("*_mask.png"):
        mask.unlink()
    drop(panel, photos)
    qtbot.waitUntil(lambda: len(panel.model.rows) == 4)
    assert panel.source._text.endswith("4 photos, 0 with a mask")
    assert panel.stage.text() == "None of these photos has a mask."
    assert "None of the 4 photos has a mask in" in panel.start.toolTip()
    assert [shown(panel, row, STATE) for row in range(4)] == ["No mask"] * 4
    assert not panel.start.isEnabled()
    assert panel.others.isVisible()
    qtbot.mouseClick(panel.other_rules[PART], LEFT)
    qtbot.waitUntil(panel.start.isEnabled)
    assert not panel.others.isVisible()
    assert [shown(panel, row, STATE) for row in range(4)] == ["Waiting"] * 4


def drop(panel: BatchDialog, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    actions, buttons, none = Qt.DropAction.CopyAction, LEFT, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(9, 9), actions, data, buttons, none)
    panel.dragEnterEvent(enter)
    if enter.isAccepted():
        panel.dropEvent(QDropEvent(QPointF(9, 9), actions, data, buttons, none))


def press(qtbot, button) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


def shown(panel: BatchDialog, row: int, column: int) -> str:
    return panel.model.data(panel.model.index(row, column)) or ""


def ready(qtbot, panel: BatchDialog, photos: Path) -> None:
    drop(panel, photos)
    qtbot.waitUntil(lambda: panel.start.isEnabled() and len(panel.model.rows) == 4)


def test_a_dropped_folder_becomes_a_queue_with_masks(qtbot, panel, photos: Path) -> None:
    assert panel.stack.currentIndex() == EMPTY
    assert not panel.start.isEnabled()
    assert panel.stage.text() == "Drop a folder of photos first."
    ready(qtbot, panel, photos)
    assert panel.stack.currentIndex() == QUEUE
    assert [shown(panel, row, MASK) for row in range(4)] == [
        *("a_mask.png", "b_mask.png", "c_mask.png", "—")
    ]
    assert shown(panel, 3, STATE) == "No mask"
    assert "4 photos, 3 with a mask" in panel.source.text()
    assert panel.options.output.path == photos.with_name("사진-mien")
    icon = Qt.ItemDataRole.DecorationRole
    qtbot.waitUntil(lambda: panel.model.data(panel.model.index(0, PHOTO), icon) is not None)
    tinted = panel.model.data(panel.model.index(0, PHOTO), icon).toImage().pixelColor(28, 20)
    assert tinted.blue() > tinted.red()  # the mask shows on the photo


def test_a_small_window_shows_what_became_of_every_photo(qtbot, panel, photos: Path) -> None:
    ready(qtbot, panel, photos)
    view = panel.queue
    for width, hidden in ((1060, False), (760, True)):
        panel.resize(width, 480)
        qtbot.waitUntil(lambda hidden=hidden: view.isColumnHidden(MASK) == hidden)
        assert view.columnViewportPosition(STATE) + view.columnWidth(STATE) <= (
            view.viewport().width() + 1
        )
        assert view.columnWidth(STATE) >= 120
    assert panel.source.text().startswith("사진  ·  4")
    assert panel.source.text().endswith("…")


def test_a_text_file_is_not_taken(panel, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    drop(panel, tmp_path / "a.txt")
    assert panel.inputs == ()


def test_a_batch_is_followed_and_its_results_opened(qtbot, panel, window, photos: Path) -> None:
    ready(qtbot, panel, photos)
    press(qtbot, panel.start)
    assert not panel.options.isEnabled()
    qtbot.waitUntil(lambda: not window.batches.process.is_running)
    assert shown(panel, 0, STATE) == "Filled  1.2 s"
    assert shown(panel, 2, STATE) == "Failed\nc.png is damaged."
    assert panel.bar.value() == 1000
    assert panel.stage.text().startswith("4 filled, 0 failed")
    assert panel.options.isEnabled()
    panel.queue.selectRow(1)
    opened = []
    panel.open_requested.disconnect()
    panel.open_requested.connect(opened.append)
    press(qtbot, panel.open_result)
    assert opened == [photos.with_name("사진-mien") / "b.png"]
    icon = Qt.ItemDataRole.DecorationRole
    qtbot.waitUntil(lambda: panel.model.data(panel.model.index(1, RESULT), icon) is not None)
    panel.queue.selectRow(2)
    assert not panel.open_result.isEnabled()
    press(qtbot, panel.show_log)
    assert panel.stack.currentIndex() == LOG
    assert "c.png: Failed. c.png is damaged." in panel.log.toPlainText()


def test_it_can_be_paused_gone_on_with_and_cancelled(qtbot, panel, window, photos, kind) -> None:
    kind[0] = "long"
    ready(qtbot, panel, photos)
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: bool(panel.left.text()))
    assert panel.left.text() == "1:05 left"
    press(qtbot, panel.pause)
    assert panel.pause.text() == "Go on"
    qtbot.wait(500)
    done = panel.bar.value()
    qtbot.wait(700)
    assert panel.bar.value() == done < 1000
    press(qtbot, panel.pause)
    qtbot.waitUntil(lambda: panel.bar.value() > done)
    press(qtbot, panel.stop)
    qtbot.waitUntil(lambda: not window.batches.process.is_running)
    assert "goes on where it was" in panel.stage.text()


@pytest.mark.parametrize(
    ("what", "said", "detail"),
    [("error", "Another batch", "exit code 1"), ("crash", "unexpectedly", "out of luck")],
)
def test_a_failure_is_told_in_a_sentence(
    qtbot, panel, window, photos, kind, what: str, said: str, detail: str
) -> None:
    kind[0] = what
    ready(qtbot, panel, photos)
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: not window.batches.process.is_running)
    assert said in panel.stage.text()
    assert detail in panel.stage.toolTip()
    assert panel.start.isEnabled()


def test_a_program_that_cannot_be_started_is_told(qtbot, panel, window, photos: Path) -> None:
    window.batches.process._program_of = lambda: ["/nowhere/at-all"]
    ready(qtbot, panel, photos)
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: not window.batches.process.is_running)
    assert "could not be started" in panel.stage.text()


def test_what_is_wrong_is_said_before_starting(qtbot, panel, photos: Path) -> None:
    ready(qtbot, panel, photos)
    panel.options.name.setText("{date}")
    assert not panel.start.isEnabled()
    assert "{date}" in panel.start.toolTip()
    assert "[photo]" in panel.start.toolTip()  # a word, not a programmer's field
    panel.options.name.setText("{stem}")
    panel.options.pattern.setText("{stem}_nobody.png")
    qtbot.waitUntil(lambda: "None of the 4 photos" in panel.start.toolTip())
    panel.options.pattern.setText("")
    qtbot.waitUntil(panel.start.isEnabled)
    panel.options.output.line.setText(str(photos))
    qtbot.waitUntil(lambda: "replace the photos" in panel.start.toolTip())
    panel.options.output.line.setText("")
    assert panel.start.toolTip() == "Choose a folder for the results."


def test_rules_and_presets(qtbot, panel, photos: Path, monkeypatch) -> None:
    options = panel.options
    options.rule.choose(PART)
    assert options.part.isVisible()
    assert not options.masks.isVisible()
    ready(qtbot, panel, photos)
    assert options.job(panel.inputs).masks == MaskRule(parts=("glasses",))
    options.wished["emotion"].choose("happiness")
    options.grow.setText("3")
    monkeypatch.setattr("gui.panels.presets.QInputDialog.getText", lambda *_: ("Smiles", True))
    press(qtbot, options.presets.keep)
    kept = options.values
    options.presets.choice.choose("Marked in red")
    options.presets.choice.activated.emit(options.presets.choice.currentIndex())
    assert options.rule.value == MARKER
    assert options.job(panel.inputs).masks.marker == "#ff0000"
    options.presets.choice.choose("Smiles")
    options.presets.choice.activated.emit(options.presets.choice.currentIndex())
    assert options.values == kept
    assert options.job(panel.inputs).options.emotion == "happiness"
    press(qtbot, options.presets.forget)
    assert options.presets.choice.findData("Smiles") < 0
    options.grow.setText("much")
    assert "number of pixels" in panel.start.toolTip()


def test_the_command_line_means_the_job(tmp_path: Path, monkeypatch) -> None:
    """What the window asks for is what the verb understands."""
    import typer
    from typer.testing import CliRunner

    from engine.batch import Summary, verb

    understood = []
    monkeypatch.setattr(verb, "_check_model", lambda job: None)
    monkeypatch.setattr(verb, "_run", lambda job, *_a, **_k: understood.append(job) or Summary())
    app = typer.Typer()
    app.command()(verb.batch)
    app.command("other")(lambda: None)
    folder, mask, odd = tmp_path / "in", tmp_path / "m.png", tmp_path / "--json"
    folder.mkdir()
    odd.mkdir()
    mask.write_bytes(b"")
    jobs = [
        BatchJob(
            (folder, odd), tmp_path / "out", MaskRule(folder=folder, patterns=("{stem}_m.*",))
        ),
        BatchJob(
            (folder,),
            tmp_path / "out",
            MaskRule(file=mask, grow=2, invert=True, sure=True),
            conflict="rename",
        ),
        BatchJob((folder,), tmp_path / "out", MaskRule(file=mask, grow=0)),
        BatchJob(
            (folder,),
            tmp_path / "out",
            MaskRule(parts=("eyes", "mouth"), scratches=True),
            FillOptions(model="prior", emotion="anger", strength=0.5, seed=7, landmarks=False),
            format="webp",
            quality=80,
            name="{number:03}-{stem}",
        ),
        BatchJob((folder,), tmp_path / "out", MaskRule(marker="#00ff00")),
        BatchJob((folder,), tmp_path / "out", options=FillOptions(exemplars="my studio")),
        BatchJob((folder,), tmp_path / "out", MaskRule(transparent=True), lying=True),
    ]
    for job in jobs:
        result = CliRunner().invoke(app, arguments(job))
        assert result.exit_code == 0, result.output
    assert understood == jobs
    many = tmp_path / "list.txt"
    many.write_text(f"{folder}\n", encoding="utf-8")
    CliRunner().invoke(app, arguments(jobs[-1], list_=many))
    assert understood[-1] == jobs[-1]
    assert Path(program()[-1]).name == "main.py"


def test_many_photos_go_by_a_list_that_is_gone_afterwards(qtbot, panel, window, photos) -> None:
    process = window.batches.process
    job = BatchJob(tuple(photos / f"{n}.png" for n in range(MOST_ARGUMENTS + 1)), photos / "out")
    process._program_of = lambda: [sys.executable, "-c", "import time; time.sleep(30)"]
    process.start(job)
    listed = process._list
    assert listed is not None
    assert len(listed.read_text("utf-8").splitlines()) == MOST_ARGUMENTS + 1
    process.close()
    assert not listed.exists()


def test_closing_the_editor_asks_about_a_batch(
    qtbot, panel, window: MainWindow, photos, kind, monkeypatch
) -> None:
    kind[0] = "long"
    process, answers = window.batches.process, [False, True]
    monkeypatch.setattr(gui.dialogs.messages, "ask_to_stop_batch", lambda _parent: answers.pop(0))
    ready(qtbot, panel, photos)
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: panel.bar.value() > 0)
    assert not window.close()
    assert process.is_running
    assert not window.close()  # stops first, then closes by itself
    qtbot.waitUntil(lambda: not window.isVisible())
    assert not process.is_running
    assert answers == []


def test_the_wheel_over_the_options_changes_nothing(qtbot, panel) -> None:
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    chooser = panel.options.rule
    panel.queue.setFocus()
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(chooser.mapToGlobal(QPoint(5, 5))),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(chooser, event)
    assert chooser.value != ONE
