"""The list of modules. A further one is a file here, a line in MODULES and its wishes among the
bases of Wishes (docs/modules.md)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from engine.base.errors import MienError
from engine.modules.emotion import Emotion, EmotionWish
from engine.modules.landmarks import Landmarks, LandmarkWish
from engine.modules.module import Module, is_wish

# In the order they are shown, named and told.
MODULES: tuple[Module, ...] = (Landmarks(), Emotion())


@dataclass(frozen=True)
class Wishes(EmotionWish, LandmarkWish):
    """What is asked of every module. Raises MienError for a value that cannot be asked for."""

    def __post_init__(self) -> None:
        for name, facts in wishes().items():
            value, choices, bounds = getattr(self, name), facts["choices"], facts["bounds"]
            if choices and value not in choices:
                raise MienError(f"'{value}' is no {name}; choose one of {', '.join(choices)}.")
            if bounds and not bounds[0] <= value <= bounds[1]:
                raise MienError(
                    f"A {name} of {value:g} is not between {bounds[0]:g} and {bounds[1]:g}."
                )


def only(*keys: str) -> Wishes:
    """The wishes with which the modules of these keys have a say, and no others."""
    off = [module.off for module in MODULES if module.key not in keys]
    return Wishes(**{name: value for values in off for name, value in values.items()})


def wishes(of: type | None = None) -> dict[str, dict[str, Any]]:
    """Every wish by name: its "default" and the facts that `wish` was given. of: those of one
    module's `wish` alone."""
    return {
        entry.name: {"default": entry.default, **entry.metadata}
        for entry in fields(of or Wishes)
        if is_wish(entry)
    }
