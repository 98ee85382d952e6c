"""The training panel's place in the window: opened once, asked about when the window closes."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from gui.dialogs import messages
from gui.settings import Settings
from gui.trainer import Trainer
from gui.translation import tr


class School(QObject):
    """Signals: `told`, one line for the status; `learnt` and `chosen` with a model's name;
    `ended` when training has stopped because the window wants to close."""

    told = Signal(str)
    learnt = Signal(str)
    chosen = Signal(str)
    ended = Signal()

    def __init__(self, window: QWidget, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._settings = window, settings
        self.trainer = Trainer(parent=self)
        self.dialog = None
        self._closing = False
        self.trainer.finished.connect(self._on_finished)
        self.trainer.failed.connect(lambda failure: self.told.emit(failure.sentence))
        self.trainer.changed.connect(self._on_changed)

    def show(self) -> None:
        """The panel, in front."""
        from gui.dialogs.training import TrainingDialog

        if self.dialog is None:
            self.dialog = TrainingDialog(self.trainer, self._settings, self._window)
            self.dialog.model_chosen.connect(self.chosen)
        if self.dialog.isVisible():
            self.dialog.raise_()
            self.dialog.activateWindow()
        self.dialog.show()

    def rebuild(self) -> None:
        """The panel anew, in another language; the training runs on."""
        if self.dialog is None:
            return
        old, shown = self.dialog, self.dialog.isVisible()
        self.dialog = None
        old.hide()
        if shown:
            self.show()
        old.deleteLater()

    @property
    def is_closing(self) -> bool:
        """Whether `ended` is to come."""
        return self._closing

    def may_leave(self) -> bool:
        """Whether the window may close now; when training must stop first, `ended` follows."""
        if not self.trainer.is_running:
            return True
        if not self._closing and messages.ask_to_stop_training(self._window):
            self._closing = True
            self.told.emit(tr("Stopping the training, then closing…"))
            self.trainer.stop()
        return not self.trainer.is_running

    def close(self) -> None:
        """End what still runs; it can be resumed."""
        self.trainer.close()
        if self.dialog is not None:
            self.dialog.close()

    def _on_finished(self, result: dict[str, Any]) -> None:
        name = str(result.get("model", ""))
        ready = tr("The model '{name}' is ready.")
        if "library" in result:
            ready = tr("The library of faces '{name}' is ready.")
        self.told.emit(ready.format(name=name))
        self.learnt.emit(name)

    def _on_changed(self) -> None:
        if self._closing and not self.trainer.is_running:
            self._closing = False
            self.ended.emit()
