"""A fine-tune in a process of its own, followed by the JSON lines it prints.

The editor never imports training: it runs this very program with the verb `train finetune`.
Runs lie in the user's data folder, so that one that was stopped can go on after a restart.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from engine.base.atomic import write_atomically
from engine.catalogue.weights import user_folder
from gui.translation import tr
from gui.worker import Failure

GRACE_MS = 20_000  # after asking to stop, before the process is ended
RECORD, EVENTS = "run.panel.json", "events.jsonl"
NEW, RUNNING, STOPPED, FINISHED, FAILED = "new", "running", "stopped", "finished", "failed"
TAIL = 6000  # characters of stderr kept for a report


@dataclass(frozen=True)
class Run:
    """One fine-tune: its folder, the photos' folder, the minutes and the model's name."""

    folder: Path
    photos: Path
    minutes: float
    name: str
    state: str = NEW

    @property
    def can_resume(self) -> bool:
        """Whether it was begun and has not come to its end."""
        return self.state in (RUNNING, STOPPED, FAILED)

    def write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        values = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(self).items()}
        del values["folder"]
        text = json.dumps(values, ensure_ascii=False, indent=1)
        write_atomically(self.folder / RECORD, lambda file: file.write(text.encode()))

    def events(self) -> list[dict[str, Any]]:
        """What it told so far, oldest first."""
        try:
            lines = (self.folder / EVENTS).read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        told = (_event(line) for line in lines)
        return [event for event in told if event is not None]


def runs_folder() -> Path:
    """Where a user's runs lie: beside the user's models."""
    return user_folder().parent / "runs"


def new_run(root: Path, photos: Path, minutes: float, name: str) -> Run:
    """A run in a folder that is not taken yet."""
    stem = re.sub(r"[^\w\-]+", "-", name).strip("-") or "run"
    folder, number = root / stem, 2
    while folder.exists():
        folder, number = root / f"{stem}-{number}", number + 1
    return Run(folder, photos, minutes, name)


def runs(root: Path) -> list[Run]:
    """The runs in a folder, newest first; unreadable ones are left out."""
    found: list[tuple[float, Run]] = []
    for path in root.glob(f"*/{RECORD}"):
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            photos = Path(values.pop("photos"))
            found.append((path.stat().st_mtime, Run(path.parent, photos, **values)))
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return [run for _, run in sorted(found, key=lambda pair: -pair[0])]


def command(run: Run) -> list[str]:
    """The command line that trains a run, or goes on with it."""
    program = [sys.executable]
    if not getattr(sys, "frozen", False):
        program.append(str(Path(__file__).parents[1] / "main.py"))
    nice = shutil.which("nice")  # the editor stays quick beside it
    return [
        *([nice, "-n", "10"] if nice else []),
        *program,
        *("train", "finetune", str(run.photos)),
        *("--minutes", f"{run.minutes:g}", "--name", run.name),
        *("--run", str(run.folder), "--json"),
    ]


class Trainer(QObject):
    """Signals: `told` with every event (a dict with "event"); `changed` when a run begins or
    ends; `finished` with the result event; `failed` with a Failure; `stopped`."""

    told = Signal(dict)
    changed = Signal()
    finished = Signal(dict)
    failed = Signal(object)
    stopped = Signal()

    def __init__(
        self, root: Path | None = None, command_of=command, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.root = root or runs_folder()
        self.run: Run | None = None
        self.is_stopping = False
        self._command_of = command_of
        self._result: dict[str, Any] | None = None
        self._error = self._stderr = ""
        self._process: QProcess | None = None
        self._grace = QTimer(self)
        self._grace.setSingleShot(True)
        self._grace.setInterval(GRACE_MS)
        self._grace.timeout.connect(self.kill)

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def start(self, run: Run) -> None:
        """Begin a run, or go on with one; only one at a time."""
        if self.is_running:
            return
        self.run = replace(run, state=RUNNING)
        self.run.write()
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
        program, *arguments = self._command_of(self.run)
        process.start(program, arguments)
        self.changed.emit()

    def stop(self) -> None:
        """Ask for a clean end; what was learnt is kept and can be gone on with."""
        if self._process is None or self.is_stopping:
            return
        self.is_stopping = True
        self._process.write(b"stop\n")
        self._grace.start()
        self.changed.emit()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End it and wait; for the program's end, when nobody asked for less."""
        if self._process is not None:
            process, self._process = self._process, None
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(3000)
            self._keep(STOPPED)

    def _read(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            self._take(bytes(process.readLine().data()).decode("utf-8", "replace"))

    def _take(self, line: str) -> None:
        event = _event(line)
        if event is None:
            return  # a library's chatter on stdout
        if self.run is not None:
            with (self.run.folder / EVENTS).open("a", encoding="utf-8") as file:
                file.write(line.rstrip("\n") + "\n")
        if event["event"] == "result":
            self._result = event
        elif event["event"] == "error":
            self._error = str(event.get("message", ""))
        self.told.emit(event)

    def _read_errors(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
            self._stderr = (self._stderr + text)[-TAIL:]

    def _on_trouble(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._error = tr("The training could not be started; reinstall Mien.")
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
        if self._result is not None:
            self._keep(FINISHED)
            self.finished.emit(self._result)
        elif self._error or (code and not stopping):
            self._keep(FAILED)
            sentence = self._error or tr("The training ended unexpectedly; it can be resumed.")
            self.failed.emit(Failure(sentence, self._stderr or f"exit code {code}"))
        else:
            self._keep(STOPPED)
            self.stopped.emit()
        self.changed.emit()

    def _keep(self, state: str) -> None:
        if self.run is not None:
            self.run = replace(self.run, state=state)
            self.run.write()


def _event(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("event"), str) else None
