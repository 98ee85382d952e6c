"""The editor on 48 megapixels: what the GUI thread does between two turns of its loop.

What is told is the thread's own time, so that a busy machine does not count as a stall; opening is
told as a ratio to a bare decode, made beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from pictures import fastest, portrait
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, QSettings, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from engine.photo import save_photo
from gui import theme
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.translation import set_language
from tests.gui.conftest import FakeInpainter, face_at

SIZE = (8000, 6000)
FILL = Path(__file__).with_name("editor_fill.py")
FACE = (2500.0, 1000.0, 2500.0)
COMMANDS = (
    "part_eyes",
    "part_skin",
    "mask_grow",
    "mask_shrink",
    "mask_feather",
    "mask_invert",
    "undo",
    "redo",
    "mask_clear",
)


class Stalls:
    """The longest that the GUI thread worked between two turns of its loop."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last: float | None = None
        self._timer = QTimer()
        self._timer.setInterval(2)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now = time.thread_time()
        if self._last is not None:
            self.longest = max(self.longest, now - self._last)
        self._last = now

    def of(self, act: Callable[[], object], until: Callable[[], bool], qtbot) -> float:
        """Milliseconds of the longest while something is done and followed by its repaints."""
        qtbot.wait(20)
        self.longest = 0.0
        act()
        qtbot.waitUntil(until, timeout=300_000)
        qtbot.wait(200)
        return round(1000 * self.longest, 1)


