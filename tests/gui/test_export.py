"""The dialog that writes a copy for somewhere else."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from engine.photo import open_photo
from engine.photo.export import NONE, Export
from gui.dialogs.export import LOOK, ExportDialog, cut_around
from gui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def dialog(qtbot, settings, tmp_path: Path) -> ExportDialog:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 255, (90, 120, 3), np.uint8)).resize((2400, 1800))
    picture.save(tmp_path / "a.jpg", quality=95)
    photo = open_photo(tmp_path / "a.jpg")
    made = ExportDialog(lambda: photo, photo.size, (600, 500), settings)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: "·" in made.told.text(), timeout=20_000)
    return made


def count(dialog: ExportDialog) -> float:
    """What the file takes, in kilobytes."""
    number, unit = re.search(r"([\d.,]+) ?(kB|MB)", dialog.told.text()).groups()
    return float(number.replace(",", ".")) * (1000 if unit == "MB" else 1)


def measured(qtbot, dialog: ExportDialog) -> float:
    qtbot.waitUntil(lambda: "·" in dialog.told.text(), timeout=20_000)
    return count(dialog)


def test_the_files_size_follows_the_quality(qtbot, dialog: ExportDialog) -> None:
    before = count(dialog)
    assert dialog.told.text().startswith("2400 × 1800")
    dialog.quality.setValue(30)
    assert dialog.told.text() == "Measuring…"
    assert measured(qtbot, dialog) < before / 2


def test_what_is_shown_is_what_would_be_written(qtbot, dialog: ExportDialog) -> None:
    assert dialog.look.pixmap().deviceIndependentSize().toSize() == LOOK
    fine = dialog.look.pixmap().toImage()
    dialog.quality.setValue(2)
    measured(qtbot, dialog)
    assert dialog.look.pixmap().toImage() != fine


def test_smaller_and_without_metadata(qtbot, dialog: ExportDialog, settings) -> None:
    dialog.longest.choose("1080")
    dialog.metadata.choose(NONE)
    measured(qtbot, dialog)
    assert dialog.told.text().startswith("1080 × 810")
    qtbot.mouseClick(dialog.save, LEFT)
    assert dialog.export == Export(".jpg", 92, 1080, NONE)
    assert settings.text("export_longest") == "1080"  # for the next one


def test_what_a_format_cannot_hold_is_said_at_once(qtbot, settings, photo_path: Path) -> None:
    pixels = np.zeros((60, 80, 4), np.uint8)
    Image.fromarray(pixels).save(photo_path.with_name("clear.png"))
    photo = open_photo(photo_path.with_name("clear.png"))
    dialog = ExportDialog(lambda: photo, photo.size, (40, 30), settings)
    qtbot.addWidget(dialog)
    dialog.show()
    measured_text = "This format cannot hold: transparency."
    qtbot.waitUntil(lambda: dialog.lost.text() == measured_text, timeout=20_000)
    dialog.format.choose(".png")
    assert not dialog.quality.isEnabled()
    qtbot.waitUntil(lambda: dialog.lost.text() == "", timeout=20_000)


def test_the_result_is_exported(
    qtbot, opened: MainWindow, hand, monkeypatch, tmp_path: Path
) -> None:
    def choose(dialog: ExportDialog) -> int:
        dialog.format.choose(".png")
        dialog.accept()
        return 1

    monkeypatch.setattr(ExportDialog, "exec", choose)
    proposed = []

    def ask(_parent, _title, start: str, *_rest) -> tuple[str, str]:
        proposed.append(Path(start).name)
        return str(tmp_path / "out"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    hand.stroke((100, 100))
    hand.fill()
    opened.actions_["export"].trigger()
    qtbot.waitUntil(lambda: (tmp_path / "out.png").exists() and not opened.editor.is_busy)
    assert proposed == ["사진-export.png"]
    assert open_photo(tmp_path / "out.png").pixels[100, 100].tolist() == [0, 255, 0]
    assert opened.document.is_changed  # a copy saves nothing of the photo


def test_the_part_that_is_looked_at_lies_inside() -> None:
    picture = np.arange(20 * 30 * 3, dtype=np.uint32).reshape(20, 30, 3).astype(np.uint8)
    assert np.array_equal(cut_around(picture, (0, 0), (8, 6)), picture[:6, :8])
    assert np.array_equal(cut_around(picture, (29, 19), (8, 6)), picture[14:, 22:])
    assert np.array_equal(cut_around(picture, (3, 3), (99, 99)), picture)
