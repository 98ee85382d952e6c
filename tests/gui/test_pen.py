"""A pen: its pressure widens the stroke, its other end erases; and what a brush is measured in."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPointingDevice, QTabletEvent
from PySide6.QtWidgets import QApplication

from engine.face.mesh import inter_ocular
from gui.brush_size import FACE, SCREEN
from gui.main_window import MainWindow
from tests.gui.conftest import face_at

LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
PRESS, MOVE = QTabletEvent.Type.TabletPress, QTabletEvent.Type.TabletMove
RELEASE = QTabletEvent.Type.TabletRelease


def pen(window: MainWindow, *points: tuple[float, float, float], eraser: bool = False) -> None:
    """A stroke through (x, y, pressure) of the photo, by synthesized events."""
    kinds = QPointingDevice.PointerType
    device = QPointingDevice(
        "pen",
        8 + eraser,
        QPointingDevice.DeviceType.Stylus,
        kinds.Eraser if eraser else kinds.Pen,
        QPointingDevice.Capability.Pressure,
        1,
        1,
    )
    canvas = window.canvas

    def send(kind, x: float, y: float, pressure: float) -> None:
        at = QPointF(canvas.laid.map(canvas.view.to_widget(x, y)))
        buttons = NO_BUTTON if kind == RELEASE else LEFT
        button = NO_BUTTON if kind == MOVE else LEFT
        keys = Qt.KeyboardModifier.NoModifier
        places = at, canvas.mapToGlobal(at)
        event = QTabletEvent(kind, device, *places, pressure, 0, 0, 0, 0, 0, keys, button, buttons)
        QApplication.sendEvent(canvas, event)
        assert event.isAccepted()  # or Qt would send mouse events as well

    send(PRESS, *points[0])
    for point in points[1:]:
        send(MOVE, *point)
    send(RELEASE, *points[-1][:2], 0.0)


def width_at(window: MainWindow, x: int) -> int:
    return int((window.document.mask[:, x] > 127).sum())


def test_pressure_widens_a_stroke_on_its_way(opened: MainWindow) -> None:
    opened.canvas.set_brush(40, 1.0)
    pen(opened, (60, 100, 0.25), (120, 100, 0.25), (300, 100, 1.0), (340, 100, 1.0))
    assert width_at(opened, 90) == pytest.approx(10, abs=2)
    assert width_at(opened, 320) == pytest.approx(40, abs=2)
    assert opened.document.history.titles == ["Brush"]


def test_the_lightest_touch_still_paints(opened: MainWindow) -> None:
    opened.canvas.set_brush(60, 1.0)
    pen(opened, (100, 100, 0.0), (160, 100, 0.0))
    assert width_at(opened, 130) == pytest.approx(6, abs=2)


def test_the_other_end_erases_with_pressure_and_the_tool_stays(opened: MainWindow) -> None:
    canvas = opened.canvas
    canvas.set_brush(60, 1.0)
    pen(opened, (100, 100, 1.0), (200, 100, 1.0))
    pen(opened, (100, 100, 0.5), (200, 100, 0.5), eraser=True)
    assert width_at(opened, 150) == pytest.approx(30, abs=3)
    assert canvas.tool is canvas.brush
    assert opened.document.history.titles == ["Brush", "Erase"]


def test_a_pen_draws_a_lasso_and_paints_in_a_turned_view(opened: MainWindow) -> None:
    opened.canvas.turn_to(90)
    opened.actions_["tool_lasso"].trigger()
    opened.canvas.repaint()
    pen(opened, *((x, y, 0.7) for x, y in ((50, 50), (150, 50), (150, 120), (50, 120))))
    y, x = np.nonzero(opened.document.mask > 127)
    assert (x.min(), x.max()) == pytest.approx((50, 149), abs=2)
    assert (y.min(), y.max()) == pytest.approx((50, 119), abs=2)


# Units.


def choose(window: MainWindow, unit: str) -> None:
    window.inspector.units._actions[unit].trigger()


def shown(window: MainWindow) -> str:
    return window.inspector._size_text.text()


def test_a_brush_of_the_screen_stays_as_large_as_it_is_seen(opened: MainWindow) -> None:
    canvas = opened.canvas
    canvas.set_brush(40)
    canvas.brush_resized.emit()
    choose(opened, SCREEN)
    size = canvas.brush.size * canvas.view.scale
    assert shown(opened) == f"{size:.0f}"
    for scale in (4.0, 0.5):
        canvas.zoom_to(scale)
        assert canvas.brush.size * canvas.view.scale == pytest.approx(size)
    assert shown(opened) == f"{size:.0f}"
    canvas.step_brush(True)
    assert float(shown(opened)) == pytest.approx(size * 1.2, abs=1)


def test_a_brush_of_the_face_grows_with_the_face(qtbot, faced: MainWindow, settings) -> None:
    field = faced.inspector._size_text
    choose(faced, FACE)
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "20")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    large, small = (inter_ocular(face_at(0, 0, side).mesh) for side in (200.0, 100.0))
    assert faced.canvas.brush.size == pytest.approx(0.2 * large, rel=0.01)
    faced.document.select(1)
    assert faced.canvas.brush.size == pytest.approx(0.2 * small, rel=0.01)
    assert shown(faced) == "20"
    assert settings.text("brush_unit") == FACE
