"""What a computer can run out of, told in one sentence."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from engine.base.errors import MienError

DISK_FULL = "The disk is full; free some space and start the same command again: it goes on."
NO_MEMORY = (
    "The memory is not enough for this training; close other programs, or choose a smaller side "
    "or batch."
)
_FULL = ("no space left", "os error 28", "disk quota exceeded")
_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn a full disk or memory, and a folder that may not be written to, into MienErrors."""
    try:
        yield
    except MienError:
        raise
    except MemoryError as error:
        raise MienError(NO_MEMORY) from error
    except Exception as error:
        # Libraries wrap the system's error in their own kinds: only the words are common.
        words = str(error).lower()
        if getattr(error, "errno", None) == errno.ENOSPC or any(w in words for w in _FULL):
            raise MienError(DISK_FULL) from error
        if any(w in words for w in _MEMORY):
            raise MienError(NO_MEMORY) from error
        if isinstance(error, PermissionError):
            place = error.filename or "A folder"
            raise MienError(
                f"{place} cannot be read or written with your rights; choose another folder."
            ) from error
        raise
