"""Closed eyes: they are noticed, offered to be opened, and filled from another photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from engine.face.finder import Face
from engine.face.lids import eyes_closed
from gui.main_window import MainWindow
from tests.gui.conftest import THEIRS, face_at, shut
from tests.gui.gestures import idle

LEFT = Qt.MouseButton.LeftButton


def filled(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: bool(window.document.edit.layers))
    idle(qtbot, window)


def eyes_are_filled(window: MainWindow, face: Face) -> bool:
    assert face.mesh is not None
    layer = window.document.edit.layers[-1]
    mask = layer.mask.to_mask().pixels
    inside = [mask[int(y), int(x)] for x, y in face.mesh[[159, 386], :2]]
    mouth = face.mesh[13, :2].astype(int)
    return min(inside) == 255 and mask[mouth[1], mouth[0]] == 0


def test_open_and_closed_eyes_are_told_apart() -> None:
    face = face_at(40, 40, 200)
    assert face.mesh is not None
    closed = shut(face).mesh
    assert closed is not None
    assert not eyes_closed(face.mesh)
    assert eyes_closed(closed)


def test_they_are_opened_from_an_open_photo_of_the_same_person(
    qtbot, blinking: MainWindow, fake, awake: Path
) -> None:
    first = blinking.document.tab
    blinking.open(awake)
    qtbot.waitUntil(lambda: blinking.document.path == awake)
    qtbot.waitUntil(lambda: blinking.document.faces is not None)
    blinking.editor.tabs.show(first)
    panel = blinking.eye_offer.panel
    assert panel.isVisible()
    qtbot.mouseClick(panel.take, LEFT)
    filled(qtbot, blinking)
    (asked,) = fake.requests[-1].references
    assert (asked.of, asked.face.box[0], asked.name) == (1, 10, "next.png")
    assert eyes_are_filled(blinking, fake.faces[1])
    assert blinking.document.selected == 1
    assert not panel.isVisible()
    assert not blinking.actions_["open_eyes"].isEnabled()  # they are open by now
    assert blinking.document.history.titles == ["Reference", "Fill"]


def test_without_an_open_photo_one_is_asked_for(
    qtbot, blinking: MainWindow, fake, awake: Path, monkeypatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(awake), ""))
    blinking.actions_["open_eyes"].trigger()
    filled(qtbot, blinking)
    assert fake.requests[-1].references[0].face.box[0] == 10
    assert eyes_are_filled(blinking, fake.faces[1])


def test_what_is_painted_elsewhere_stays_painted(
    qtbot, blinking: MainWindow, hand, awake: Path, monkeypatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(awake), ""))
    hand.stroke((60, 280))
    assert not blinking.eye_offer.panel.isVisible()  # the person is at something else
    before = blinking.document.mask.copy()
    blinking.actions_["open_eyes"].trigger()
    filled(qtbot, blinking)
    assert np.array_equal(blinking.document.mask, before)


def test_a_photo_in_which_they_are_closed_too_is_told(
    qtbot, blinking: MainWindow, fake, awake: Path, monkeypatch
) -> None:
    fake.shown[THEIRS] = tuple(shut(face) for face in fake.shown[THEIRS])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(awake), ""))
    blinking.actions_["open_eyes"].trigger()
    qtbot.waitUntil(lambda: bool(blinking.references.trouble))
    assert blinking.references.trouble.startswith("In next.png the eyes are closed, too")
    assert not blinking.document.edit.shelf
    assert not fake.requests


def test_someone_else_opens_no_eyes(
    qtbot, blinking: MainWindow, fake, awake: Path, monkeypatch
) -> None:
    fake.likeness = dict.fromkeys(fake.likeness, 0.05)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(awake), ""))
    blinking.actions_["open_eyes"].trigger()
    qtbot.waitUntil(lambda: bool(blinking.references.trouble))
    assert not fake.requests
    (known,) = blinking.references.shelf
    assert known.is_doubtful  # it stands there, to be used all the same


def test_an_open_photo_of_nobody_leads_to_the_question(
    qtbot, blinking: MainWindow, fake, another_path: Path, awake: Path, monkeypatch
) -> None:
    first = blinking.document.tab
    fake.shown[340, 260] = ()
    blinking.open(another_path)
    qtbot.waitUntil(lambda: blinking.document.path == another_path)
    blinking.editor.tabs.show(first)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(awake), ""))
    blinking.actions_["open_eyes"].trigger()
    filled(qtbot, blinking)
    assert fake.requests[-1].references[0].name == "next.png"


def test_who_leaves_them_closed_is_not_asked_again(qtbot, blinking: MainWindow, hand) -> None:
    panel = blinking.eye_offer.panel
    qtbot.mouseClick(panel.leave, LEFT)
    assert not panel.isVisible()
    hand.stroke((60, 280))
    blinking.actions_["undo"].trigger()
    assert not panel.isVisible()
    assert blinking.actions_["open_eyes"].isEnabled()


def test_open_eyes_are_offered_nothing(qtbot, faced: MainWindow) -> None:
    assert not faced.eye_offer.panel.isVisible()
    assert not faced.actions_["open_eyes"].isEnabled()
