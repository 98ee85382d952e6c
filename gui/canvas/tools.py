"""The tools of the canvas: what press, drag and release mean, and what is drawn meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from engine.face.finder import FaceFrame
from engine.mask import Stroke
from gui.canvas.viewport import Viewport
from gui.translation import tr

if TYPE_CHECKING:
    from gui.document import Document

Point = tuple[float, float]
SMALLEST_FRAME = 16  # photo pixels


class Tool:
    """What a drag does. Points are photo coordinates; `modifiers` those at the press."""

    name = "tool"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, document: Document) -> None:
        self.document = document

    def press(self, point: Point, modifiers: Qt.KeyboardModifier, pressure: float) -> None: ...

    def drag(self, point: Point, pressure: float) -> None: ...

    def release(self, point: Point) -> None: ...

    def key(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a key pressed on the canvas was the tool's."""
        return False

    def key_up(self, key: int) -> None: ...

    def cancel(self) -> None:
        """Escape, or the tool was changed in the middle of a drag."""

    def draw(self, painter: QPainter, view: Viewport, pointer: QPointF | None) -> None:
        """What is seen of the tool, in widget coordinates."""


class BrushTool(Tool):
    """Paints the mask, or takes away from it; Shift-click draws a straight line from the last."""

    name = "brush"
    cursor = Qt.CursorShape.BlankCursor

    def __init__(self, document: Document, *, erase: bool = False) -> None:
        super().__init__(document)
        self.erase = erase
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


class AreaTool(Tool):
    """Rectangle or lasso: adds an area to the mask, with Alt takes it away."""

    def __init__(self, document: Document, *, lasso: bool) -> None:
        super().__init__(document)
        self.name = "lasso" if lasso else "rectangle"
        self._lasso = lasso
        self._points: list[Point] = []
        self._subtract = False

    def press(self, point: Point, modifiers: Qt.KeyboardModifier, pressure: float) -> None:
        self._points = [point]
        self._subtract = bool(modifiers & Qt.KeyboardModifier.AltModifier)

    def drag(self, point: Point, pressure: float) -> None:
        if not self._points:
            return
        if self._lasso:
            self._points.append(point)
        else:
            self._points = [self._points[0], point]

    def release(self, point: Point) -> None:
        outline = self._outline()
        self._points = []
        if len(outline) < 3:
            return
        title = tr("Lasso") if self._lasso else tr("Rectangle")
        self.document.add_area(outline, title, subtract=self._subtract)

    def cancel(self) -> None:
        self._points = []

    def _outline(self) -> list[Point]:
        if self._lasso or len(self._points) < 2:
            return self._points
        (x0, y0), (x1, y1) = self._points
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]

    def draw(self, painter: QPainter, view: Viewport, pointer: QPointF | None) -> None:
        outline = self._outline()
        if len(outline) > 1:
            polygon = QPolygonF([view.to_widget(*point) for point in outline])
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(QColor(91, 124, 255, 60))
            painter.setPen(QPen(QColor(255, 255, 255), 1.3))
            painter.drawPolygon(polygon)


class FrameTool(Tool):
    """Says where a face is: drag a box from brow to chin; a click inside one removes it."""

    name = "frame"

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._start: Point | None = None
        self._end: Point | None = None

    def press(self, point: Point, modifiers: Qt.KeyboardModifier, pressure: float) -> None:
        self._start = self._end = point

    def drag(self, point: Point, pressure: float) -> None:
        self._end = point

    def release(self, point: Point) -> None:
        start, self._start = self._start, None
        if start is None:
            return
        width, height = abs(point[0] - start[0]), abs(point[1] - start[1])
        frames = self.document.frames
        if min(width, height) < SMALLEST_FRAME:
            kept = tuple(frame for frame in frames if not _holds(frame, point))
            if len(kept) != len(frames):
                self.document.set_frames(kept)
            return
        x, y = min(start[0], point[0]), min(start[1], point[1])
        self.document.set_frames((*frames, FaceFrame(x, y, width, height)))

    def cancel(self) -> None:
        self._start = None

    def draw(self, painter: QPainter, view: Viewport, pointer: QPointF | None) -> None:
        if self._start is None or self._end is None:
            return
        rect = QRectF(view.to_widget(*self._start), view.to_widget(*self._end)).normalized()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor("#ffffff"), 1.4, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(rect, 8, 8)


class PanTool(Tool):
    """Moves the view; the canvas does it, as it does for Space and the middle button."""

    name = "pan"
    cursor = Qt.CursorShape.OpenHandCursor


def _holds(frame: FaceFrame, point: Point) -> bool:
    return (
        frame.x <= point[0] <= frame.x + frame.width
        and frame.y <= point[1] <= frame.y + frame.height
    )
