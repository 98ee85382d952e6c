"""What happens while something else happens: a save, a fill, a stroke, a search under way."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

import gui.dialogs.messages
import gui.main_window
import gui.saving
from engine.base.errors import MienError
from engine.photo import open_photo, write_photo
from gui.base.operation import Desk, Operation
from gui.main_window import MainWindow
from gui.worker import Worker

BUTTON = QMessageBox.StandardButton


@pytest.fixture
def failures(monkeypatch) -> list:
    """Failure dialogs that would have been shown."""
    shown = []
    monkeypatch.setattr(gui.main_window.FailureDialog, "exec", lambda self: shown.append(self))
    return shown


@pytest.fixture
def slow_save(monkeypatch) -> threading.Event:
    """A save waits until this is set."""
    gate = threading.Event()

    def save(photo, path, **how):
        gate.wait(10)
        return write_photo(photo, path, **how)

    monkeypatch.setattr(gui.saving, "write_photo", save)
    return gate


def idle(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.editor.is_busy, timeout=10_000)


# Saves.


def test_a_save_writes_what_was_shown_when_it_was_asked_for(
    qtbot, faced: MainWindow, hand, slow_save, tmp_path: Path
) -> None:
    hand.hide_mouth()
    hand.fill()
    hand.key(Qt.Key.Key_G)
    qtbot.waitUntil(lambda: len(faced.strip.buttons) == 2)
    shown = faced.document.pixels
    faced.editor.saving.save(tmp_path / "saved.png", overwrite=False)
    qtbot.mouseClick(faced.strip.buttons[0], Qt.MouseButton.LeftButton)
    assert not np.array_equal(faced.document.pixels, shown)
    slow_save.set()
    idle(qtbot, faced)
    assert np.array_equal(open_photo(tmp_path / "saved.png").pixels, shown)
    assert faced.document.is_changed
    faced.actions_["undo"].trigger()
    assert not faced.document.is_changed


def test_a_fill_that_lands_while_a_save_waits_is_not_in_the_file(
    qtbot, faced: MainWindow, hand, fake, monkeypatch, slow_save, tmp_path: Path
) -> None:
    hand.hide_mouth()
    hand.fill()
    shown = faced.document.pixels
    fake.gate.clear()
    hand.key(Qt.Key.Key_G)
    qtbot.waitUntil(lambda: len(fake.requests) == 2)
    faced.editor.saving.save(tmp_path / "saved.png", overwrite=False)
    fake.gate.set()
    qtbot.waitUntil(lambda: len(faced.strip.buttons) == 2)
    slow_save.set()
    idle(qtbot, faced)
    assert np.array_equal(open_photo(tmp_path / "saved.png").pixels, shown)
    assert faced.document.is_changed


def test_a_cancelled_save_leaves_nothing_armed(
    qtbot, opened: MainWindow, hand, monkeypatch, tmp_path: Path
) -> None:
    hand.stroke((100, 100))
    hand.fill()
    monkeypatch.setattr(gui.dialogs.messages, "ask_to_save", lambda *_: BUTTON.Save)
    # The file worker is held, so that the save is cancelled before it begins.
    gate = threading.Event()
    opened.editor._files.submit(lambda *_: gate.wait(10), lambda _: None)
    opened.document.rename(tmp_path / "once.png", opened.document.history.edits[0])
    assert not opened.close()
    opened.editor.cancel()
    gate.set()
    idle(qtbot, opened)
    opened.actions_["save"].trigger()
    qtbot.waitUntil(lambda: not opened.document.is_changed)
    assert opened.isVisible()


def test_a_failed_save_leaves_nothing_armed(
    qtbot, opened: MainWindow, hand, monkeypatch, failures, tmp_path: Path
) -> None:
    hand.stroke((100, 100))
    hand.fill()
    monkeypatch.setattr(gui.dialogs.messages, "ask_to_save", lambda *_: BUTTON.Save)
    names = iter([tmp_path / "nowhere" / "a.png", tmp_path / "b.png"])
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(next(names)), "PNG (*.png)")
    )
    assert not opened.close()
    qtbot.waitUntil(lambda: bool(failures))
    opened.actions_["save"].trigger()
    qtbot.waitUntil(lambda: not opened.document.is_changed)
    assert opened.isVisible()


def test_a_photo_closes_once_it_is_saved(
    qtbot, opened: MainWindow, hand, monkeypatch, tmp_path: Path
) -> None:
    hand.stroke((100, 100))
    hand.fill()
    filled = opened.document.pixels
    monkeypatch.setattr(gui.dialogs.messages, "ask_to_save", lambda *_: BUTTON.Save)
    target = str(tmp_path / "saved.png")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (target, "PNG (*.png)"))
    opened.actions_["close"].trigger()
    qtbot.waitUntil(lambda: not opened.document.is_open)
    assert np.array_equal(open_photo(target).pixels, filled)


def test_leaving_waits_for_a_save_that_runs(
    qtbot, opened: MainWindow, hand, slow_save, tmp_path: Path
) -> None:
    gate = threading.Event()
    opened.editor._files.submit(lambda *_: gate.wait(10), lambda _: None)
    opened.editor.saving.save(tmp_path / "saved.png", overwrite=False)
    shown = opened.document.pixels
    opened.actions_["close"].trigger()
    assert opened.document.size == (400, 300)
    gate.set()
    slow_save.set()
    qtbot.waitUntil(lambda: not opened.document.is_open)
    assert np.array_equal(open_photo(tmp_path / "saved.png").pixels, shown)


# Strokes.


def test_a_fill_that_lands_in_a_stroke_is_not_undone_by_it(
    qtbot, opened: MainWindow, hand, fake
) -> None:
    document = opened.document
    hand.stroke((100, 100))
    fake.gate.clear()
    hand.key(Qt.Key.Key_Return)
    qtbot.waitUntil(fake.started.is_set)
    hand.press(300, 200)
    fake.gate.set()
    idle(qtbot, opened)
    assert document.pixels[100, 100].tolist() == [0, 255, 0]
    assert document.mask[100, 100] == 0
    assert document.mask[200, 300] == 255
    opened.canvas.tool.drag((330, 220), 1.0)
    hand.release(330, 220)
    assert document.mask[220, 330] == 255
    assert document.history.titles == ["Brush", "Fill", "Brush"]
    opened.actions_["undo"].trigger()
    assert not document.has_mask
    assert document.pixels[100, 100].tolist() == [0, 255, 0]


def test_a_mask_command_in_a_stroke_leaves_nothing_after_undoing_all(
    opened: MainWindow, hand
) -> None:
    document = opened.document
    hand.press(100, 100)
    opened.actions_["mask_invert"].trigger()
    opened.canvas.tool.drag((150, 120), 1.0)
    opened.actions_["mask_clear"].trigger()
    hand.release(150, 120)
    assert document.mask[100, 100] == 255
    while document.history.can_undo:
        document.history.undo()
    assert not document.has_mask
    assert not document.mask.any()


def test_an_abandoned_stroke_leaves_the_fill_that_landed(
    qtbot, opened: MainWindow, hand, fake
) -> None:
    hand.stroke((100, 100))
    fake.gate.clear()
    hand.key(Qt.Key.Key_Return)
    qtbot.waitUntil(fake.started.is_set)
    hand.press(300, 200)
    fake.gate.set()
    idle(qtbot, opened)
    hand.key(Qt.Key.Key_Escape)
    assert not opened.document.mask.any()
    assert opened.document.pixels[100, 100].tolist() == [0, 255, 0]


def test_a_shift_click_does_not_come_from_another_photo(
    qtbot, opened: MainWindow, hand, another_path
) -> None:
    hand.stroke((300, 250))
    photo = opened.document.photo
    opened.open(another_path)
    qtbot.waitUntil(lambda: opened.document.photo is not photo)
    at = hand.at(50, 50)
    left, shift = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
    qtbot.mouseClick(opened.canvas, left, shift, at)
    assert opened.document.mask[50, 50] == 255
    assert opened.document.mask[150, 175] == 0


# The search for faces.


def test_a_search_that_fails_ends(qtbot, window: MainWindow, fake, photo_path, failures) -> None:
    def find(photo, cancel=None, first=None):
        raise MienError("The finder is damaged; reinstall Mien.")

    fake.find_faces = find
    window.open(photo_path)
    qtbot.waitUntil(lambda: bool(failures))
    assert window.document.faces == ()
    assert "Looking" not in window.status._message.text()


# Settings.


def test_a_chosen_brush_size_is_kept_for_the_next_photo(
    qtbot, opened: MainWindow, hand, another_path
) -> None:
    hand.key(Qt.Key.Key_BracketRight)
    size, photo = opened.canvas.brush.size, opened.document.photo
    opened.open(another_path)
    qtbot.waitUntil(lambda: opened.document.photo is not photo)
    assert opened.canvas.brush.size == size


def test_a_stroke_enables_nothing_that_must_stay_off(opened: MainWindow, hand) -> None:
    assert not opened.actions_["stronger"].isEnabled()
    hand.stroke((100, 100))
    assert not opened.actions_["stronger"].isEnabled()


def test_other_settings_are_previewed_for_what_is_filled(
    qtbot, faced: MainWindow, hand, fake
) -> None:
    hand.hide_mouth()
    before = faced.document.pixels.copy()
    painted = faced.document.mask.copy()
    hand.fill()
    hand.settle()
    assert faced.editor.refill() is None
    faced.actions_["ask_surprise"].setChecked(True)
    assert faced.editor.refill().emotion == "surprise"
    hand.settle()
    asked = fake.previews[-1]
    assert asked.options.emotion == "surprise"
    assert np.array_equal(asked.mask.pixels, painted)
    assert np.array_equal(asked.photo.pixels, before)
    faced.actions_["ask_keep"].setChecked(True)
    assert faced.editor.refill() is None


# A large mask.


def test_a_large_mask_is_changed_in_the_background(
    qtbot, window: MainWindow, hand, tmp_path: Path
) -> None:
    Image.new("RGB", (2600, 2000)).save(tmp_path / "large.png")
    window.open(tmp_path / "large.png")
    qtbot.waitUntil(lambda: window.document.faces is not None)
    window.canvas.set_tool("rectangle")
    hand.stroke((200, 200), (2000, 1500))
    wanted = window.document.current_mask().grow(20)
    gate = threading.Event()
    window.editor._files.submit(lambda *_: gate.wait(10), lambda _: None)
    window.actions_["mask_grow"].trigger()
    assert window.editor.is_busy
    assert window.document.mask[190, 1000] == 0
    gate.set()
    idle(qtbot, window)
    assert np.array_equal(window.document.mask, wanted.pixels)
    # Painted meanwhile: what is painted by then is what grows.
    gate.clear()
    window.editor._files.submit(lambda *_: gate.wait(10), lambda _: None)
    window.actions_["mask_shrink"].trigger()
    hand.stroke((100, 1700), (900, 1900))
    wanted = window.document.current_mask().shrink(20)
    gate.set()
    idle(qtbot, window)
    assert np.array_equal(window.document.mask, wanted.pixels)
    assert window.document.history.titles == ["Rectangle", "Grow", "Rectangle", "Shrink"]


# Operations.


@pytest.fixture
def worker(qapp):
    made = Worker("test")
    yield made
    made.close()


def test_an_operation_says_when_it_is_busy_and_what_follows(qtbot, worker) -> None:
    desk, heard = Desk(), []
    desk.busy_changed.connect(heard.append)
    Operation(lambda *_: 7, worker, desk, "fill").when_done(heard.append).start()
    assert desk.runs("fill")
    qtbot.waitUntil(lambda: not desk.is_busy)
    assert heard == [True, False, 7]


def test_an_error_nobody_asked_for_is_shown(qtbot, worker) -> None:
    def fail(*_):
        raise MienError("The disk is full.")

    desk, shown, followed = Desk(), [], []
    desk.failed.connect(shown.append)
    Operation(fail, worker, desk, "save").when_done(followed.append).start()
    qtbot.waitUntil(lambda: bool(shown))
    assert shown[0].sentence == "The disk is full."
    quiet = Operation(fail, worker, desk).when_failed(followed.append, quiet=True)
    quiet.start()
    qtbot.waitUntil(lambda: bool(followed))
    assert len(shown) == 1
    assert not desk.is_busy


def test_a_cancelled_operation_is_followed_by_nothing_else(qtbot, worker) -> None:
    gate, desk, followed = threading.Event(), Desk(), []
    worker.submit(lambda *_: gate.wait(10), lambda _: None)
    waiting = Operation(lambda *_: 1, worker, desk, "save")
    waiting.when_done(followed.append).when_failed(followed.append)
    waiting.when_cancelled(lambda: followed.append("cancelled")).start()
    desk.cancel()
    gate.set()
    qtbot.waitUntil(lambda: bool(followed))
    assert followed == ["cancelled"]
    assert not desk.is_busy
