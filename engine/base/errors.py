"""The two ways an operation of the engine ends without a result."""

from __future__ import annotations

import threading


class MienError(Exception):
    """A failure told in one clear sentence for the person who must act.

    `str(error)` is that sentence: what is wrong, then what to do. It is shown as it is, in a
    dialog of the editor or on one line of the command line.
    """


class Cancelled(Exception):  # noqa: N818 - a request that was honoured, not an error
    """The caller's cancel event was set; nothing was changed."""


def raise_if_cancelled(cancel: threading.Event | None) -> None:
    """Raise Cancelled once the caller's event is set; None is never set."""
    if cancel is not None and cancel.is_set():
        raise Cancelled
