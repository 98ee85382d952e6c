"""A person at an editor that will be killed: `sitting.py PHOTO FOLDER WHEN`.

Everything is the program's own but the inpainter, which fills green. What must survive is written
to FOLDER before `ready` is printed; from then on the process may be killed at any moment.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from engine.mask import Stroke
from gui.main_window import MainWindow
from gui.settings import Settings
from tests.gui.conftest import FakeInpainter

PATIENCE = 60.0


class Sitting:
    def __init__(self, photo: Path, folder: Path) -> None:
        self.application = QApplication(sys.argv[:1])
        self.folder, self.fake = folder, FakeInpainter()
        store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
        self.window = MainWindow(Settings(store), lambda: self.fake)
        self.window.show()
        self.document = self.window.document
        self.kept = 0
        self.window.editor.keeper.kept.connect(self._on_kept)
        self.window.open(photo)
        self.until(lambda: self.document.is_open and self.document.faces is not None)

    def _on_kept(self, _path: Path) -> None:
        self.kept += 1

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.application.processEvents()
            time.sleep(0.005)
            if time.monotonic() > deadline:
                raise SystemExit("waited too long")

    def stroke(self, x: float, y: float, *, ends: bool = True) -> None:
        self.document.begin_stroke()
        self.document.paint((x, y), (x + 40, y + 10), Stroke(np.empty((0, 2)), 15))
        if ends:
            self.document.end_stroke("Brush")

    def fill(self) -> None:
        self.window.editor.fill()
        self.until(lambda: not self.window.editor.is_busy)

    def until_kept(self) -> float:
        """Until what is shown now is on disk; the seconds that took."""
        edit, began, before = self.document.now, time.monotonic(), self.kept
        self.until(lambda: self.kept > before)
        np.save(self.folder / "pixels.npy", self.document.picture.of(edit).photo().pixels)
        np.save(self.folder / "mask.npy", edit.mask.to_mask().pixels)
        return time.monotonic() - began

    def ready(self) -> None:
        print("ready", flush=True)
        self.until(lambda: False)


def main() -> None:
    photo, folder, when = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    sitting = Sitting(photo, folder)
    sitting.stroke(60, 60)
    sitting.fill()
    seconds = sitting.until_kept()
    (folder / "seconds.txt").write_text(f"{seconds}")
    if when == "stroke":
        sitting.stroke(200, 100, ends=False)
        sitting.until_kept()
    elif when == "fill":
        sitting.stroke(200, 100)
        sitting.until_kept()
        sitting.fake.gate.clear()
        sitting.window.editor.fill()
        sitting.until(lambda: len(sitting.fake.requests) == 2)
    elif when == "save":
        saving, kept = threading.Event(), os.fsync

        def never(file: int) -> None:
            saving.set()
            threading.Event().wait()
            kept(file)

        os.fsync = never
        sitting.window.editor.saving.save(folder / "saved.png", overwrite=False)
        sitting.until(saving.is_set)
    elif when == "autosave":
        writing = threading.Event()

        def never(file: int) -> None:
            writing.set()
            threading.Event().wait()

        os.fsync = never
        sitting.window.editor.more()
        sitting.until(writing.is_set)
    sitting.ready()


if __name__ == "__main__":
    main()
