"""This program in a process of its own, followed by the JSON lines it prints.

What a window asks of it is a verb of the command line: what the window does, the command line does
too, and the editor stays quick beside it.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from gui.worker import Failure

TAIL = 6000  # characters of stderr kept for a report
LAST_WAIT_MS = 3000  # for a killed process, when the editor ends


def program() -> list[str]:
    """How this program is started, behind the editor where the system can do that."""
    started = [sys.executable]
    if not getattr(sys, "frozen", False):
        started.append(str(Path(__file__).parents[2] / "main.py"))
    nice = shutil.which("nice")
    return [*([nice, "-n", "10"] if nice else []), *started]


def event_of(line: str) -> dict[str, Any] | None:
    """The event that a line tells; None for any other line, a library's chatter above all."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("event"), str) else None


class Program(QObject):
    """One process at a time. It is asked to stop by a line on its stdin, and ended if it does not
    within `grace_ms`.

    Signals: `told` with every event (a dict with "event"); `changed` when a process begins or ends,
    or is given an order; `finished` with the result event; `failed` with a Failure.

    A subclass says which events are errors (`ERRORS`, whose "message" is a sentence) and what an
    end without a result means: `is_failure`, `not_started`, `ended_early`; what it keeps of
    events and ends goes into `keep_event` and `keep_end`.
    """

    ERRORS: tuple[str, ...] = ("error",)

    told = Signal(dict)
    changed = Signal()
    finished = Signal(dict)
    failed = Signal(object)

    def __init__(self, grace_ms: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_stopping = False
        self._process: QProcess | None = None
        self._result: dict[str, Any] | None = None
        self._error = self._stderr = ""
        self._grace = QTimer(self)
        self._grace.setSingleShot(True)
        self._grace.setInterval(grace_ms)
        self._grace.timeout.connect(self.kill)

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def stop(self) -> None:
        """Ask for a clean end; what was done is kept, and can be gone on with."""
        if self._process is None or self.is_stopping:
            return
        self.is_stopping = True
        self.order("stop")
        self._grace.start()
        self.changed.emit()

    def order(self, word: str) -> None:
        """Tell the process one word, on a line of its stdin."""
        if self._process is not None:
            self._process.write(f"{word}\n".encode())

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> bool:
        """End it and wait, when the editor ends; nothing is told any more. Whether one ran."""
        process, self._process = self._process, None
        if process is None:
            return False
        process.blockSignals(True)
        process.kill()
        process.waitForFinished(LAST_WAIT_MS)
        return True

    # What a subclass says.

    def not_started(self) -> str:
        """The sentence for a program that the system could not start."""
        raise NotImplementedError

    def ended_early(self) -> str:
        """The sentence for a process that died without one."""
        raise NotImplementedError

    def is_failure(self, code: int, stopping: bool) -> bool:
        """Whether an end without a result and without an error's sentence is a failure. code: the
        exit code; stopping: whether it was asked to stop."""
        raise NotImplementedError

    def keep_event(self, line: str) -> None:
        """An event's line came in."""

    def keep_end(self, *, finished: bool, failed: bool) -> None:
        """The process is over; called before anyone hears of it."""

    # The process.

    def _begin(self, command: list[str]) -> None:
        """Start a command line; none may be running."""
        self._result, self._error, self._stderr, self.is_stopping = None, "", "", False
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUNBUFFERED", "1")
        environment.insert("PYTHONIOENCODING", "utf-8")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_trouble)
        self._process = process
        name, *arguments = command
        process.start(name, arguments)
        self.changed.emit()

    def _read(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            self._take(bytes(process.readLine().data()).decode("utf-8", "replace"))

    def _take(self, line: str) -> None:
        event = event_of(line)
        if event is None:
            return
        self.keep_event(line)
        if event["event"] == "result":
            self._result = event
        elif event["event"] in self.ERRORS:
            self._error = str(event.get("message", ""))
        self.told.emit(event)

    def _read_errors(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
            self._stderr = (self._stderr + text)[-TAIL:]

    def _on_trouble(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._error = self.not_started()
            self._end(1)

    def _on_finished(self, code: int, _status: object) -> None:
        self._read()
        if self._process is not None:
            rest = bytes(self._process.readAllStandardOutput().data()).decode("utf-8", "replace")
            for line in rest.splitlines():
                self._take(line)
        self._read_errors()
        self._end(code)

    def _end(self, code: int) -> None:
        self._grace.stop()
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        stopping, self.is_stopping = self.is_stopping, False
        finished = self._result is not None
        failed = not finished and (bool(self._error) or self.is_failure(code, stopping))
        self.keep_end(finished=finished, failed=failed)
        if self._result is not None:
            self.finished.emit(self._result)
        elif failed:
            sentence = self._error or self.ended_early()
            self.failed.emit(Failure(sentence, self._stderr or f"exit code {code}"))
        self.changed.emit()
