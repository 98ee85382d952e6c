"""The small picture of the whole photo: there while a part is seen, and moving what is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtWidgets import QApplication

from engine.photo import photo_from_array
from gui.canvas.navigator import MARGIN, Navigator
from gui.main_window import MainWindow
from tests.gui.gestures import fill, stroke

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def near(opened: MainWindow) -> MainWindow:
    """Zoomed to 4 : 1, the middle of the photo of 400 x 300 in the middle."""
    opened.canvas.zoom_to(4.0)
    opened.canvas.look_at(200, 150)
    return opened


def at(navigator: Navigator, x: float, y: float) -> QPoint:
    """Where a place of the photo lies in it."""
    return navigator._view.to_widget(x, y).toPoint()


def middle(window: MainWindow) -> tuple[float, float]:
    return window.navigator.middle.toTuple()


def test_it_is_there_while_a_part_alone_is_seen(opened: MainWindow) -> None:
    navigator, canvas = opened.navigator, opened.canvas
    assert not navigator.isVisible()
    canvas.zoom_to(4.0)
    assert navigator.isVisible()
    corner = canvas.rect().bottomRight() - navigator.geometry().bottomRight()
    assert corner.toTuple() == (MARGIN, MARGIN)
    assert navigator.width() / navigator.height() == pytest.approx(4 / 3, abs=0.02)
    canvas.zoom_to(0.4)  # smaller than the room
    assert not navigator.isVisible()
    canvas.zoom_to(4.0)
    opened.actions_["fit"].trigger()
    assert not navigator.isVisible()
    canvas.zoom_to(4.0)
    opened.actions_["navigator"].trigger()
    assert not navigator.isVisible()
    opened.actions_["navigator"].trigger()
    assert navigator.isVisible()
    opened.files.close()
    assert not navigator.isVisible()


def test_it_keeps_its_corner_and_shrinks_with_the_canvas(near: MainWindow) -> None:
    navigator, canvas = near.navigator, near.canvas
    wide = navigator.width()
    near.resize(760, 480)
    QApplication.processEvents()
    corner = canvas.rect().bottomRight() - navigator.geometry().bottomRight()
    assert corner.toTuple() == (MARGIN, MARGIN)
    assert navigator.width() < wide
    assert navigator.width() <= 0.35 * canvas.width()


def test_a_click_brings_a_place_to_the_middle(qtbot, near: MainWindow) -> None:
    navigator = near.navigator
    qtbot.mouseClick(navigator, LEFT, pos=at(navigator, 300, 100))
    assert middle(near) == pytest.approx((300, 100), abs=2)
    within = at(navigator, 310, 105)  # of what is seen by now
    assert navigator.seen.containsPoint(QPointF(within), Qt.FillRule.OddEvenFill)
    qtbot.mouseClick(navigator, LEFT, pos=within)
    assert middle(near) == pytest.approx((310, 105), abs=2)
    assert near.canvas.zoom == pytest.approx(4.0)
    assert not near.document.has_mask  # the brush painted nothing


def test_a_drag_takes_what_is_seen_along(qtbot, near: MainWindow) -> None:
    navigator = near.navigator
    start = at(navigator, 210, 160)
    qtbot.mousePress(navigator, LEFT, pos=start)
    qtbot.mouseMove(navigator, start + QPoint(1, 1))
    assert middle(near) == (200, 150)  # a hand trembles
    qtbot.mouseMove(navigator, at(navigator, 250, 140))
    assert middle(near) == pytest.approx((240, 130), abs=3)
    qtbot.mouseMove(navigator, at(navigator, 180, 160))
    qtbot.mouseRelease(navigator, LEFT, pos=at(navigator, 180, 160))
    assert middle(near) == pytest.approx((170, 150), abs=3)
    qtbot.mouseMove(navigator, at(navigator, 300, 100))
    assert middle(near) == pytest.approx((170, 150), abs=3)  # let go


def test_the_arrow_keys_move_and_escape_goes_back(qtbot, near: MainWindow) -> None:
    navigator = near.navigator
    navigator.setFocus(Qt.FocusReason.TabFocusReason)
    width, height = near.canvas.room.toTuple()
    qtbot.keyClick(navigator, Qt.Key.Key_Right)
    assert middle(near) == pytest.approx((200 + width / 8 / 4, 150))
    qtbot.keyClick(navigator, Qt.Key.Key_Up)
    assert middle(near) == pytest.approx((200 + width / 8 / 4, 150 - height / 8 / 4))
    qtbot.keyClick(navigator, Qt.Key.Key_Escape)
    assert near.canvas.hasFocus()


def test_what_is_seen_is_outlined_turned_as_the_view_is(near: MainWindow) -> None:
    navigator, canvas = near.navigator, near.canvas
    box = navigator.seen.boundingRect()
    share = navigator.width() / 400
    assert box.width() == pytest.approx(canvas.width() / 4 * share, abs=1)
    assert box.height() == pytest.approx(canvas.height() / 4 * share, abs=1)
    canvas.turn_to(90)
    turned = navigator.seen.boundingRect()
    assert turned.width() == pytest.approx(box.height(), abs=1)
    assert turned.center().toTuple() == pytest.approx(box.center().toTuple(), abs=1)


def test_it_shows_the_photo_and_what_is_filled_of_it(qtbot, near: MainWindow) -> None:
    navigator, canvas = near.navigator, near.canvas

    def colour() -> list[int]:
        image = navigator.grab().toImage()
        return list(image.pixelColor(at(navigator, 200, 150)).getRgb()[:3])

    assert colour() == pytest.approx([200, 150, (200 + 150) % 256], abs=6)
    canvas.set_brush(60, 1.0)
    stroke(qtbot, near, (200, 150))
    fill(qtbot, near)
    qtbot.waitUntil(lambda: colour() == pytest.approx([0, 255, 0], abs=6))


def test_it_is_another_one_in_another_tab_and_language(
    qtbot, near: MainWindow, another_path: Path
) -> None:
    navigator = near.navigator
    near.open(another_path)
    qtbot.waitUntil(lambda: near.document.path == another_path)
    assert not navigator.isVisible()  # shown whole
    near.canvas.zoom_to(5.0)
    assert navigator.width() / navigator.height() == pytest.approx(340 / 260, abs=0.02)
    image = navigator.grab().toImage()
    assert image.pixelColor(at(navigator, 170, 130)).getRgb()[:3] == (200, 90, 40)
    near.speak("ko")
    QApplication.processEvents()
    assert navigator.isVisible()
    assert navigator.accessibleName() == "내비게이터"


def test_of_a_large_photo_a_coarse_level_alone_is_read(
    qtbot, window: MainWindow, monkeypatch
) -> None:
    pixels = np.full((2000, 3000, 3), 120, np.uint8)
    window.editor.opening.open_pasted(photo_from_array(pixels))
    qtbot.waitUntil(lambda: window.document.faces is not None, timeout=60_000)
    window.canvas.zoom_to(1.0)
    navigator, levels = window.navigator, window.canvas.shelf.shown
    assert levels is not None
    fine = [level.shape[0] * level.shape[1] > 2**18 for level in levels.current.levels]
    assert fine[:3] == [True] * 3
    blackened = [
        np.zeros(level.shape, np.uint8) if is_fine else level
        for level, is_fine in zip(levels.current.levels, fine, strict=True)
    ]
    with monkeypatch.context() as patch:
        patch.setattr(levels.current, "levels", blackened)
        drawn = navigator._drawn().toImage()
    assert drawn.pixelColor(9, 9).getRgb()[:3] == (120, 120, 120)
    assert QRectF(navigator.rect()).contains(navigator.seen.boundingRect())
