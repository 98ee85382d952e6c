"""Where else the person is seen, offered on the shelf of references."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.reference.album import Match
from gui import theme
from gui.also_seen import AlsoSeen, State
from gui.panels.widgets import quiet
from gui.thumbnails import Thumbnails, Wanted
from gui.translation import tr

SIDE, COLUMNS, MOST = 46, 5, 15  # pixels of a picture's side; pictures in a row, and in all
DRAWN = 2  # pixels of a picture a pixel of a common screen


class SeenPicture(QAbstractButton):
    """The person in another photo; a press puts that on the shelf."""

    def __init__(self, match: Match) -> None:
        super().__init__()
        self.match = match
        self._image: QImage | None = None
        self.setFixedSize(SIDE, SIDE)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        name = match.path.name
        self.setAccessibleName(tr("Use {name} as reference").format(name=name))
        lines = [name, tr("likeness {value:.2f}").format(value=match.likeness)]
        if match.seen.portrait.eyes_closed:
            lines.append(tr("Eyes closed"))
        lines.append(tr("Press to use it as reference"))
        self.setToolTip("\n".join(lines))

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.match.path, DRAWN * SIDE, self.match.seen.portrait.box)

    def show_image(self, image: QImage) -> None:
        self._image = image
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, area = theme.colours(), QRectF(self.rect())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        shape = QPainterPath()
        shape.addRoundedRect(area.adjusted(1, 1, -1, -1), 5, 5)
        painter.fillPath(shape, QColor(colours.hover))
        if self._image is not None and not self._image.isNull():
            painter.save()
            painter.setClipPath(shape)
            size = QSize(self._image.size())
            size.scale(area.size().toSize(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
            place = QRectF(0, 0, size.width(), size.height())
            place.moveCenter(area.center())
            painter.drawImage(place, self._image)
            painter.restore()
        if self.hasFocus() or self.underMouse():
            painter.setPen(QPen(QColor(colours.text if self.hasFocus() else colours.accent), 2))
            painter.drawPath(shape)


class AlsoSeenPanel(QWidget):
    """Hidden where there is nothing to say."""

    def __init__(self, seen: AlsoSeen, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._seen, self._thumbnails = seen, thumbnails
        self.line, self.private = QLabel(), quiet()
        for label in (self.line, self.private):
            label.setWordWrap(True)
        self.private.setText(
            tr("Compared on this computer: nothing leaves it, and it can be deleted in the menu.")
        )
        self.look, self.leave, self.stop = QPushButton(tr("Look")), QPushButton(), QPushButton()
        self.leave.setText(tr("Not here"))
        self.stop.setText(tr("Stop"))
        for button in (self.look, self.leave, self.stop):
            button.setObjectName("small")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.look.clicked.connect(seen.look)
        self.leave.clicked.connect(seen.leave_alone)
        self.stop.clicked.connect(seen.stop)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName(tr("Progress"))
        self.pictures: list[SeenPicture] = []
        self._shown: tuple[tuple[Path, tuple[float, ...]], ...] = ()
        self._grid = QGridLayout()
        self._grid.setSpacing(4)
        self._grid.setColumnStretch(COLUMNS, 1)
        self._buttons, self._progress = QWidget(), QWidget()
        row = QHBoxLayout(self._buttons)
        row.addWidget(self.look, 1)
        row.addWidget(self.leave, 1)
        running = QHBoxLayout(self._progress)
        running.addWidget(self.bar, 1)
        running.addWidget(self.stop)
        for one in (row, running):
            one.setContentsMargins(0, 0, 0, 0)
            one.setSpacing(6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(5)
        column.addWidget(self.line)
        column.addWidget(self._progress)
        column.addLayout(self._grid)
        column.addWidget(self.private)
        column.addWidget(self._buttons)
        seen.changed.connect(self.refresh)
        thumbnails.made.connect(self._on_made)
        self.refresh()

    def refresh(self) -> None:
        """Show what is known by now."""
        state = self._seen.state
        runs = state.looked is not None
        line = _line(state)
        self.setVisible(bool(line))
        self.line.setText(line)
        self._progress.setVisible(runs)
        self.bar.setRange(0, state.others + 1)
        self.bar.setValue(state.looked or 0)
        self.private.setVisible(state.asks)
        self._buttons.setVisible(state.asks or (state.stopped and not runs))
        self.leave.setVisible(state.asks)
        self.look.setText(tr("Look") if state.asks else tr("Go on looking"))
        self._list(state.found[:MOST])

    def _list(self, found: tuple[Match, ...]) -> None:
        shown = tuple((match.path, match.seen.portrait.box) for match in found)
        if shown == self._shown:
            return
        self._shown = shown
        for picture in self.pictures:
            self._grid.removeWidget(picture)
            picture.deleteLater()
        self.pictures = [SeenPicture(match) for match in found]
        for number, picture in enumerate(self.pictures):
            picture.clicked.connect(lambda _=False, m=picture.match: self._seen.take(m))
            self._grid.addWidget(picture, number // COLUMNS, number % COLUMNS)
            image = self._thumbnails.of(picture.wanted)
            if image is not None:
                picture.show_image(image)

    def _on_made(self, wanted: Wanted) -> None:
        for picture in self.pictures:
            image = self._thumbnails.of(wanted) if picture.wanted == wanted else None
            if image is not None:
                picture.show_image(image)


def _line(state: State) -> str:
    """What is said; "" where there is nothing to say."""
    if state.asks:
        if state.others == 1:
            return tr("Look for this person in the other photo of this folder?")
        return tr("Look for this person in the {count} other photos of this folder?").format(
            count=state.others
        )
    if state.found:
        if len(state.found) == 1:
            return tr("Also seen in 1 photo")
        return tr("Also seen in {count} photos").format(count=len(state.found))
    if state.looked is not None:
        return tr("Looking through the folder…")
    if state.known and not state.stopped and state.others:
        return tr("Not seen in the other photos of this folder.")
    return tr("The folder was not looked through.") if state.stopped else ""
