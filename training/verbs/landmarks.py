"""train landmarks, landmarks-export, landmarks-measure: the hole-aware landmark network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from training.verbs.apps import DeviceOption, FacesOption, JsonOption, StartOption, train_app
from training.verbs.rows import printer


@train_app.command("landmarks")
def train_landmarks(
    run: Annotated[Path, typer.Option(help="The run's folder; one that exists is resumed.")],
    faces: FacesOption,
    config: Annotated[str | None, typer.Option(help="gcn, cnn, or a TOML file.")] = None,
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
    """Train the hole-aware landmark network; the same command resumes a run that was stopped."""
    from engine.base.device import check_device
    from training.landmarks.config import LandmarkConfig

    chosen = LandmarkConfig.chosen(run, config, "gcn").changed(
        batch=batch,
        samples=samples,
        minutes=minutes,
        learning_rate=learning_rate,
        seed=seed,
        threads=threads,
    )
    check_device(device)
    from training.landmarks.train import train, trained  # torch takes seconds to load
    from training.loop import beginning

    train(
        chosen,
        faces,
        run,
        start=None if start is None else beginning(start, "landmarks", trained),
        device=device,
        report=printer(as_json),
    )


@train_app.command("landmarks-export")
def export_landmarks(
    run: Annotated[Path, typer.Argument(help="A landmark run's folder.")],
    kept_aside: Annotated[Path, typer.Option(help="Prepared faces the run has not seen.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model folder to write.")],
    notes: Annotated[
        Path | None, typer.Option(help="A text on the data and its terms, for the card.")
    ] = None,
    licence: Annotated[str, typer.Option(help="The weights' licence.")] = "",
) -> None:
    """Make a model of a run's averaged network, its errors measured on faces kept aside."""
    from training.export import read_notes, told
    from training.faces import FaceShards
    from training.landmarks.export import export
    from training.landmarks.measure import table

    manifest, figures = export(
        run, FaceShards(kept_aside), output, notes=read_notes(notes), licence=licence
    )
    typer.echo(table(figures))
    typer.echo(told(manifest))


@train_app.command("landmarks-measure")
def measure_landmarks(
    kept_aside: Annotated[Path, typer.Option(help="Prepared faces no run has seen.")],
    runs: Annotated[
        list[Path] | None, typer.Argument(help="Landmark runs; the installed network if none.")
    ] = None,
    faces: Annotated[
        Path | None,
        typer.Option(help="Training faces: adds the mean face and the prior's linear map."),
    ] = None,
    mediapipe: Annotated[bool, typer.Option(help="Add MediaPipe on the holed picture.")] = False,
    limit: Annotated[int | None, typer.Option(help="Measure on at most so many faces.")] = None,
    seed: Annotated[int, typer.Option(help="Of the holes.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure landmark networks by kind of hole, in inter-ocular units over hidden nodes."""
    from dataclasses import asdict

    from training.faces import FaceShards
    from training.landmarks import measure

    predictors = _predictors(runs or [], faces, mediapipe)
    figures = measure.measure(FaceShards(kept_aside, limit), predictors, seed)
    if as_json:
        plain = {k: {n: asdict(f) for n, f in by.items()} for k, by in figures.items()}
        typer.echo(json.dumps(plain))
    else:
        typer.echo(measure.table(figures))


def _predictors(runs: list[Path], faces: Path | None, mediapipe: bool) -> dict[str, Any]:
    from engine.base.errors import MienError
    from engine.face.landmarks import LandmarkNetwork
    from engine.generator.weights import find, load
    from engine.prior import FacePrior
    from training.faces import FaceShards
    from training.landmarks import measure
    from training.landmarks.train import trained

    predictors: dict[str, Any] = {}
    if faces is not None:
        shards = FaceShards(faces)
        predictors["mean face"] = measure.mean_face(shards)
        predictors["prior's linear map"] = measure.prior_map(
            FacePrior.load(find("prior").path), shards
        )
    if mediapipe:
        predictors["MediaPipe"] = measure.mediapipe()
    for run in runs:
        network = trained(run)
        predictors[run.name] = network
        predictors[f"{run.name}, trunk alone"] = lambda c, h, n=network: n.predict(c, h).first
    if not runs:
        installed = load("landmarks", LandmarkNetwork)
        if installed is None and not predictors:
            raise MienError("No landmark network is installed; name a run's folder to measure.")
        if installed is not None:
            predictors["installed"] = installed
    return predictors
