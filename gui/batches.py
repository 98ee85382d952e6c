"""The batch window's place in the editor: opened once, asked about when the editor closes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from gui.batch_process import BatchProcess, outcome
from gui.dialogs import messages
from gui.settings import Settings
from gui.translation import tr


class Batches(QObject):
    """Signals: `told`, one line for the status; `open_requested` with a result's path; `ended`
    when the batch has stopped because the editor wants to close."""

    told = Signal(str)
    open_requested = Signal(object)
    ended = Signal()

    def __init__(self, window: QWidget, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._settings = window, settings
        self.process = BatchProcess(parent=self)
        self.dialog = None
        self.is_closing = False
        self.process.finished.connect(self._on_finished)
        self.process.failed.connect(lambda failure: self.told.emit(failure.sentence))
        self.process.changed.connect(self._on_changed)

    def show(self, paths: list[Path] | None = None) -> None:
        """The window, in front; with other photos if any are given."""
        from gui.dialogs.batch import BatchDialog

        if self.dialog is None:
            self.dialog = BatchDialog(self.process, self._settings, self._window)
            self.dialog.open_requested.connect(self.open_requested)
        if self.dialog.isVisible():
            self.dialog.raise_()
            self.dialog.activateWindow()
        self.dialog.show()
        if paths:
            self.dialog.take(paths)

    def rebuild(self) -> None:
        """The window anew, in another language; one whose batch runs stays as it is."""
        if self.dialog is None or self.process.is_running:
            return
        old, shown = self.dialog, self.dialog.isVisible()
        self.dialog = None
        old.end()
        old.deleteLater()
        if shown:
            self.show()

    def may_leave(self) -> bool:
        """Whether the editor may close now; when a batch must stop first, `ended` follows."""
        if not self.process.is_running:
            return True
        if not self.is_closing and messages.ask_to_stop_batch(self._window):
            self.is_closing = True
            self.told.emit(tr("Finishing the photo in hand, then closing…"))
            self.process.stop()
        return not self.process.is_running

    def close(self) -> None:
        """End what still runs; it can be gone on with."""
        self.process.close()
        if self.dialog is not None:
            self.dialog.end()

    def _on_finished(self, result: dict[str, Any]) -> None:
        self.told.emit(outcome(result))

    def _on_changed(self) -> None:
        if self.is_closing and not self.process.is_running:
            self.is_closing = False
            self.ended.emit()
