"""What a command is: name, menu, words, icon, shortcut, tooltip, when it is possible and what it
does, together in one row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gui.commands.target import Target
from gui.translation import mark


@dataclass(frozen=True)
class Now:
    """What is so at this moment; the predicates of the table ask it.

    open: a photo is. busy: a fill or save runs. painted: the mask holds something. filled: the
    photo shows a fill. round: there are fills to choose from. nodes: some were dragged. faces: how
    many. tabs: how many photos are open. meshed: the chosen face has a mesh, so that parts can be
    masked. asked: an expression is. closed: the eyes of a face are. film: the photo's folder
    holds others.
    """

    open: bool = False
    busy: bool = False
    painted: bool = False
    filled: bool = False
    round: bool = False
    nodes: bool = False
    faces: int = 0
    tabs: int = 0
    meshed: bool = False
    asked: bool = False
    closed: bool = False
    film: bool = False
    undo: bool = False
    redo: bool = False


def always(now: Now) -> bool:
    return True


def opened(now: Now) -> bool:
    return now.open


def idle(now: Now) -> bool:
    return now.open and not now.busy


def masked(now: Now) -> bool:
    return now.painted and not now.busy


def chosen_from(now: Now) -> bool:
    return now.round and not now.busy


@dataclass(frozen=True)
class Command:
    """One command.

    does: called with the window. turns: of one that stays on or off instead, called with the window
    and its new state. when: whether it is possible. tip: more than the words say. gap: a line in
    the menu before it. group: one of several that exclude each other. kept: the state it has at the
    first start, remembered from then on. on_canvas: whether the key is its own only while the
    photo has the keyboard, as elsewhere it means another thing.
    """

    name: str
    menu: str
    text: str
    does: Callable[[Target], object] | None = None
    shortcut: str = ""
    icon: str = ""
    when: Callable[[Now], bool] = always
    tip: str = ""
    gap: bool = False
    turns: Callable[[Target, bool], object] | None = None
    group: str = ""
    kept: bool | None = None
    on_canvas: bool = False

    @property
    def stays(self) -> bool:
        """Whether it is on or off, rather than done."""
        return self.turns is not None


FILE, EDIT, TOOL, MASK, FACE, VIEW, MORE, HELP = (
    mark("&File"),
    mark("&Edit"),
    mark("T&ool"),
    mark("&Mask"),
    mark("F&ace"),
    mark("&View"),
    mark("&Tools"),
    mark("&Help"),
)
PART, ASK = mark("Mask a &part"), mark("E&xpression")
WITHIN = {PART: MASK, ASK: FACE}  # menus within menus
