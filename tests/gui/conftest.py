"""A window on a photo, with an inpainter that answers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from engine.errors import Cancelled, MienError
from engine.face.finder import Face
from engine.inpaint import FillRequest, FillResult, Patch, Progress
from engine.photo import photo_from_array, save_photo
from gui import theme
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.translation import set_language


class FakeInpainter:
    """Fills green. `gate` holds a fill until it is set; `error` makes it fail."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Event()
        self.error: str | None = None
        self.requests: list[FillRequest] = []
        self.faces: tuple[Face, ...] = ()

    def find_faces(self, photo, cancel=None) -> tuple[Face, ...]:
        return self.faces

    def preview(self, request: FillRequest) -> tuple[Patch, ...]:
        return ()

    def fill(
        self,
        request: FillRequest,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> FillResult:
        self.requests.append(request)
        if progress is not None:
            progress(Progress("generate", 0.5))
        self.started.set()
        while not self.gate.wait(0.01):
            if cancel is not None and cancel.is_set():
                raise Cancelled
        if self.error is not None:
            raise MienError(self.error)
        box = request.mask.bounds
        assert box is not None
        x, y, width, height = box
        pixels = np.zeros((height, width, 3), request.photo.pixels.dtype)
        pixels[..., 1] = np.iinfo(pixels.dtype).max
        alpha = request.mask.pixels[y : y + height, x : x + width].copy()
        patch = Patch(box, pixels, alpha, "face", 0.1)
        return FillResult((patch,), self.faces, "fake", "cpu", 0.1)


@pytest.fixture
def fake() -> FakeInpainter:
    return FakeInpainter()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def window(qtbot, qapp: QApplication, fake: FakeInpainter, settings) -> Iterator[MainWindow]:
    set_language("en")
    theme.apply_theme(qapp, "dark")
    shown = MainWindow(settings, lambda: fake)
    shown.resize(1100, 760)
    shown.show()
    qtbot.waitExposed(shown)
    yield shown
    fake.gate.set()
    shown.document.history.mark_saved()
    shown.close()
    shown.deleteLater()


@pytest.fixture
def photo_path(tmp_path: Path) -> Path:
    y, x = np.mgrid[:300, :400]
    pixels = np.stack([x % 256, y % 256, (x + y) % 256], -1).astype(np.uint8)
    return save_photo(photo_from_array(pixels), tmp_path / "사진.png")


@pytest.fixture
def opened(qtbot, window: MainWindow, photo_path: Path) -> MainWindow:
    """The window with the photo open and the search for faces over."""
    window.open(photo_path)
    qtbot.waitUntil(lambda: window.document.faces is not None)
    return window