@pytest.fixture(scope="module")
def large(astronaut: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two photos with the noise that a camera's have."""
    folder, paths = tmp_path_factory.mktemp("large"), []
    for seed in range(2):
        photo, _ = portrait(astronaut, *SIZE)
        noise = np.random.default_rng(seed).integers(0, 9, (*SIZE[::-1], 1), dtype=np.uint8)
        pixels = cv2.add(photo.pixels, np.repeat(noise, 3, 2))
        paths.append(save_photo(photo.with_pixels(pixels), folder / f"{seed}.jpg"))
    return paths


@pytest.fixture
def window(qtbot, qapp: QApplication, tmp_path: Path, monkeypatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("MIEN_SESSIONS", str(tmp_path / "sessions"))
    set_language("en")
    theme.apply_theme(qapp, "dark")
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    fake = FakeInpainter()
    fake.faces = (face_at(*FACE),)
    shown = MainWindow(Settings(store), lambda: fake)  # type: ignore[arg-type]
    shown.resize(1600, 1000)
    shown.show()
    qtbot.waitExposed(shown)
    yield shown
    for tab in shown.editor.tabs:
        tab.saved_look, tab.saved_mask = tab.edit.look, tab.edit.mask
    shown.close()
    shown.deleteLater()


def test_opening_and_every_command(qtbot, benchmark, window: MainWindow, large: list[Path]) -> None:
    """Opening beside a bare decode (the target is twice), and the longest stall of each command
    (the target is 100 ms)."""
    document, act, stalls = window.document, window.actions_, Stalls()
    bare = fastest(lambda: np.asarray(Image.open(large[0]).convert("RGB")), 2)

    def idle() -> bool:
        return not window.editor.desk.is_busy and not window.canvas.shelf.shown.waiting

    def open_first() -> None:
        window.open(large[0])
        qtbot.waitUntil(lambda: document.is_open, timeout=60_000)

    longest = {"open": stalls.of(lambda: None, lambda: True, qtbot)}
    benchmark.pedantic(open_first, rounds=1)
    opened = benchmark.stats.stats.min
    qtbot.waitUntil(lambda: document.edges is not None, timeout=120_000)
    longest["open"] = round(1000 * stalls.longest, 1)
    second = lambda: len(window.editor.tabs) == 2  # noqa: E731
    longest["open behind"] = stalls.of(lambda: window.files.open(*large), second, qtbot)
    for name in ("tab_next", "tab_back"):
        longest[name] = stalls.of(act[name].trigger, idle, qtbot)
    for name in COMMANDS:
        assert act[name].isEnabled(), name
        longest[name] = stalls.of(act[name].trigger, idle, qtbot)
    act["mask_invert"].trigger()
    longest["fill all"] = stalls.of(act["fill"].trigger, idle, qtbot)
    for name in ("undo", "redo"):
        longest[f"{name} of it"] = stalls.of(act[name].trigger, idle, qtbot)
    benchmark.extra_info.update(
        bare_decode_seconds=round(bare, 2),
        open_ratio=round(opened / bare, 2),
        target_ratio=2,
        longest_stalls_ms=longest,
        target_ms=100,
    )
    assert document.edit.layers


@pytest.mark.parametrize("size", [300, 1500])
def test_a_stroke_at_fit(
    qtbot, benchmark, window: MainWindow, large: list[Path], size: int
) -> None:
    """One move of a brush, repaint included, in the thread's own time (the target is 16 ms)."""
    window.open(large[0])
    qtbot.waitUntil(lambda: window.document.faces is not None, timeout=120_000)
    canvas, left = window.canvas, Qt.MouseButton.LeftButton
    canvas.set_brush(size)
    seconds = []

    def send(kind: QEvent.Type, step: int) -> None:
        turn = np.array([np.cos(step / 12), np.sin(step / 12)])
        at = QPointF(*((0.5 + 0.25 * turn) * (canvas.width(), canvas.height())))
        button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else left
        keys = Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(kind, at, canvas.mapToGlobal(at), button, left, keys)
        QApplication.sendEvent(canvas, event)

    def stroke() -> None:
        send(QEvent.Type.MouseButtonPress, 0)
        for step in range(1, 250):
            began = time.thread_time()
            send(QEvent.Type.MouseMove, step)
            QApplication.sendEvent(window, QEvent(QEvent.Type.UpdateRequest))
            seconds.append(time.thread_time() - began)
        send(QEvent.Type.MouseButtonRelease, 250)

    benchmark.pedantic(stroke, rounds=1)
    assert window.document.has_mask
    benchmark.extra_info.update(
        megapixels=round(np.prod(SIZE) / 1e6, 1),
        median_ms=round(1000 * float(np.median(seconds)), 2),
        p95_ms=round(1000 * float(np.percentile(seconds, 95)), 2),
        target_ms=16,
    )


@pytest.mark.parametrize("masked", [False, True], ids=["bare", "masked"])
@pytest.mark.parametrize("how", ["pan", "zoom"])
def test_moving_about(
    qtbot, benchmark, window: MainWindow, large: list[Path], how: str, masked: bool
) -> None:
    """One step of a drag at 1:1, or one of the wheel between the whole photo and 4:1, repaint
    included, in the thread's own time (the target is 16 ms for 95 of 100)."""
    window.open(large[0])
    qtbot.waitUntil(lambda: window.document.edges is not None, timeout=120_000)
    if masked:
        window.actions_["part_skin"].trigger()
        qtbot.waitUntil(lambda: not window.editor.desk.is_busy, timeout=60_000)
    canvas, seconds = window.canvas, []
    middle = QPointF(canvas.rect().center())
    if how == "pan":
        canvas.zoom_to(1.0)

    def pan(step: int) -> None:
        canvas.move_view(*(18 * np.array([np.cos(step / 40), np.sin(step / 40)])))

    def wheel(step: int) -> None:
        turn = QPoint(0, 120 if step // 25 % 2 == 0 else -120)
        none, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
        place = canvas.mapToGlobal(middle)
        phase = Qt.ScrollPhase.NoScrollPhase
        event = QWheelEvent(middle, place, QPoint(), turn, none, keys, phase, False)
        QApplication.sendEvent(canvas, event)

    def move() -> None:
        for step in range(250):
            began = time.thread_time()
            (pan if how == "pan" else wheel)(step)
            QApplication.sendEvent(window, QEvent(QEvent.Type.UpdateRequest))
            seconds.append(time.thread_time() - began)
            QApplication.processEvents()  # what is brought meanwhile is painted, too

    benchmark.pedantic(move, rounds=1)
    benchmark.extra_info.update(
        median_ms=round(1000 * float(np.median(seconds)), 2),
        p95_ms=round(1000 * float(np.percentile(seconds, 95)), 2),
        worst_ms=round(1000 * max(seconds), 2),
        target_ms=16,
    )


def test_the_first_fill(benchmark, large: list[Path]) -> None:
    """The editor in a process of its own, with its real engine on one thread: memory (the target is
    four times the decoded photo) and the fill's processor time (4 s)."""

    def run() -> dict[str, float]:
        command = [sys.executable, str(FILL), str(large[0])]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    told = benchmark.pedantic(run, rounds=1)
    benchmark.extra_info.update(**told, target_times=4, target_seconds=4)
