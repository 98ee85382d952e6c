"""Whatever the editor does when it is killed, the next start has the work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gui.files
from engine.edit.compositor import composite
from engine.edit.session import read_session
from gui.keeper import orphans

ROOT = Path(__file__).parents[2]
SITTING = Path(__file__).with_name("sitting.py")
MOST_SECONDS = 5.0  # of work that may be lost; the machine's own load comes on top


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    y, x = np.mgrid[:300, :400]
    pixels = np.stack([x % 256, y % 256, (x + y) % 256], -1).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "사진.png")
    return tmp_path / "사진.png"


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("MIEN_SESSIONS", str(tmp_path / "sessions"))
    return tmp_path / "sessions"


def killed(photo: Path, folder: Path, when: str) -> None:
    """Let a person work until `when`, and kill the process."""
    with subprocess.Popen(
        [sys.executable, str(SITTING), str(photo), str(folder), when],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    assert line.strip() == "ready"


@pytest.mark.parametrize("when", ["stroke", "fill", "save", "autosave"])
def test_work_survives_a_kill(photo: Path, sessions: Path, tmp_path: Path, when: str, qapp) -> None:
    original = photo.read_bytes()
    killed(photo, tmp_path, when)
    (orphan,) = orphans()
    assert orphan.photo == photo.name
    edit = read_session(orphan.path)
    assert np.array_equal(composite(edit).pixels, np.load(tmp_path / "pixels.npy"))
    assert np.array_equal(edit.mask.to_mask().pixels, np.load(tmp_path / "mask.npy"))
    assert len(edit.layers) == 1
    assert edit.mask.is_blank == (when in ("save", "autosave"))
    assert not (tmp_path / "saved.png").exists()
    assert photo.read_bytes() == original
    assert not list(sessions.glob(".*.part"))
    seconds = float((tmp_path / "seconds.txt").read_text())
    assert seconds < 3 * MOST_SECONDS
    # It is locked for this process now: no other start offers it.
    assert orphans() == []
    orphan.remove()
    assert not list(sessions.glob("*.mien"))


def test_the_next_start_goes_on_where_the_last_was_killed(
    photo: Path, sessions: Path, tmp_path: Path, monkeypatch, qtbot, qapp
) -> None:
    from PySide6.QtCore import QSettings

    from gui.main_window import MainWindow
    from gui.settings import Settings
    from tests.gui.conftest import FakeInpainter

    killed(photo, tmp_path, "fill")
    asked = []

    def answer(_window, left: list) -> tuple[list, list]:
        asked.extend(orphan.photo for orphan in left)
        return (left, []) if len(asked) > 1 else ([], [])

    monkeypatch.setattr(gui.files, "ask_to_recover", answer)
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    window = MainWindow(Settings(store), FakeInpainter)
    qtbot.addWidget(window, before_close_func=lambda w: w.document.history.mark_saved())
    assert not window.files.recover()
    assert window.files.recover()
    assert asked == [photo.name] * 2
    qtbot.waitUntil(lambda: window.document.is_open, timeout=20_000)
    assert np.array_equal(window.document.pixels, np.load(tmp_path / "pixels.npy"))
    assert np.array_equal(window.document.mask, np.load(tmp_path / "mask.npy"))
    assert window.document.is_changed
    (path,) = sessions.glob("*.mien")
    # The same file is written on, and goes once the photo is left in order.
    window.editor.fill()
    with qtbot.waitSignal(window.editor.keeper.kept, timeout=20_000):
        pass
    assert len(read_session(path).layers) == 2
    window.document.history.mark_saved()
    assert window.close()
    assert not list(sessions.glob("*.mien"))
