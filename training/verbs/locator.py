"""train locator, locator-export, locator-measure: the hole-aware face locator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.verbs.apps import DeviceOption, FacesOption, JsonOption, StartOption, train_app
from training.verbs.rows import printer

PhotosOption = Annotated[
    list[Path], typer.Option(help="Folders or zips of the photos that the faces come from.")
]


@train_app.command("locator")
def train_locator(
    run: Annotated[Path, typer.Option(help="The run's folder; one that exists is resumed.")],
    photos: PhotosOption,
    faces: FacesOption,
    config: Annotated[str | None, typer.Option(help="locator, or a TOML file.")] = None,
    start: StartOption = None,
    batch: Annotated[int | None, typer.Option(help="Samples a step.")] = None,
    samples: Annotated[int | None, typer.Option(help="End, and length of the schedule.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Training time, all calls together.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The highest.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of samples, holes and first weights.")] = None,
    threads: Annotated[int | None, typer.Option(help="Of PyTorch; 0 leaves its choice.")] = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Train the face locator; the same command resumes a run that was stopped."""
    from engine.base.device import check_device
    from training.locator.config import LocatorConfig

    chosen = LocatorConfig.chosen(run, config, "locator").changed(
        batch=batch,
        samples=samples,
        minutes=minutes,
        learning_rate=learning_rate,
        seed=seed,
        threads=threads,
    )
    check_device(device)
    from training.locator.train import train, trained  # torch takes seconds to load
    from training.loop import beginning

    train(
        chosen,
        photos,
        faces,
        run,
        start=None if start is None else beginning(start, "locator", trained),
        device=device,
        report=printer(as_json),
    )


@train_app.command("locator-export")
def export_locator(
    run: Annotated[Path, typer.Argument(help="A locator run's folder.")],
    kept_aside: Annotated[Path, typer.Option(help="A folder or zip of photos not trained on.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model folder to write.")],
    notes: Annotated[
        Path | None, typer.Option(help="A text on the data and its terms, for the card.")
    ] = None,
    licence: Annotated[str, typer.Option(help="The weights' licence.")] = "",
    limit: Annotated[int | None, typer.Option(help="Measure on at most so many faces.")] = None,
) -> None:
    """Make a model of a run's averaged network, its errors measured on photos kept aside."""
    from training.export import read_notes, told
    from training.locator.export import export
    from training.locator.measure import table

    manifest, figures = export(
        run, kept_aside, output, notes=read_notes(notes), licence=licence, limit=limit
    )
    typer.echo(table(figures))
    typer.echo(told(manifest))


@train_app.command("locator-measure")
def measure_locator(
    kept_aside: Annotated[Path, typer.Option(help="A folder or zip of photos not trained on.")],
    run: Annotated[
        Path | None, typer.Argument(help="A locator run; the installed locator if none.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Measure on at most so many faces.")] = None,
    source: Annotated[str | None, typer.Option(help="Only faces of this source.")] = None,
    seed: Annotated[int, typer.Option(help="Of the holes.")] = 0,
) -> None:
    """Measure where a locator alone lays faces, by kind of hole, on whole photos."""
    from engine.base.errors import MienError
    from engine.face.locator import Locator
    from engine.generator.weights import load
    from training.locator.measure import measure, table
    from training.locator.train import trained

    network = load("locator", Locator) if run is None else trained(run)
    if network is None:
        raise MienError("No locator is installed; name a run's folder to measure.")
    typer.echo(table(measure(network, kept_aside, limit=limit, source=source, seed=seed)))
