"""One running editor: a second start hands its photos to the first and ends.

No socket: a lock in the user's data folder names the first, and what a second asks for is a file
that the first takes away. Whoever does not take it in time hangs, and the second opens its own.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QLockFile, QObject, Signal

from engine.base.atomic import write_atomically
from engine.edit.session import sessions_folder

PATIENCE = 4.0  # seconds in which a running editor takes what is asked of it
ASKED = ".asked"


class Instance(QObject):
    """Signal `asked` with the paths that a second start was given, none where it was given none."""

    asked = Signal(list)

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = (folder or sessions_folder()) / "asked"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = QLockFile(str(self._folder / "editor.lock"))
        self._lock.setStaleLockTime(0)  # however old, it holds while its process lives
        self._watcher: QFileSystemWatcher | None = None

    def begin(self) -> bool:
        """Whether this is the first editor; from then on it hears what others ask for."""
        if not self._lock.tryLock(0):
            return False
        for left in self._folder.glob(f"*{ASKED}"):
            left.unlink(missing_ok=True)  # of a start that gave up
        self._watcher = QFileSystemWatcher([str(self._folder)], self)
        self._watcher.directoryChanged.connect(lambda _folder: self._take())
        return True

    def hand_over(self, paths: Sequence[Path], patience: float = PATIENCE) -> bool:
        """Ask the running editor to open photos; whether it took them."""
        note = self._folder / f"{uuid.uuid4().hex}{ASKED}"
        told = json.dumps([str(path.absolute()) for path in paths]).encode()
        write_atomically(note, lambda file: file.write(told))
        end = time.monotonic() + patience
        while note.exists() and time.monotonic() < end:
            time.sleep(0.02)
        taken = not note.exists()
        note.unlink(missing_ok=True)
        return taken

    def end(self) -> None:
        """Let another one be the first."""
        self._lock.unlock()

    def _take(self) -> None:
        for note in sorted(self._folder.glob(f"*{ASKED}")):
            try:
                paths = [Path(path) for path in json.loads(note.read_text(encoding="utf-8"))]
                note.unlink()
            except (OSError, ValueError):
                continue  # it was taken back meanwhile
            self.asked.emit(paths)
