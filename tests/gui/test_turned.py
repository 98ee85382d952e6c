"""A turned JPEG whose blocks cannot stand upright: left on its side, or encoded anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog

from engine.photo import open_photo
from engine.photo.export import Export
from gui.dialogs.export import ExportDialog
from gui.dialogs.messages import Question
from gui.dialogs.turned import LYING, SETTING, UPRIGHT
from gui.main_window import MainWindow
from gui.panels.batch_options import BatchOptions


@pytest.fixture
def crooked(tmp_path: Path) -> Path:
    """A photo that is turned, of no whole number of blocks."""
    exif = Image.Exif()
    exif[274] = 6
    y, x = np.mgrid[:250, :330]
    pixels = np.stack([x // 3 + 60, y // 3 + 60, (x + y) // 4 + 40], -1).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif, quality=90)
    return tmp_path / "turned.jpg"


@pytest.fixture
def filled(qtbot, window: MainWindow, crooked: Path, hand) -> MainWindow:
    window.open(crooked)
    qtbot.waitUntil(lambda: window.document.faces is not None)
    hand.stroke((125, 160))
    hand.fill()
    return window


def save(qtbot, window: MainWindow, monkeypatch, target: Path) -> None:
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(target), "JPEG (*.jpg *.jpeg)")
    )
    window.actions_["save_as"].trigger()
    qtbot.waitUntil(lambda: not window.editor.is_busy)


def tag_of(path: Path) -> int:
    with Image.open(path) as image:
        return image.getexif().get(274, 1)


@pytest.mark.parametrize("answer", [LYING, UPRIGHT])
def test_how_it_lies_is_asked_once_and_remembered(
    qtbot, filled: MainWindow, crooked: Path, settings, monkeypatch, answer: str
) -> None:
    asked = []

    def click(question: Question) -> int:
        asked.append(sorted(question.buttons))
        question.buttons[answer].click()
        return 1

    monkeypatch.setattr(Question, "exec", click)
    for name in ("one.jpg", "two.jpg"):
        target = crooked.with_name(name)
        save(qtbot, filled, monkeypatch, target)
        assert tag_of(target) == (6 if answer == LYING else 1)
        before, after = open_photo(crooked).pixels, open_photo(target).pixels
        far = np.s_[:120, :]
        assert np.array_equal(after[far], before[far]) is (answer == LYING)
        assert after[160, 125, 1] > 200
    assert asked == [["cancel", LYING, UPRIGHT]]
    assert settings.text(SETTING) == answer
    save(qtbot, filled, monkeypatch, crooked.with_name("three.png"))  # no JPEG, no question


def test_who_gives_up_saves_nothing_and_is_asked_again(
    qtbot, filled: MainWindow, crooked: Path, settings, monkeypatch
) -> None:
    monkeypatch.setattr(Question, "exec", lambda question: question.buttons["cancel"].click())
    save(qtbot, filled, monkeypatch, crooked.with_name("one.jpg"))
    assert not crooked.with_name("one.jpg").exists()
    assert settings.text(SETTING) == ""
    assert filled.document.is_changed


def test_the_export_has_it_as_a_switch(qtbot, crooked: Path, settings) -> None:
    photo = open_photo(crooked)

    def dialog(may_lie: bool) -> ExportDialog:
        made = ExportDialog(lambda: photo, photo.size, (60, 60), settings, may_lie=may_lie)
        qtbot.addWidget(made)
        made.show()
        qtbot.waitUntil(lambda: "·" in made.told.text(), timeout=20_000)
        return made

    assert not dialog(may_lie=False).lying.isVisible()
    chosen = dialog(may_lie=True)
    assert chosen.lying.isVisible()
    assert not chosen.lying.isChecked()
    assert chosen.presets.choice.value == "Whole, as JPEG"
    chosen.lying.setChecked(True)
    assert chosen.presets.choice.value == ""  # its size and quality are its own
    assert not chosen.presets.keep.isEnabled()
    assert not chosen.quality.isEnabled()
    assert chosen.export == Export(".jpg", None, None, lying=True)
    qtbot.waitUntil(lambda: "·" in chosen.told.text(), timeout=20_000)
    assert chosen.told.text().startswith("250 × 330")
    chosen.format.choose(".png")
    assert not chosen.lying.isVisible()
    assert not chosen.export.lying
    chosen.format.choose(".jpg")
    chosen.accept()
    assert settings.text(SETTING) == LYING
    again = dialog(may_lie=True)
    assert again.lying.isChecked()
    again.presets.choice.setFocus()
    for _ in range(3):
        qtbot.keyClick(again.presets.choice, Qt.Key.Key_Down)  # for the web: smaller
    assert again.export == Export(".jpg", 82, 2048, "copyright")
    again.accept()
    assert settings.text(SETTING) == LYING  # of that one photo alone
    last = dialog(may_lie=True)
    qtbot.mouseClick(last.lying, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    last.accept()
    assert settings.text(SETTING) == UPRIGHT


def test_a_batch_leaves_them_on_their_sides_where_it_is_asked_to(
    qtbot, window: MainWindow, settings, tmp_path: Path
) -> None:
    window.actions_["batch"].trigger()
    first = window.batches.dialog.options
    first.output.line.setText(str(tmp_path / "out"))
    assert not first.job((tmp_path,)).lying
    qtbot.mouseClick(first.lying, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert first.job((tmp_path,)).lying
    first.remember()
    again = BatchOptions(settings)
    qtbot.addWidget(again)
    assert again.job((tmp_path,)).lying
    again.format.choose(".png")  # in which nothing lies on its side
    assert again.lying.isHidden()
    assert not again.job((tmp_path,)).lying
