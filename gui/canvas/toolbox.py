"""The tools, in the order of the rail. A new tool is its file and one line here."""

from __future__ import annotations

from gui.canvas.frame import FrameTool
from gui.canvas.lasso import LassoTool
from gui.canvas.nodes import NodeTool
from gui.canvas.spot import SpotTool
from gui.canvas.tools import (
    BrushTool,
    EraserTool,
    PanTool,
    RectangleTool,
    Tool,
)

TOOLS: tuple[type[Tool], ...] = (
    PanTool,
    BrushTool,
    EraserTool,
    SpotTool,
    LassoTool,
    RectangleTool,
    FrameTool,
    NodeTool,
)
