"""A fine-tune in a process of its own: this very program with the verb `train finetune`; or a
library of faces, with `train exemplars`.

The editor never imports training.
Runs lie in the user's data folder, so that one that was stopped can go on after a restart.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from engine.base.atomic import write_atomically
from engine.catalogue.weights import user_folder
from gui.base.program import Program, event_of, program
from gui.translation import tr

GRACE_MS = 20_000  # after asking to stop, before the process is ended
LATEST = "state.safetensors"  # of a run that has learnt something (training.checkpoint)
NO_TIME = 0.001  # minutes, less than any training took
RECORD, EVENTS = "run.panel.json", "events.jsonl"
MODEL, LIBRARY = "model", "library"  # what is made
NEW, RUNNING, STOPPED, FINISHED, FAILED = "new", "running", "stopped", "finished", "failed"


@dataclass(frozen=True)
class Run:
    """One fine-tune: its folder, the photos' folder, the minutes and the model's name. A library is
    made in one go, however many minutes."""

    folder: Path
    photos: Path
    minutes: float
    name: str
    state: str = NEW
    kind: str = MODEL

    @property
    def can_resume(self) -> bool:
        """Whether it was begun, has not come to its end, and what was done is kept."""
        return self.kind == MODEL and self.state in (RUNNING, STOPPED, FAILED)

    @property
    def has_learnt(self) -> bool:
        """Whether a model can be made of it as it is."""
        return (self.folder / LATEST).exists()

    @property
    def as_it_is(self) -> Run:
        """The same without any further minute: it is measured, and becomes a model."""
        return replace(self, minutes=NO_TIME)

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
        told = (event_of(line) for line in lines)
        return [event for event in told if event is not None]


def runs_folder() -> Path:
    """Where a user's runs lie: beside the user's models."""
    return user_folder().parent / "runs"


def new_run(root: Path, photos: Path, minutes: float, name: str, kind: str = MODEL) -> Run:
    """A run in a folder that is not taken yet."""
    stem = re.sub(r"[^\w\-]+", "-", name).strip("-") or "run"
    folder, number = root / stem, 2
    while folder.exists():
        folder, number = root / f"{stem}-{number}", number + 1
    return Run(folder, photos, minutes, name, kind=kind)


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
    if run.kind == LIBRARY:
        return [*program(), "train", "exemplars", str(run.photos), "-o", run.name, "--json"]
    return [
        *program(),
        *("train", "finetune", str(run.photos)),
        *("--minutes", f"{run.minutes:g}", "--name", run.name),
        *("--run", str(run.folder), "--json"),
    ]


class Trainer(Program):
    """The signals of Program, and `stopped` when a run has come to a halt and can go on."""

    stopped = Signal()

    def __init__(
        self, root: Path | None = None, command_of=command, parent: QObject | None = None
    ) -> None:
        super().__init__(GRACE_MS, parent)
        self.root = root or runs_folder()
        self.run: Run | None = None
        self._command_of = command_of

    def start(self, run: Run) -> None:
        """Begin a run, or go on with one; only one at a time."""
        if self.is_running:
            return
        self.run = replace(run, state=RUNNING)
        self.run.write()
        self._begin(self._command_of(self.run))

    def close(self) -> bool:
        """End it and wait; the run can be gone on with."""
        ran = super().close()
        if ran:
            self._keep(STOPPED)
        return ran

    def not_started(self) -> str:
        """The sentence for a program that the system could not start."""
        return tr("The training could not be started; reinstall Mien.")

    def ended_early(self) -> str:
        """The sentence for a run that died."""
        if self.run is not None and self.run.kind == LIBRARY:
            return tr("Making the library ended unexpectedly; start it anew.")
        return tr("The training ended unexpectedly; it can be resumed.")

    def is_failure(self, code: int, stopping: bool) -> bool:
        """A run that died of itself; one that halted in order can go on."""
        return bool(code) and not stopping

    def keep_event(self, line: str) -> None:
        """What a run told is shown again when the panel is opened anew."""
        if self.run is not None:
            with (self.run.folder / EVENTS).open("a", encoding="utf-8") as file:
                file.write(line.rstrip("\n") + "\n")

    def keep_end(self, *, finished: bool, failed: bool) -> None:
        """How the run ended is written down beside it."""
        self._keep(FINISHED if finished else FAILED if failed else STOPPED)
        if not finished and not failed:
            self.stopped.emit()

    def _keep(self, state: str) -> None:
        if self.run is not None:
            self.run = replace(self.run, state=state)
            self.run.write()
