"""The tool rail at the left."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from gui.actions import Actions, plain
from gui.canvas.toolbox import TOOLS


class Rail(QWidget):
    """One button a tool, exactly one of them down; undo and redo below."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 10, 8, 10)
        column.setSpacing(5)
        for tool in TOOLS:
            column.addWidget(_button(actions[f"tool_{tool.name}"]))
        column.addStretch(1)
        for name in ("undo", "redo"):
            column.addWidget(_button(actions[name]))


def _button(action) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(22, 22))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    button.setAccessibleName(plain(action.text()))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
