"""Commands about photos and their files."""

from __future__ import annotations

from gui.commands.command import FILE, Command, idle, opened
from gui.translation import mark

FILES: tuple[Command, ...] = (
    Command(
        "open", FILE, mark("&Open…"), lambda w: w.files.ask_open(), "Ctrl+O", "folder-open-outline"
    ),
    Command("sample", FILE, mark("Open the sample"), lambda w: w.open_sample()),
    Command("paste", FILE, mark("Open from clipboard"), lambda w: w.files.paste(), "Ctrl+V"),
    Command(
        "save",
        FILE,
        mark("&Save"),
        lambda w: w.files.save(),
        "Ctrl+S",
        "content-save-outline",
        idle,
        gap=True,
    ),
    Command(
        "save_as", FILE, mark("Save &as…"), lambda w: w.files.save_as(), "Ctrl+Shift+S", when=idle
    ),
    Command(
        "save_copy",
        FILE,
        mark("Save a co&py…"),
        lambda w: w.files.save_copy(),
        "Ctrl+Alt+Shift+S",
        when=idle,
        tip=mark("The photo stays what it is, with its name and what is not saved of it"),
    ),
    Command(
        "export",
        FILE,
        mark("E&xport…"),
        lambda w: w.files.export(),
        "Ctrl+E",
        "export-variant",
        idle,
        mark("A copy in another format, quality or size, with the metadata you choose"),
    ),
    Command(
        "copy",
        FILE,
        mark("Cop&y the result"),
        lambda w: w.files.copy(),
        "Ctrl+C",
        "content-copy",
        opened,
        mark("The photo as it looks now, for another program"),
    ),
    Command(
        "save_session",
        FILE,
        mark("Save the sess&ion…"),
        lambda w: w.files.save_session(),
        "Ctrl+Alt+S",
        when=idle,
        tip=mark("Layers, mask and all, to go on another day"),
    ),
    Command(
        "close",
        FILE,
        mark("&Close the photo"),
        lambda w: w.files.close(),
        "Ctrl+W",
        when=opened,
        gap=True,
    ),
    Command("quit", FILE, mark("&Quit"), lambda w: w.close(), "Ctrl+Q"),
)
