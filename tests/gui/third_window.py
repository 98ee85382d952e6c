"""The editor with the third module of tests/engine/third_module.py; prints what is seen of it.

Run by test_third_module.py in a process of its own: modules are read when the program is loaded.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))

import third_module  # noqa: F401 - registers the module before the editor is loaded
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.inpaint import FillOptions
from engine.readings import FaceReading
from gui import asked
from gui.main_window import MainWindow
from gui.readout import Readings
from gui.settings import Settings


def choose(chooser, value: str) -> None:
    """As a person does."""
    chooser.setCurrentIndex(chooser.findData(value))
    chooser.activated.emit(chooser.currentIndex())


def seen(folder: Path) -> dict:
    application = QApplication([])
    store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    window = MainWindow(Settings(store))
    window.show()
    panel, readout = window.inspector.modules, window.inspector.expression
    chooser, slider, check = panel.choosers["age"], panel.sliders["years"], panel.checks["age"]
    ages, strengths = [window.editor.options.age], [slider.isEnabled()]
    choose(chooser, "old")
    ages.append(window.editor.options.age)
    strengths.append(slider.isEnabled())
    QTest.keyClick(slider, Qt.Key.Key_PageUp)
    years = window.editor.options.years
    label = asked.rest(window.editor.options)
    QTest.mouseClick(check, Qt.MouseButton.LeftButton, pos=QPoint(10, check.height() // 2))
    ages.append(window.editor.options.age)
    strengths.append(slider.isEnabled())
    readout.show_readings(Readings((FaceReading(0, figures={"age": 0.42}),), filled=True), 0, 1)
    window.batches.show()
    batch = window.batches.dialog.options
    batch.wished["age"].choose("young")
    batch.output.line.setText(str(folder / "out"))
    job = batch.job((folder / "photo.jpg",))
    result = {
        "checks": [box.text() for box in panel.checks.values()],
        "choices": [chooser.itemText(n) for n in range(chooser.count())],
        "ages": ages,
        "strengths": strengths,
        "years": years,
        "label": label,
        "unasked": asked.rest(FillOptions()),
        "rows": [*readout.facts],
        "read": readout.facts["age"].text(),
        "menu": window.actions_["age"].text(),
        "batch": job.options.age,
    }
    window.batches.dialog.close()
    window.close()
    application.quit()
    return result


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(seen(Path(folder))))
