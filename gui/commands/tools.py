"""Choosing a tool, and the brush."""

from __future__ import annotations

from gui.canvas.toolbox import TOOLS
from gui.canvas.tools import Tool
from gui.commands.command import TOOL, Command, opened
from gui.translation import mark


def tool_command(tool: type[Tool]) -> Command:
    """The row of a tool, as its file declares it."""
    return Command(
        f"tool_{tool.name}",
        TOOL,
        tool.text,
        turns=lambda w, on: on and w.canvas.set_tool(tool.name),
        shortcut=tool.shortcut,
        icon=tool.icon,
        when=opened,
        tip=tool.tip,
        group="tool",
    )


TOOL_COMMANDS: tuple[Command, ...] = (
    *(tool_command(tool) for tool in TOOLS),
    Command(
        "snap",
        TOOL,
        mark("Lasso along &edges"),
        turns=lambda w, on: w.canvas.set_snapping(on),
        shortcut="Ctrl+L",
        kept=False,
        tip=mark("From corner to corner the line follows what is seen"),
        gap=True,
    ),
    Command(
        "brush_smaller",
        TOOL,
        mark("Smaller brush"),
        lambda w: w.canvas.step_brush(False),
        "[",
        gap=True,
    ),
    Command("brush_larger", TOOL, mark("Larger brush"), lambda w: w.canvas.step_brush(True), "]"),
)
