"""What the editor needs of Qt itself, and of the threads beside it."""

from __future__ import annotations

import os
import sys

from PySide6.QtCore import QObject

import gui.app
import main


def test_calls_of_qt_leave_none_its_references() -> None:
    """PySide6 6.12.0 takes one with every call that returns nothing; below Python 3.12 the
    program then dies ("deallocating None") after some minutes of painting."""
    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(400):
        thing.setObjectName("name")
    assert sys.getrefcount(None) > before - 200


def test_threads_of_torch_sleep_while_they_wait(monkeypatch) -> None:
    """Spinning ones starve the previews as soon as a training runs beside the editor."""
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    seen = []
    monkeypatch.setattr(gui.app, "run", lambda _paths: seen.append(os.environ["OMP_WAIT_POLICY"]))
    main.main([])
    assert seen == ["PASSIVE"]
