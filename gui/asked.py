"""What the modules were asked for, in words; all of it is made of what they declare."""

from __future__ import annotations

from typing import Any

from engine.inpaint import FillOptions
from engine.modules.module import Module
from engine.modules.registry import MODULES, wishes
from engine.readings import OFF
from gui.translation import tr


def menu_wish() -> str:
    """The wish whose choices are commands, "" without one."""
    return next((name for name, facts in wishes().items() if facts["menu"]), "")


def scale_of(name: str) -> str:
    """The wish that says how much of another is asked for, "" without one."""
    return next((n for n, facts in wishes().items() if name and facts["scales"] == name), "")


def module_of(name: str) -> Module:
    """The module that a wish is one of."""
    return next(module for module in MODULES if name in wishes(module.wish))


def asks(name: str, value: Any) -> bool:
    """Whether a wish's value asks for something, rather than for what is there or nothing."""
    return value not in (wishes()[name]["default"], module_of(name).off.get(name, OFF))


def word(name: str, value: Any) -> str:
    """What a choice is called, in the interface's language."""
    words = wishes()[name]["words"]
    return tr(words[value] if value in words else str(value).capitalize())


def _label(name: str, options: FillOptions) -> str:
    value, facts = getattr(options, name), wishes()[name]
    if value in facts["labels"]:
        return tr(facts["labels"][value])
    if not facts["choices"] or not asks(name, value):
        return ""
    scale = scale_of(name)
    share = f" {getattr(options, scale) * 100:.0f} %" if scale else ""
    return word(name, value) + share


def title(options: FillOptions) -> str:
    """What a fill was asked for by a command, in a few words; "" where no module has commands."""
    return _label(menu_wish(), options) if menu_wish() else ""


def rest(options: FillOptions) -> list[str]:
    """What else was asked of the modules."""
    said = (_label(name, options) for name in wishes() if name != menu_wish())
    return [text for text in said if text]


def drags(options: FillOptions) -> bool:
    """Whether dragged nodes have a say."""
    return all(module.is_on(options) for module in MODULES if module.drags)
