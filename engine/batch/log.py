"""The log of a batch: one line of JSON a photo. It is also what a later run resumes from.

A result is logged before it gets its name, and named in one step: a run that is killed leaves
whole results, or none, and a line without its result is simply done again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.base.atomic import sync
from engine.base.device import FLOAT32, TORCH
from engine.base.errors import MienError
from engine.photo.names import key_of

FILLED, FAILED, NO_MASK, EXISTS, NOTHING = "filled", "failed", "no mask", "exists", "nothing"
DOUBTFUL, UNWORN = "doubtful", "nothing worn"
STATES = (FILLED, FAILED, NO_MASK, EXISTS, NOTHING, UNWORN, DOUBTFUL)
LOCK_NAME = ".mien-batch.lock"
PART = ".mien-{}.part"  # of a result that has no name yet; swept when a run starts
# Of a line: what tells whether a photo is done, and with what.
_DECIDING = (
    *("state", "output", "error", "note"),
    *("input_sha256", "mask_sha256", "output_sha256", "job"),
)


@dataclass
class Record:
    """What became of one photo.

    photo: its path below its folder. state: "filled", "failed", "no mask", "exists" (a result was
    there), "nothing" (the rule found nothing to fill), "nothing worn" (nobody wears what the rule
    takes off), "doubtful" (a face may lie wrong, and such photos are left). output: the result
    below the output folder. seconds: by stage (decode, find, fill, encode). faces: how many were
    found. laid: the patches that were laid (box, kind, seconds). readings: of every filled face.
    doubtful: those of them that may lie wrong (engine.face.doubt.Doubt). references: what was taken
    of other photos (engine.reference.Taken). grown: pixels the mask was made larger by. precision,
    backend: what the generator calculated in, and by what. outside: of what was not filled,
    "identical" or "re-encoded" (engine.photo.Saved). turned: orientation, width and height as it
    lay, of a photo that was turned to be upright. sidecars: the side files that were copied, below
    the output folder. note: a sentence on what was left as it was or
    could not be kept. job: the digest of what was asked.
    """

    photo: str
    state: str
    mask: str | None = None
    output: str | None = None
    error: str = ""
    note: str = ""
    input_sha256: str | None = None
    mask_sha256: str | None = None
    output_sha256: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    faces: int | None = None
    grown: int | None = None
    laid: list[dict[str, Any]] = field(default_factory=list)
    readings: list[dict[str, Any]] = field(default_factory=list)
    doubtful: list[dict[str, Any]] = field(default_factory=list)
    references: list[dict[str, Any]] = field(default_factory=list)
    model: str = ""
    device: str = ""
    precision: str = ""
    backend: str = ""
    outside: str = ""
    turned: list[int] = field(default_factory=list)
    sidecars: list[str] = field(default_factory=list)
    worker: str = ""
    job: str = ""
    when: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values; what is empty is left out."""
        return {
            key: value for key, value in asdict(self).items() if value not in (None, "", [], {})
        }

    @property
    def total(self) -> float:
        """Seconds of all stages."""
        return sum(self.seconds.values())


class Log:
    """The log of one output folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._ways: dict[str, tuple[str, str]] = {}
        for line in _lines_of(path):
            self._remember(line)

    def before(self, photo: str) -> list[dict[str, Any]]:
        """What earlier runs logged of a photo, oldest first: lines with a result only."""
        lines = self._lines.get(key_of(photo), ())
        return [line for line in lines if line.get("state") == FILLED]

    def way_of(self, job: str) -> tuple[str, str] | None:
        """What the last result of a job (its digest) was calculated in, and by what; None where it
        has no result."""
        return self._ways.get(job)

    def says(self, record: Record) -> bool:
        """Whether the log holds this already, so that a run that finds all done adds nothing."""
        lines = self._lines.get(key_of(record.photo))
        if not lines:
            return False
        if record.state == EXISTS and record.output_sha256 is not None:
            return True
        told = record.as_dict()
        return all(lines[-1].get(key) == told.get(key) for key in _DECIDING)

    def write(self, record: Record) -> None:
        """Append a line, whole and on disk when this returns. Raises MienError."""
        record.when = datetime.now(UTC).isoformat(timespec="seconds")
        told = record.as_dict()
        # A name that is no text in any encoding becomes JSON's own escapes.
        text = json.dumps(told, ensure_ascii=False).encode("utf-8", "backslashreplace")
        try:
            with self.path.open("ab") as file:
                # A line cut by a power failure must not swallow this one.
                start = b"" if _ends_whole(self.path) else b"\n"
                file.write(start + text + b"\n")
                file.flush()
                sync(file)
        except OSError as error:
            raise MienError(
                f"The log {self.path} could not be written ({error.strerror}); "
                "free some space or choose another output folder."
            ) from error
        self._remember(told)

    def _remember(self, line: dict[str, Any]) -> None:
        """What deciding needs; readings and boxes stay in the file."""
        kept = {
            key: line[key]
            for key in (*_DECIDING, "precision", "backend", "sidecars")
            if key in line
        }
        self._lines[key_of(line["photo"])].append(kept)
        if line.get("state") == FILLED:
            self._ways[line.get("job", "")] = way_of(line)


def way_of(line: dict[str, Any]) -> tuple[str, str]:
    """(precision, backend) of a line with a result; before there was a choice it was this one."""
    return line.get("precision", FLOAT32), line.get("backend", TORCH)


def _lines_of(path: Path) -> Iterator[dict[str, Any]]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise MienError(f"The log {path} could not be read ({error.strerror}).") from error
    for line in data.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue  # cut short
        if isinstance(told, dict) and isinstance(told.get("photo"), str):
            yield told


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


@contextlib.contextmanager
def locked(output: Path, *, wait: bool = False) -> Iterator[None]:
    """The output folder for this run alone. Another run's is refused, or waited for.

    The folder is made if it is missing; unfinished files of a run that was killed are swept.
    Raises MienError. The lock ends with the process, however that ends.
    """
    from filelock import FileLock, Timeout

    try:
        output.mkdir(parents=True, exist_ok=True)
        lock = FileLock(output / LOCK_NAME)
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        raise MienError(
            f"Another batch writes into {output}; wait for its end, or add --wait to take turns."
        ) from None
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MienError(
            f"{output} cannot be written to ({reason}); choose another output folder."
        ) from error
    try:
        sweep(output)
        yield
    finally:
        # The file stays: who waits for it holds the same one.
        lock.release()


def sweep(output: Path) -> int:
    """Remove results that never got their name; how many there were."""
    swept = 0
    for path in output.rglob("*" + PART.format("*") + "*"):
        with contextlib.suppress(OSError):
            path.unlink()
            swept += 1
    return swept


def digest_of(path: Path) -> str:
    """SHA-256 of a file. Raises MienError in a sentence."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise MienError(f"There is no file {path}; check the name.") from None
    except OSError as error:
        raise MienError(f"{path} could not be read ({error.strerror}).") from error
