"""train detail-fills: what the detail network learns from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.verbs.apps import train_app


@train_app.command("detail-fills")
def train_detail_fills(
    photos: Annotated[
        list[Path], typer.Option(help="Folders or zips of sharp portraits, 800 pixels a face.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder to write; a folder of fills grows.")
    ],
    aside: Annotated[
        bool, typer.Option("--aside", help="The people who are kept aside, not the others.")
    ] = False,
    holes: Annotated[list[str] | None, typer.Option(help="Kinds of holes; all by default.")] = None,
    limit: Annotated[int | None, typer.Option(help="Use at most so many photos.")] = None,
) -> None:
    """Fill every photo with holes of some kinds and keep the fills beside the photos.

    Ten seconds of one core a photo. An index.json beside the photos may say "person" and "origin";
    one person in three is kept aside, by the name.
    """
    from training.detail.fills import KINDS, fills_of, write_fills
    from training.sources import find_sources

    sources = [source for place in photos for source in find_sources(place)][:limit]
    made = fills_of(sources, tuple(holes or KINDS), aside=aside)
    count = write_fills(made, output)
    typer.echo(f"{output}: {count} fills.")
