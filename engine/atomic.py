"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from engine.errors import MienError


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in its place.

    Whatever fails, the old file stays as it was and nothing is left behind. Raises MienError with
    the reason.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    except OSError as error:
        raise MienError(_reason(path, error)) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _reason(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk is full; free some space and save {path.name} again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{path.parent} cannot be written to; save {path.name} in another folder."
    if error.errno == errno.ENOENT:
        return f"There is no folder {path.parent}; choose one that exists."
    return f"{path} could not be written ({error.strerror or error}); save it somewhere else."
