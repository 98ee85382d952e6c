"""The tools of the canvas: what press, drag and release mean, and what is drawn meanwhile.

A tool declares itself: its name, words, icon and shortcut stand beside what it does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from engine.mask import Stroke
from gui import theme
from gui.canvas.mesh import MeshLayer
from gui.canvas.viewport import Viewport
from gui.document import Document
from gui.translation import mark, tr

Point = tuple[float, float]


class Tool:
    """What a drag does. Points are photo coordinates; `modifiers` those at the press.

    name: its one word in the program. text, tip, icon, shortcut: what rail, menu, palette and
    overview show of it.
    """

    name = "tool"
    text = ""
    tip = ""
    icon = ""
    shortcut = ""
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, document: Document) -> None:
        self.document = document
        self.tell: Callable[[str], object] = lambda _line: None  # in the status line

    @classmethod
    def on(cls, document: Document, mesh: MeshLayer) -> Tool:
        """The tool for a document. mesh: what is drawn of its faces."""
        return cls(document)

    def press(self, point: Point, modifiers: Qt.KeyboardModifier, pressure: float) -> None: ...

    def drag(self, point: Point, pressure: float) -> None: ...

    def release(self, point: Point) -> None: ...

    def key(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a key pressed on the canvas was the tool's."""
        return False

    def wants(self, key: int) -> bool:
        """Whether a key that is a command's is the tool's for now."""
        return False

    def key_up(self, key: int) -> None: ...

    def cancel(self) -> None:
        """Escape, or the tool was changed in the middle of a drag."""

    def draw(self, painter: QPainter, view: Viewport, pointer: QPointF | None) -> None:
        """What is seen of the tool, in widget coordinates."""


class BrushTool(Tool):
    """Paints the mask, or takes away from it; Shift-click draws a straight line from the last."""

    name = "brush"
    text = mark("Brush")
    tip = mark("Paint what should go; Shift-click draws a straight line")
    icon = "brush"
    shortcut = "B"
    cursor = Qt.CursorShape.BlankCursor
    erase = False

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        document.opened.connect(self.forget)
        self.size = 60.0  # diameter, photo pixels
        self.hardness = 0.8
        self._last: Point | None = None
        self._active = False
        document.opened.connect(self._forget)

    def _forget(self) -> None:
        """Another photo: a Shift-click does not go on from the last point of the one before."""
        self._last, self._active = None, False

    @property
    def is_painting(self) -> bool:
        return self._active

    def forget(self) -> None:
        """Another photo: no straight line comes from the one before."""
        self._last, self._active = None, False

    def press(self, point: Point, modifiers: Qt.KeyboardModifier, pressure: float) -> None:
        self.document.begin_stroke()
        self._active = True
        straight = modifiers & Qt.KeyboardModifier.ShiftModifier and self._last is not None
        start = self._last if straight and self._last is not None else point
        self._segment(start, point, pressure)

    def drag(self, point: Point, pressure: float) -> None:
        if self._active and self._last is not None:
            self._segment(self._last, point, pressure)

    def release(self, point: Point) -> None:
        if self._active:
            self._active = False
            self.document.end_stroke(tr("Erase") if self.erase else tr("Brush"))

    def cancel(self) -> None:
        if self._active:
            self._active = False
            self.document.abandon_stroke()

    def _segment(self, start: Point, end: Point, pressure: float) -> None:
        radius = max(0.5, self.size / 2 * pressure)
        brush = Stroke(np.empty((0, 2)), radius, self.hardness, self.erase)
        self.document.paint(start, end, brush)
        self._last = end

    def draw(self, painter: QPainter, view: Viewport, pointer: QPointF | None) -> None:
        if pointer is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        radius = max(2.0, self.size / 2 * view.scale)
        for colour, width in ((QColor(0, 0, 0, 150), 3.0), (QColor(255, 255, 255), 1.3)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(pointer, radius, radius)
        if self.erase:
            painter.drawLine(pointer - QPointF(4, 0), pointer + QPointF(4, 0))


class EraserTool(BrushTool):
    """The brush that takes away."""

    name = "eraser"
    text = mark("Eraser")
    tip = mark("Take away from the mask")
    icon = "eraser"
    shortcut = "E"
    erase = True


class AreaTool(Tool):
    """Adds an area to the mask, with Alt takes it away."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._points: list[Point] = []
        self._subtract = False

    def press(self, point: Point, modifiers: Qt.KeyboardModifier, pressure: float) -> None:
        self._points = [point]
        self._subtract = bool(modifiers & Qt.KeyboardModifier.AltModifier)

    def drag(self, point: Point, pressure: float) -> None:
        if self._points:
            self._points = self._extended(point)

    def release(self, point: Point) -> None:
        outline = self._outline()
        self._points = []
        if len(outline) < 3:
            return
        self.document.add_area(outline, tr(self.text), subtract=self._subtract)

    def cancel(self) -> None:
        self._points = []

    def _extended(self, point: Point) -> list[Point]:
        return [*self._points, point]

    def _outline(self) -> list[Point]:
        return self._points

    def draw(self, painter: QPainter, view: Viewport, pointer: QPointF | None) -> None:
        outline = self._outline()
        if len(outline) > 1:
            polygon = QPolygonF([view.to_widget(*point) for point in outline])
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            area = QColor(theme.mask_colour())
            area.setAlpha(60)
            painter.setBrush(area)
            painter.setPen(QPen(QColor(255, 255, 255), 1.3))
            painter.drawPolygon(polygon)


class RectangleTool(AreaTool):
    """Two corners."""

    name = "rectangle"
    text = mark("Rectangle")
    tip = mark("Drag over what should go; with Alt it is taken away")
    icon = "selection"
    shortcut = "R"

    def _extended(self, point: Point) -> list[Point]:
        return [self._points[0], point]

    def _outline(self) -> list[Point]:
        if len(self._points) < 2:
            return self._points
        (x0, y0), (x1, y1) = self._points
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


class PanTool(Tool):
    """Moves the view; the canvas does it, as it does for Space and the middle button."""

    name = "pan"
    text = mark("Hand")
    tip = mark("Move the view, and choose a face by a click")
    icon = "hand-back-right-outline"
    shortcut = "V"
    cursor = Qt.CursorShape.OpenHandCursor
