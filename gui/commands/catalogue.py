"""Every command of the program in one list, in the order of the menus.

Menus, tool rail, buttons, tooltips, the command palette and the overview of shortcuts are made
from it. A new command is one row of its file; a new tool is one file and one line of
`gui.canvas.toolbox.TOOLS`, its row is made from that.
"""

from __future__ import annotations

from gui.commands.command import Command
from gui.commands.edits import EDITS
from gui.commands.faces import FACES
from gui.commands.files import FILES
from gui.commands.masks import MASKS
from gui.commands.more import MORE_COMMANDS
from gui.commands.tools import TOOL_COMMANDS
from gui.commands.views import VIEWS

COMMANDS: tuple[Command, ...] = (
    *FILES,
    *EDITS,
    *TOOL_COMMANDS,
    *MASKS,
    *FACES,
    *VIEWS,
    *MORE_COMMANDS,
)
