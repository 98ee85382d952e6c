"""Small parts the panels share."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QDoubleValidator,
    QFocusEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QWidget,
)

from gui import theme

NAME_WIDTH = 72  # of the names left of sliders and choosers, so that those line up
VALUE_WIDTH = 48  # of what stands right of sliders, typed or not
VALUE_EDGE = 5  # pixels right of a value: as much as the frame of one that is typed takes


def give_focus_back(widget: QWidget) -> None:
    """To the canvas of the widget's window: keys go on working on the photo after a choice."""
    canvas = widget.window().findChild(QWidget, "canvas")
    if canvas is not None and canvas.isVisible():
        canvas.setFocus()


class Chooser(QComboBox):
    """A combo box that the wheel never changes unless it was entered by keyboard, and that gives
    the focus back after a choice by mouse. Signal `chosen` with the data, by the person only."""

    chosen = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.activated.connect(lambda index: self.chosen.emit(self.itemData(index)))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()  # the panel scrolls

    def hidePopup(self) -> None:
        super().hidePopup()
        give_focus_back(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            give_focus_back(self)
        else:
            super().keyPressEvent(event)


class Slider(QSlider):
    """A slider that the wheel never changes unless it was entered by keyboard; a drag by mouse
    gives the focus back."""

    def __init__(self, name: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        give_focus_back(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            give_focus_back(self)
        else:
            super().keyPressEvent(event)


class Spinner(QSpinBox):
    """A number to type, or to change by the arrow keys; the wheel never changes it unless it was
    entered."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.lineEdit().setTextMargins(9, 0, 9, 0)  # the style sheet's padding is not its own
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Swatch(QAbstractButton):
    """A colour to choose."""

    def __init__(self, colour: str, name: str) -> None:
        super().__init__()
        self._colour = colour
        self.setCheckable(True)
        self.setFixedSize(22, 22)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)
        self.setToolTip(name)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QPointF(self.width() / 2, self.height() / 2)
        if self.isChecked() or self.hasFocus():
            painter.setPen(QPen(QColor(colours.text if self.isChecked() else colours.edge), 1.8))
            painter.drawEllipse(middle, 9.5, 9.5)
        painter.setPen(QPen(QColor(colours.edge), 1))
        painter.setBrush(QColor(self._colour))
        painter.drawEllipse(middle, 6.5, 6.5)


def shrinkable(widget: QWidget) -> None:
    """Columns share the panel's width evenly; a long word must not push them under its edge."""
    widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)


def quiet(text: str = "") -> QLabel:
    """A label that steps back."""
    label = QLabel(text)
    label.setProperty("quiet", True)
    return label


def figure() -> QLabel:
    """A live value at the right of a row; it is cut rather than widen the panel."""
    label = QLabel()
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    label.setFont(tabular(label.font()))
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def section(title: str) -> QLabel:
    """The small title of a part of a panel."""
    label = QLabel(title.upper())
    label.setObjectName("section")
    return label


def named_row(title: str, widget: QWidget) -> QHBoxLayout:
    """A chooser or slider with its name at the left."""
    row, name = QHBoxLayout(), quiet(title)
    name.setFixedWidth(NAME_WIDTH)
    name.setBuddy(widget)
    row.addWidget(name)
    row.addWidget(widget, 1)
    return row


def slider_row(title: str, low: int, high: int) -> tuple[QHBoxLayout, Slider, QLabel]:
    """A slider with its name at the left and its value at the right."""
    slider, value = Slider(title), QLabel()
    slider.setRange(low, high)
    row = named_row(title, slider)
    value.setFixedWidth(VALUE_WIDTH)
    value.setContentsMargins(0, 0, VALUE_EDGE, 0)
    value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    value.setFont(tabular(value.font()))
    row.addWidget(value)
    return row, slider, value


class Typed(QLineEdit):
    """A number that is shown and can be typed. Signal `entered` once another one was."""

    entered = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName("typed")
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedWidth(VALUE_WIDTH)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setFont(tabular(self.font()))
        self.setMaxLength(5)
        self.setValidator(QDoubleValidator(0, 99999, 1, self))
        self.returnPressed.connect(lambda: give_focus_back(self))
        self.editingFinished.connect(self._take)

    @property
    def number(self) -> float | None:
        """What stands there, None where that is no number."""
        number, is_one = self.locale().toDouble(self.text())
        return number if is_one else None

    def _take(self) -> None:
        if self.isModified():
            self.setModified(False)
            self.entered.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        QTimer.singleShot(0, self.selectAll)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.setModified(False)
            give_focus_back(self)
        else:
            super().keyPressEvent(event)


def typed_row(title: str, low: int, high: int) -> tuple[QHBoxLayout, Slider, Typed]:
    """A slider with its name at the left and its value, which can be typed, at the right."""
    slider, value = Slider(title), Typed(title)
    slider.setRange(low, high)
    row = named_row(title, slider)
    row.addWidget(value)
    return row, slider, value


def tabular(font: QFont) -> QFont:
    """The font with figures of one width, so that live numbers do not dance."""
    font = QFont(font)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


class Elided(QLabel):
    """A label that shortens a long text, by itself in its middle, instead of widening the window.
    The tool tip is the whole text, or what was given for it."""

    def __init__(self, mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle) -> None:
        super().__init__()
        self._mode = mode
        self.setMinimumWidth(40)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._text = ""

    def show_text(self, text: str, tip: str = "") -> None:
        self._text = text
        self.setToolTip(tip or text)
        self._elide()

    def resizeEvent(self, event) -> None:
        self._elide()

    def _elide(self) -> None:
        width = max(0, self.width() - 4)
        self.setText(self.fontMetrics().elidedText(self._text, self._mode, width))
