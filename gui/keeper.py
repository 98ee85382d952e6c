"""Keeps the work: what was made of the open photo is written down every few seconds.

The file lies in the user's data folder beside a lock that names this process. A process that was
killed leaves both, and a lock whose process is gone can be taken: that is how the next start
knows. Whoever leaves a photo in order was asked about it, and its file goes.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal

from engine.atomic import sweep_parts
from engine.edit.edit import Edit
from engine.edit.session import SUFFIX, SessionWriter, photo_name, sessions_folder
from gui.base.operation import Desk, Operation
from gui.document import Document
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


class Keeper(QObject):
    """Signals: `kept` with the file after every writing; `told`, one line for the status."""

    kept = Signal(object)
    told = Signal(str)

    def __init__(self, document: Document, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._desk = document, desk
        self._worker = Worker("keeper", self)
        self._writer: SessionWriter | None = None
        self._path: Path | None = None
        self._lock: QLockFile | None = None
        self._adopted: Orphan | None = None
        self._written: Edit | None = None
        self._is_writing = self._is_troubled = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._keep)
        document.opened.connect(self._begin)
        for signal in (document.history.changed, document.mask_changed, document.nodes_changed):
            signal.connect(self._touch)

    def adopt(self, orphan: Orphan) -> None:
        """The document opened next is an orphan's: its file is written on."""
        self._adopted = orphan

    def close(self) -> None:
        """The photo is left in order: its file goes."""
        self._timer.stop()
        self._worker.close()
        self._leave()

    # Writing.

    def _begin(self) -> None:
        self._leave()
        reference = self._document.reference
        self._writer = None if reference is None else SessionWriter(reference)
        self._written = self._document.edit if self._adopted is not None else None
        if self._adopted is not None:
            self._path, self._lock = self._adopted.path, self._adopted.lock
            self._adopted = None
        else:
            self._path = sessions_folder() / f"{uuid.uuid4().hex}{SUFFIX}"

    def _leave(self) -> None:
        self._timer.stop()
        path, lock = self._path, self._lock
        self._path = self._lock = self._written = None
        if path is not None and lock is not None:
            path.unlink(missing_ok=True)
            lock.unlock()

    def _touch(self, *_: object) -> None:
        # Not started anew: whoever paints without a pause is kept, too.
        if self._writer is not None and not self._timer.isActive():
            self._timer.start()

    def _keep(self) -> None:
        writer, path = self._writer, self._path
        if writer is None or path is None:
            return
        if self._is_writing:
            self._timer.start()
            return
        edit = self._document.now
        if edit is self._written or (self._written is None and not _has_work(edit)):
            return
        if not self._locked(path):
            return
        self._is_writing = True

        def job(progress: object, cancel: threading.Event) -> Path:
            return writer.write(edit, path)

        def done(written: Path) -> None:
            self._is_writing = self._is_troubled = False
            if self._path != written:
                written.unlink(missing_ok=True)  # the photo was left meanwhile
                return
            self._written = edit
            self.kept.emit(written)

        keeping = Operation(job, self._worker, self._desk)
        keeping.when_done(done).when_failed(self._on_failed, quiet=True).start()

    def _locked(self, path: Path) -> bool:
        if self._lock is not None:
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
        self._lock = lock
        return True

    def _on_failed(self, failure: Failure) -> None:
        """Said once: it would fail again every few seconds."""
        self._is_writing = False
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


def _has_work(edit: Edit) -> bool:
    return bool(edit.layers or edit.frames or edit.nodes) or not edit.mask.is_blank
