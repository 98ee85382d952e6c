"""Commands that undo, fill, and choose among fills."""

from __future__ import annotations

from gui.commands.command import EDIT, Command, chosen_from
from gui.translation import mark

EDITS: tuple[Command, ...] = (
    Command(
        "undo",
        EDIT,
        mark("&Undo"),
        lambda w: w.document.history.undo(),
        "Ctrl+Z",
        "undo",
        lambda now: now.undo and not now.busy,
    ),
    Command(
        "redo",
        EDIT,
        mark("&Redo"),
        lambda w: w.document.history.redo(),
        "Ctrl+Shift+Z",
        "redo",
        lambda now: now.redo and not now.busy,
    ),
    Command(
        "fill",
        EDIT,
        mark("&Fill"),
        lambda w: w.editor.fill(),
        "Return",
        "auto-fix",
        lambda now: (now.painted or now.filled) and not now.busy,
        gap=True,
    ),
    Command(
        "more",
        EDIT,
        mark("&More like this"),
        lambda w: w.editor.more(),
        "G",
        "image-multiple-outline",
        chosen_from,
        mark("Another fill of the same hole"),
    ),
    Command(
        "result_next",
        EDIT,
        mark("Next result"),
        lambda w: w.editor.results.step(True),
        ".",
        when=chosen_from,
    ),
    Command(
        "result_back",
        EDIT,
        mark("Previous result"),
        lambda w: w.editor.results.step(False),
        ",",
        when=chosen_from,
    ),
    Command(
        "cancel",
        EDIT,
        mark("Cancel the fill"),
        lambda w: w.editor.cancel(),
        icon="close",
        when=lambda now: now.busy,
    ),
)
