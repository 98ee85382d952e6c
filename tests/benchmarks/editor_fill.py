"""Run by test_large.py: the editor with its real engine fills one face of the photo PATH, and
prints what that took.

Memory is what the open photo and the fill add to the program that has filled a small photo before;
processor time is that of the whole process from Enter to the fill, and of its busiest thread.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from skimage import data

from gui import theme
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.translation import set_language

sys.path.insert(0, str(Path(__file__).parent))
from peak_memory import peak_mib

PATIENCE = 300.0
THREADS = Path("/proc/self/task")


def until(condition: Callable[[], object]) -> None:
    """Let the program run on until something holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        QApplication.processEvents()
        time.sleep(0.002)
        if time.monotonic() > end:
            raise SystemExit("waited too long")


def of_threads() -> dict[str, float]:
    """The processor seconds of each thread by its number; empty where the system tells none."""
    tick = os.sysconf("SC_CLK_TCK")
    seconds = {}
    for task in THREADS.iterdir() if THREADS.exists() else ():
        told = (task / "stat").read_text().rsplit(")", 1)[1].split()
        seconds[task.name] = (int(told[11]) + int(told[12])) / tick
    return seconds


def fill(window: MainWindow, path: Path) -> dict[str, float]:
    """Open a photo, mask its mouth and fill that. Seconds: until the picture is seen, until faces
    are known, and the fill's."""
    document, began = window.document, time.monotonic()
    window.open(path)
    until(lambda: document.path == path)
    seen = time.monotonic() - began
    until(lambda: document.faces is not None and not window.editor.desk.is_busy)
    known = time.monotonic() - began
    until(lambda: len(window.editor.readout.readings.faces) == 1)
    window.actions_["part_mouth"].trigger()
    until(lambda: document.has_mask and not window.editor.desk.is_busy)
    until(lambda: not window.editor.readout._asked and not window.editor.readout._timer.isActive())
    before, processor = of_threads(), time.process_time()
    window.editor.fill()
    until(lambda: document.edit.layers and not window.editor.desk.is_busy)
    spent = time.process_time() - processor
    after = of_threads()
    busiest = max((after[name] - before.get(name, 0.0) for name in after), default=spent)
    told = {"picture": seen, "faces": known, "fill_processor": spent, "fill_thread": busiest}
    return {f"{name}_seconds": round(value, 2) for name, value in told.items()}


def main(path: Path) -> None:
    application = QApplication(sys.argv[:1])
    set_language("en")
    theme.apply_theme(application, "dark")
    with tempfile.TemporaryDirectory() as home:
        os.environ["MIEN_SESSIONS"] = str(Path(home) / "sessions")
        store = QSettings(str(Path(home) / "settings.ini"), QSettings.Format.IniFormat)
        window = MainWindow(Settings(store))
        window.resize(1600, 1000)
        window.show()
        small = Path(home) / "small.png"
        Image.fromarray(data.astronaut()).save(small)
        fill(window, small)
        window.editor.tabs.close(window.document.tab)
        loaded = peak_mib()
        told = fill(window, path)
        decoded = np.prod(window.document.size) * 3 / 2**20
        told |= {"loaded_mib": round(loaded), "peak_mib": round(peak_mib())}
        told["times_the_photo"] = round((peak_mib() - loaded) / decoded, 2)
        print(json.dumps(told), flush=True)
        os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
