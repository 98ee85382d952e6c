"""The two command groups, and the options that verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
train_app = typer.Typer(
    help="Fit the prior, train or fine-tune the networks.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(train_app, name="train")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
FacesOption = Annotated[Path, typer.Option(help="A folder of prepared faces (see 'prepare').")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
PrecisionOption = Annotated[
    str, typer.Option(help="auto: what is fastest here; exact: float32 on any processor.")
]
StartOption = Annotated[
    str | None,
    typer.Option(help="Begin a new run from another run's folder, or an installed network."),
]
