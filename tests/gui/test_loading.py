"""While a photo is opened: a small picture of it and a ring, gone once it is there."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

import gui.opening
from engine.photo import open_photo
from gui.main_window import MainWindow


@pytest.fixture
def gate(monkeypatch) -> threading.Event:
    """Holds the opening of photos until it is set."""
    held = threading.Event()

    def slowly(path: Path, **how):
        held.wait(20)
        return open_photo(path, **how)

    monkeypatch.setattr(gui.opening, "open_photo", slowly)
    return held


def test_a_small_picture_and_a_ring_until_the_photo_is_there(
    qtbot, window: MainWindow, photo_path: Path, gate
) -> None:
    shown = window.loading
    window.open(photo_path)
    qtbot.waitUntil(lambda: shown.isVisible() and shown._image is not None)
    assert shown.geometry() == window.stage.rect()
    assert shown.words == "Opening 사진.png…"
    window.resize(900, 700)
    QApplication.processEvents()
    assert shown.geometry() == window.stage.rect()
    # Its middle below the ring is the photo's, coarse.
    at = shown.rect().center()
    pixel = shown.grab().toImage().pixelColor(at.x(), at.y() + 40).getRgb()[:3]
    assert pixel[0] == pytest.approx(200, abs=14)
    gate.set()
    qtbot.waitUntil(lambda: window.document.is_open and not shown.isVisible())
    assert not shown._ring.isActive()


def test_what_cannot_be_opened_leaves_no_ring(
    qtbot, window: MainWindow, photo_path: Path, gate, monkeypatch
) -> None:
    monkeypatch.setattr("gui.main_window.FailureDialog.exec", lambda _self: None)
    photo_path.write_bytes(b"no photo")
    window.open(photo_path)
    qtbot.waitUntil(window.loading.isVisible)
    gate.set()
    qtbot.waitUntil(lambda: not window.loading.isVisible())
    assert window.stage.currentWidget() is window.welcome
