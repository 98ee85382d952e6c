"""Fields of forms: a choice, one whose entries all stand there, and a path."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from engine.photo import OPEN_SUFFIXES
from gui.translation import tr

# What can be written, by the ending that says so.
FORMATS = {
    ".jpg": "JPEG",
    ".png": "PNG",
    ".webp": "WebP",
    ".tif": "TIFF",
    ".avif": "AVIF",
    ".jxl": "JPEG XL",
}


class Choice(QComboBox):
    """One of several entries, which the wheel changes only once it was clicked. Signal `changed`
    when another one is chosen, by whomever."""

    changed = Signal()

    def __init__(self, title: str, entries: dict[str, str]) -> None:
        super().__init__()
        self.currentIndexChanged.connect(lambda _number: self.changed.emit())
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for value, text in entries.items():
            self.addItem(text, value)

    def choose(self, value: str) -> None:
        at = self.findData(value)
        self.setCurrentIndex(max(at, 0))

    @property
    def value(self) -> str:
        return str(self.currentData())

    def wheelEvent(self, event) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Chips(QWidget):
    """One of several short entries that all stand there, so that one click chooses. Used as a
    `Choice` is."""

    changed = Signal()

    def __init__(self, title: str, entries: dict[str, str], tips: dict[str, str]) -> None:
        super().__init__()
        self.setAccessibleName(title)
        self._values = list(entries)
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for number, (value, text) in enumerate(entries.items()):
            button = QPushButton(text)
            button.setObjectName("small")
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setToolTip(tips[value])
            button.setAccessibleName(f"{title}: {tips[value]}")
            self._group.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        self._group.idToggled.connect(self._on_toggled)

    def _on_toggled(self, _number: int, on: bool) -> None:
        if on:
            self.changed.emit()

    def button(self, value: str) -> QAbstractButton:
        """The button of an entry."""
        return self._group.button(self._values.index(value))

    def findData(self, value: str) -> int:
        """The number of an entry, -1 where there is none of this value."""
        return self._values.index(value) if value in self._values else -1

    def choose(self, value: str) -> None:
        """An entry; one that is not known is the first."""
        self._group.button(max(self.findData(value), 0)).setChecked(True)

    @property
    def value(self) -> str:
        return self._values[max(self._group.checkedId(), 0)]


class PathLine(QWidget):
    """A path that can be typed, dropped or chosen."""

    changed = Signal()

    def __init__(self, title: str, hint: str, *, folder: bool = True) -> None:
        super().__init__()
        self._title, self._folder = title, folder
        self.line = QLineEdit()
        self.line.setPlaceholderText(hint)
        self.line.setAccessibleName(title)
        self.line.textChanged.connect(lambda _text: self.changed.emit())
        self.button = QPushButton("…")
        self.button.setObjectName("small")
        self.button.setFixedWidth(34)
        self.button.setAccessibleName(f"{title}: {tr('Choose…')}")
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.line, 1)
        row.addWidget(self.button)

    @property
    def path(self) -> Path | None:
        text = self.line.text().strip()
        return Path(text).expanduser() if text else None

    def _choose(self) -> None:
        if self._folder:
            chosen = QFileDialog.getExistingDirectory(self, self._title, self.line.text())
        else:
            patterns = " ".join(f"*{suffix}" for suffix in OPEN_SUFFIXES)
            pictures = tr("Pictures ({patterns})").format(patterns=patterns)
            chosen, _ = QFileDialog.getOpenFileName(self, self._title, self.line.text(), pictures)
        if chosen:
            self.line.setText(chosen)
