"""Keeps the work: what was made of each open photo is written down every few seconds.

Its file lies in the user's data folder beside a lock that names this process. A process that was
killed leaves both, and a lock whose process is gone can be taken: that is how the next start
knows. Whoever leaves a photo in order was asked about it, and its file goes.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal

from engine.base.atomic import sweep_parts
from engine.edit.edit import Edit
from engine.edit.session import SUFFIX, SessionWriter, photo_name, sessions_folder
from gui.base.operation import Desk, Operation
from gui.document import Document
from gui.tab import Tab
from gui.tabs import Tabs
from gui.translation import tr
from gui.worker import Failure, Worker

DELAY_MS = 3000  # from a change until it is on disk, writing not included


@dataclass(frozen=True, eq=False)
class Orphan:
    """Work that a process left that ended without being asked to. photo: the photo's name."""

    path: Path
    photo: str
    lock: QLockFile

    def remove(self) -> None:
        """Give the work up."""
        self.path.unlink(missing_ok=True)
        self.lock.unlock()


class _Kept:
    """What is kept of one tab. written: the edit that is on disk."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.writer = None if tab.reference is None else SessionWriter(tab.reference)
        self.path = sessions_folder() / f"{uuid.uuid4().hex}{SUFFIX}"
        self.lock: QLockFile | None = None
        self.written: Edit | None = None
        self.is_touched = self.is_writing = self.is_left = False

    def leave(self) -> None:
        """The photo is left in order."""
        self.is_left = True
        if self.lock is not None:
            self.path.unlink(missing_ok=True)
            self.lock.unlock()
            self.lock = None


class Keeper(QObject):
    """Signals: `kept` with the file after every writing; `told`, one line for the status."""

    kept = Signal(object)
    told = Signal(str)

    def __init__(
        self, document: Document, tabs: Tabs, desk: Desk, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._desk = document, desk
        self._worker = Worker("keeper", self)
        self._kept: dict[Tab, _Kept] = {}
        self._is_troubled = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._keep)
        tabs.added.connect(self._begin)
        tabs.closed.connect(self._leave)
        document.touched.connect(self._touch)
        for signal in (document.history.changed, document.mask_changed, document.nodes_changed):
            signal.connect(lambda *_: self._touch(document.tab))

    def adopt(self, tab: Tab, orphan: Orphan) -> None:
        """The tab goes on with an orphan's work: its file is written on."""
        kept = self._kept[tab]
        kept.path, kept.lock, kept.written = orphan.path, orphan.lock, tab.edit

    def close(self) -> None:
        """All photos are left in order: their files go."""
        self._timer.stop()
        self._worker.close()
        for tab in tuple(self._kept):
            self._leave(tab)

    # Writing.

    def _begin(self, tab: Tab) -> None:
        self._kept[tab] = _Kept(tab)

    def _leave(self, tab: Tab) -> None:
        self._kept.pop(tab).leave()

    def _touch(self, tab: Tab | None) -> None:
        kept = None if tab is None else self._kept.get(tab)
        if kept is None or kept.writer is None:
            return
        kept.is_touched = True
        # Not started anew: whoever paints without a pause is kept, too.
        if not self._timer.isActive():
            self._timer.start()

    def _keep(self) -> None:
        for kept in self._kept.values():
            if kept.is_touched and kept.is_writing:
                self._timer.start()
            elif kept.is_touched:
                kept.is_touched = False
                self._write(kept)

    def _write(self, kept: _Kept) -> None:
        writer, path, edit = kept.writer, kept.path, kept.tab.now
        if writer is None or edit is kept.written or (kept.written is None and not edit.has_work):
            return
        if not self._locked(kept):
            return
        kept.is_writing = True

        def job(progress: object, cancel: threading.Event) -> Path:
            return writer.write(edit, path)

        def done(written: Path) -> None:
            kept.is_writing = self._is_troubled = False
            if kept.is_left:
                written.unlink(missing_ok=True)  # the photo was left meanwhile
                return
            kept.written = edit
            self.kept.emit(written)

        def failed(failure: Failure) -> None:
            kept.is_writing = False
            self._on_failed(failure)

        keeping = Operation(job, self._worker, self._desk)
        keeping.when_done(done).when_failed(failed, quiet=True).start()

    def _locked(self, kept: _Kept) -> bool:
        path = kept.path
        if kept.lock is not None:
            return True
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = f"{path.parent} could not be made ({error.strerror})."
            self._on_failed(Failure(reason, str(error), error))
            return False
        lock = _lock_of(path)
        if not lock.tryLock(0):
            return False
        kept.lock = lock
        return True

    def _on_failed(self, failure: Failure) -> None:
        """Said once: it would fail again every few seconds."""
        if not self._is_troubled:
            self._is_troubled = True
            text = tr("Your work is not kept for a crash: {reason}")
            self.told.emit(text.format(reason=failure.sentence))


def orphans() -> list[Orphan]:
    """The work of processes that were killed, newest first; it is locked for this process."""
    found = []
    sweep_parts(sessions_folder())
    paths = sorted(sessions_folder().glob(f"*{SUFFIX}"), key=_changed, reverse=True)
    for path in paths:
        lock = _lock_of(path)
        if lock.tryLock(0):
            found.append(Orphan(path, photo_name(path), lock))
    return found


def _lock_of(path: Path) -> QLockFile:
    lock = QLockFile(str(path.with_suffix(".lock")))
    # However old, a lock holds while its process lives.
    lock.setStaleLockTime(0)
    return lock


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
