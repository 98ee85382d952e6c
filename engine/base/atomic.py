"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import platform
import re
import stat
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from engine.base.errors import MienError

_HOST = f"{zlib.crc32(platform.node().encode()):08x}"
_PART = re.compile(r"\.mien-([0-9a-f]{8})-(\d+)-\d+\.part")
_DAY = 86400.0
_NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
_numbers = itertools.count()
_swept: set[Path] = set()


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in its place.

    A link is followed: what it points to is replaced. Whatever fails, the old file stays as it was
    and nothing is left behind; what a killed run left in the folder is swept away. Raises
    MienError with the reason.
    """
    target = real_target(path)
    check_writable(path)
    if target.parent not in _swept:
        _swept.add(target.parent)
        sweep_parts(target.parent)
    # Short and of its own: the name asked for may be as long as a name can be.
    temporary = target.with_name(f".mien-{_HOST}-{os.getpid()}-{next(_numbers)}.part")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            sync(file)
        # A new file has no mode to keep, and cards and network shares have none at all.
        with contextlib.suppress(OSError):
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except OSError as error:
        raise MienError(_reason(path, error)) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    _sync_folder(target.parent)


def sync(file: BinaryIO) -> None:
    """Put what was written on the disk, where the disk can be asked for it; some network shares
    refuse. Raises OSError where it was lost."""
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def real_target(path: Path) -> Path:
    """The file that writing to `path` replaces: links followed, a dangling one too."""
    try:
        return Path(os.path.realpath(path))
    except OSError:  # links in a circle
        return path


def check_writable(path: Path) -> None:
    """Raises MienError where a file at `path` may not be written or replaced.

    A file without any write permission is refused although the folder would let us replace it:
    somebody protected it, and for the administrator the system itself refuses nothing.
    """
    target = real_target(path)
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise MienError(_reason(path, error)) from error
    if stat.S_ISDIR(mode):
        raise MienError(f"{path} is a folder; give a file name.")
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
        raise MienError(
            f"{path} is write-protected; choose another name or lift the protection first."
        )


def sweep_parts(folder: Path) -> int:
    """Remove what runs that were killed left in a folder; how many files.

    A file of a run that still goes on stays, as does another computer's on a shared disk, until it
    is a day old: no save takes that long.
    """
    swept = 0
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(".mien-")]
    except OSError:
        return 0
    for name in names:
        match = _PART.fullmatch(name)
        if match is None:
            continue
        part = folder / name
        ended = match[1] == _HOST and not _is_running(int(match[2]))
        with contextlib.suppress(OSError):
            if ended or time.time() - part.stat().st_mtime > _DAY:
                part.unlink()
                swept += 1
    return swept


def _is_running(process: int) -> bool:
    if os.name == "nt":
        # Asking with signal 0 would end it there; an open file cannot be removed anyway.
        return process == os.getpid()
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself outlast a power cut, where the system can."""
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _reason(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full; free some space and save {path.name} again."
    if error.errno == errno.EROFS:
        return f"{path.parent} is read-only; save {path.name} in another folder."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{path.parent} cannot be written to; save {path.name} in another folder."
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"There is no folder {path.parent}; choose one that exists."
    if error.errno == errno.ENAMETOOLONG:
        return f"The name {path.name[:40]}… is too long for this disk; choose a shorter one."
    if error.errno == errno.EFBIG:
        return f"{path.name} would be larger than this disk allows a file; save it on another."
    return f"{path} could not be written ({error.strerror or error}); save it somewhere else."
