"""Work in the background, said in one sentence.

    Operation(job, worker, desk).when_done(show).when_failed(tell).start()

The desk is the one place that knows what is under way: it says when the editor is busy, hands on
progress, cancels, and shows an error that nobody asked for. What was to follow an operation
belongs to that operation alone: one that is cancelled or fails leaves nothing armed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from gui.worker import Failure, Job, Ticket, Worker

FILL, SAVE, MASK = "fill", "save", "mask"  # kinds of operations


class Desk(QObject):
    """Signals: `busy_changed` when the first operation in the foreground began or the last ended;
    `changed` when any began or ended; `progressed` with what a job reports and whose it is;
    `failed` with a Failure to be shown.

    An operation may be of something (`of`): one open photo's, say. Whoever asks about that hears
    of its operations alone."""

    busy_changed = Signal(bool)
    changed = Signal()
    progressed = Signal(object, object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: list[Operation] = []

    @property
    def is_busy(self) -> bool:
        """Whether an operation in the foreground runs or waits."""
        return bool(self._running)

    def runs(self, kind: str, of: object = None) -> bool:
        """Whether an operation of a kind runs or waits."""
        return self.running(kind, of) is not None

    def running(self, kind: str, of: object = None) -> Operation | None:
        """The last operation of a kind that runs or waits; of something, if that is given."""
        return next(
            (one for one in reversed(self._running) if one.kind == kind and of in (None, one.of)),
            None,
        )

    def is_busy_with(self, of: object) -> bool:
        """Whether an operation of something runs or waits."""
        return any(one.of is of for one in self._running)

    def cancel(self, *kinds: str, of: object = None) -> None:
        """Stop what is in the foreground at its next step: all of it, some kinds, something's."""
        for operation in tuple(self._running):
            if (not kinds or operation.kind in kinds) and of in (None, operation.of):
                operation.cancel()

    def _take(self, operation: Operation) -> None:
        self._running.append(operation)
        if len(self._running) == 1:
            self.busy_changed.emit(True)
        self.changed.emit()

    def _drop(self, operation: Operation) -> None:
        if operation in self._running:
            self._running.remove(operation)
            if not self._running:
                self.busy_changed.emit(False)
            self.changed.emit()


class Operation:
    """One job of a worker and what follows its end; every follower runs in the GUI thread.

    kind: what it is, for `Desk.runs`. An operation in the background (kind "") makes nobody busy.
    of: what it is done for.
    """

    def __init__(
        self, job: Job, worker: Worker, desk: Desk, kind: str = "", of: object = None
    ) -> None:
        self.kind, self.of = kind, of
        self._job, self._worker, self._desk = job, worker, desk
        self._done: list[Callable[[Any], object]] = []
        self._failed: list[Callable[[Failure], object]] = []
        self._cancelled: list[Callable[[], object]] = []
        self._progressed: list[Callable[[object], object]] = []
        self._shows_failure = True
        self._ticket: Ticket | None = None

    def when_done(self, follow: Callable[[Any], object]) -> Operation:
        """Do this with the job's result."""
        self._done.append(follow)
        return self

    def when_failed(self, follow: Callable[[Failure], object], *, quiet: bool = False) -> Operation:
        """Do this when the job failed; the failure is shown as well unless `quiet`."""
        self._failed.append(follow)
        self._shows_failure = self._shows_failure and not quiet
        return self

    def when_cancelled(self, follow: Callable[[], object]) -> Operation:
        """Do this when the job was stopped."""
        self._cancelled.append(follow)
        return self

    def when_progressed(self, follow: Callable[[object], object]) -> Operation:
        """Do this with whatever the job reports on its way."""
        self._progressed.append(follow)
        return self

    def start(self) -> Operation:
        """Queue the job."""
        if self.kind:
            self._desk._take(self)
        self._ticket = self._worker.submit(
            self._job,
            self._on_done,
            self._on_failed,
            self._on_progressed if self.kind or self._progressed else None,
            self._on_cancelled,
        )
        return self

    def cancel(self) -> None:
        """Ask the job to stop at its next step; nothing that was to follow is done."""
        if self._ticket is not None:
            self._ticket.cancel()

    def _on_progressed(self, state: object) -> None:
        if self.kind:
            self._desk.progressed.emit(state, self.of)
        for follow in self._progressed:
            follow(state)

    def _on_done(self, result: Any) -> None:
        self._desk._drop(self)
        for follow in self._done:
            follow(result)

    def _on_failed(self, failure: Failure) -> None:
        self._desk._drop(self)
        for follow in self._failed:
            follow(failure)
        if self._shows_failure:
            self._desk.failed.emit(failure)

    def _on_cancelled(self) -> None:
        self._desk._drop(self)
        for follow in self._cancelled:
            follow()
