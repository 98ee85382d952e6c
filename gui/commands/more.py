"""Other windows, and help."""

from __future__ import annotations

from gui.commands.command import HELP, MORE, Command
from gui.translation import mark

MORE_COMMANDS: tuple[Command, ...] = (
    Command(
        "batch",
        MORE,
        mark("&Batch…"),
        lambda w: w.batches.show(),
        "Ctrl+Shift+B",
        "image-multiple-outline",
    ),
    Command(
        "training", MORE, mark("&Training…"), lambda w: w.school.show(), "Ctrl+T", "school-outline"
    ),
    Command(
        "models",
        MORE,
        mark("&Models…"),
        lambda w: w.show_models(),
        icon="cube-outline",
        tip=mark("What is installed; import, remove, choose"),
    ),
    Command(
        "palette",
        HELP,
        mark("&Find a command…"),
        lambda w: w.find_command(),
        "Ctrl+Shift+P",
        "magnify",
    ),
    Command("shortcuts", HELP, mark("&Keyboard shortcuts"), lambda w: w.show_shortcuts(), "F1"),
    Command("about", HELP, mark("&About Mien"), lambda w: w.show_about()),
)
