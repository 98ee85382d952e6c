"""The strip of results under the canvas: fills of the same mask to choose from."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFontMetrics,
    QIcon,
    QPainter,
    QPixmap,
)
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.actions import Actions, button_for
from gui.panels.widgets import quiet
from gui.results import Result, Results
from gui.translation import say, tr

WIDE, HIGH = 116, 72  # logical pixels of a thumbnail
HEIGHT, BUTTON = 134, 128
COMPACT = 0.62  # of a thumbnail where the window is low; words are then in the tool tip alone
LOW = 64  # pixels of height then
MARK = 18  # logical pixels of the mark of doubt


class ResultButton(QToolButton):
    """Signal `pointed`: whether the pointer is over it. (The arrow keys choose at once.)"""

    pointed = Signal(bool)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.pointed.emit(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit(False)


class Strip(QWidget):
    """Hidden while there is nothing to choose from. Signals: `wants_room` with what shows or hides
    it, for whoever owns the room it takes; `pointed` with the result that is pointed at, None once
    none is."""

    wants_room = Signal(object)
    pointed = Signal(object)

    def __init__(self, actions: Actions, results: Results, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.results = results
        self.buttons: list[ResultButton] = []
        self._shown: list[Result] = []
        self._is_compact, self._is_allowed = False, True
        self._title = QLabel(tr("Results"))
        self._group = QButtonGroup(self)
        self._count = quiet()
        self.more = button_for(actions, "more", tr("More like this"))
        self.more.setObjectName("small")
        left = QVBoxLayout()
        left.setSpacing(4)
        left.addStretch(1)
        left.addWidget(self._title)
        left.addWidget(self._count)
        left.addSpacing(2)
        left.addWidget(self.more)
        left.addStretch(1)
        inner = QWidget()
        inner.setObjectName("stripBody")
        self._row = QHBoxLayout(inner)
        self._row.setContentsMargins(0, 2, 0, 2)
        self._row.setSpacing(6)
        self._row.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(inner)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 1, 8, 0)
        row.setSpacing(16)
        row.addLayout(left)
        row.addWidget(self._scroll, 1)
        self.hide()
        results.changed.connect(self.refresh)
        self.refresh()

    def show_compactly(self, compact: bool) -> None:
        """Small thumbnails without words, for a low window, or the usual ones."""
        if compact != self._is_compact:
            self._is_compact = compact
            self.setFixedHeight(LOW if compact else HEIGHT)
            self._title.setVisible(not compact)
            self._rebuild(self._shown)
            self.refresh()

    def refresh(self) -> None:
        """Show the round the photo stands in."""
        one = self.results.round
        listed = list(one.results) if one is not None else []
        if listed != self._shown:
            self._rebuild(listed)
        current = self.results.current
        self._group.setExclusive(False)
        for button, result in zip(self.buttons, self._shown, strict=True):
            button.setChecked(result is current)
            if result is current:
                self._scroll.ensureWidgetVisible(button)
        self._group.setExclusive(True)
        self._count.setText(_count(len(listed)))
        shown = bool(listed) and self._is_allowed
        if self.isHidden() == shown:
            self.wants_room.emit(lambda: self.setVisible(shown))

    def allow(self, on: bool) -> None:
        """Whether it may be seen at all."""
        self._is_allowed = on
        self.refresh()

    def _rebuild(self, listed: list[Result]) -> None:
        self.pointed.emit(None)
        for button in self.buttons:
            self._group.removeButton(button)
            self._row.removeWidget(button)
            button.deleteLater()
        self.buttons, self._shown = [], listed
        for number, result in enumerate(listed):
            button = self._button(result)
            self._group.addButton(button)
            self._row.insertWidget(number, button)
            self.buttons.append(button)

    def _button(self, result: Result) -> ResultButton:
        button = ResultButton()
        button.setObjectName("result")
        button.setCheckable(True)
        picture = QPixmap.fromImage(result.thumbnail)
        picture.setDevicePixelRatio(max(picture.width() / WIDE, picture.height() / HIGH))
        doubts = [say(doubt.sentence) for doubt in result.fill.doubts]
        if doubts:
            _mark(picture)
        button.setIcon(QIcon(picture))
        share = COMPACT if self._is_compact else 1.0
        button.setIconSize(QSize(WIDE, HIGH) * share)
        style = Qt.ToolButtonStyle.ToolButtonTextUnderIcon
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly if share < 1 else style)
        button.setFixedWidth(round(WIDE * share) + BUTTON - WIDE)
        font = button.font()
        font.setPixelSize(11)
        button.setFont(font)
        title, line = result.label
        metrics, end = QFontMetrics(font), Qt.TextElideMode.ElideRight
        shown = [metrics.elidedText(text, end, BUTTON - 12) for text in (title, line)]
        button.setText("\n".join(shown))
        seconds = tr("{seconds:.1f} s").format(seconds=result.fill.seconds)
        told = [title, line, f"{result.fill.model} · {seconds}", *doubts]
        button.setToolTip("\n".join(told))
        button.setAccessibleName(", ".join([title, line, *doubts]))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _checked=False: self._choose(result))
        button.pointed.connect(lambda on: self.pointed.emit(result if on else None))
        return button

    def _choose(self, result: Result) -> None:
        self.results.choose(result)
        self.refresh()


def _mark(picture: QPixmap) -> None:
    """A question mark in the thumbnail's corner: a face in it may lie wrong."""
    width = picture.width() / picture.devicePixelRatio()
    place = QRectF(width - MARK - 3, 3, MARK, MARK)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.colours().warning))
    painter.drawEllipse(place)
    font = painter.font()
    font.setPixelSize(MARK - 5)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor("#1c1c1e"))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "?")
    painter.end()


def _count(count: int) -> str:
    return tr("1 fill") if count == 1 else tr("{count} fills").format(count=count)
