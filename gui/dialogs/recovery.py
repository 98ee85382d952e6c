"""What a killed process left, in one list: to go on with, to delete, or for later."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QFileInfo, QLocale, QSize, Qt
from PySide6.QtGui import QIcon, QImageReader, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.edit.session import photo_path
from gui import theme
from gui.keeper import Orphan
from gui.translation import tr

SIDE = 56  # logical pixels of a thumbnail
ROOM = 5  # rows that are seen without scrolling


class RecoveryDialog(QDialog):
    """`taken` and `given_up` once it is closed; both are empty where it was left for later."""

    def __init__(self, orphans: Sequence[Orphan], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Mien")
        self.setMinimumWidth(500)
        self.taken: list[Orphan] = []
        self.given_up: list[Orphan] = []
        self._orphans = list(orphans)
        sign, head = QLabel(), QLabel(tr("Go on where you were?"))
        sign.setPixmap(theme.icon("history").pixmap(34, 34))
        head.setObjectName("question")
        body = QLabel(tr("Mien ended unexpectedly. Your work on these photos was kept."))
        body.setProperty("quiet", True)
        body.setWordWrap(True)
        words = QVBoxLayout()
        words.setSpacing(6)
        words.addWidget(head)
        words.addWidget(body)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        self.list = QListWidget()
        self.list.setObjectName("recovery")
        self.list.setIconSize(QSize(SIDE, SIDE))
        self.list.setAccessibleName(tr("Photos with work that was kept"))
        for orphan in self._orphans:
            self.list.addItem(_item(orphan))
        self.list.setMinimumHeight((SIDE + 14) * min(len(self._orphans), ROOM) + 8)
        self.delete = QPushButton(tr("Delete the ticked"))
        self.later = QPushButton(tr("Not now"))
        self.go_on = QPushButton(tr("Go on with the ticked"))
        self.go_on.setObjectName("primary")
        self.go_on.setDefault(True)
        for button in (self.delete, self.later):
            button.setAutoDefault(False)
        self.delete.clicked.connect(lambda: self._end(self.given_up))
        self.go_on.clicked.connect(lambda: self._end(self.taken))
        self.later.clicked.connect(self.reject)
        self.list.itemChanged.connect(lambda _item: self._show_ticked())
        bottom = QHBoxLayout()
        bottom.setSpacing(9)
        bottom.addWidget(self.delete)
        bottom.addStretch(1)
        bottom.addWidget(self.later)
        bottom.addWidget(self.go_on)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 22, 22, 16)
        column.setSpacing(16)
        column.addLayout(top)
        column.addWidget(self.list)
        column.addLayout(bottom)
        self._show_ticked()

    @property
    def ticked(self) -> list[Orphan]:
        rows = range(self.list.count())
        return [self._orphans[row] for row in rows if _is_ticked(self.list.item(row))]

    def _show_ticked(self) -> None:
        for button in (self.delete, self.go_on):
            button.setEnabled(bool(self.ticked))

    def _end(self, chosen: list[Orphan]) -> None:
        chosen.extend(self.ticked)
        self.accept()


def _is_ticked(item: QListWidgetItem) -> bool:
    return item.checkState() == Qt.CheckState.Checked


def _item(orphan: Orphan) -> QListWidgetItem:
    when = QFileInfo(str(orphan.path)).lastModified()
    line = QLocale.system().toString(when, QLocale.FormatType.ShortFormat)
    item = QListWidgetItem(f"{orphan.photo or tr('A pasted picture')}\n{line}")
    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
    item.setCheckState(Qt.CheckState.Checked)
    item.setIcon(_picture(photo_path(orphan.path)))
    return item


def _picture(path: Path | None) -> QIcon:
    """A small picture of a photo that lies where it was; what takes long to read has none."""
    reader = QImageReader(str(path)) if path is not None else QImageReader()
    size = reader.size()
    if not size.isValid():
        return theme.icon("image-outline")
    reader.setAutoTransform(True)
    reader.setScaledSize(size.scaled(2 * SIDE, 2 * SIDE, Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    return theme.icon("image-outline") if image.isNull() else QIcon(QPixmap.fromImage(image))


def ask_to_recover(parent: QWidget, orphans: Sequence[Orphan]) -> tuple[list[Orphan], list[Orphan]]:
    """(what is gone on with, what is given up); what is in neither is left for later."""
    dialog = RecoveryDialog(orphans, parent)
    dialog.exec()
    dialog.deleteLater()
    return dialog.taken, dialog.given_up
