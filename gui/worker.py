"""Work off the GUI thread: one thread, jobs in order, results back by signal.

A job is a function of (progress, cancel). It runs in the worker's thread; its end is told in the
GUI thread. Only plain data crosses: arrays, paths, frozen dataclasses, never a QPixmap.
"""

from __future__ import annotations

import itertools
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, Slot

from engine.base.errors import Cancelled, MienError

Progress = Callable[[object], None]
Job = Callable[[Progress, threading.Event], Any]


@dataclass(frozen=True)
class Failure:
    """Why a job failed: a sentence for the person, and the trace for a report."""

    sentence: str
    detail: str
    error: Exception | None = None


@dataclass
class Ticket:
    """A submitted job; `cancel` asks it to stop at its next step."""

    number: int
    done: Callable[[Any], None]
    failed: Callable[[Failure], None] | None = None
    progressed: Callable[[Any], None] | None = None
    cancelled: Callable[[], None] | None = None
    event: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        self.event.set()


class _Runner(QObject):
    done = Signal(int, object)
    failed = Signal(int, object)
    cancelled = Signal(int)
    progressed = Signal(int, object)

    @Slot(int, object, object)
    def run(self, number: int, job: Job, cancel: threading.Event) -> None:
        if cancel.is_set():
            self.cancelled.emit(number)
            return
        try:
            result = job(lambda state: self.progressed.emit(number, state), cancel)
        except Cancelled:
            self.cancelled.emit(number)
        except MienError as error:
            self.failed.emit(number, Failure(str(error), traceback.format_exc(), error))
        except MemoryError:
            sentence = "There is not enough memory; close other programs or use a smaller photo."
            self.failed.emit(number, Failure(sentence, traceback.format_exc()))
        except Exception as error:
            sentence = f"Something went wrong inside Mien ({type(error).__name__}: {error})."
            self.failed.emit(number, Failure(sentence, traceback.format_exc()))
        else:
            self.done.emit(number, result)


class Worker(QObject):
    """A thread that does one job after the other."""

    _submitted = Signal(int, object, object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = itertools.count(1)
        self._tickets: dict[int, Ticket] = {}
        self._thread = QThread()
        self._thread.setObjectName(name)
        self._runner = _Runner()
        self._runner.moveToThread(self._thread)
        self._submitted.connect(self._runner.run)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)
        self._runner.cancelled.connect(self._on_cancelled)
        self._runner.progressed.connect(self._on_progressed)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether a job runs or waits."""
        return bool(self._tickets)

    def submit(
        self,
        job: Job,
        done: Callable[[Any], None],
        failed: Callable[[Failure], None] | None = None,
        progressed: Callable[[Any], None] | None = None,
        cancelled: Callable[[], None] | None = None,
    ) -> Ticket:
        """Queue a job; the callbacks run in the GUI thread."""
        ticket = Ticket(next(self._numbers), done, failed, progressed, cancelled)
        self._tickets[ticket.number] = ticket
        self._submitted.emit(ticket.number, job, ticket.event)
        return ticket

    def close(self) -> None:
        """Cancel everything and wait for the thread; nothing is called back afterwards."""
        for ticket in self._tickets.values():
            ticket.cancel()
        self._tickets.clear()
        self._thread.quit()
        self._thread.wait()

    @Slot(int, object)
    def _on_done(self, number: int, result: object) -> None:
        ticket = self._tickets.pop(number, None)
        if ticket is not None:
            ticket.done(result)

    @Slot(int, object)
    def _on_failed(self, number: int, failure: Failure) -> None:
        ticket = self._tickets.pop(number, None)
        if ticket is not None and ticket.failed is not None:
            ticket.failed(failure)

    @Slot(int)
    def _on_cancelled(self, number: int) -> None:
        ticket = self._tickets.pop(number, None)
        if ticket is not None and ticket.cancelled is not None:
            ticket.cancelled()

    @Slot(int, object)
    def _on_progressed(self, number: int, state: object) -> None:
        ticket = self._tickets.get(number)
        if ticket is not None and ticket.progressed is not None:
            ticket.progressed(state)
