"""A step of a fill, and running a table of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from engine.base.errors import raise_if_cancelled
from engine.base.exact import exact

Before = TypeVar("Before")
After = TypeVar("After")
Given = TypeVar("Given")

PRIOR, GENERATE, BLEND = "prior", "generate", "blend"  # stages, as of engine.inpaint.Progress


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


@exact
def run_steps(
    fill: Any,
    table: Table,
    *,
    entering: Callable[[str], None] | None = None,
    after: Watch | None = None,
) -> Any:
    """A fill (engine.fill.face_fill) taken through a table of steps, in float32 whatever autocast
    says around it.

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
