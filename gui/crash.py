"""What is written down when the program dies: where in it, and on what machine. No pictures, no
names of photos or folders; it stays on this computer until somebody sends it."""

from __future__ import annotations

import faulthandler
import platform
import re
import time
import traceback
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import qVersion

from engine.base.atomic import write_atomically
from engine.doctor import mien_version
from engine.edit.session import sessions_folder

SUFFIX = ".txt"
MOST = 60_000  # characters of a report
REPORTS = 20  # that are kept: an error in a painting comes again with every frame
# What looks like a path or a file's name, with spaces or not, in quotes or not.
_PATHS = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][^\\/\n'\":]+)+[\\/]([^\\/\n'\":]+)")
_ENDINGS = "jpe?g|png|webp|tiff?|bmp|avif|hei[cf]|jxl|dng|cr[23]|nef|arw|mien"
_QUOTED = re.compile(rf"(['\"])[^'\"\n]*\.(?:{_ENDINGS})\1", re.IGNORECASE)
_PHOTOS = re.compile(rf"[^\s'\"/\\]+\.(?:{_ENDINGS})\b", re.IGNORECASE)


def crash_folder() -> Path:
    """Where reports lie until they are looked at."""
    return sessions_folder() / "crashes"


class Watch:
    """From `begin` to `end` a crash leaves a report: an error that nobody caught, and a death that
    Python does not survive."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or crash_folder()
        self._file = None

    def begin(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path = self._folder / f"{_now()}.dying"
        self._file = self._path.open("w", encoding="utf-8")
        self._file.write(about())
        self._file.flush()
        faulthandler.enable(self._file, all_threads=True)

    def end(self) -> None:
        """The program ends as it was asked to."""
        faulthandler.disable()
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)
            self._file = None


def left() -> list[tuple[Path, str]]:
    """The reports of earlier starts, newest first, with their text. Those of programs that were
    killed without a word say nothing, and go."""
    found = []
    for path in sorted(crash_folder().glob("*.dying")):
        text = _read(path)
        if "Fatal Python error" in text or "Traceback" in text:
            report = path.with_suffix(SUFFIX)
            write_report(report, text)
        path.unlink(missing_ok=True)
    for path in sorted(crash_folder().glob(f"*{SUFFIX}"), reverse=True):
        found.append((path, _read(path)))
    return found


def keep(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write down an error that nobody caught, unless there are many already: the first ones tell
    most. Raises OSError and MienError."""
    folder = crash_folder()
    folder.mkdir(parents=True, exist_ok=True)
    if len(list(folder.glob(f"*{SUFFIX}"))) < REPORTS:
        text = about() + "".join(traceback.format_exception(kind, error, trace))
        write_report(folder / f"{_now()}{SUFFIX}", text)


def write_report(path: Path, text: str) -> None:
    data = discreet(text)[:MOST].encode("utf-8", "replace")
    write_atomically(path, lambda file: file.write(data))


def about() -> str:
    """The program and the machine."""
    return (
        f"Mien {mien_version()}, Python {platform.python_version()}, Qt {qVersion()}\n"
        f"{platform.system()} {platform.release()} {platform.machine()}\n"
        f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n\n"
    )


def discreet(text: str) -> str:
    """Without folders, and without names of photos."""
    return _PHOTOS.sub("PHOTO", _PATHS.sub(r"\1", _QUOTED.sub("'PHOTO'", text)))


def _now() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**6}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
