"""train emotion, train emotion-measure: the networks that read expressions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from engine.base.errors import MienError
from training.verbs.apps import JsonOption, train_app
from training.verbs.rows import printer

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
    samples: Annotated[int | None, typer.Option(help="End, and length of the schedule.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Wall clock of the whole training.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of samples, holes and first weights.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Train the emotion network or the judge; the same command resumes a run."""
    from training.emotion.config import EmotionConfig

    chosen = EmotionConfig.chosen(run, config, "emotion")
    chosen = chosen.changed(samples=samples, minutes=minutes, seed=seed)
    from training.emotion.train import train  # torch takes seconds to load

    train(chosen, data, run, report=printer(as_json))


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
    if (run is None) == (model is None):
        raise MienError("Give a run or a model to measure, one of them.")
    if run is None and export is not None:
        raise MienError("Only a run can be exported; give --run.")
    if model is not None:
        from engine.catalogue.weights import find

        find(model)  # before torch, which takes seconds to load
    from training.emotion.config import EmotionConfig
    from training.emotion.export import export as write
    from training.emotion.measure import measure
    from training.emotion.train import facts_of, finished, installed_reader
    from training.export import told

    if run is None:
        print(json.dumps(measure(installed_reader(model or ""), data)))
        return
    network = finished(run, data)
    figures = measure(network, data)
    print(json.dumps(figures))
    if export is not None:
        manifest = write(network, EmotionConfig.of_run(run), figures, export, facts_of(run))
        typer.echo(told(manifest), err=True)
