"""What is shown while no photo is open: how to begin."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.actions import Actions
from gui.translation import tr

SHOWN = 5  # recent photos


class Welcome(QWidget):
    """Open a photo, the sample, or a recent one. Signal `chosen` with a recent one's path."""

    chosen = Signal(Path)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._icon = QLabel()
        title = QLabel(tr("Drop a photo here"))
        title.setStyleSheet("font-size: 21px; font-weight: 600;")
        hint = QLabel(tr("Brush over what should go, press Enter, and the face comes back."))
        hint.setProperty("quiet", True)
        hint.setWordWrap(True)
        open_button, sample = QPushButton(tr("Open a photo…")), QPushButton(tr("Try the sample"))
        open_button.setObjectName("primary")
        open_button.clicked.connect(actions["open"].trigger)
        sample.clicked.connect(actions["sample"].trigger)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch(1)
        buttons.addWidget(open_button)
        buttons.addWidget(sample)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addStretch(1)
        for label in (self._icon, title, hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        column.addSpacing(6)
        column.addLayout(buttons)
        column.addSpacing(14)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        column.addLayout(self._recent)
        column.addStretch(1)
        self.tint()
        theme.themes().rethemed.connect(self.tint)

    def show_recent(self, paths: list[Path]) -> None:
        """The photos opened last."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for path in paths[:SHOWN]:
            button = QPushButton(f"{path.name}   ·   {path.parent.name}")
            button.setObjectName("link")
            button.setToolTip(str(path))
            button.setAccessibleName(tr("Open {name}").format(name=path.name))
            button.clicked.connect(lambda _=False, p=path: self.chosen.emit(p))
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignCenter)

    def tint(self) -> None:
        """Icon and ground in the theme's colours."""
        self._icon.setPixmap(theme.icon("image-plus-outline").pixmap(56, 56))
        self.setStyleSheet(f"#welcome {{ background: {theme.colours().canvas}; }}")
