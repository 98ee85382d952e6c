"""Variants are chosen by looking: what is pointed at is seen in the photo, a click keeps it."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from engine.edit.compositor import Composite
from engine.edit.tiles import TiledMask
from engine.inpaint import FillResult
from engine.photo import photo_from_array
from gui.main_window import MainWindow
from gui.results import THUMBNAIL, thumbnail

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def point(qapp):
    """Moves the pointer as a window system does: widgets are entered and left."""

    def moved(widget: QWidget) -> None:
        window = widget.window()
        at = widget.mapTo(window, widget.rect().center())
        QTest.mouseMove(window.windowHandle(), at)
        qapp.processEvents()

    return moved


@pytest.fixture
def varied(qtbot, faced: MainWindow, hand) -> MainWindow:
    """A mouth filled, and two further variants of it; the last is chosen."""
    hand.hide_mouth()
    hand.fill()
    for count in (2, 3):
        hand.key(Qt.Key.Key_G)
        qtbot.waitUntil(lambda n=count: len(faced.strip.buttons) == n)
    hand.settle()
    return faced


def seen(window: MainWindow, x: float = 140, y: float = 188) -> tuple[int, int, int]:
    """The colour on the screen at a place of the photo."""
    at = window.canvas.view.to_widget(x, y).toPoint()
    return window.canvas.grab().toImage().pixelColor(at).getRgb()[:3]


def test_nothing_lies_over_a_variant(varied: MainWindow) -> None:
    varied.actions_["mesh"].setChecked(False)
    assert varied.editor.refill() is None
    assert varied.header.fill.text() == "Fill  ↵"
    assert varied.canvas._preview == []
    assert seen(varied) == (2, 255, 0)


def test_other_settings_are_still_offered_over_a_variant(varied: MainWindow) -> None:
    varied.actions_["ask_happiness"].setChecked(True)
    again = varied.editor.refill()
    assert again is not None
    assert (again.emotion, again.variant) == ("happiness", 0)


def test_what_is_pointed_at_is_seen_in_the_photo(varied: MainWindow, point) -> None:
    changes = varied.document.history.version
    for number in (0, 1):
        point(varied.strip.buttons[number])
        assert seen(varied) == (number, 255, 0)
    point(varied.canvas)
    varied.canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    varied.actions_["mesh"].setChecked(False)
    assert seen(varied) == (2, 255, 0)
    assert varied.document.history.version == changes  # looking is no step


def test_a_click_keeps_what_is_pointed_at(qtbot, varied: MainWindow, point) -> None:
    point(varied.strip.buttons[1])
    qtbot.mouseClick(varied.strip.buttons[1], LEFT)
    point(varied.header.fill)
    varied.actions_["mesh"].setChecked(False)
    assert seen(varied) == (1, 255, 0)
    assert varied.document.pixels[188, 140].tolist() == [1, 255, 0]


def test_the_arrow_keys_choose(qtbot, varied: MainWindow) -> None:
    varied.actions_["mesh"].setChecked(False)
    varied.strip.buttons[2].setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(varied.strip.buttons[2], Qt.Key.Key_Left)
    assert varied.strip.buttons[1].hasFocus()
    assert seen(varied) == (1, 255, 0)


def test_what_is_pointed_at_goes_with_its_photo(
    qtbot, varied: MainWindow, another_path, point
) -> None:
    point(varied.strip.buttons[0])
    varied.open(another_path)
    qtbot.waitUntil(lambda: varied.document.path == another_path)
    assert seen(varied, 300, 20) == (200, 90, 40)
    varied.editor.tabs.step(True)
    point(varied.canvas)
    varied.canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    varied.actions_["mesh"].setChecked(False)
    assert seen(varied) == (2, 255, 0)


def test_a_stroke_begun_elsewhere_does_not_hide_what_is_pointed_at(
    varied: MainWindow, hand, point
) -> None:
    """A new mask beside the hole: the variants of the one before can still be looked at."""
    hand.stroke((300, 150), (320, 150))
    point(varied.strip.buttons[0])
    assert seen(varied) == (0, 255, 0)
    assert varied.document.has_mask


def test_a_thumbnail_shows_the_largest_part_and_what_belongs_to_it() -> None:
    pixels = np.zeros((600, 1000, 3), np.uint8)
    pixels[100:140, 100:180] = pixels[100:140, 220:300] = (255, 0, 0)  # two eyes
    pixels[560:600, 900:1000] = (0, 255, 0)  # a stroke far away
    mask = np.zeros((600, 1000), np.uint8)
    mask[pixels[..., 0] > 0] = mask[560:600, 990:1000] = 255
    below = Composite(photo_from_array(pixels))
    tiled = TiledMask((1000, 600)).with_part((0, 0), mask)
    image = thumbnail(below, tiled, FillResult((), (), "fake", "cpu", 0.1))
    assert abs(image.width() / image.height() - THUMBNAIL[0] / THUMBNAIL[1]) < 0.02
    spots = [QPoint(x, image.height() // 2) for x in range(image.width())]
    red = [image.pixelColor(spot).red() > 200 for spot in spots]
    # Both eyes, in most of the width: 160 of 250 pixels.
    assert sum(red) > 0.55 * len(red)
    assert not any(image.pixelColor(spot).green() > 200 for spot in spots)


@pytest.mark.parametrize("size", [(30, 40), (400, 30)])
def test_a_thumbnail_of_a_small_photo_is_all_of_it(size: tuple[int, int]) -> None:
    below = Composite(photo_from_array(np.zeros((size[1], size[0], 3), np.uint8)))
    mask = TiledMask(size).with_part((2, 2), np.full((9, 9), 255, np.uint8))
    image = thumbnail(below, mask, FillResult((), (), "fake", "cpu", 0.1))
    assert 0 < image.width() <= size[0]
    assert 0 < image.height() <= size[1]
