"""Keeping MediaPipe's notices out of the terminal, and nothing else.

Its C++ side writes them to the process's error stream when a network first runs, and no setting
stops them. For that moment the stream goes into a temporary file; what others wrote to it
meanwhile is handed on when the moment is over.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from typing import BinaryIO

# absl's information and warnings, TensorFlow Lite's, and absl's word on itself; errors are told.
_NOTICE = re.compile(
    rb"[IW]\d{4} [\d:.]+ +\d+ \S+\.cc:\d+\] |INFO: |"
    rb"WARNING: All log messages before absl::InitializeLog"
)


class _Diversion:
    """Shared by all threads: the first who asks diverts, the last who leaves restores."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._askers = 0
        self._stream: int | None = None  # the real one, while it is diverted
        self._heard: BinaryIO | None = None

    def begin(self) -> None:
        with self._lock:
            self._askers += 1
            if self._askers == 1:
                self._divert()

    def end(self) -> None:
        with self._lock:
            self._askers -= 1
            if self._askers == 0:
                self._restore()

    def _divert(self) -> None:
        try:
            self._stream = os.dup(2)
        except OSError:
            return  # a windowed program has no error stream
        try:
            self._heard = tempfile.TemporaryFile()  # noqa: SIM115 (open beyond this call)
            os.dup2(self._heard.fileno(), 2)
        except OSError:
            self._restore()  # without a place for the notices they are shown

    def _restore(self) -> None:
        if self._stream is None:
            return
        os.dup2(self._stream, 2)
        os.close(self._stream)
        self._stream = None
        if self._heard is not None:
            with self._heard:
                self._heard.seek(0)
                others = b"".join(line for line in self._heard if not _NOTICE.match(line))
            self._heard = None
            with contextlib.suppress(OSError):
                os.write(2, others)


_diversion = _Diversion()


@contextlib.contextmanager
def without_notices() -> Iterator[None]:
    """Keep MediaPipe's notices from the error stream; whatever else is written there arrives, at
    the end. May be nested and used by several threads at once."""
    _diversion.begin()
    try:
        yield
    finally:
        _diversion.end()
