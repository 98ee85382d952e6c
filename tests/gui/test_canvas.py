"""The canvas under a hand: zoom, pan, tools, before and after."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent

from gui.main_window import MainWindow
from tests.gui.gestures import at, fill, stroke


def test_the_wheel_zooms_at_the_pointer(qtbot, opened: MainWindow) -> None:
    canvas = opened.canvas
    spot = QPointF(at(opened, 300, 150))
    before = canvas.view.to_photo(spot)
    zoom = canvas.zoom
    for _ in range(4):
        wheel = QWheelEvent(
            spot,
            canvas.mapToGlobal(spot),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        canvas.wheelEvent(wheel)
    assert canvas.zoom > 1.8 * zoom
    assert canvas.view.to_photo(spot) == pytest.approx(before, abs=2)
    qtbot.keyClick(canvas, Qt.Key.Key_1)
    assert canvas.zoom == pytest.approx(1)
    qtbot.keyClick(canvas, Qt.Key.Key_0)
    assert canvas.zoom == pytest.approx(zoom)


def test_space_and_middle_button_move_the_view(qtbot, opened: MainWindow) -> None:
    canvas = opened.canvas
    canvas.zoom_to(8.0)
    for button, hold in ((Qt.MouseButton.MiddleButton, False), (Qt.MouseButton.LeftButton, True)):
        if hold:
            qtbot.keyPress(canvas, Qt.Key.Key_Space)
        before = canvas.view
        qtbot.mousePress(canvas, button, pos=QPoint(300, 300))
        qtbot.mouseMove(canvas, QPoint(340, 320))
        qtbot.mouseRelease(canvas, button, pos=QPoint(340, 320))
        if hold:
            qtbot.keyRelease(canvas, Qt.Key.Key_Space)
        assert (canvas.view.x - before.x, canvas.view.y - before.y) == pytest.approx((40, 20))
    assert not opened.document.has_mask


def test_keys_choose_tools_and_brush_sizes(qtbot, opened: MainWindow) -> None:
    canvas = opened.canvas
    for key, tool in (("E", "eraser"), ("L", "lasso"), ("R", "rectangle"), ("B", "brush")):
        qtbot.keyClick(canvas, key)
        assert canvas.tool is canvas.tools[tool]
        assert opened.actions_[f"tool_{tool}"].isChecked()
    size = canvas.brush.size
    qtbot.keyClick(canvas, Qt.Key.Key_BracketRight)
    assert canvas.brush.size > size
    assert canvas.eraser.size == canvas.brush.size
    qtbot.keyClick(canvas, Qt.Key.Key_BracketLeft)
    assert canvas.brush.size == pytest.approx(size)


def test_eraser_rectangle_and_lasso_change_the_mask(qtbot, opened: MainWindow) -> None:
    document = opened.document
    opened.canvas.set_tool("rectangle")
    stroke(qtbot, opened, (50, 40), (150, 140))
    assert document.mask[41:139, 51:149].min() == 255
    assert document.mask[:38].max() == 0
    opened.canvas.set_tool("eraser")
    stroke(qtbot, opened, (100, 90))
    assert document.mask[90, 100] == 0
    opened.canvas.set_tool("lasso")
    stroke(qtbot, opened, (200, 40), (300, 40), (250, 140))
    assert document.mask[60, 250] == 255
    assert document.mask[130, 205] == 0
    assert document.history.titles == ["Rectangle", "Erase", "Lasso"]


def test_mask_commands_can_be_undone(qtbot, opened: MainWindow) -> None:
    document, act = opened.document, opened.actions_
    stroke(qtbot, opened, (200, 150))
    painted = document.mask.copy()
    for name in ("mask_grow", "mask_feather", "mask_invert", "mask_clear"):
        act[name].trigger()
    assert not document.has_mask
    for _ in range(4):
        act["undo"].trigger()
    assert np.array_equal(document.mask, painted)


def test_the_last_mask_can_be_used_again(qtbot, opened: MainWindow) -> None:
    stroke(qtbot, opened, (200, 150))
    painted = opened.document.mask.copy()
    fill(qtbot, opened)
    opened.actions_["mask_reuse"].trigger()
    assert np.array_equal(opened.document.mask, painted)


def test_before_is_shown_while_held(qtbot, opened: MainWindow) -> None:
    stroke(qtbot, opened, (200, 150))
    fill(qtbot, opened)
    canvas, spot = opened.canvas, at(opened, 200, 150)
    canvas.leaveEvent(None)
    assert canvas.grab().toImage().pixelColor(spot).getRgb()[:3] == (0, 255, 0)
    qtbot.mousePress(opened.header.compare, Qt.MouseButton.LeftButton)
    assert canvas.grab().toImage().pixelColor(spot).green() < 200
    qtbot.mouseRelease(opened.header.compare, Qt.MouseButton.LeftButton)
    assert canvas.grab().toImage().pixelColor(spot).getRgb()[:3] == (0, 255, 0)


def test_the_split_shows_before_left_and_after_right(qtbot, opened: MainWindow) -> None:
    stroke(qtbot, opened, (120, 150), (280, 150))
    fill(qtbot, opened)
    opened.actions_["split"].setChecked(True)
    image = opened.canvas.grab().toImage()
    assert image.pixelColor(at(opened, 130, 150)).getRgb()[:3] != (0, 255, 0)
    assert image.pixelColor(at(opened, 270, 150)).getRgb()[:3] == (0, 255, 0)
    assert opened.header.split.isChecked()


def test_a_drawn_frame_reaches_the_fill(qtbot, opened: MainWindow, fake) -> None:
    opened.canvas.set_tool("frame")
    stroke(qtbot, opened, (100, 80), (220, 230))
    (frame,) = opened.document.frames
    assert (frame.x, frame.y) == pytest.approx((100, 80), abs=1.5)
    opened.canvas.set_tool("brush")
    stroke(qtbot, opened, (150, 150))
    fill(qtbot, opened)
    assert fake.requests[-1].options.frames == (frame,)
    opened.canvas.set_tool("frame")
    qtbot.mouseClick(opened.canvas, Qt.MouseButton.LeftButton, pos=at(opened, 150, 150))
    assert opened.document.frames == (frame,)
    qtbot.keyClick(opened.canvas, Qt.Key.Key_Delete)
    assert opened.document.frames == ()


def test_a_frame_beyond_the_photo_is_not_taken_and_that_is_said(
    qtbot, opened: MainWindow, fake
) -> None:
    opened.actions_["zoom_out"].trigger()
    opened.actions_["tool_frame"].setChecked(True)
    stroke(qtbot, opened, (420, 100), (470, 180))
    assert opened.document.frames == ()
    assert opened.status._message.text() == "A face lies in the photo: draw its frame there."
    opened.actions_["tool_brush"].setChecked(True)
    stroke(qtbot, opened, (150, 150))
    fill(qtbot, opened)
    assert fake.requests[-1].options.frames == ()


@pytest.mark.parametrize("to", [(600, 150), (-300, 150), (160, 700), (160, -400)])
def test_a_frame_is_moved_no_further_than_the_photo(qtbot, opened: MainWindow, to) -> None:
    opened.actions_["tool_frame"].setChecked(True)
    stroke(qtbot, opened, (100, 80), (220, 230))
    stroke(qtbot, opened, (160, 150), to)
    (frame,) = opened.document.frames
    assert (frame.width, frame.height) == pytest.approx((120, 150), abs=1.5)
    assert 0 <= frame.x + frame.width / 2 <= 400
    assert 0 <= frame.y + frame.height / 2 <= 300


def test_a_frame_over_the_border_keeps_what_is_in_the_photo(qtbot, opened: MainWindow) -> None:
    """A face may be cut off by the photo's border; its middle is in the photo."""
    opened.actions_["zoom_out"].trigger()
    opened.actions_["tool_frame"].setChecked(True)
    stroke(qtbot, opened, (340, 100), (440, 200))
    (frame,) = opened.document.frames
    assert frame.x == pytest.approx(340, abs=1.5)
    stroke(qtbot, opened, (420, 220), (390, 250))  # nearly all of it beyond the photo
    assert opened.document.frames[-1].x + opened.document.frames[-1].width / 2 <= 400
