"""Commands about faces: the modules' say, expressions, nodes."""

from __future__ import annotations

from engine.modules import MODULES
from engine.modules.module import Module
from engine.readings import KEEP
from gui import expressions
from gui.commands.command import ASK, FACE, Command
from gui.translation import mark, tr


def _module(module: Module) -> Command:
    return Command(
        module.name,
        FACE,
        module.menu,
        turns=lambda w, _on: w.modules.switch(),
        shortcut=module.shortcut,
        kept=True,
    )


def _ask(emotion: str, text: str, number: int) -> Command:
    return Command(
        f"ask_{emotion}",
        ASK,
        text,
        turns=lambda w, on: on and w.modules.ask(emotion),
        shortcut=f"Alt+{number}",
        group="ask",
    )


FACES: tuple[Command, ...] = (
    *(_module(module) for module in MODULES),
    _ask(KEEP, mark("&Keep the expression"), 0),
    *(_ask(name, text, n + 1) for n, (name, text) in enumerate(expressions.NAMES.items())),
    Command(
        "stronger",
        ASK,
        mark("&Stronger expression"),
        lambda w: w.modules.step_strength(True),
        "Alt+Up",
        when=lambda now: now.asked,
        gap=True,
    ),
    Command(
        "weaker",
        ASK,
        mark("&Weaker expression"),
        lambda w: w.modules.step_strength(False),
        "Alt+Down",
        when=lambda now: now.asked,
    ),
    Command(
        "nodes_reset",
        FACE,
        mark("&Reset dragged landmarks"),
        lambda w: w.document.set_nodes((), tr("Reset landmarks")),
        "Shift+N",
        when=lambda now: now.nodes and not now.busy,
        gap=True,
    ),
    Command(
        "face_next",
        FACE,
        mark("Choose the &next face"),
        lambda w: w.faces.next(),
        "Shift+F",
        when=lambda now: now.faces > 1,
        gap=True,
    ),
    Command(
        "face_remove",
        FACE,
        mark("Re&move the chosen face"),
        lambda w: w.faces.remove(),
        "Shift+Del",
        when=lambda now: now.faces > 0 and not now.busy,
        tip=mark("For what is no face, or must not be touched"),
    ),
)
