"""train NAME, NAME-export, NAME-measure: of every network in the table `training.networks`."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from training.networks import NETWORKS
from training.trainable import Option, Trainable
from training.verbs.apps import DeviceOption, JsonOption, StartOption, train_app
from training.verbs.rows import printer

LimitOption = Annotated[int | None, typer.Option(help="Measure on at most so many faces.")]


def _with(verb: Callable[..., None], options: Iterable[Option], about: str, **helps: str) -> Any:
    """A verb with further options; it gets them together, as `more`. helps: of options of its own,
    where a network says them otherwise."""
    signature = inspect.signature(verb, eval_str=True)
    own = [p for p in signature.parameters.values() if p.name != "more"]
    names = [option.name for option in options]

    def call(**values: Any) -> None:
        if names:
            values["more"] = {name: values.pop(name) for name in names}
        verb(**values)

    def told(parameter: inspect.Parameter) -> inspect.Parameter:
        parameter = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        if parameter.name not in helps:
            return parameter
        kind = parameter.annotation.__origin__
        option = typer.Option(help=helps[parameter.name])
        return parameter.replace(annotation=Annotated[kind, option])

    added = [
        inspect.Parameter(
            option.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if option.required else option.default,
            annotation=Annotated[option.of, typer.Option(help=option.help)],
        )
        for option in options
    ]
    parameters = [*(told(p) for p in own), *added]
    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    call.__doc__ = about
    return call


def _add(row: Trainable) -> None:
    """The three verbs of a network."""

    def train(
        more: dict[str, Any],
        run: Annotated[Path, typer.Option(help="The run's folder; one that exists is resumed.")],
        config: Annotated[str | None, typer.Option()] = None,
        start: StartOption = None,
        batch: Annotated[int | None, typer.Option(help="Samples a step.")] = None,
        samples: Annotated[
            int | None, typer.Option(help="End, and length of the schedule.")
        ] = None,
        minutes: Annotated[
            float | None, typer.Option(help="Training time, all calls together.")
        ] = None,
        learning_rate: Annotated[float | None, typer.Option(help="The highest.")] = None,
        seed: Annotated[
            int | None, typer.Option(help="Of samples, holes and first weights.")
        ] = None,
        threads: Annotated[
            int | None, typer.Option(help="Of PyTorch; 0 leaves its choice.")
        ] = None,
        device: DeviceOption = "auto",
        as_json: JsonOption = False,
    ) -> None:
        from engine.base.device import check_device

        chosen = row.config.chosen(run, config, row.first).changed(
            batch=batch,
            samples=samples,
            minutes=minutes,
            learning_rate=learning_rate,
            seed=seed,
            threads=threads,
        )
        check_device(device)
        recipe = row.load()
        from training import recipe as networks
        from training.loop import beginning

        def weights(of: Path) -> Any:
            return networks.trained(recipe, of)

        begun = None if start is None else beginning(start, row.name, weights)
        report = printer(as_json)
        networks.train(recipe(chosen), run, start=begun, device=device, report=report, **more)

    def export(
        run: Annotated[Path, typer.Argument(help="A run's folder.")],
        kept_aside: Annotated[Path, typer.Option()],
        output: Annotated[Path, typer.Option("--output", "-o", help="The model folder to write.")],
        notes: Annotated[
            Path | None, typer.Option(help="A text on the data and its terms, for the card.")
        ] = None,
        licence: Annotated[str, typer.Option(help="The weights' licence.")] = "",
        limit: LimitOption = None,
    ) -> None:
        recipe = row.load()
        from training.export import read_notes, told
        from training.recipe import export

        text = read_notes(notes)
        manifest, table = export(
            recipe, run, kept_aside, output, notes=text, licence=licence, limit=limit
        )
        typer.echo(table)
        typer.echo(told(manifest))

    def measure(
        kept_aside: Annotated[Path, typer.Option()],
        runs: Annotated[
            list[Path] | None, typer.Argument(help="Runs' folders; the installed one if none.")
        ] = None,
        limit: LimitOption = None,
        seed: Annotated[int, typer.Option(help="Of the holes.")] = 0,
        as_json: JsonOption = False,
        more: dict[str, Any] | None = None,
    ) -> None:
        recipe = row.load()
        from training.recipe import compare

        measured = compare(recipe, runs or [], kept_aside, limit=limit, seed=seed, **(more or {}))
        typer.echo(json.dumps(measured.figures) if as_json else measured.table)

    told = f"{row.train}; the same command resumes a run that was stopped."
    made = "Make a model of a run's averaged network, its errors measured on what was kept aside."
    train_app.command(row.name)(_with(train, row.sources, told, config=row.configs))
    aside = row.kept_aside
    train_app.command(f"{row.name}-export")(_with(export, (), made, kept_aside=aside))
    train_app.command(f"{row.name}-measure")(
        _with(measure, row.compared, row.measure, kept_aside=aside)
    )


for _row in NETWORKS:
    _add(_row)
