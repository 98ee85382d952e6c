"""What a person touches: faces as objects, choosers, drops, dialogs, languages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QSlider,
    QWidget,
)

from engine.photo import photo_from_array, save_photo
from gui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


def turn(widget: QWidget, notches: int) -> None:
    """The wheel over a widget, as Qt sends it."""
    middle = QPointF(widget.rect().center())
    wheel = QWheelEvent(
        middle,
        widget.mapToGlobal(middle),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        NONE,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, wheel)


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    action = Qt.DropAction.CopyAction
    window.dropEvent(QDropEvent(QPointF(50, 50), action, data, LEFT, NONE))


def mark(window: MainWindow, face: int):
    canvas = window.canvas
    marks = canvas.marks.laid(canvas.view, canvas.size().toSizeF())
    return next(one for one in marks if one.face == face)


def press_mark(qtbot, window: MainWindow, face: int, *, cross: bool = False) -> None:
    one = mark(window, face)
    at = (one.cross if cross else one.number).center().toPoint()
    qtbot.mouseClick(window.canvas, LEFT, pos=at)


# Faces.


def test_a_part_is_masked_in_the_chosen_face_alone(qtbot, faced: MainWindow, hand) -> None:
    press_mark(qtbot, faced, 1)
    assert faced.document.selected == 1
    assert not faced.document.has_mask  # the brush was chosen: a mark is pressed, not painted on
    qtbot.mouseClick(faced.inspector.faces.parts["mouth"], LEFT)
    columns = np.flatnonzero(faced.document.mask.any(0))
    assert columns.min() > 260  # the second face's, right of the first
    faced.actions_["undo"].trigger()
    faced.inspector.faces.everyone.click()
    qtbot.mouseClick(faced.inspector.faces.parts["mouth"], LEFT)
    columns = np.flatnonzero(faced.document.mask.any(0))
    assert columns.min() < 240 < 270 < columns.max()


def test_a_found_face_is_removed_by_its_cross_in_a_step(
    qtbot, faced: MainWindow, fake, hand
) -> None:
    first, second = faced.document.subjects
    press_mark(qtbot, faced, 0, cross=True)
    assert faced.document.subjects == (second,)
    assert faced.inspector.faces.line.text() == "1 face"
    hand.stroke((320, 150))
    hand.fill()
    assert fake.requests[-1].faces == (second,)
    faced.document.history.go(0)
    assert faced.document.subjects == (first, second)


def test_removing_a_face_keeps_the_landmarks_dragged_in_the_others(faced: MainWindow, hand) -> None:
    from engine.readings import DraggedNode

    faced.document.set_nodes((DraggedNode(0, 5, 50, 50), DraggedNode(1, 7, 300, 150)), "drag")
    hand.key(Qt.Key.Key_Delete, Qt.KeyboardModifier.ShiftModifier)
    assert faced.document.nodes == (DraggedNode(0, 7, 300, 150),)
    faced.document.history.undo()
    assert faced.document.nodes == (DraggedNode(0, 5, 50, 50), DraggedNode(1, 7, 300, 150))


def test_the_reading_of_a_fill_stays_with_its_face(qtbot, faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    hand.fill()
    press_mark(qtbot, faced, 0)
    row = faced.inspector.expression.rows["happiness"]
    assert row.accessibleName() == "Happiness: photo 90 %, fill 80 %"
    press_mark(qtbot, faced, 0, cross=True)
    hand.settle()
    assert row.accessibleName() == "Happiness: photo 90 %"


def test_a_frame_can_be_moved_sized_and_turned(qtbot, opened: MainWindow, hand) -> None:
    document = opened.document
    opened.actions_["tool_frame"].setChecked(True)
    hand.stroke((100, 80), (200, 200))
    opened.canvas.grab()  # a tool knows the zoom by what it drew
    hand.stroke((150, 140), (170, 150))
    (frame,) = document.frames
    assert (frame.x, frame.y) == pytest.approx((120, 90), abs=1.5)
    hand.stroke((frame.x + frame.width, frame.y + frame.height), (250, 230))
    (frame,) = document.frames
    assert (frame.x, frame.y) == pytest.approx((120, 90), abs=1.5)
    assert (frame.width, frame.height) == pytest.approx((130, 140), abs=2.5)
    opened.canvas.grab()
    above = frame.y - 26 / opened.canvas.view.scale
    middle = frame.x + frame.width / 2
    hand.stroke((middle, above), (middle + 150, frame.y + frame.height / 2))
    assert document.frames[0].angle == pytest.approx(90, abs=2)


# Choosers, sliders, the wheel, the focus.


def test_the_wheel_never_changes_a_control_that_was_not_entered(faced: MainWindow) -> None:
    inspector = faced.inspector
    boxes = [box for box in inspector.findChildren(QComboBox) if box.count() > 1]
    sliders = [s for s in inspector.findChildren(QSlider) if s.isEnabled()]
    assert len(boxes) >= 4
    assert len(sliders) >= 3
    before = [box.currentIndex() for box in boxes], [s.value() for s in sliders]
    for widget in (*boxes, *sliders):
        turn(widget, -1)
        turn(widget, -1)
        turn(widget, 1)
    assert ([box.currentIndex() for box in boxes], [s.value() for s in sliders]) == before
    inspector.brush_size.setFocus(Qt.FocusReason.TabFocusReason)
    turn(inspector.brush_size, 1)
    assert inspector.brush_size.value() != before[1][sliders.index(inspector.brush_size)]


def test_the_training_panel_is_spared_by_the_wheel_too(qtbot, window: MainWindow) -> None:
    window.actions_["training"].trigger()
    for widget in window.school.dialog.findChildren(QAbstractSpinBox):
        before = widget.value()
        turn(widget, 1)
        assert widget.value() == before


def test_the_canvas_has_the_focus_again_after_every_choice(qtbot, faced: MainWindow) -> None:
    canvas, inspector = faced.canvas, faced.inspector
    canvas.setFocus()
    for kind in (QAbstractButton, QComboBox, QSlider):
        for control in inspector.findChildren(kind):
            assert not control.focusPolicy() & Qt.FocusPolicy.ClickFocus, control
    for control in (
        inspector.faces.parts["nose"],
        inspector.modules.checks["landmarks"],
        faced.header.split,
    ):
        qtbot.mouseClick(control, LEFT, pos=QPoint(10, control.height() // 2))
        assert canvas.hasFocus()
    inspector.model.setFocus()
    inspector.model.hidePopup()  # where every choice from a list ends
    assert canvas.hasFocus()
    qtbot.mouseClick(inspector.brush_hardness, LEFT)
    assert canvas.hasFocus()


def test_an_expression_is_asked_for_one_photo(qtbot, faced: MainWindow, photo_path: Path) -> None:
    qtbot.mouseClick(faced.inspector.modules.strips["emotion"].buttons["surprise"], LEFT)
    assert faced.editor.options.emotion == "surprise"
    other = save_photo(
        photo_from_array(np.zeros((90, 80, 3), np.uint8)), photo_path.parent / "b.png"
    )
    faced.open(other)
    qtbot.waitUntil(lambda: faced.document.size == (80, 90))
    assert faced.editor.options.emotion == "keep"
    assert faced.inspector.modules.strips["emotion"].value == "keep"
    assert faced.actions_["ask_keep"].isChecked()


# The pen.


def test_a_pens_other_end_erases(opened: MainWindow, hand) -> None:
    hand.stroke((100, 100), (180, 100))
    canvas = opened.canvas
    eraser = QPointingDevice(
        "pen",
        7,
        QPointingDevice.DeviceType.Stylus,
        QPointingDevice.PointerType.Eraser,
        QPointingDevice.Capability.Pressure,
        1,
        1,
    )
    at = QPointF(hand.at(140, 100))

    def pen(kind, buttons, pressure: float) -> None:
        event = QTabletEvent(
            kind, eraser, at, canvas.mapToGlobal(at), pressure, 0, 0, 0, 0, 0, NONE, LEFT, buttons
        )
        QApplication.sendEvent(canvas, event)

    pen(QTabletEvent.Type.TabletPress, LEFT, 1.0)
    pen(QTabletEvent.Type.TabletRelease, Qt.MouseButton.NoButton, 0.0)
    assert opened.document.mask[100, 140] == 0
    assert opened.document.mask[100, 100] == 255
    assert opened.document.history.titles == ["Brush", "Erase"]
    assert canvas.tool is canvas.brush


def test_a_straight_line_never_begins_in_the_photo_before(
    qtbot, opened: MainWindow, photo_path: Path, hand
) -> None:
    hand.stroke((50, 50))
    opened.actions_["undo"].trigger()
    black = photo_from_array(np.zeros((300, 400, 3), np.uint8))
    opened.open(save_photo(black, photo_path.with_name("b.png")))
    qtbot.waitUntil(lambda: opened.document.path.name == "b.png")
    at = hand.at(300, 250)
    qtbot.mouseClick(opened.canvas, LEFT, Qt.KeyboardModifier.ShiftModifier, at)
    assert opened.document.mask[250, 300] == 255
    assert opened.document.mask[150, 175] == 0


# Dropping.


def test_of_several_dropped_photos_none_is_lost_silently(
    qtbot, window: MainWindow, photo_path: Path
) -> None:
    others = [
        save_photo(photo_from_array(np.zeros((9, 8, 3), np.uint8)), photo_path.parent / name)
        for name in ("b.png", "c.png")
    ]
    drop(window, photo_path, *others)
    tabs = window.editor.tabs
    qtbot.waitUntil(lambda: len(tabs) == 3)
    assert [tab.path for tab in tabs] == [photo_path, *others]
    assert window.document.path == photo_path
    assert set(window.settings.recent()) == {photo_path, *others}


# The result.


def test_the_mesh_steps_back_at_the_result(faced: MainWindow, hand) -> None:
    def painted() -> int:
        faced.canvas.leaveEvent(None)
        shown = faced.canvas.grab().toImage()
        faced.canvas.mesh_shown = False
        bare = faced.canvas.grab().toImage()
        faced.canvas.mesh_shown = True
        total = 0
        x0, y0 = faced.canvas.view.to_widget(60, 60).toTuple()
        for x in range(0, 240, 3):
            for y in range(0, 160, 3):
                spot = QPoint(int(x0) + x, int(y0) + y)
                total += abs(shown.pixelColor(spot).lightness() - bare.pixelColor(spot).lightness())
        return total

    faced.canvas.set_mesh_shown(True)
    faced.document.tab.edges = np.stack([np.arange(0, 476), np.arange(1, 477)], 1)
    faced.document.faces_changed.emit()
    before = painted()
    hand.stroke((300, 280))
    hand.fill()
    hand.settle()
    assert before > 0
    assert painted() < 0.6 * before


def test_a_texture_fill_is_not_called_an_expression(qtbot, opened: MainWindow, fake, hand) -> None:
    fake.kind = "texture"
    hand.stroke((100, 100))
    hand.fill()
    assert [b.accessibleName() for b in opened.strip.buttons] == ["Background, best guess"]


def test_a_thumbnail_shows_the_hole(faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    hand.fill()
    picture = faced.editor.results.current.thumbnail
    green = sum(
        picture.pixelColor(x, y).getRgb()[:3] == (0, 255, 0)
        for x in range(0, picture.width(), 4)
        for y in range(0, picture.height(), 4)
    )
    assert green > 0.12 * (picture.width() // 4) * (picture.height() // 4)


def test_other_settings_are_said_to_be_for_filling_again(qtbot, faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    hand.fill()
    assert faced.header.fill.text() == "Fill  ↵"
    happy = faced.inspector.modules.strips["emotion"].buttons["happiness"]
    qtbot.mouseClick(happy, LEFT)
    assert faced.header.fill.text() == "Fill again  ↵"
    qtbot.mouseClick(happy, LEFT)  # pressed again: as it is
    assert faced.header.fill.text() == "Fill  ↵"
