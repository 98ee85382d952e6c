"""What is seen while a photo is being opened: a small picture of it, as soon as there is one, and a
ring that turns."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, QSizeF, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.canvas import painting
from gui.canvas.viewport import FIT_MARGIN
from gui.thumbnails import Thumbnails, Wanted
from gui.translation import tr

PATIENCE_MS = 150  # what is there sooner shows no ring
COARSE = 1400  # pixels of the longer side of the small picture
TURN_MS, TURN = 40, 12  # a step of the ring, degrees
RADIUS = 16.0  # pixels


class Loading(QWidget):
    """Lies over the canvas, or what stands in its place, while a photo that will be shown is
    opened."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._thumbnails = thumbnails
        self._paths: list[Path | None] = []
        self._image: QImage | None = None
        self._angle = 0
        self._patience, self._ring = QTimer(self), QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE_MS)
        self._patience.timeout.connect(self._appear)
        self._ring.setInterval(TURN_MS)
        self._ring.timeout.connect(self._turn)
        thumbnails.made.connect(self._on_made)
        self.hide()

    def lie_over(self, stage: QWidget) -> None:
        """What it covers, from now on."""
        self.setParent(stage)
        stage.installEventFilter(self)
        self.setGeometry(stage.rect())
        self.setVisible(self._ring.isActive())

    def begin(self, path: Path | None) -> None:
        """A photo is being opened; None: of what has no file."""
        self._paths.append(path)
        self._patience.start()

    def end(self) -> None:
        """The one that was asked for first is open, or will not be."""
        if self._paths:
            self._paths.pop(0)
        self._image = None
        if not self._paths:
            self._patience.stop()
            self._ring.stop()
            self.hide()
        elif self.isVisible():
            self._want()

    def _appear(self) -> None:
        if self._paths:
            self._want()
            self._ring.start()
            self.raise_()
            self.show()

    def _want(self) -> None:
        path = self._paths[0]
        self._image = None if path is None else self._thumbnails.of(Wanted(path, COARSE))
        self.setAccessibleName(self.words)
        self.update()

    @property
    def words(self) -> str:
        """What is being opened."""
        path = self._paths[0] if self._paths else None
        return tr("Opening {name}…").format(name=path.name) if path else tr("Opening…")

    def _on_made(self, wanted: Wanted) -> None:
        if self._paths and wanted == Wanted(self._paths[0] or Path(), COARSE):
            self._image = self._thumbnails.of(wanted)
            self.update()

    def _turn(self) -> None:
        self._angle = (self._angle + TURN) % 360
        reach = 3 * RADIUS
        middle = self._middle
        area = QRectF(middle.x() - reach, middle.y() - reach, 2 * reach, 2 * reach)
        self.update(area.toAlignedRect())

    @property
    def _middle(self) -> QPointF:
        return QRectF(self.rect()).center()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            self.setGeometry(watched.rect())
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(theme.colours().canvas))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._image is not None and not self._image.isNull():
            room = QSizeF(self.width() - 2 * FIT_MARGIN, self.height() - 2 * FIT_MARGIN)
            size = QSize(self._image.size()).toSizeF()
            size.scale(room, Qt.AspectRatioMode.KeepAspectRatio)
            place = QRectF(QPointF(), size)
            place.moveCenter(self._middle)
            painter.drawImage(place, self._image)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(16, 17, 20, 200))
        painter.drawEllipse(self._middle, 1.7 * RADIUS, 1.7 * RADIUS)
        ring = QRectF(0, 0, 2 * RADIUS, 2 * RADIUS)
        ring.moveCenter(self._middle)
        pen = QPen(QColor("#f0f1f4"), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawArc(ring, -16 * self._angle, 16 * 260)
        painting.draw_tag(painter, self.words, QPointF(14, 14), right=False)
