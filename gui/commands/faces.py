"""Commands about faces: the modules' say, expressions, nodes."""

from __future__ import annotations

from collections.abc import Iterator

from engine.modules.module import Module
from engine.modules.registry import MODULES, wishes
from gui import asked
from gui.commands.command import ASK, FACE, Command, opened
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


def _ask(value: str, text: str, number: int) -> Command:
    return Command(
        f"ask_{value}",
        ASK,
        text,
        turns=lambda w, on: on and w.modules.ask(value),
        shortcut=f"Alt+{number}",
        group="ask",
    )


def _asking() -> Iterator[Command]:
    """The choices of the wish that has commands, and how much of it."""
    name = asked.menu_wish()
    if not name:
        return
    for number, (value, text) in enumerate(wishes()[name]["menu"].items()):
        yield _ask(value, text, number)
    if not asked.scale_of(name):
        return
    yield Command(
        "stronger",
        ASK,
        mark("&Stronger expression"),
        lambda w: w.modules.step_strength(True),
        "Alt+Up",
        when=lambda now: now.asked,
        gap=True,
    )
    yield Command(
        "weaker",
        ASK,
        mark("&Weaker expression"),
        lambda w: w.modules.step_strength(False),
        "Alt+Down",
        when=lambda now: now.asked,
    )


FACES: tuple[Command, ...] = (
    *(_module(module) for module in MODULES),
    *_asking(),
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
    Command(
        "reference_add",
        FACE,
        mark("Add a re&ference photo…"),
        lambda w: w.reference_choices.ask_add(),
        "Shift+R",
        when=opened,
        tip=mark("Another photo of the same person: what is hidden here is taken from it"),
        gap=True,
    ),
    Command(
        "reference_tab",
        FACE,
        mark("&Use an open photo as reference…"),
        lambda w: w.reference_choices.ask_tab(),
        when=lambda now: now.open and now.tabs > 1,
    ),
    Command(
        "faces_forget",
        FACE,
        mark("&Delete what is kept of faces…"),
        lambda w: w.reference_choices.ask_forget(),
        tip=mark("What folders were looked through for; it never left this computer"),
    ),
    Command(
        "open_eyes",
        FACE,
        mark("Open e&yes from…"),
        lambda w: w.open_eyes.begin(),
        "Shift+O",
        when=lambda now: now.closed and not now.busy,
        tip=mark("Closed eyes are filled from a photo in which they are open"),
    ),
)
