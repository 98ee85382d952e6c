"""The two ways an operation of the engine ends without a result."""


class MienError(Exception):
    """A failure told in one clear sentence for the person who must act.

    `str(error)` is that sentence: what is wrong, then what to do. It is shown as it is, in a
    dialog of the editor or on one line of the command line.
    """


class Cancelled(Exception):  # noqa: N818 - a request that was honoured, not an error
    """The caller's cancel event was set; nothing was changed."""
