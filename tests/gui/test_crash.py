"""A crash leaves a report without names of photos; the next start offers it once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from engine.base.errors import MienError
from gui import crash
from gui.app import _watched
from gui.dialogs.crash import CrashDialog
from gui.dialogs.messages import FailureDialog

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("MIEN_SESSIONS", str(tmp_path / "sessions"))
    return tmp_path / "sessions" / "crashes"


def test_what_nobody_caught_is_written_down_without_names(folder: Path) -> None:
    try:
        raise ValueError("cannot read '/home/kim/Pictures/Anna and Tom.jpg' nor wedding_1.CR2")
    except ValueError as error:
        crash.keep(type(error), error, error.__traceback__)
    ((path, text),) = crash.left()
    assert path.parent == folder
    assert text.startswith("Mien ")
    assert "ValueError: cannot read 'PHOTO' nor PHOTO" in text
    assert "test_crash.py" in text  # where it happened stays
    for name in ("kim", "Anna", "Pictures", "wedding", str(Path.cwd())):
        assert name not in text


def test_a_death_that_python_does_not_survive_leaves_one_too(folder: Path) -> None:
    program = (
        "import faulthandler, gui.crash as crash\ncrash.Watch().begin()\nfaulthandler._sigsegv()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert done.returncode != 0
    ((_, text),) = crash.left()
    assert "Fatal Python error: Segmentation fault" in text


def test_who_ends_in_order_or_is_killed_leaves_nothing(folder: Path) -> None:
    watch = crash.Watch()
    watch.begin()
    assert len(list(folder.iterdir())) == 1
    watch.end()
    assert not list(folder.iterdir())
    (folder / "killed.dying").write_text(crash.about())
    assert crash.left() == []
    assert not list(folder.iterdir())


def test_an_error_that_comes_again_and_again_leaves_few_reports(folder: Path) -> None:
    for _ in range(crash.REPORTS + 5):
        crash.keep(ValueError, ValueError("no"), None)
    assert len(crash.left()) == 20


def test_a_full_disk_keeps_nobody_from_starting(folder: Path, monkeypatch) -> None:
    folder.mkdir(parents=True)
    (folder / "a.dying").write_text("Traceback: one")

    def full(*_: object) -> None:
        raise MienError("The disk is full.")

    monkeypatch.setattr(crash, "write_atomically", full)
    monkeypatch.setattr(crash, "about", full)
    _, reports = _watched()
    assert reports == []
    assert (folder / "a.dying").is_file()  # told at the next start


def test_a_report_that_cannot_be_saved_is_said(qtbot, folder: Path, monkeypatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(FailureDialog, "exec", lambda self: shown.append(self.failure.sentence))
    nowhere = folder / "no" / "a.txt"
    monkeypatch.setattr(
        "gui.dialogs.crash.QFileDialog.getSaveFileName", lambda *_: (str(nowhere), "")
    )
    dialog = CrashDialog([(folder / "a.txt", "Traceback: one")])
    qtbot.addWidget(dialog)
    qtbot.mouseClick(dialog.save, LEFT)
    assert len(shown) == 1
    assert "a.txt" in shown[0] or str(nowhere.parent) in shown[0]


def test_the_report_is_read_copied_and_gone(qtbot, folder: Path) -> None:
    folder.mkdir(parents=True)
    crash.write_report(folder / "a.txt", "Traceback: one")
    dialog = CrashDialog(crash.left())
    assert dialog.report.toPlainText() == "Traceback: one"
    qtbot.mouseClick(dialog.copy, LEFT)
    assert QGuiApplication.clipboard().text() == "Traceback: one"
    qtbot.mouseClick(dialog.close_, LEFT)
    assert not list(folder.iterdir())
