"""train emotion, train emotion-measure: the networks that read expressions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.errors import MienError
from training.verbs.apps import JsonOption, train_app

DataOption = Annotated[
    Path, typer.Option(help="A folder with fer2013.zip and, where there, ckplus.zip, jaffe.zip.")
]


@train_app.command("emotion")
def train_emotion(
    data: DataOption,
    run: Annotated[Path, typer.Option(help="The run's folder; one that exists is resumed.")],
    config: Annotated[
        str | None, typer.Option(help="emotion, judge, judge2, or a TOML file.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Wall clock of the whole training.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of samples, holes and first weights.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Train the emotion network or the judge; the same command resumes a run."""
    from training.emotion.config import load_config
    from training.emotion.train import CONFIG, run_config, train

    resumed = (run / CONFIG).exists() and config is None
    chosen = run_config(run) if resumed else load_config(config or "emotion")
    train(
        chosen.changed(minutes=minutes, seed=seed),
        data,
        run,
        report=_print_json if as_json else _print_line,
    )


@train_app.command("emotion-measure")
def measure_emotion(
    data: DataOption,
    run: Annotated[Path | None, typer.Option(help="A run to measure.")] = None,
    model: Annotated[str | None, typer.Option(help="Or an installed model.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write the run as a model folder, figures in its card.")
    ] = None,
) -> None:
    """Measure a run or a model on FER2013's test split, CK+ and JAFFE; prints one JSON object."""
    from training.emotion.export import export as write
    from training.emotion.measure import measure
    from training.emotion.train import facts_of, finished, installed_reader, run_config

    if (run is None) == (model is None):
        raise MienError("Give a run or a model to measure, one of them.")
    if run is None:
        if export is not None:
            raise MienError("Only a run can be exported; give --run.")
        print(json.dumps(measure(installed_reader(model or ""), data)))
        return
    network = finished(run, data)
    figures = measure(network, data)
    print(json.dumps(figures))
    if export is not None:
        manifest = write(network, run_config(run), figures, export, facts_of(run))
        typer.echo(f"{manifest.path}: {manifest.bytes / 2**20:.1f} MiB.", err=True)


def _print_json(row: dict[str, Any]) -> None:
    print(json.dumps(row), flush=True)


def _print_line(row: dict[str, Any]) -> None:
    rest = "  ".join(f"{k} {v}" for k, v in row.items() if k not in ("step", "seconds"))
    print(f"{row['seconds']:8.0f} s  step {row['step']}  {rest}", flush=True)
