"""What is seen: the room results take, a mask on any skin, the mesh, signs in either theme."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QToolButton

from engine.photo import photo_from_array
from gui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


def test_a_photo_shown_whole_is_whole_beside_the_strip(faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    before = faced.canvas.view.scale
    hand.fill()
    assert faced.strip.isVisible()
    QApplication.processEvents()
    canvas = faced.canvas
    shown = canvas.view.rect_to_widget((0, 0, *faced.document.size))
    assert QRectF(canvas.rect()).contains(shown)
    assert canvas.view.scale < before
    faced.actions_["undo"].trigger()
    faced.actions_["undo"].trigger()
    assert canvas.is_fitted


def test_what_is_looked_at_stands_still_when_the_strip_comes(faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    faced.canvas.zoom_by(1.7, QPointF(200, 200))
    view = faced.canvas.view
    hand.fill()
    assert faced.strip.isVisible()
    QApplication.processEvents()
    assert faced.canvas.view == view
    faced.actions_["fit"].trigger()
    assert faced.canvas.view != view  # asked for, it fits the room there is now


def test_in_a_low_window_results_take_little_room(faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    hand.fill()
    assert faced.strip.height() > 120
    faced.resize(1024, 640)
    QApplication.processEvents()
    assert faced.strip.height() <= 64
    shown = faced.canvas.view.rect_to_widget((0, 0, *faced.document.size))
    assert shown.height() > 0.6 * faced.height()


def test_all_signs_follow_the_theme(faced: MainWindow, another_path, qtbot) -> None:
    """Every icon of the window is drawn in the colours in use."""
    faced.open(another_path)
    qtbot.waitUntil(lambda: len(faced.editor.tabs) == 2)
    faced.actions_["layers"].setChecked(True)

    def lightness() -> dict[str, float]:
        found = {}
        for number, button in enumerate(faced.findChildren(QToolButton)):
            name = button.objectName()
            if button.isChecked() or button.icon().isNull() or name.startswith(("result", "qt_")):
                continue
            image = button.icon().pixmap(24, 24).toImage()
            inks = [
                image.pixelColor(x, y).lightnessF()
                for x in range(image.width())
                for y in range(image.height())
                if image.pixelColor(x, y).alpha() > 200
            ]
            if inks:
                found[f"{number} {button.accessibleName()}"] = float(np.mean(inks))
        return found

    dark = lightness()
    assert len(dark) > 8
    assert min(dark.values()) > 0.4
    faced.set_theme("light")
    assert max(lightness().values()) < 0.6
    faced.set_theme("dark")


# The mask, the mesh, the numbers.

SKINS = ("#f6d7c3", "#e0ac87", "#c68642", "#8d5524", "#3b2219")


def luminance(colour: QColor) -> float:
    parts = [
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
        for v in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("tint", ["blue", "green", "red", "yellow"])
@pytest.mark.parametrize("skin", SKINS)
def test_a_mask_is_seen_on_every_skin(qtbot, window: MainWindow, hand, skin, tint) -> None:
    """Across its border one of two lines stands out by 3 : 1 from what is beside it."""
    ground = QColor(skin)
    pixels = np.full((200, 200, 3), ground.getRgb()[:3], np.uint8)
    window.editor.opening.open_pasted(photo_from_array(pixels))
    qtbot.waitUntil(lambda: window.document.is_open)
    qtbot.mouseClick(window.inspector.mask_colours[tint], LEFT)
    window.canvas.set_brush(80)
    hand.stroke((100, 100), (101, 100))
    window.canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    image = window.canvas.grab().toImage()
    row = window.canvas.view.to_widget(100, 100).toPoint().y()
    start, end = (round(window.canvas.view.to_widget(x, 100).x()) for x in (30, 100))
    seen = [luminance(image.pixelColor(x, row)) for x in range(start, end)]
    ratios = [(max(a, luminance(ground)) + 0.05) / (min(a, luminance(ground)) + 0.05) for a in seen]
    assert max(ratios) >= 3
    steps = [(max(a, b) + 0.05) / (min(a, b) + 0.05) for a, b in pairwise(seen)]
    assert max(steps) >= 3  # and not by and by


def test_a_partial_repaint_draws_the_same_outline(faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    canvas = faced.canvas
    canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    whole = canvas.grab().toImage()
    left, top = (round(v) for v in canvas.view.to_widget(110, 180).toTuple())
    part = canvas.grab(QRect(left, top, 37, 23)).toImage()
    assert part == whole.copy(QRect(left, top, 37, 23)).convertToFormat(part.format())


def test_the_mesh_comes_with_its_tool_and_numbers_with_several_faces(
    qtbot, faced: MainWindow, hand
) -> None:
    canvas = faced.canvas
    assert not canvas.needs_mesh
    assert canvas.shows_marks  # two faces
    faced.faces.remove(1)
    assert not canvas.shows_marks
    for tool in ("pan", "frame", "node"):
        faced.actions_[f"tool_{tool}"].setChecked(True)
        assert canvas.shows_marks
    assert canvas.needs_mesh
    faced.actions_["tool_brush"].setChecked(True)
    assert not canvas.needs_mesh
    hand.key(Qt.Key.Key_M)
    assert canvas.needs_mesh


def test_how_to_fill_is_in_view_in_a_window_of_common_size(qtbot, faced: MainWindow) -> None:
    faced.resize(1280, 820)
    QApplication.processEvents()
    panel = faced.inspector
    for control in (panel.model, panel.device, *panel.modules.checks.values()):
        assert control.isVisible()
        assert not control.visibleRegion().isEmpty()
        bottom = control.mapTo(faced, control.rect().bottomLeft()).y()
        assert bottom < faced.status.mapTo(faced, faced.status.rect().topLeft()).y()


def test_no_tint_lies_over_a_preview_and_one_over_what_it_leaves_out(
    qtbot, opened: MainWindow, hand
) -> None:
    canvas = opened.canvas
    canvas.set_brush(60, 1.0)
    hand.stroke((100, 100), (300, 100))
    hand.settle()
    green = QImage(60, 80, QImage.Format.Format_ARGB32_Premultiplied)
    green.fill(QColor("#20c040"))
    canvas.set_preview([((80, 60, 60, 80), green)])

    def seen(x: int, y: int) -> tuple:
        at = canvas.view.to_widget(x, y).toPoint()
        return canvas.grab().toImage().pixelColor(at).getRgb()[:3]

    assert seen(110, 100) == (0x20, 0xC0, 0x40)
    assert seen(250, 100) != (250, 100, 350 % 256)
    canvas.set_preview([])
    assert seen(110, 100) != (110, 100, 210)  # without a preview the tint says what is masked
