"""train exemplars: a user's photos in, a library of sharp faces out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.base.errors import Cancelled, MienError, raise_if_cancelled
from training.verbs.apps import JsonOption, train_app
from training.verbs.finetune import stopping, tell_json

if TYPE_CHECKING:
    from engine.catalogue.weights import Manifest
    from training.exemplars import Told


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
    as_json: JsonOption = False,
) -> None:
    """Make a library of the sharp faces in your own photos, which fills can take detail of.

    A second a photo. It stays on this computer; choose it in the editor or with --exemplars. The
    same name again makes it anew. With --json, a line "stop" on standard input ends it; nothing is
    kept then.
    """
    if as_json:
        _in_json(photos, output, limit)
        return
    from rich.progress import Progress  # torch, which comes with the rest, takes seconds

    with Progress(transient=True) as shown:
        task = shown.add_task("Looking for sharp faces", total=1.0)
        manifest, told = _made(
            photos, output, limit, lambda done: shown.update(task, completed=done)
        )
    from training.export import told as told_of

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


def _made(
    photos: list[Path], output: Path, limit: int | None, report: Callable[[float], None]
) -> tuple[Manifest, Told]:
    from engine.catalogue.exemplars import check_free
    from engine.catalogue.weights import check_name, user_folder
    from training.sources import find_sources

    check_name(output.name)
    folder = user_folder() / output.name if output == Path(output.name) else output
    check_free(folder)
    sources = [source for place in photos for source in find_sources(place)][:limit]
    from training.exemplars import make_exemplars, write_exemplars

    made, told = make_exemplars(sources, report)
    return write_exemplars(made, told, folder), told


def _in_json(photos: list[Path], output: Path, limit: int | None) -> None:
    """The same for programs: events as lines, as `train finetune` tells them."""
    stop = threading.Event()

    def report(done: float) -> None:
        raise_if_cancelled(stop)
        tell_json({"event": "stage", "stage": "look", "done": done})

    try:
        with stopping(stop):
            report(0.0)
            manifest, told = _made(photos, output, limit, report)
    except Cancelled:
        tell_json({"event": "stopped"})
        return
    except MienError as error:
        tell_json({"event": "error", "message": str(error)})
        raise typer.Exit(1) from error
    tell_json({"event": "result", "model": manifest.name, "library": asdict(told)})
