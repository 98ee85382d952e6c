"""Commands about what is seen."""

from __future__ import annotations

from gui.commands.command import VIEW, Command, opened
from gui.translation import mark

VIEWS: tuple[Command, ...] = (
    Command(
        "zoom_in", VIEW, mark("Zoom &in"), lambda w: w.canvas.zoom_step(True), "Ctrl++", when=opened
    ),
    Command(
        "zoom_out",
        VIEW,
        mark("Zoom &out"),
        lambda w: w.canvas.zoom_step(False),
        "Ctrl+-",
        when=opened,
    ),
    Command(
        "fit", VIEW, mark("&Fit"), lambda w: w.canvas.fit(), "0", "fit-to-page-outline", opened
    ),
    Command("actual", VIEW, mark("&1:1"), lambda w: w.canvas.zoom_to(1.0), "1", when=opened),
    Command(
        "tab_next",
        VIEW,
        mark("&Next photo"),
        lambda w: w.editor.tabs.step(True),
        "Ctrl+Tab",
        when=lambda now: now.tabs > 1,
        gap=True,
    ),
    Command(
        "tab_back",
        VIEW,
        mark("Pre&vious photo"),
        lambda w: w.editor.tabs.step(False),
        "Ctrl+Shift+Tab",
        when=lambda now: now.tabs > 1,
    ),
    Command(
        "split",
        VIEW,
        mark("&Before / after"),
        turns=lambda w, on: w.canvas.set_split(on),
        shortcut="\\",
        icon="compare",
        when=opened,
        gap=True,
    ),
    Command(
        "mesh",
        VIEW,
        mark("Show the &mesh"),
        turns=lambda w, on: w.canvas.set_mesh_shown(on),
        shortcut="M",
        kept=False,
        tip=mark("With every tool; the landmark tool shows it by itself"),
    ),
    Command(
        "mask_shown",
        VIEW,
        mark("Show the mas&k"),
        turns=lambda w, on: w.canvas.set_mask_shown(on),
        shortcut="K",
        kept=True,
    ),
    Command(
        "layers",
        VIEW,
        mark("&Layers and history"),
        turns=lambda w, on: w.layers.setVisible(on),
        shortcut="H",
        icon="layers-outline",
        kept=False,
    ),
    Command(
        "panels",
        VIEW,
        mark("Hide the p&anels"),
        turns=lambda w, on: w.show_panels(not on),
        shortcut="Tab",
        when=opened,
        tip=mark("The photo alone; Shift+Tab goes to the panels"),
        gap=True,
        on_canvas=True,
    ),
    Command(
        "full_screen",
        VIEW,
        mark("F&ull screen"),
        turns=lambda w, on: w.show_full_screen(on),
        shortcut="F11",
    ),
    Command(
        "preview",
        VIEW,
        mark("&Preview while painting"),
        turns=lambda w, on: w.editor.readout.show_preview(on),
        shortcut="P",
        kept=True,
    ),
)
