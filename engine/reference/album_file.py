"""What is kept of a folder's faces in the user's cache: one file a folder, numbers alone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.base.atomic import write_atomically
from engine.base.errors import MienError
from engine.catalogue.weights import find
from engine.readings import EMOTIONS
from engine.reference.portrait import Portrait

FORM = 2  # of the file, and of what is kept of a face
SUFFIX = ".faces"
TOLD_BY = ("recognition", "landmarks", "emotion")  # models: by others a face is told otherwise
DIGEST = 16  # bytes


@dataclass(frozen=True)
class AlbumFile:
    """The file that keeps a folder's faces. `read` and `write` never fail: what cannot be read is
    as if it were not there, and what cannot be written is looked at again the next time."""

    path: Path

    @classmethod
    def of(cls, folder: Path) -> AlbumFile:
        return cls(faces_folder() / (_digest(str(folder.resolve())).hex() + SUFFIX))

    def read(self) -> dict[bytes, tuple[Portrait, ...]]:
        """{key of a photo: its faces}, see `key_of_file`."""
        try:
            with np.load(self.path, allow_pickle=False) as held:
                if bytes(held["form"]) != _form():
                    return {}
                keys, counts = held["keys"], held["counts"]
                values = {name: held[name] for name in ("box", "side", "told", "read", "lids")}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return {}
        if len(keys) != len(counts) or any(len(v) != counts.sum() for v in values.values()):
            return {}
        ends = np.cumsum(counts)
        return {
            key.tobytes(): tuple(_portrait(values, n) for n in range(end - count, end))
            for key, count, end in zip(keys, counts.tolist(), ends.tolist(), strict=True)
        }

    def write(self, faces: Mapping[bytes, tuple[Portrait, ...]]) -> None:
        flat = [one for found in faces.values() for one in found]
        nothing = (np.nan,) * len(EMOTIONS)
        shape = flat[0].told.shape if flat else (0, 0)
        values = {
            "form": np.frombuffer(_form(), np.uint8),
            "keys": np.frombuffer(b"".join(faces), np.uint8).reshape(-1, DIGEST),
            "counts": np.array([len(found) for found in faces.values()], np.int64),
            "box": np.array([one.box for one in flat], np.float32).reshape(-1, 4),
            "side": np.array([one.side for one in flat], np.float32),
            "told": np.array([one.told for one in flat], np.float16).reshape(len(flat), *shape),
            "read": np.array([one.expression or nothing for one in flat], np.float32),
            "lids": np.array([one.lids for one in flat], np.float32).reshape(-1, 2),
        }
        with contextlib.suppress(MienError, OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(self.path, lambda file: np.savez(file, **values))


def faces_folder() -> Path:
    """Where all of them lie; MIEN_FACES names another folder."""
    named = os.environ.get("MIEN_FACES")
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("mien", appauthor=False) / "faces"


def kept_folders() -> int:
    """Of how many folders something is kept."""
    return len(_files())


def forget() -> int:
    """Delete all that is kept of faces; of how many folders there was something. Raises MienError
    where it cannot be deleted."""
    files = _files()
    for path in files:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise MienError(
                f"{path} could not be deleted ({error.strerror or error}); delete the folder "
                f"{path.parent} by hand."
            ) from None
    return len(files)


def key_of_file(path: Path) -> bytes:
    """A digest of path, size and time of a photo: another file, or a changed one, has another.
    Raises OSError where there is no such file."""
    status = path.stat()
    return _digest(f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}")


def _files() -> list[Path]:
    try:
        return [path for path in faces_folder().iterdir() if path.suffix == SUFFIX]
    except OSError:
        return []


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=DIGEST).digest()


def _form() -> bytes:
    """What numbers of a face mean: they are told by networks, and others tell other numbers."""
    models = []
    for name in TOLD_BY:
        with contextlib.suppress(MienError):
            models.append(find(name).sha256)
    return _digest(f"{FORM}\0" + "\0".join(models))


def _portrait(values: dict[str, np.ndarray], number: int) -> Portrait:
    x, y, width, height = values["box"][number].tolist()
    read, lids = values["read"][number], values["lids"][number].tolist()
    return Portrait(
        (x, y, width, height),
        float(values["side"][number]),
        values["told"][number].astype(np.float32),
        None if np.isnan(read).any() else tuple(read.tolist()),
        (lids[0], lids[1]),
    )
