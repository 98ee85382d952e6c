"""prepare: photos in, a training set out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.verbs.apps import app

NAMED = 8  # files in a sentence


@app.command()
def prepare(
    places: Annotated[list[Path], typer.Argument(help="Folders or zips of photos.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for the shards.")],
    side: Annotated[int, typer.Option(help="Pixels of the face's frame.")] = 256,
    shard_mib: Annotated[float, typer.Option(help="Largest size of one shard.")] = 16.0,
    workers: Annotated[int, typer.Option(help="Processes; 0 uses every core.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Use at most so many photos.")] = None,
    finder: Annotated[
        str, typer.Option(help="What finds the faces: opencv, or the mediapipe package.")
    ] = "opencv",
) -> None:
    """Make a training set from photos: aligned faces with their meshes, in compact shards."""
    from training.prepare import PrepareOptions
    from training.prepare import prepare as run

    options = PrepareOptions(
        side=side, shard_mib=shard_mib, workers=workers, limit=limit, finder=finder
    )
    made = run(places, output, options)
    typer.echo(
        f"{made.faces} faces from {made.photos} photos in {made.shards} shards "
        f"({made.without_face} without a face, {made.duplicates} duplicates)."
    )
    if made.unreadable:
        named = ", ".join(made.unreadable[:NAMED]) + (", ..." if made.unreadable[NAMED:] else "")
        typer.echo(f"{len(made.unreadable)} could not be read: {named}.")
