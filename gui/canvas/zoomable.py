"""A widget that shows a photo through a viewport: fit, zoom, pinch, turn, resize."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QNativeGestureEvent, QResizeEvent, QTransform
from PySide6.QtWidgets import QWidget

from gui.canvas.viewport import Viewport, fitted, room_of
from gui.document import Document

WHEEL_STEP = 1.18  # zoom of one notch
TURN_STEP = 15.0  # degrees of one step


class Zoomable(QWidget):
    """Signal `view_changed` after zoom, pan or turn, with the zoom.

    The photo lies on a sheet, where the viewport places it, and where tools and overlays are at
    home. The sheet is turned around the widget's middle; unturned it is the widget."""

    view_changed = Signal(float)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.view = Viewport()
        self.turn = 0.0  # degrees clockwise, 0 .. 360
        self.pointer: QPointF | None = None  # on the sheet
        self._is_fitted = True
        self._is_still = False

    @property
    def is_fitted(self) -> bool:
        """Whether the whole photo is shown, as large as the room allows."""
        return self._is_fitted

    @property
    def zoom(self) -> float:
        """Device pixels a photo pixel."""
        return self.view.scale * self.devicePixelRatioF()

    # The sheet.

    @property
    def room(self) -> QSizeF:
        """How large the sheet is: what of it can be seen lies within."""
        return room_of(QSizeF(self.size()), self.turn)

    def laid_in(self, middle: QPointF) -> QTransform:
        """From the sheet to a widget with this middle."""
        room = self.room
        moved = QTransform.fromTranslate(middle.x(), middle.y())
        return moved.rotate(self.turn).translate(-room.width() / 2, -room.height() / 2)

    @property
    def laid(self) -> QTransform:
        """From the sheet to the widget."""
        return self.laid_in(QPointF(self.width() / 2, self.height() / 2))

    def sheet(self, at: QPointF) -> QPointF:
        """The place of the sheet under a widget's point."""
        return self.laid.inverted()[0].map(at) if self.turn else at

    def seen(self, box: tuple[float, float, float, float]) -> QRectF:
        """Where a box of the photo is seen in the widget."""
        return self.laid.mapRect(self.view.rect_to_widget(box))

    def update_sheet(self, area: QRect) -> None:
        """Repaint an area of the sheet."""
        self.update(self.laid.mapRect(area).adjusted(-1, -1, 1, 1) if self.turn else area)

    # What is shown.

    def fit(self) -> None:
        """The whole photo."""
        self.set_view(fitted(self.document.size, QSizeF(self.size()), self.turn))
        self._is_fitted = True

    def zoom_to(self, scale: float) -> None:
        """A scale in device pixels a photo pixel, 1 being 1:1, around the middle or pointer."""
        at = self.pointer or QRectF(QPointF(), self.room).center()
        self.zoom_by(scale / self.devicePixelRatioF() / self.view.scale, at)

    def zoom_step(self, inwards: bool) -> None:
        middle = QRectF(QPointF(), self.room).center()
        self.zoom_by(WHEEL_STEP**2 if inwards else WHEEL_STEP**-2, middle)

    def zoom_by(self, factor: float, at: QPointF) -> None:
        """Zoom so that the photo's point under `at`, on the sheet, stays there."""
        if self.document.is_open:
            self._is_fitted = False
            self.set_view(self.view.zoomed(factor, at))

    def turn_to(self, degrees: float) -> None:
        """Turn the view, not the photo, around its middle."""
        middle = self.view.to_photo(QRectF(QPointF(), self.room).center())
        self.turn, self.pointer = degrees % 360, None
        if self._is_fitted:
            self.fit()
        else:
            self.look_at(*middle)

    def look_at(self, x: float, y: float) -> None:
        """Bring a point of the photo to the middle."""
        self._is_fitted = False
        scale, room = self.view.scale, self.room
        self.set_view(Viewport(scale, room.width() / 2 - x * scale, room.height() / 2 - y * scale))

    def set_view(self, view: Viewport) -> None:
        self.view = view.held(self.document.size, self.room)
        self.view_changed.emit(self.zoom)
        self.update()

    def move_view(self, dx: float, dy: float) -> None:
        """Move the photo on the sheet."""
        self._is_fitted = False
        self.set_view(self.view.moved(dx, dy))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom_by(1 + event.value(), self.sheet(event.position()))
                return True
            if event.gestureType() == Qt.NativeGestureType.RotateNativeGesture:
                self.turn_to(self.turn + event.value())
                return True
        return super().event(event)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """What is shown stays where it is, although the widget is given another size."""
        self._is_still = True
        try:
            yield
        finally:
            self._is_still = False
            whole = fitted(self.document.size, QSizeF(self.size()), self.turn)
            self._is_fitted = self.view == whole

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._is_still:
            return
        if self._is_fitted:
            self.fit()
        else:
            self.set_view(self.view)
