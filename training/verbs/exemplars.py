"""train exemplars: a user's photos in, a library of sharp faces out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.verbs.apps import train_app


@train_app.command("exemplars")
def train_exemplars(
    photos: Annotated[list[Path], typer.Argument(help="Folders or zips of photos.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The model: a name, and it lies among your own models; or a folder to write.",
        ),
    ],
    limit: Annotated[int | None, typer.Option(help="Use at most so many photos.")] = None,
) -> None:
    """Make a library of the sharp faces in your own photos, which fills can take detail of.

    A second a photo. It stays on this computer; choose it in the editor or with --exemplars. The
    same name again makes it anew.
    """
    from engine.catalogue.exemplars import check_free
    from engine.catalogue.weights import check_name, user_folder
    from training.sources import find_sources

    check_name(output.name)
    folder = user_folder() / output.name if output == Path(output.name) else output
    check_free(folder)
    sources = [source for place in photos for source in find_sources(place)][:limit]
    from rich.progress import Progress  # torch, which comes with the rest, takes seconds

    from training.exemplars import make_exemplars, write_exemplars
    from training.export import told as told_of

    with Progress(transient=True) as shown:
        task = shown.add_task("Looking for sharp faces", total=1.0)
        made, told = make_exemplars(sources, lambda done: shown.update(task, completed=done))
    manifest = write_exemplars(made, told, folder)
    typer.echo(told_of(manifest))
    regions = ", ".join(f"{name} of {count}" for name, count in told.regions.items())
    typer.echo(f"{told.faces} faces of {told.photos} photos: {regions}.")
    left = {
        "unreadable": told.unreadable,
        "without a face": told.without_face,
        "too small": told.small,
        "not sharp": told.soft,
        "turned away": told.turned,
    }
    words = ", ".join(f"{count} {why}" for why, count in left.items() if count)
    if words:
        typer.echo(f"Left out: {words}.")
