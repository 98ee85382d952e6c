"""A batch in a process of its own, followed by the JSON lines it prints.

It is this very program with the verb `batch`: what the window does, the command line does too, and
the editor stays quick beside it.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections import deque
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from engine.batch import BatchJob
from engine.batch.job import DOUBT_FLAG, KEEP_FORMAT, MASK_PATTERNS
from engine.modules.options import as_arguments
from gui.translation import tr
from gui.worker import Failure

GRACE_MS = 120_000  # after asking to stop: the photo in hand is finished
MOST_ARGUMENTS = 100  # inputs; more go into a list
TAIL = 6000  # characters of stderr kept for a report


def program() -> list[str]:
    """How this program is started, behind the editor where the system can do that."""
    started = [sys.executable]
    if not getattr(sys, "frozen", False):
        started.append(str(Path(__file__).parents[1] / "main.py"))
    nice = shutil.which("nice")
    return [*([nice, "-n", "10"] if nice else []), *started]


def arguments(job: BatchJob, *, watch: bool = False, list_: Path | None = None) -> list[str]:
    """The command line of a job. list_: a file that names the inputs, for many of them."""
    rule, options = job.masks, job.options
    line = ["batch", "--json", "-o", str(job.output), "--conflict", job.conflict]
    line += ["--list", str(list_)] if list_ else []
    masks = rule.folder or rule.file
    line += ["--masks", str(masks)] if masks else []
    if rule.patterns != MASK_PATTERNS:
        line += [part for pattern in rule.patterns for part in ("--mask-pattern", pattern)]
    line += ["--transparent"] if rule.transparent else []
    line += ["--marker", rule.marker] if rule.marker else []
    line += [word for part in rule.parts for word in ("--part", part)]
    line += ["--scratches"] if rule.scratches else []
    line += ["--invert"] if rule.invert else []
    line += ["--yes"] if rule.sure else []
    line += [] if rule.grow is None else ["--grow", str(rule.grow)]
    line += ["--format", job.format.lstrip(".")] if job.format != KEEP_FORMAT else []
    line += ["--quality", str(job.quality)] if job.quality is not None else []
    line += ["--name", job.name, "--model", options.model, "--device", options.device]
    line += ["--precision", options.precision, "--seed", str(options.seed), *as_arguments(options)]
    line += [] if job.doubtful == DOUBT_FLAG else ["--doubtful", job.doubtful]
    line += ["--watch"] if watch else []
    # Behind "--", a photo may be called anything.
    return line if list_ else [*line, "--", *(str(path) for path in job.inputs)]


class BatchProcess(QObject):
    """Signals: `told` with every event (a dict with "event"); `changed` when a batch begins,
    pauses, goes on or ends; `finished` with the result event; `failed` with a Failure."""

    told = Signal(dict)
    changed = Signal()
    finished = Signal(dict)
    failed = Signal(object)

    def __init__(self, program_of=program, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.job: BatchJob | None = None
        self.is_paused = self.is_stopping = False
        self._program_of = program_of
        self._process: QProcess | None = None
        self._result: dict[str, Any] | None = None
        self._error, self._errors = "", deque[str]()
        self._list: Path | None = None
        self._grace = QTimer(self)
        self._grace.setSingleShot(True)
        self._grace.setInterval(GRACE_MS)
        self._grace.timeout.connect(self._kill)

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def start(self, job: BatchJob, *, watch: bool = False) -> None:
        """Begin a batch; only one at a time."""
        if self._process is not None:
            return
        self.job = job
        self._result, self._error = None, ""
        self._errors.clear()
        self.is_paused = self.is_stopping = False
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
        name, *rest = [*self._program_of(), *arguments(job, watch=watch, list_=self._listed(job))]
        process.start(name, rest)
        self.changed.emit()

    def pause(self) -> None:
        """Hold before the next photo."""
        self._order("pause")
        self.is_paused = self._process is not None
        self.changed.emit()

    def go(self) -> None:
        """Go on after a pause."""
        self._order("go")
        self.is_paused = False
        self.changed.emit()

    def stop(self) -> None:
        """Finish the photo in hand and end; the same batch can be gone on with."""
        if self._process is None or self.is_stopping:
            return
        self.is_stopping, self.is_paused = True, False
        self._order("stop")
        self._grace.start()
        self.changed.emit()

    def close(self) -> None:
        """End it and wait; for the program's end. Nothing half-written is left behind."""
        if self._process is not None:
            process, self._process = self._process, None
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(3000)
        self._forget_list()

    def _order(self, word: str) -> None:
        if self._process is not None:
            self._process.write(f"{word}\n".encode())

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _listed(self, job: BatchJob) -> Path | None:
        """A list of the inputs, where they are too many for a command line."""
        if len(job.inputs) <= MOST_ARGUMENTS:
            return None
        with tempfile.NamedTemporaryFile(
            "w", prefix="mien-", suffix=".txt", encoding="utf-8", delete=False
        ) as file:
            file.writelines(f"{path.absolute()}\n" for path in job.inputs)
        self._list = Path(file.name)
        return self._list

    def _forget_list(self) -> None:
        if self._list is not None:
            self._list.unlink(missing_ok=True)
            self._list = None

    def _read(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            self._take(bytes(process.readLine().data()).decode("utf-8", "replace"))

    def _take(self, line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return  # a library's chatter
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            return
        if event["event"] == "result":
            self._result = event
        elif event["event"] in ("error", "hint"):
            self._error = str(event.get("message", ""))
        self.told.emit(event)

    def _read_errors(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
            self._errors.append(text)
            while sum(map(len, self._errors)) > TAIL and len(self._errors) > 1:
                self._errors.popleft()

    def _on_trouble(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._error = tr("The batch could not be started; reinstall Mien.")
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
        self._forget_list()
        stopping = self.is_stopping
        self.is_paused = self.is_stopping = False
        if self._result is not None:
            self.finished.emit(self._result)
        elif self._error or not stopping:
            sentence = self._error or tr(
                "The batch ended unexpectedly; start it again, and it goes on where it was."
            )
            self.failed.emit(Failure(sentence, "".join(self._errors) or f"exit code {code}"))
        self.changed.emit()
