"""Sessions in the window: saved, opened, kept, and a photo that is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog

import gui.dialogs.messages
from engine.edit.session import read_session, sessions_folder, write_session
from gui.keeper import orphans
from gui.main_window import MainWindow

pytestmark = pytest.mark.usefixtures("sessions")


def test_a_session_is_saved_and_opened_layers_and_all(
    qtbot, faced: MainWindow, hand, fake, monkeypatch, tmp_path: Path
) -> None:
    document = faced.document
    hand.hide_mouth()
    hand.fill()
    faced.actions_["more"].trigger()
    qtbot.waitUntil(lambda: len(faced.strip.buttons) == 2)
    hand.stroke((300, 250))
    shown, painted = document.pixels.copy(), document.mask.copy()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "일"), ""))
    faced.actions_["save_session"].trigger()
    path = tmp_path / "일.mien"
    qtbot.waitUntil(lambda: document.session == path)
    assert not document.is_changed
    assert faced.files.may_leave()  # the mask is in the session: nothing is lost
    searches = len(fake.requests)
    faced.open(path)  # it is open already
    assert len(faced.editor.tabs) == 1
    faced.actions_["close"].trigger()
    faced.open(path)
    qtbot.waitUntil(lambda: document.is_open)
    assert np.array_equal(document.pixels, shown)
    assert np.array_equal(document.mask, painted)
    assert not document.is_changed
    assert len(faced.strip.buttons) == 2
    assert [button.isChecked() for button in faced.strip.buttons] == [False, True]
    assert len(document.subjects) == 2
    assert len(fake.requests) == searches
    qtbot.waitUntil(lambda: document.edges is not None, timeout=60_000)
    faced.strip.buttons[0].click()
    assert document.pixels[188, 140].tolist() == [0, 255, 0]
    assert document.is_changed


def test_a_sessions_photo_that_moved_is_asked_for(
    qtbot, opened: MainWindow, hand, photo_path: Path, monkeypatch, tmp_path: Path
) -> None:
    hand.stroke((100, 100))
    hand.fill()
    shown = opened.document.pixels.copy()
    path = write_session(opened.document.edit, tmp_path / "a.mien")
    opened.document.history.mark_saved()
    moved = photo_path.rename(tmp_path / "moved.png")
    sentences = []
    answers = iter([False, True])

    def ask(_window, sentence: str) -> bool:
        sentences.append(sentence)
        return next(answers)

    monkeypatch.setattr(gui.dialogs.messages, "ask_to_find", ask)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(moved), ""))
    photo = opened.document.photo
    opened.open(path)
    qtbot.waitUntil(lambda: len(sentences) == 1)
    assert photo_path.name in sentences[0]
    assert opened.document.photo is photo
    opened.open(path)
    qtbot.waitUntil(lambda: opened.document.photo is not photo)
    assert np.array_equal(opened.document.pixels, shown)
    assert opened.document.path == moved


def test_work_is_kept_while_it_is_done_and_goes_when_it_is_left(
    qtbot, opened: MainWindow, hand, monkeypatch
) -> None:
    opened.editor.keeper._timer.setInterval(10)
    with qtbot.waitSignal(opened.editor.keeper.kept):
        hand.stroke((100, 100))
    (path,) = sessions_folder().glob("*.mien")
    assert np.array_equal(read_session(path).mask.to_mask().pixels, opened.document.mask)
    with qtbot.waitSignal(opened.editor.keeper.kept):
        hand.fill()
    assert len(read_session(path).layers) == 1
    assert orphans() == []  # this process holds it
    opened.document.history.mark_saved()
    opened.close()
    assert not list(sessions_folder().glob("*"))


def test_nothing_is_kept_of_a_photo_that_nothing_was_done_to(
    qtbot, opened: MainWindow, hand
) -> None:
    opened.editor.keeper._timer.setInterval(10)
    opened.document.history.changed.emit()
    qtbot.wait(120)
    assert not sessions_folder().exists()


def test_a_folder_that_cannot_be_written_to_is_said_once(
    qtbot, opened: MainWindow, hand, sessions: Path
) -> None:
    sessions.mkdir()
    told = []
    opened.editor.keeper.told.connect(told.append)
    opened.editor.keeper._timer.setInterval(10)
    with qtbot.waitSignal(opened.editor.keeper.kept):
        hand.stroke((100, 100))
    (path,) = sessions.glob("*.mien")
    path.unlink()
    path.mkdir()  # nothing can take its place
    hand.stroke((200, 100))
    qtbot.waitUntil(lambda: bool(told))
    hand.stroke((250, 100))
    qtbot.wait(150)
    assert len(told) == 1
    path.rmdir()
