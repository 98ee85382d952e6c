"""References as options of a command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ReferenceOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--reference",
        help="Another photo of the person: what is hidden here is taken from where it is seen "
        "there. May be repeated.",
    ),
]
ReferenceFaceOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Which face of a reference is meant: X,Y,WIDTH,HEIGHT. One for each, in their order."
    ),
]
ReferencesFromOption = Annotated[
    Path | None,
    typer.Option(
        help="A folder: those of its photos that show the person are found and looked at."
    ),
]
ReferencesOption = Annotated[
    Path | None,
    typer.Option(
        help="A folder with other photos of the people: what is hidden is taken from where it is "
        "seen. Named {stem}_ref, in a person's folder, or found by themselves."
    ),
]
ExpressionOption = Annotated[
    str, typer.Option(help="Of what references show: keep the photo's, or reference.")
]
SamePersonOption = Annotated[
    bool,
    typer.Option("--same-person", help="References show the person, though it looks otherwise."),
]
