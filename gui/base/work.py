"""What each kind of work on the open photos has to hand."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from gui.base.operation import Desk
from gui.document import Document
from gui.tabs import Tabs
from gui.worker import Worker


class Work(QObject):
    """Signals: `told`, one line for the status; `progressed` (stage, done); `cancelled` with the
    tab whose work was stopped."""

    told = Signal(str)
    progressed = Signal(str, float)
    cancelled = Signal(object)

    def __init__(
        self, document: Document, tabs: Tabs, desk: Desk, worker: Worker, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._document, self._tabs, self._desk, self._worker = document, tabs, desk, worker
