"""The filmstrip: the photos of a folder in a row, with what became of each."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QWheelEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from gui import theme
from gui.film import CHANGED, DONE, FILLING, OPEN, Film
from gui.panels.widgets import give_focus_back
from gui.thumbnails import Thumbnails, Wanted
from gui.translation import tr

WIDE, HIGH, NAME = 84, 62, 16  # logical pixels of a picture, and of the name under it
HEIGHT = HIGH + NAME + 20
DRAWN = 2  # pixels of a picture a pixel of a common screen
SIGN = 14  # pixels of the sign of a state
PLACE = Qt.ItemDataRole.UserRole
STATE = PLACE + 1


class _Photos(QAbstractListModel):
    """The photos as a view asks for them."""

    def __init__(self, film: Film) -> None:
        super().__init__()
        self._film = film
        self._shown: tuple[Path, ...] = ()

    def refresh(self) -> None:
        if self._shown != self._film.photos:
            self.beginResetModel()
            self._shown = self._film.photos
            self.endResetModel()
        elif self._shown:
            self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return len(self._shown)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole):
        path = self._shown[index.row()] if index.isValid() else None
        if path is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return path.name
        if role == PLACE:
            return path
        if role == STATE:
            return self._film.state(path)
        word = words().get(self._film.state(path), "")
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{path.name}\n{word}" if word else path.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{path.name}, {word}" if word else path.name
        return None


class _Picture(QStyledItemDelegate):
    """A thumbnail, the sign of its state in a corner, its name below."""

    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index) -> QSize:
        return QSize(WIDE + 8, HIGH + NAME + 8)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index) -> None:
        colours, path = theme.colours(), index.data(PLACE)
        rect = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        over = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        frame = QRectF(rect.left() + 4, rect.top() + 4, WIDE, HIGH)
        shape = QPainterPath()
        shape.addRoundedRect(frame, 5, 5)
        painter.fillPath(shape, QColor(colours.hover))
        image = self._thumbnails.of(Wanted(path, DRAWN * WIDE))
        if image is not None and not image.isNull():
            _draw_within(painter, image, shape, frame)
        if chosen or over:
            painter.setPen(QPen(QColor(colours.accent if chosen else colours.edge), 2.4))
            painter.drawPath(shape)
        _draw_sign(painter, index.data(STATE), frame)
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(QColor(colours.text if chosen else colours.quiet))
        name = QRectF(rect.left() + 4, frame.bottom() + 2, WIDE, NAME)
        elide = Qt.TextElideMode.ElideMiddle
        text = painter.fontMetrics().elidedText(path.name, elide, WIDE)
        painter.drawText(name, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()


def _draw_within(painter: QPainter, image: QImage, shape: QPainterPath, frame: QRectF) -> None:
    """A picture that covers its frame; of an upright one rather the upper part, where faces are."""
    painter.save()
    painter.setClipPath(shape)
    size = QSize(image.size())
    size.scale(frame.size().toSize(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
    x = frame.left() + (frame.width() - size.width()) / 2
    y = frame.top() + (frame.height() - size.height()) * 0.3
    painter.drawImage(QRectF(x, y, size.width(), size.height()), image)
    painter.restore()


def _draw_sign(painter: QPainter, state: str, frame: QRectF) -> None:
    """On a dark disc, or a picture could hide it; an open photo has a dot alone."""
    if not state:
        return
    disc = QRectF(frame.right() - SIGN - 6, frame.top() + 4, SIGN + 2, SIGN + 2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(16, 17, 20, 205))
    painter.drawEllipse(disc)
    middle = disc.center()
    if state in (OPEN, CHANGED):
        reach = 4.0 if state == CHANGED else 2.2
        painter.setBrush(QColor(theme.DARK.predicted if state == CHANGED else "#f0f1f4"))
        painter.drawEllipse(middle, reach, reach)
        return
    painter.setPen(QPen(QColor(theme.DARK.seen if state == DONE else "#f0f1f4"), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    x, y = middle.x(), middle.y()
    if state == DONE:
        painter.drawPolyline([QPointF(x - 4, y), QPointF(x - 1, y + 3), QPointF(x + 4, y - 3)])
    else:
        painter.drawArc(QRectF(x - 4, y - 4, 8, 8), 90 * 16, -270 * 16)


class _View(QListView):
    """A row of photos that the wheel moves sideways."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (delta.y() or delta.x()))


class FilmStrip(QWidget):
    """A press goes to a photo."""

    def __init__(self, film: Film, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._film = film
        self.setObjectName("film")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.list, self._photos = _View(), _Photos(film)
        view = self.list
        view.setModel(self._photos)
        view.setItemDelegate(_Picture(thumbnails, view))
        view.setAccessibleName(tr("Photos of the folder"))
        view.setFlow(QListView.Flow.LeftToRight)
        view.setWrapping(False)
        view.setUniformItemSizes(True)
        view.setMouseTracking(True)
        view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        view.setFrameShape(QListView.Shape.NoFrame)
        view.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        view.clicked.connect(self._on_clicked)
        view.activated.connect(self._on_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 1, 8, 0)
        row.addWidget(view)
        film.changed.connect(self.refresh)
        thumbnails.made.connect(self._on_made)
        self.refresh()

    def refresh(self) -> None:
        """Show the folder as it is by now, the shown photo in view."""
        self._photos.refresh()
        place = self._film.place
        index = self._photos.index(-1 if place is None else place)
        if place is None:
            self.list.clearSelection()
        elif index != self.list.currentIndex():
            self.list.setCurrentIndex(index)
            self.list.scrollTo(index, QListView.ScrollHint.PositionAtCenter)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self.list.scrollTo(self.list.currentIndex(), QListView.ScrollHint.PositionAtCenter)

    def _on_made(self, _wanted: Wanted) -> None:
        """A method, so that nothing is told to a panel that another language took the place of."""
        self.list.viewport().update()

    def _on_clicked(self, index: QModelIndex) -> None:
        self._film.go(index.data(PLACE))
        give_focus_back(self)


def words() -> dict[str, str]:
    """What the states are called."""
    return {
        OPEN: tr("Open"),
        CHANGED: tr("Not saved"),
        FILLING: tr("Being filled"),
        DONE: tr("Filled and saved"),
    }
