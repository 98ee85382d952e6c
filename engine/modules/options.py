"""The modules' wishes as options of a command line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from engine.modules.registry import Wishes, wishes


def takes_wishes(verb: Callable[..., None]) -> Callable[..., None]:
    """A verb with an option for each wish; it gets them together, as `wishes`."""
    signature = inspect.signature(verb, eval_str=True)
    own = [p for p in signature.parameters.values() if p.name != "wishes"]
    told = wishes()

    def call(**values: Any) -> None:
        wished = {name: values.pop(name) for name in told}
        verb(**values, wishes=wished)

    added = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=facts["default"],
            annotation=Annotated[type(facts["default"]), typer.Option(help=facts["help"])],
        )
        for name, facts in told.items()
    ]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + added
    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    call.__name__, call.__doc__ = verb.__name__, verb.__doc__
    return call


def as_arguments(wished: Wishes) -> list[str]:
    """The command line's words for some wishes."""
    words: list[str] = []
    for name in wishes():
        value = getattr(wished, name)
        if isinstance(value, bool):
            words.append(f"--{name}" if value else f"--no-{name}")
        else:
            words += [f"--{name}", f"{value:g}" if isinstance(value, float) else value]
    return words
