"""The search for faces: what waits for it, and what is known before it has ended."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt

from gui.main_window import MainWindow
from tests.gui.conftest import face_at


def idle(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.editor.is_busy, timeout=10_000)


def test_a_fill_queued_behind_the_search_gets_its_faces(
    qtbot, window: MainWindow, fake, photo_path, hand
) -> None:
    fake.faces = (face_at(40, 40, 200),)
    gate, searches = threading.Event(), []

    def find(photo, cancel=None, first=None):
        searches.append(photo)
        gate.wait(10)
        return fake.faces

    fake.find_faces = find
    window.open(photo_path)
    qtbot.waitUntil(lambda: bool(searches))
    hand.stroke((115, 188))
    hand.key(Qt.Key.Key_Return)
    gate.set()
    qtbot.waitUntil(lambda: bool(fake.requests), timeout=60_000)
    idle(qtbot, window)
    assert fake.requests[0].faces is fake.faces
    assert len(searches) == 1
    (subject,) = window.document.edit.subjects
    assert window.document.edit.layers[0].subjects == (subject.id,)


@pytest.fixture
def searching(qtbot, window: MainWindow, fake, photo_path) -> MainWindow:
    """A large face is known, and a small one still looked for."""
    fake.near = (face_at(40, 40, 200),)
    fake.faces = (*fake.near, face_at(290, 100, 60))
    window.open(photo_path)
    qtbot.waitUntil(lambda: len(window.document.subjects) == 1, timeout=60_000)
    return window


def test_large_faces_are_there_while_small_ones_are_looked_for(
    qtbot, searching: MainWindow, fake
) -> None:
    document, (first,) = searching.document, searching.document.edit.faces or ()
    assert searching.status._message.text() == "1 face"
    qtbot.waitUntil(lambda: len(searching.editor.readout.readings.faces) == 1, timeout=60_000)
    fake.search_gate.set()
    qtbot.waitUntil(lambda: len(document.subjects) == 2)
    assert document.edit.subjects[0] is first  # and with it what was made of it
    assert searching.status._message.text() == "2 faces"


def test_a_large_face_that_was_removed_meanwhile_stays_so(
    qtbot, searching: MainWindow, fake
) -> None:
    searching.faces.remove(0)
    fake.search_gate.set()
    qtbot.waitUntil(lambda: bool(searching.document.subjects))
    assert [one.face for one in searching.document.edit.subjects] == [fake.faces[1]]


def test_a_fill_behind_the_search_for_small_faces_gets_those_too(
    qtbot, searching: MainWindow, fake, hand
) -> None:
    hand.stroke((320, 130))
    hand.key(Qt.Key.Key_Return)
    fake.search_gate.set()
    qtbot.waitUntil(lambda: bool(fake.requests), timeout=60_000)
    idle(qtbot, searching)
    assert fake.requests[0].faces == fake.faces
    ids = tuple(one.id for one in searching.document.edit.subjects)
    assert len(ids) == 2
    assert searching.document.edit.layers[0].subjects == ids
