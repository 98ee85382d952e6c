"""The lasso: an outline by hand, or from corner to corner, along edges if that is wanted."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from gui.canvas.snap import LiveWire
from gui.canvas.tools import AreaTool, Point
from gui.canvas.viewport import Viewport
from gui.document import Document
from gui.translation import mark

CLOSE = 6.0  # widget pixels within which two places are one


class LassoTool(AreaTool):
    """An outline drawn by hand, or corner by corner: a click that is no drag begins one of those.
    Enter, a click on the first corner or a second one on the last closes it, Backspace takes the
    last corner back. With `snaps` the lines between corners follow edges."""

    name = "lasso"
    text = mark("Lasso")
    tip = mark("Draw around what should go, or click from corner to corner; Alt takes it away")
    icon = "lasso"
    shortcut = "L"

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.snaps = False
        self._corners: list[Point] = []
        self._ways: list[list[Point]] = []  # from each corner to the next, both included
        self._wire: LiveWire | None = None
        self._view = Viewport()

    def press(self, point: Point, modifiers: Qt.KeyboardModifier, pressure: float) -> None:
        if self._corners:
            self._points = []
        else:
            super().press(point, modifiers, pressure)

    def release(self, point: Point) -> None:
        drawn = any(not self._is_at(point, self._points[0]) for point in self._points)
        if not self._corners and drawn:
            super().release(point)
        elif self._corners and any(self._is_at(point, end) for end in self._ends):
            self._close()
        else:
            self._points = []
            if self._corners:
                self._ways.append(self._way(point))
            self._corners.append(point)
            self._wire = None

    def wants(self, key: int) -> bool:
        closes = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        return bool(self._corners) and (closes or key == Qt.Key.Key_Backspace)

    def key(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        if not self.wants(key):
            return False
        if key == Qt.Key.Key_Backspace:
            self._corners.pop()
            del self._ways[max(0, len(self._corners) - 1) :]
            self._wire = None
        else:
            self._close()
        return True

    def cancel(self) -> None:
        super().cancel()
        self._corners, self._ways, self._wire = [], [], None

    @property
    def _ends(self) -> tuple[Point, Point]:
        return self._corners[0], self._corners[-1]

    def _is_at(self, point: Point, other: Point) -> bool:
        away = max(abs(point[0] - other[0]), abs(point[1] - other[1]))
        return away * self._view.scale <= CLOSE

    def _close(self) -> None:
        last = self._way(self._corners[0]) if len(self._corners) > 1 else []
        outline = [self._corners[0]]
        for way in (*self._ways, last):
            outline += way[1:]
        self.cancel()
        self._points = outline
        super().release(outline[-1])

    def _way(self, point: Point) -> list[Point]:
        """From the last corner to a point: along edges, or straight."""
        corner, photo = self._corners[-1], self.document.photo
        if not self.snaps or photo is None or self._is_at(corner, point):
            return [corner, point]
        if self._wire is None:
            self._wire = LiveWire(photo.own8, corner, self._view.scale)
        return self._wire.to(point)

    def draw(self, painter: QPainter, view: Viewport, pointer: QPointF | None) -> None:
        self._view = view
        super().draw(painter, view, pointer)
        if not self._corners:
            return
        places = [view.to_widget(*corner) for corner in self._corners]
        line = [view.to_widget(*point) for way in self._ways for point in way] or places[:1]
        if pointer is not None:
            line += [view.to_widget(*point) for point in self._way(view.to_photo(pointer))[1:]]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(255, 255, 255))
        for colour, width in ((QColor(0, 0, 0, 150), 3.0), (QColor(255, 255, 255), 1.3)):
            painter.setPen(QPen(colour, width))
            painter.drawPolyline(line)
        for place in (places[0], places[-1]):
            painter.setPen(QPen(QColor(0, 0, 0, 190), 1.2))
            painter.drawEllipse(place, 4, 4)
