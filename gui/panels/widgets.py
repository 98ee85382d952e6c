"""Small parts the panels share."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QWidget,
)

from gui.actions import Actions

NAME_WIDTH = 72  # of the names left of sliders and choosers, so that those line up


def button_for(actions: Actions, name: str, text: str) -> QPushButton:
    """A push button that is one with an action: enabled, checked and triggered together."""
    action = actions[name]
    button = QPushButton(text)
    button.setToolTip(action.toolTip())
    button.setCheckable(action.isCheckable())
    button.setEnabled(action.isEnabled())
    if action.isCheckable():
        button.setChecked(action.isChecked())
        button.toggled.connect(action.setChecked)
        action.toggled.connect(button.setChecked)
    else:
        button.clicked.connect(action.trigger)
    action.enabledChanged.connect(button.setEnabled)
    return button


def check_for(actions: Actions, name: str, text: str) -> QCheckBox:
    """A check box that is one with a checkable action."""
    action = actions[name]
    box = QCheckBox(text)
    box.setToolTip(action.toolTip())
    box.setChecked(action.isChecked())
    box.toggled.connect(action.setChecked)
    action.toggled.connect(box.setChecked)
    return box


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
    widget.setAccessibleName(title)
    row.addWidget(name)
    row.addWidget(widget, 1)
    return row


def slider_row(title: str, low: int, high: int) -> tuple[QHBoxLayout, QSlider, QLabel]:
    """A slider with its name at the left and its value at the right."""
    slider, value = QSlider(Qt.Orientation.Horizontal), QLabel()
    slider.setRange(low, high)
    row = named_row(title, slider)
    value.setFixedWidth(44)
    value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    value.setFont(tabular(value.font()))
    row.addWidget(value)
    return row, slider, value


def tabular(font: QFont) -> QFont:
    """The font with figures of one width, so that live numbers do not dance."""
    font = QFont(font)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font
