"""What an earlier start that crashed wrote down, offered once: to read, copy, save and delete."""

from __future__ import annotations

import traceback
from pathlib import Path

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.base.atomic import write_atomically
from engine.base.errors import MienError
from gui.dialogs.messages import FailureDialog
from gui.translation import tr
from gui.worker import Failure


class CrashDialog(QDialog):
    """However it is left, the report is not offered again."""

    def __init__(self, reports: list[tuple[Path, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Something went wrong in Mien"))
        self.setMinimumSize(560, 380)
        self._reports = reports
        title = QLabel(self.windowTitle())
        title.setObjectName("question")
        text = QLabel(
            tr(
                "This is what it wrote down: where in the program it happened, and on what "
                "system. No pictures and no names of photos are in it, and nothing was sent. If "
                "you report the fault, it helps to put this in."
            )
        )
        text.setWordWrap(True)
        self.report = QPlainTextEdit("\n\n".join(text for _, text in reports))
        self.report.setReadOnly(True)
        self.report.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.report.setAccessibleName(tr("Report"))
        self.copy, self.save = QPushButton(tr("Copy")), QPushButton(tr("Save…"))
        self.close_ = QPushButton(tr("Delete and close"))
        self.close_.setObjectName("primary")
        self.close_.setDefault(True)
        self.copy.clicked.connect(self._copy)
        self.save.clicked.connect(self._save)
        self.close_.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(9)
        row.addWidget(self.copy)
        row.addWidget(self.save)
        row.addStretch(1)
        row.addWidget(self.close_)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 16)
        column.setSpacing(12)
        for widget in (title, text, self.report):
            column.addWidget(widget)
        column.addLayout(row)
        self.finished.connect(self._forget)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.report.toPlainText())

    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, tr("Save the report"), str(Path.home() / "mien-crash.txt"), "TXT (*.txt)"
        )
        if name:
            data = self.report.toPlainText().encode()
            try:
                write_atomically(Path(name), lambda file: file.write(data))
            except MienError as error:
                FailureDialog(Failure(str(error), traceback.format_exc(), error), self).exec()

    def _forget(self, _code: int) -> None:
        for path, _ in self._reports:
            path.unlink(missing_ok=True)
