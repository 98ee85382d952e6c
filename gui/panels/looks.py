"""The strip of small faces: one for each expression that can be asked for, of the person in the
photo as soon as they are made, drawn until then."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from gui import theme
from gui.panels.glyphs import LOOKS, draw_look
from gui.panels.widgets import give_focus_back
from gui.translation import tr

HIGH, LEAST = 42, 24  # pixels


class LookButton(QAbstractButton):
    """One small face. Signal `pointed`: whether the pointer is over it."""

    pointed = Signal(bool)

    def __init__(self, value: str, name: str) -> None:
        super().__init__()
        self.value = value
        self._picture: QImage | None = None
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.setToolTip(name)

    def show_picture(self, picture: QImage | None) -> None:
        """The person's own face; None for a drawn one."""
        if picture is not self._picture:
            self._picture = picture
            self.update()

    @property
    def shows_person(self) -> bool:
        return self._picture is not None

    def sizeHint(self) -> QSize:
        return QSize(34, HIGH)

    def minimumSizeHint(self) -> QSize:
        return QSize(LEAST, HIGH)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.pointed.emit(True)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(False)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        whole = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        shape = QPainterPath()
        shape.addRoundedRect(whole, 6, 6)
        under = self.underMouse() and self.isEnabled()
        if self._picture is not None:
            painter.save()
            painter.setClipPath(shape)
            painter.setOpacity(1.0 if self.isEnabled() else 0.4)
            size = QSize(self._picture.size())
            size.scale(whole.size().toSize(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
            place = QRectF(0, 0, size.width(), size.height())
            place.moveCenter(whole.center())
            painter.drawImage(place, self._picture)
            painter.restore()
        else:
            if under or self.isChecked():
                painter.fillPath(shape, QColor(colours.hover))
            ink = colours.text if self.isEnabled() else colours.line
            draw_look(painter, whole.adjusted(2, 2, -2, -2), LOOKS[self.value], QColor(ink))
        if self.isChecked() and self.isEnabled():
            painter.setPen(QPen(QColor(colours.accent), 2.4))
            painter.drawPath(shape)
        if self.hasFocus() or (under and not self.isChecked()):
            dash = Qt.PenStyle.DashLine if self.hasFocus() else Qt.PenStyle.SolidLine
            painter.setPen(QPen(QColor(colours.text), 1.2, dash))
            painter.drawPath(shape)


class LookStrip(QWidget):
    """Signals: `chosen` with the value of a face that was pressed, or with `none` for one that was
    chosen already; `pointed` with the name of the face under the pointer, "" without one; `entered`
    once somebody looks at the strip."""

    chosen = Signal(object)
    pointed = Signal(str)
    entered = Signal()

    def __init__(self, title: str, words: dict[str, str], none: str) -> None:
        super().__init__()
        self._none = none
        self.setAccessibleName(title)
        self.buttons: dict[str, LookButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for value, word in words.items():
            button = self.buttons[value] = LookButton(value, word)
            button.clicked.connect(lambda _=False, v=value: self._press(v))
            button.pointed.connect(lambda on, w=word: self.pointed.emit(w if on else ""))
            row.addWidget(button)

    @property
    def value(self) -> str:
        """What is chosen."""
        return next((v for v, button in self.buttons.items() if button.isChecked()), self._none)

    def choose(self, value: str) -> None:
        """Show what is chosen."""
        for name, button in self.buttons.items():
            button.setChecked(name == value)
            lines = [button.accessibleName()]
            if name == value:
                lines.append(tr("Press again to leave it as it is"))
            button.setToolTip("\n".join(lines))

    def show_picture(self, value: str, picture: QImage | None) -> None:
        """The person's face with an expression; None for the drawn one."""
        if value in self.buttons:
            self.buttons[value].show_picture(picture)

    def clear(self) -> None:
        """Another face: the drawn ones again."""
        for button in self.buttons.values():
            button.show_picture(None)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.entered.emit()

    def _press(self, value: str) -> None:
        button = self.buttons[value]
        wanted = value if button.isChecked() else self._none
        self.entered.emit()
        self.choose(wanted)
        self.chosen.emit(wanted)
        give_focus_back(self)
