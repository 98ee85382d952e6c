"""A step of a fill, and running a table of them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from engine.base.errors import raise_if_cancelled
from engine.base.exact import exact

Before = TypeVar("Before")
After = TypeVar("After")
Given = TypeVar("Given")
Later = TypeVar("Later", bound="State")

# Stages, as of engine.inpaint.Progress.
FIND, PRIOR, GENERATE, TEXTURE, BLEND = "find", "prior", "generate", "texture", "blend"


@dataclass(frozen=True, eq=False, kw_only=True)
class State:
    """What steps are run over. It never changes; a step makes the next one of it. cancel: set to
    give the fill up."""

    cancel: threading.Event | None = None

    def becomes(self, state: type[Later], **values: Any) -> Later:
        """The same with further values, as a later (or the same) state."""
        here = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return state(**{**here, **values})


@dataclass(frozen=True)
class Step(Generic[Before, Given, After]):
    """One row of a table.

    run: a fill and what is given -> the fill with what the step writes. given: what the step needs
    that not every fill has; where it is None the step is left out. why: one sentence for people.
    stage: of Progress. required: whether a fill is none without it.
    """

    run: Callable[[Before, Given], After]
    given: Callable[[Before], Given | None]
    why: str
    stage: str = PRIOR
    required: bool = False

    @property
    def name(self) -> str:
        """Of the function that it runs."""
        return self.run.__name__

    @property
    def needs(self) -> str:
        """What it is given, in words; empty where every fill has it."""
        if self.given is always:
            return ""
        told = re.split("[;.]", self.given.__doc__ or "")[0]
        return " ".join((told[:1].lower() + told[1:]).split())


Table = Sequence[Step[Any, Any, Any]]
Watch = Callable[[Step[Any, Any, Any], Any], None]


@dataclass(frozen=True)
class Tables:
    """What one fill runs. photo: the steps of a photo. share: those of each face's share of the
    hole. face: those of its crop; None: as its model fills."""

    photo: Table
    share: Table
    face: Table | None = None


@exact
def run_steps(
    fill: Any,
    table: Table,
    *,
    entering: Callable[[str], None] | None = None,
    after: Watch | None = None,
) -> Any:
    """A fill (of a photo, a share or a face) taken through a table of steps, in float32 whatever
    autocast says around it.

    entering: told each stage as it begins. after: told of every step that ran, with the fill as it
    left it. Raises Cancelled between steps.
    """
    stage = None
    for step in table:
        given = step.given(fill)
        if given is None:
            continue
        raise_if_cancelled(fill.cancel)
        if step.stage != stage:
            stage = step.stage
            if entering is not None:
                entering(stage)
        fill = step.run(fill, given)
        if after is not None:
            after(step, fill)
    return fill


def always(fill: Any) -> bool:
    """For steps that every fill has."""
    return True
