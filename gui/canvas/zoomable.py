"""A widget that shows a photo through a viewport: fit, zoom, pinch, resize."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QNativeGestureEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from gui.canvas.viewport import Viewport, fitted
from gui.document import Document

WHEEL_STEP = 1.18  # zoom of one notch


class Zoomable(QWidget):
    """Signal `view_changed` after zoom or pan, with the zoom."""

    view_changed = Signal(float)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.view = Viewport()
        self.pointer: QPointF | None = None
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

    def fit(self) -> None:
        """The whole photo."""
        self.set_view(fitted(self.document.size, QSizeF(self.size())))
        self._is_fitted = True

    def zoom_to(self, scale: float) -> None:
        """A scale in device pixels a photo pixel, 1 being 1:1, around the middle or pointer."""
        at = self.pointer or QPointF(self.width() / 2, self.height() / 2)
        self.zoom_by(scale / self.devicePixelRatioF() / self.view.scale, at)

    def zoom_step(self, inwards: bool) -> None:
        self.zoom_by(WHEEL_STEP**2 if inwards else WHEEL_STEP**-2, QRectF(self.rect()).center())

    def zoom_by(self, factor: float, at: QPointF) -> None:
        """Zoom so that the photo's point under `at` stays there."""
        if self.document.is_open:
            self._is_fitted = False
            self.set_view(self.view.zoomed(factor, at))

    def set_view(self, view: Viewport) -> None:
        self.view = view.held(self.document.size, QSizeF(self.size()))
        self.view_changed.emit(self.zoom)
        self.update()

    def move_view(self, dx: float, dy: float) -> None:
        self._is_fitted = False
        self.set_view(self.view.moved(dx, dy))

    def event(self, event: QEvent) -> bool:
        pinch = Qt.NativeGestureType.ZoomNativeGesture
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == pinch:
            self.zoom_by(1 + event.value(), event.position())
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
            self._is_fitted = self.view == fitted(self.document.size, QSizeF(self.size()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._is_still:
            return
        if self._is_fitted:
            self.fit()
        else:
            self.set_view(self.view)
