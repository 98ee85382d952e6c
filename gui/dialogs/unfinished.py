"""The trainings that were begun and not ended: gone on with, used as they are, or deleted."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QLocale, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui.dialogs.questions import may_delete
from gui.panels.widgets import Chooser
from gui.trainer import Run
from gui.translation import tr


class Unfinished(QWidget):
    """Signals: `resumed` and `finished` with a Run that is to go on, or to be made a model of as
    it is; `deleted` once one is gone."""

    resumed = Signal(object)
    finished = Signal(object)
    deleted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.chooser = Chooser(tr("Unfinished"))
        self.chooser.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.chooser.currentIndexChanged.connect(lambda _index: self._show())
        self.resume, self.finish = QPushButton(tr("Resume")), QPushButton(tr("Use as it is"))
        self.delete = QPushButton(tr("Delete…"))
        self.finish.setToolTip(tr("Measures what was learnt so far and makes a model of it"))
        self.resume.clicked.connect(lambda: self.resumed.emit(self.run))
        self.finish.clicked.connect(lambda: self.finished.emit(self.run))
        self.delete.clicked.connect(self._delete)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.resume, self.finish, self.delete):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.chooser)
        column.addLayout(buttons)

    @property
    def run(self) -> Run | None:
        """The one that is chosen."""
        run = self.chooser.currentData()
        return run if isinstance(run, Run) else None

    def show_runs(self, runs: list[Run]) -> None:
        """Those that can go on, newest first."""
        chosen = None if self.run is None else self.run.folder
        self.chooser.blockSignals(True)
        self.chooser.clear()
        for run in runs:
            self.chooser.addItem(_line(run), run)
        folders = [run.folder for run in runs]
        if chosen in folders:
            self.chooser.setCurrentIndex(folders.index(chosen))
        self.chooser.blockSignals(False)
        self._show()

    @property
    def count(self) -> int:
        return self.chooser.count()

    def _show(self) -> None:
        run = self.run
        for button in (self.resume, self.delete):
            button.setEnabled(run is not None)
        self.finish.setEnabled(run is not None and run.has_learnt)
        self.chooser.setToolTip("" if run is None else f"{run.photos}\n{run.folder}")

    def _delete(self) -> None:
        run = self.run
        if run is None:
            return
        title = tr("Delete the training '{name}'?").format(name=run.name)
        text = tr("What it learnt so far is lost, {size}; the photos are left alone.")
        if may_delete(self, title, text.format(size=_size(run.folder))):
            shutil.rmtree(run.folder, ignore_errors=True)
            self.deleted.emit()


def _line(run: Run) -> str:
    """Its name, when it was worked on last, and how much room it takes."""
    system = QLocale.system()
    try:
        changed = max(path.stat().st_mtime for path in (run.folder, *run.folder.iterdir()))
        when = datetime.fromtimestamp(changed)
        told = system.toString(when, QLocale.FormatType.ShortFormat)  # type: ignore[call-overload]
    except OSError:
        told = ""
    return "  ·  ".join(filter(None, (run.name, told, _size(run.folder))))


def _size(folder: Path) -> str:
    files = (path for path in folder.rglob("*") if path.is_file())
    return QLocale.system().formattedDataSize(sum(path.stat().st_size for path in files))
