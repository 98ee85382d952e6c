"""The tool that takes a blemish away by a click."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from engine.edit.tiles import TiledMask
from gui.canvas.tools import BrushTool, Point
from gui.canvas.viewport import Viewport
from gui.qimage import cv2
from gui.translation import mark

Outline = list[np.ndarray]  # N x 2 photo points each


class SpotTool(BrushTool):
    """A press shows the hole that fits the blemish, the release fills it; Escape, or a release well
    away from it, leaves it. The circle, the brush's, is how far it may reach.

    fit: from a place and a radius to the hole. heal: what fills it.
    """

    name = "spot"
    text = mark("Spot")
    tip = mark("Click a blemish: it is filled when you let go; [ and ] size the circle")
    icon = "bandage"
    shortcut = "S"

    def __init__(self, document) -> None:
        super().__init__(document)
        self.fit: Callable[[Point, float], TiledMask | None] = lambda _at, _radius: None
        self.heal: Callable[[TiledMask], object] = lambda _hole: None
        self._hole: TiledMask | None = None
        self._outline: Outline = []
        self._waiting: Outline = []
        self._from: Point = (0.0, 0.0)

    def show_waiting(self, mask: TiledMask | None) -> None:
        """What was clicked and is still to be filled."""
        self._waiting = _outline(mask)

    def press(self, point: Point, modifiers: Qt.KeyboardModifier, pressure: float) -> None:
        self._from = point
        self._hole = self.fit(point, max(2.0, self.size / 2))
        self._outline = _outline(self._hole)

    def drag(self, point: Point, pressure: float) -> None: ...

    def release(self, point: Point) -> None:
        hole = self._hole
        self.cancel()
        away = float(np.hypot(point[0] - self._from[0], point[1] - self._from[1]))
        if hole is not None and away <= max(4.0, self.size):
            self.heal(hole)

    def cancel(self) -> None:
        self._hole, self._outline = None, []

    def draw(self, painter: QPainter, view: Viewport, pointer: QPointF | None) -> None:
        super().draw(painter, view, None if self._hole is not None else pointer)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for outlines, style in (
            (self._outline, Qt.PenStyle.SolidLine),
            (self._waiting, Qt.PenStyle.DotLine),
        ):
            for line in outlines:
                shape = QPolygonF([view.to_widget(*at) for at in line.tolist()])
                painter.setPen(QPen(QColor(0, 0, 0, 170), 3))
                painter.drawPolygon(shape)
                painter.setPen(QPen(QColor("#ffffff"), 1.4, style))
                painter.drawPolygon(shape)


def _outline(mask: TiledMask | None) -> Outline:
    if mask is None or mask.bounds is None:
        return []
    x, y, _, _ = mask.bounds
    hole = mask.read(mask.bounds)
    found, _ = cv2.findContours(hole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    middle = np.array((x + 0.5, y + 0.5))
    return [one[:, 0] + middle for one in found]
