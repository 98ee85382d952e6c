"""train generator, train export: the generator and a model made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.base.errors import MienError
from training.verbs.apps import DeviceOption, FacesOption, JsonOption, train_app
from training.verbs.rows import printer


@train_app.command("generator")
def train_generator(
    run: Annotated[Path, typer.Option(help="The run's folder; one that exists is resumed.")],
    faces: FacesOption,
    config: Annotated[
        str | None,
        typer.Option(help="sharpen, half, cpu, cpu-release, modules, published, or a TOML file."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(help="Begin from a model's name, or from a run's ema.safetensors."),
    ] = None,
    prior: Annotated[str, typer.Option(help="The prior's model name.")] = "prior",
    side: Annotated[int | None, typer.Option(help="Crop side in pixels.")] = None,
    batch: Annotated[int | None, typer.Option(help="Samples a step.")] = None,
    samples: Annotated[int | None, typer.Option(help="End, and length of the schedule.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop cleanly after so long.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The highest.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of samples, holes and first weights.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that read faces.")] = None,
    lpips: Annotated[
        Path | None, typer.Option(help="LPIPS-Alex weights, for configurations with that loss.")
    ] = None,
    device: DeviceOption = "auto",
    devices: Annotated[int, typer.Option(help="Processes to train with.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Train or fine-tune the generator; the same command resumes a run that was stopped."""
    from engine.base.device import check_device
    from engine.catalogue.weights import find
    from training.config import TrainingConfig

    chosen = TrainingConfig.chosen(run, config, "cpu").changed(
        lpips_file=str(lpips) if lpips else None,
        side=side,
        batch=batch,
        samples=samples,
        minutes=minutes,
        learning_rate=learning_rate,
        seed=seed,
        workers=workers,
    )
    known = find(prior).folder if chosen.input == "prior" else None
    check_device(device)
    begin = None if start is None else _weights(start)
    from training.trainer import train  # torch takes seconds to load

    train(
        chosen,
        faces,
        run,
        known,
        start=begin,
        device=device,
        devices=devices,
        report=printer(as_json),
    )


@train_app.command("export")
def train_export(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    name: Annotated[str, typer.Option(help="The new model's name.")],
    title: Annotated[str, typer.Option(help="What people see.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Models folder; yours if not given.")
    ] = None,
    card: Annotated[Path | None, typer.Option(help="A model card to put beside it.")] = None,
    native_crop: Annotated[
        int | None, typer.Option(help="Crop side it is used at; its training's if not given.")
    ] = None,
    best: Annotated[
        bool, typer.Option(help="The average that did best on the faces kept apart, not the last.")
    ] = False,
    licence: Annotated[str, typer.Option(help="What the training photos' terms allow.")] = "",
    measured: Annotated[
        Path | None, typer.Option(help="The report.json of an evaluation, for its figures.")
    ] = None,
    default: Annotated[bool, typer.Option(help="Make it the default generator.")] = False,
) -> None:
    """Make a model of a run's averaged generator and modules; --model NAME then finds it."""
    from engine.catalogue.weights import user_folder
    from training.checkpoint import BEST, EMA, load_average
    from training.config import TrainingConfig
    from training.export import export_model, told
    from training.learner import split

    config, file = TrainingConfig.of_run(run), run / (BEST if best else EMA)
    if not file.is_file():
        raise MienError(f"{run} holds no {file.name} yet; train it first.")
    generator, modules = split(load_average(file))
    manifest = export_model(
        (output or user_folder()) / name,
        generator,
        card.read_text(encoding="utf-8") if card else _card(name, run),
        modules=modules or None,
        title=title or name,
        kind="generator",
        native_crop=native_crop or config.side,
        input=config.input,
        grid=config.grid,
        default=default,
        licence=licence,
        figures=_figures(measured, name) if measured else {},
    )
    typer.echo(told(manifest))


def _figures(report: Path, name: str) -> dict[str, Any]:
    """A model's rows of an evaluation, by kind of hole. Raises MienError."""
    try:
        found = json.loads(report.read_text(encoding="utf-8"))
        rows = [row for row in found["rows"] if row["method"] == name]
        figures: dict[str, Any] = {
            row["holes"]: {key: row[key] for key in ("psnr", "ssim", "lpips")} for row in rows
        }
    except (OSError, ValueError, KeyError) as error:
        raise MienError(f"{report} is no report of 'main.py evaluate' ({error}).") from error
    if not rows:
        raise MienError(f"{report} does not measure '{name}'; evaluate that model first.")
    return {"faces": found["faces"], "side": found["side"], "holes": figures}


def _weights(name: str) -> dict[str, Any]:
    """The generator's and its modules' tensors by model name or file."""
    from engine.catalogue.weights import find, load_modules, load_tensors

    if name.endswith(".safetensors"):
        if not Path(name).is_file():
            raise MienError(f"There is no file {name}; give a run's ema.safetensors.")
        from training.checkpoint import load_average

        return load_average(Path(name))
    manifest = find(name)
    from training.learner import BRANCHES  # torch takes seconds to load

    modules = load_modules(manifest) or {}
    return load_tensors(manifest) | {BRANCHES + k: tensor for k, tensor in modules.items()}


def _card(name: str, run: Path) -> str:
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    return (
        f"# {name}\n\nTrained on this computer with faces chosen by its user.\n\n"
        f"```json\n{json.dumps(config, indent=2)}\n```\n"
    )
