"""A second picture beside the photo, seen at the same place and as large: the photo as it was
opened, or the same face in another photo."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QTransform, QWheelEvent
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.canvas import painting
from gui.canvas.canvas import Canvas
from gui.canvas.pyramid import Pyramid
from gui.canvas.viewport import Viewport
from gui.canvas.zoomable import WHEEL_STEP

REACH = 9.0  # pixels of the cross that shows where the pointer is in the photo


@dataclass(frozen=True)
class Place:
    """How another photo lies over the shown one: photo = other * scale + (x, y)."""

    scale: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def under(self, view: Viewport) -> Viewport:
        """Where the other photo lies on the sheet, the shown one lying as `view` says."""
        shift = view.to_widget(self.x, self.y)
        return Viewport(view.scale * self.scale, shift.x(), shift.y())


class Beside(QWidget):
    """Follows the canvas; a wheel or a drag here moves both."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        self._canvas = canvas
        self._picture: Pyramid | None = None
        self._place, self._words = Place(), ""
        self._panning: QPointF | None = None
        self._cross: QPointF | None = None  # of the pointer in the photo, in this widget
        self.setObjectName("beside")
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumWidth(160)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        canvas.view_changed.connect(lambda _zoom: self.update())
        canvas.pointer_moved.connect(self._show_pointer)
        self.hide()

    def show_picture(self, picture: Pyramid | None, words: str, place: Place | None = None) -> None:
        """Another picture, called `words`; None: there is none, and `words` say why."""
        self._picture, self._words = picture, words
        self._place = place or Place()
        self.setAccessibleName(words)
        self.update()

    @property
    def words(self) -> str:
        """What is shown, or why nothing is."""
        return self._words

    @property
    def view(self) -> Viewport:
        """Where the picture lies on the canvas's sheet."""
        return self._place.under(self._canvas.view)

    @property
    def _laid(self) -> QTransform:
        """From the canvas's sheet to this widget: middle on middle."""
        return self._canvas.laid_in(QPointF(self.width() / 2, self.height() / 2))

    def _sheet(self, at: QPointF) -> QPointF:
        return self._laid.inverted()[0].map(at)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(theme.colours().canvas))
        if self._picture is not None:
            self._draw_picture(painter, event.rect())
            painting.draw_tag(painter, self._words, QPointF(14, 14), right=False)
        else:
            painter.setPen(QColor(theme.colours().quiet))
            room = QRectF(self.rect()).adjusted(20, 20, -20, -20)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room, flags, self._words)

    def _draw_picture(self, painter: QPainter, rect: QRect) -> None:
        assert self._picture is not None
        laid, view = self._laid, self.view
        painter.save()
        painter.setTransform(laid)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        height, width = self._picture.levels[0].shape[:2]
        shown = view.rect_to_widget((0, 0, width, height))
        area = laid.inverted()[0].mapRect(rect).adjusted(-1, -1, 1, 1)
        area = area.intersected(shown.toAlignedRect())
        if not area.isEmpty():
            painter.setClipRect(shown)
            painting.draw_photo(painter, self._picture, view, area)
        painter.restore()
        if self._cross is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for colour, width in ((QColor(0, 0, 0, 150), 3.0), (QColor(255, 255, 255), 1.3)):
                painter.setPen(QPen(colour, width))
                for reach in (QPointF(REACH, 0), QPointF(0, REACH)):
                    painter.drawLine(self._cross - reach, self._cross + reach)

    def _show_pointer(self, point: object) -> None:
        """A cross where the pointer is in the photo."""
        before = self._cross
        at = self._canvas.pointer
        self._cross = None if point is None or at is None else self._laid.map(at)
        for cross in (before, self._cross):
            if cross is not None:
                area = QRectF(cross.x() - REACH, cross.y() - REACH, 2 * REACH, 2 * REACH)
                self.update(area.toAlignedRect().adjusted(-3, -3, 3, 3))

    # Moving both.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._panning = self._sheet(event.position())
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._panning is not None:
            at = self._sheet(event.position())
            moved, self._panning = at - self._panning, at
            self._canvas.move_view(moved.x(), moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._panning = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if notches:
            self._canvas.zoom_by(WHEEL_STEP**notches, self._sheet(event.position()))

    def resizeEvent(self, event: QEvent) -> None:
        self._cross = None
