"""A small picture of the whole photo over a corner of the canvas, with what is seen of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.canvas import painting
from gui.canvas.canvas import Canvas
from gui.canvas.viewport import Viewport
from gui.canvas.zoomable import WHEEL_STEP
from gui.translation import tr

LONGER, SHARE = 164, 0.28  # pixels of its longer side, of each side of the canvas at most
SMALLEST = 56  # pixels of its longer side: less tells nothing
MARGIN = 12  # pixels to the canvas's edges
SETTLING_MS = 150  # after a change of the photo, before it is drawn anew
STEP = 0.125  # of what is seen, for an arrow key
CLICK = 4  # pixels that a hand moves in a click


class Navigator(QWidget):
    """There while a part of the photo alone is seen. A drag moves what is seen, a click brings a
    place to the middle, the wheel zooms; with the keyboard the arrow keys move it.

    The photo is drawn once, from the pyramid's coarse levels, and anew when it changes: panning
    costs a picture of this size."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas, self._document = canvas, canvas.document
        self._allowed = True
        self._picture: QPixmap | None = None
        self._held: QPointF | None = None  # in the photo, from the middle of what is seen
        self._pressed: QPoint | None = None  # where a click within what is seen began
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLING_MS)
        self._settling.timeout.connect(self._renew)
        self.setObjectName("navigator")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.translate()
        canvas.view_changed.connect(lambda _zoom: self.refresh())
        canvas.installEventFilter(self)
        self._document.opened.connect(self._on_opened)
        self._document.pixels_changed.connect(lambda _box: self._settling.start())
        theme.themes().rethemed.connect(self.update)
        self.hide()

    def translate(self) -> None:
        """The words in the interface's language."""
        self.setAccessibleName(tr("Navigator"))
        self.setToolTip(tr("What is seen of the photo: drag it, or click where to look"))

    def allow(self, on: bool) -> None:
        """Whether it may be shown at all."""
        self._allowed = on
        self.refresh()

    def refresh(self) -> None:
        """Come or go, and show what is seen by now."""
        shown = self._allowed and self._document.is_open and self._sees_a_part
        if shown:
            self._place()
            shown = max(self.width(), self.height()) >= SMALLEST
        self.setVisible(shown)
        self.update()

    @property
    def _sees_a_part(self) -> bool:
        canvas = self._canvas
        whole = canvas.seen((0, 0, *self._document.size))
        return not QRectF(canvas.rect()).adjusted(-1, -1, 1, 1).contains(whole)

    def _place(self) -> None:
        """In the corner, in the photo's proportions."""
        width, height = self._document.size
        room = self._canvas.size()
        scale = min(
            LONGER / max(width, height),
            SHARE * room.width() / width,
            SHARE * room.height() / height,
        )
        size = QSize(max(8, round(width * scale)), max(8, round(height * scale)))
        if size != self.size():
            self._picture = None
            self.resize(size)
        self.move(room.width() - size.width() - MARGIN, room.height() - size.height() - MARGIN)

    def _on_opened(self) -> None:
        self._renew()
        self.refresh()

    def _renew(self) -> None:
        """The photo is another one, or was changed."""
        levels = self._canvas.shelf.shown
        if levels is not None and levels.waiting:
            self._settling.start()  # what is put off there is not in the levels yet
        self._picture = None
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.refresh()
        return super().eventFilter(watched, event)

    # Where is what.

    @property
    def _view(self) -> Viewport:
        """Where the photo lies in this widget."""
        return Viewport(max(self.width(), self.height()) / max(self._document.size))

    @property
    def middle(self) -> QPointF:
        """The photo's place in the middle of what is seen."""
        canvas = self._canvas
        return QPointF(*canvas.view.to_photo(QRectF(QPointF(), canvas.room).center()))

    @property
    def seen(self) -> QPolygonF:
        """What is seen of the photo, in this widget; turned, as the view is."""
        canvas, view = self._canvas, self._view
        corners = QPolygonF(QRectF(canvas.rect()))
        on_sheet = canvas.laid.inverted()[0].map(corners) if canvas.turn else corners
        places = (canvas.view.to_photo(corner) for corner in on_sheet.toList())
        return QPolygonF([view.to_widget(*place) for place in places])

    def _to_photo(self, at: QPointF) -> QPointF:
        return QPointF(*self._view.to_photo(at))

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._document.is_open or self._canvas.shelf.shown is None:
            return
        painter = QPainter(self)
        if self._picture is None or self._picture.devicePixelRatioF() != self.devicePixelRatioF():
            self._picture = self._drawn()
        painter.drawPixmap(0, 0, self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame, seen = QPainterPath(), QPainterPath()
        frame.addRect(QRectF(self.rect()))
        seen.addPolygon(self.seen)
        painter.fillPath(frame - seen, QColor(0, 0, 0, 110))
        # Of a dark and a light line one is seen on any photo.
        inside = frame & seen
        painter.strokePath(inside, QPen(QColor(0, 0, 0, 170), 4))
        painter.strokePath(inside, QPen(QColor("#ffffff"), 1.6))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        colours = theme.colours()
        painter.setPen(QColor(colours.edge))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.text), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _drawn(self) -> QPixmap:
        """The whole photo as it looks now."""
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(theme.colours().canvas))
        levels = self._canvas.shelf.shown
        assert levels is not None
        painter = QPainter(picture)
        painting.draw_photo(painter, levels.current, self._view, QRect(QPoint(), self.size()))
        painter.end()
        return picture

    # Events.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        at = self._to_photo(event.position())
        if self.seen.containsPoint(event.position(), Qt.FillRule.OddEvenFill):
            self._pressed, self._held = event.position().toPoint(), at - self.middle
        else:
            self._pressed, self._held = None, QPointF()
            self._look_at(at)
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is None:
            return
        if self._pressed is not None:
            moved = event.position().toPoint() - self._pressed
            if moved.manhattanLength() < CLICK:
                return
            self._pressed = None
        self._look_at(self._to_photo(event.position()) - self._held)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self._pressed is not None:
            self._look_at(self._to_photo(event.position()))
        self._held = self._pressed = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if notches:
            room = QRectF(QPointF(), self._canvas.room)
            self._canvas.zoom_by(WHEEL_STEP**notches, room.center())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (STEP, 0),
            Qt.Key.Key_Right: (-STEP, 0),
            Qt.Key.Key_Up: (0, STEP),
            Qt.Key.Key_Down: (0, -STEP),
        }
        if event.key() in steps:
            across, down = steps[Qt.Key(event.key())]
            room = self._canvas.room
            self._canvas.move_view(across * room.width(), down * room.height())
        elif event.key() == Qt.Key.Key_Escape:
            self._canvas.setFocus()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QEvent) -> None:
        self.update()

    def _look_at(self, at: QPointF) -> None:
        self._canvas.look_at(at.x(), at.y())
