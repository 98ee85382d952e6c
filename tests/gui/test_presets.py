"""Settings of the export dialog under a name, and what was chosen last."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog

from engine.photo import open_photo, photo_from_array
from engine.photo.export import ALL, COPYRIGHT, NONE, Export, may_flatten, write_export
from gui.dialogs.export import DEFAULTS, ExportDialog
from gui.panels.presets import fitting, values_of

LEFT = Qt.MouseButton.LeftButton
OPEN = Callable[..., ExportDialog]


@pytest.fixture
def opened_dialog(qtbot, settings) -> OPEN:
    """Opens the dialog on a photo of 1200 x 900, as it is at the next export."""

    def open_(dtype: type = np.uint8) -> ExportDialog:
        pixels = np.full((900, 1200, 3), np.iinfo(dtype).max // 3, dtype)
        photo = photo_from_array(pixels)
        dialog = ExportDialog(
            lambda: photo, photo.size, (600, 450), settings, is_deep=may_flatten(photo)
        )
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return open_


def choose(dialog: ExportDialog, name: str, qtbot) -> None:
    """Go to a preset with the arrow keys."""
    chooser = dialog.presets.choice
    chooser.setFocus()
    away = chooser.findData(name) - chooser.currentIndex()
    for _ in range(abs(away)):
        qtbot.keyClick(chooser, Qt.Key.Key_Down if away > 0 else Qt.Key.Key_Up)


def type_name(monkeypatch, *names: str) -> list[str]:
    """Type these when a name is asked for; the questions."""
    asked, answers = [], list(names)

    def ask(_parent, _title: str, label: str, *_rest) -> tuple[str, bool]:
        asked.append(label)
        return answers.pop(0), True

    monkeypatch.setattr(QInputDialog, "getText", ask)
    return asked


def test_a_preset_is_kept_chosen_and_forgotten(qtbot, opened_dialog: OPEN, monkeypatch) -> None:
    dialog = opened_dialog()
    assert dialog.presets.choice.value == "Whole, as JPEG"
    assert not dialog.presets.forget.isEnabled()
    dialog.format.choose(".webp")
    dialog.quality.setValue(71)
    dialog.longest.choose("1080")
    dialog.metadata.choose(COPYRIGHT)
    assert dialog.presets.choice.value == ""  # none is what is chosen now
    type_name(monkeypatch, " 증명 사진 ")
    qtbot.mouseClick(dialog.presets.keep, LEFT)
    assert dialog.presets.choice.value == "증명 사진"
    choose(dialog, "Whole, as JPEG", qtbot)
    assert dialog.export == Export(".jpg", 92, None, ALL)

    later = opened_dialog()
    choose(later, "증명 사진", qtbot)
    assert later.export == Export(".webp", 71, 1080, COPYRIGHT)
    assert later.presets.choice.value == "증명 사진"
    qtbot.mouseClick(later.presets.forget, LEFT)
    assert later.presets.choice.value == ""
    assert opened_dialog().presets.choice.findData("증명 사진") < 0


def test_what_is_always_there_keeps_its_name(qtbot, opened_dialog: OPEN, monkeypatch) -> None:
    dialog = opened_dialog()
    dialog.quality.setValue(60)
    asked = type_name(monkeypatch, "To send", "Smaller")
    qtbot.mouseClick(dialog.presets.keep, LEFT)
    assert asked == ["Name", "'To send' is always there. Another name"]
    assert dialog.presets.choice.value == "Smaller"
    choose(dialog, "To send", qtbot)
    assert dialog.export == Export(".jpg", 80, 1600, NONE)


def test_the_last_settings_are_there_again_for_a_smaller_photo_too(
    qtbot, opened_dialog: OPEN
) -> None:
    dialog = opened_dialog()
    choose(dialog, "For the web", qtbot)
    qtbot.mouseClick(dialog.save, LEFT)
    again = opened_dialog()
    assert again.presets.choice.value == "For the web"
    assert again.export == Export(".jpg", 82, 2048, COPYRIGHT)
    qtbot.waitUntil(lambda: again.told.text().startswith("1200 × 900  ·"), timeout=20_000)
    choose(again, "To send", qtbot)
    again.reject()
    assert opened_dialog().presets.choice.value == "For the web"  # what is given up is no choice


def test_sixteen_bits_become_eight_where_it_is_asked_for(
    qtbot, opened_dialog: OPEN, tmp_path: Path
) -> None:
    dialog = opened_dialog(np.uint16)
    assert not dialog.bit_depth.isVisible()  # a JPEG has no more
    dialog.format.choose(".png")
    assert dialog.bit_depth.isVisible()
    assert dialog.export.depth is None
    dialog.bit_depth.choose("8")
    assert dialog.export == Export(".png", None, depth=8)
    made = write_export(dialog._photo(), tmp_path / "a.png", dialog.export)
    assert open_photo(made).pixels.dtype == np.uint8
    plain = opened_dialog()
    plain.format.choose(".png")
    assert not plain.bit_depth.isVisible()


@pytest.mark.parametrize(
    "stored",
    [
        "{",
        "[" * 100_000,
        "[1, 2]",
        '{"Mine": 7}',
        '{"Mine": {"quality": "much", "format": 3, "longest": null}}',
        '{"Mine": {"quality": true, "depth": "24", "unknown": [1]}}',
        '{"Mine": {"quality": NaN, "metadata": "everything"}}',
        '{"To send": {"quality": 5}}',
    ],
)
def test_damaged_presets_do_no_harm(qtbot, opened_dialog: OPEN, settings, stored: str) -> None:
    settings.keep("export_presets", stored)
    dialog = opened_dialog()
    for name in ("Mine", "To send"):
        if dialog.presets.choice.findData(name) >= 0:
            choose(dialog, name, qtbot)
    assert dialog.export == Export(".jpg", 80, 1600, NONE)


@pytest.mark.parametrize("number", ["nan", "inf", "-3", "10000000000000000000000", "fine", ""])
def test_damaged_last_settings_do_no_harm(opened_dialog: OPEN, settings, number: str) -> None:
    for name in DEFAULTS:
        settings.keep(f"export_{name}", "?")
    settings.keep("export_quality", number)
    quality = {"-3": 1, "10000000000000000000000": 100}.get(number, 92)
    assert opened_dialog().export == Export(".jpg", quality, None, ALL)


def test_values_are_read_by_their_kinds() -> None:
    defaults = {"a": 1, "b": "x", "c": False}
    assert fitting({"a": True, "b": 3, "c": True, "d": 1}, defaults) == {
        "a": 1,
        "b": "x",
        "c": True,
    }
    assert json.loads('{"a": 1}') == values_of('{"a": 1}')
