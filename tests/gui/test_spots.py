"""A blemish goes by a click; copies, the clipboard, and the photo alone."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from engine.photo import open_photo, photo_from_array
from gui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton
SPOT = (120, 90)


@pytest.fixture
def spotted(qtbot, window: MainWindow) -> MainWindow:
    """A photo of skin with two blemishes; the spot tool in hand."""
    pixels = np.full((300, 400, 3), (214, 170, 146), np.uint8)
    for x, y in (SPOT, (260, 200)):
        pixels[y - 3 : y + 4, x - 3 : x + 4] = (140, 60, 60)
    window.editor.opening.open_pasted(photo_from_array(pixels))
    qtbot.waitUntil(lambda: window.document.faces is not None)
    window.actions_["tool_spot"].setChecked(True)
    window.canvas.set_brush(40)
    return window


def test_a_click_fills_the_blemish_and_no_more(qtbot, spotted: MainWindow, fake, hand) -> None:
    before = spotted.document.pixels.copy()
    hand.press(*SPOT)
    assert spotted.canvas.spot._outline  # what will be filled is shown while it is pressed
    assert not fake.requests
    hand.release(*SPOT)
    qtbot.waitUntil(lambda: len(spotted.document.edit.layers) == 1)
    hole = fake.requests[-1].mask.pixels > 0
    assert hole[87:94, 117:124].all()
    assert hole.sum() < 300  # of a circle of 1257 pixels
    after = spotted.document.pixels
    assert after[90, 120].tolist() == [0, 255, 0]
    assert np.array_equal(after[~hole], before[~hole])
    assert not spotted.document.has_mask
    spotted.actions_["undo"].trigger()
    assert np.array_equal(spotted.document.pixels, before)


def test_the_next_may_be_clicked_while_one_is_filled(
    qtbot, spotted: MainWindow, fake, hand
) -> None:
    fake.gate = threading.Event()
    hand.click(*SPOT)
    qtbot.waitUntil(lambda: len(fake.requests) == 1)
    hand.click(260, 200)
    assert spotted.canvas.spot._waiting
    assert spotted.status._message.text() == "It is filled after the one before."
    fake.gate.set()
    qtbot.waitUntil(lambda: len(fake.requests) == 2)
    qtbot.waitUntil(lambda: not spotted.editor.is_busy)
    assert not spotted.canvas.spot._waiting
    for x, y in (SPOT, (260, 200)):
        assert spotted.document.pixels[y, x].tolist() == [0, 255, 0]


@pytest.mark.parametrize("how", ["escape", "away"])
def test_a_press_can_be_taken_back(qtbot, spotted: MainWindow, fake, hand, how: str) -> None:
    hand.press(*SPOT)
    if how == "escape":
        hand.key(Qt.Key.Key_Escape)
        hand.release(*SPOT)
    else:
        hand.release(300, 250)
    assert not spotted.editor.is_busy
    assert not fake.requests


def test_beside_the_photo_nothing_happens(spotted: MainWindow, fake, hand) -> None:
    hand.click(-20, 100)
    assert not spotted.editor.is_busy
    assert not fake.requests


def test_what_is_painted_stays_for_later(qtbot, spotted: MainWindow, fake, hand) -> None:
    spotted.actions_["tool_brush"].setChecked(True)
    hand.stroke((300, 60), (330, 60))
    painted = spotted.document.mask.copy()
    spotted.actions_["tool_spot"].setChecked(True)
    hand.click(*SPOT)
    qtbot.waitUntil(lambda: len(spotted.document.edit.layers) == 1)
    assert np.array_equal(spotted.document.mask, painted)


# Copies.


def test_the_result_goes_to_the_clipboard(qtbot, opened: MainWindow, hand) -> None:
    hand.stroke((100, 100))
    hand.fill()
    hand.key(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: opened.status._message.text() == "Copied, 400 × 300.")
    image = QApplication.clipboard().image()
    assert image.size().toTuple() == (400, 300)
    assert image.pixelColor(100, 100).getRgb()[:3] == (0, 255, 0)
    assert image.pixelColor(10, 20).getRgb()[:3] == (10, 20, 30)


def test_a_copy_leaves_the_photo_as_it_is(
    qtbot, opened: MainWindow, hand, monkeypatch, tmp_path: Path
) -> None:
    proposed = []

    def ask(_parent, _title, start: str, *_rest) -> tuple[str, str]:
        proposed.append(Path(start).name)
        return str(tmp_path / "copy.png"), "PNG (*.png)"

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    hand.stroke((100, 100))
    hand.fill()
    path = opened.document.path
    opened.actions_["save_copy"].trigger()
    qtbot.waitUntil(lambda: (tmp_path / "copy.png").exists() and not opened.editor.is_busy)
    assert proposed == ["사진-copy.png"]
    assert open_photo(tmp_path / "copy.png").pixels[100, 100].tolist() == [0, 255, 0]
    assert opened.document.path == path
    assert opened.document.is_changed


# The photo alone.


def test_tab_hides_the_panels_while_the_photo_has_the_keyboard(
    qtbot, opened: MainWindow, hand
) -> None:
    hand.stroke((100, 100))
    hand.fill()
    panels = opened.rail, opened.inspector, opened.strip
    wide = opened.canvas.width()
    hand.key(Qt.Key.Key_Tab)
    assert not any(panel.isVisible() for panel in panels)
    qtbot.waitUntil(lambda: opened.canvas.width() > wide)
    hand.key(Qt.Key.Key_Tab)
    assert all(panel.isVisible() for panel in panels)
    # Elsewhere it goes on to the next control.
    opened.inspector.brush_size.setFocus()
    qtbot.keyClick(opened.inspector.brush_size, Qt.Key.Key_Tab)
    assert opened.rail.isVisible()
    assert not opened.inspector.brush_size.hasFocus()


def test_hidden_panels_stay_so_in_another_language(opened: MainWindow, hand) -> None:
    hand.key(Qt.Key.Key_Tab)
    opened.speak("ko")
    assert not opened.rail.isVisible()
    opened.speak("en")
    opened.actions_["panels"].setChecked(False)
    assert opened.rail.isVisible()


def test_the_button_stands_out_where_it_has_something_to_do(opened: MainWindow, hand) -> None:
    fill = opened.header.fill
    assert fill.property("idle")
    hand.stroke((100, 100))
    assert not fill.property("idle")
    hand.fill()
    assert fill.property("idle")
    opened.modules.ask("happiness")
    assert not fill.property("idle")
