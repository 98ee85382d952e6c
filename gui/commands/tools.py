"""Choosing a tool, and the brush."""

from __future__ import annotations

from gui.canvas.toolbox import TOOLS
from gui.commands.command import TOOL, Command, opened
from gui.translation import mark


def tool_command(tool: type) -> Command:
    """The row of a tool, as its file declares it."""
    return Command(
        f"tool_{tool.name}",
        TOOL,
        tool.text,
        lambda w, on: on and w.canvas.set_tool(tool.name),
        tool.shortcut,
        tool.icon,
        opened,
        tool.tip,
        group="tool",
    )


TOOL_COMMANDS: tuple[Command, ...] = (
    *(tool_command(tool) for tool in TOOLS),
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
