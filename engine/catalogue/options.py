"""Options of command lines that name models."""

from __future__ import annotations

from typing import Annotated

import typer

ExemplarsOption = Annotated[
    str,
    typer.Option(
        help="A library of faces of your own photos ('train exemplars') that hidden eyes, mouths "
        "and noses take their finest detail of."
    ),
]
