"""The training verbs: prepare, train prior, train generator, train export, evaluate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.errors import MienError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
train_app = typer.Typer(
    help="Fit the prior, train or fine-tune the generator.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(train_app, name="train")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
FacesOption = Annotated[Path, typer.Option(help="A folder of prepared faces (see 'prepare').")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]


@app.command()
def prepare(
    places: Annotated[list[Path], typer.Argument(help="Folders or zips of photos.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for the shards.")],
    side: Annotated[int, typer.Option(help="Pixels of the face's frame.")] = 256,
    shard_mib: Annotated[float, typer.Option(help="Largest size of one shard.")] = 16.0,
    workers: Annotated[int, typer.Option(help="Processes; 0 uses every core.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Use at most so many photos.")] = None,
) -> None:
    """Make a training set from photos: aligned faces with their meshes, in compact shards."""
    from training.prepare import PrepareOptions
    from training.prepare import prepare as run

    options = PrepareOptions(side=side, shard_mib=shard_mib, workers=workers, limit=limit)
    made = run(places, output, options)
    typer.echo(
        f"{made.faces} faces from {made.photos} photos in {made.shards} shards "
        f"({made.without_face} without a face, {made.duplicates} duplicates)."
    )


@train_app.command("prior")
def train_prior(
    faces: FacesOption,
    output: Annotated[Path, typer.Option("--output", "-o", help="The model folder to write.")],
    side: Annotated[int, typer.Option(help="The prior's resolution.")] = 96,
    components: Annotated[int, typer.Option(help="How many components to keep.")] = 448,
    limit: Annotated[int | None, typer.Option(help="Use at most so many faces.")] = None,
) -> None:
    """Fit the face prior, in a minute or two on a CPU."""
    from engine.generator.weights import write_model
    from training.faces import FaceShards
    from training.fit_prior import PriorOptions, fit_prior

    shards = FaceShards(faces, limit)
    tensors = fit_prior(shards, PriorOptions(side=side, components=components))
    manifest = write_model(
        output,
        tensors,
        f"# {output.name}\n\nFace prior fitted on {len(shards)} prepared faces.\n",
        name=output.name,
        title="Face prior",
        kind="prior",
        notes=f"{components} components at {side} x {side} from {len(shards)} faces",
    )
    typer.echo(f"{manifest.path}: {manifest.bytes / 2**20:.1f} MiB from {len(shards)} faces.")


@train_app.command("generator")
def train_generator(
    run: Annotated[Path, typer.Option(help="The run's folder; one that exists is resumed.")],
    faces: FacesOption,
    config: Annotated[
        str | None, typer.Option(help="sharpen, cpu, published, or a TOML file.")
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
    device: DeviceOption = "auto",
    devices: Annotated[int, typer.Option(help="Processes to train with.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Train or fine-tune the generator; the same command resumes a run that was stopped."""
    from engine.generator.weights import find
    from training.config import load_config
    from training.trainer import CONFIG, run_config, train

    resumed = (run / CONFIG).exists()
    chosen = run_config(run) if resumed and config is None else load_config(config or "cpu")
    chosen = chosen.changed(
        side=side,
        batch=batch,
        samples=samples,
        minutes=minutes,
        learning_rate=learning_rate,
        seed=seed,
        workers=workers,
    )
    train(
        chosen,
        faces,
        run,
        find(prior).path if chosen.input == "prior" else None,
        start=None if start is None else _weights(start),
        device=device,
        devices=devices,
        report=_print_json if as_json else _print_row,
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
    default: Annotated[bool, typer.Option(help="Make it the default generator.")] = False,
) -> None:
    """Make a model of a run's averaged generator; it is then found by --model NAME."""
    from safetensors.torch import load_file

    from engine.generator.weights import user_folder, write_model
    from training.checkpoint import EMA
    from training.trainer import run_config

    config = run_config(run)
    if not (run / EMA).is_file():
        raise MienError(f"{run} holds no averaged weights yet; train it first.")
    text = card.read_text(encoding="utf-8") if card else _card(name, run)
    manifest = write_model(
        (output or user_folder()) / name,
        load_file(str(run / EMA)),
        text,
        name=name,
        title=title or name,
        kind="generator",
        native_crop=native_crop or config.side,
        input=config.input,
        default=default,
    )
    typer.echo(f"{manifest.path}: {manifest.bytes / 2**20:.1f} MiB, {manifest.sha256[:12]}.")


@app.command()
def evaluate(
    faces: Annotated[Path, typer.Option(help="A zip or folder of photos, or prepared faces.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where pictures and figures go.")],
    holes: Annotated[list[str] | None, typer.Option(help="Kinds of hole; may be repeated.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Models; may be repeated.")] = None,
    limit: Annotated[int | None, typer.Option(help="Use at most so many faces.")] = None,
    source: Annotated[str | None, typer.Option(help="Only faces of this source.")] = None,
    seed: Annotated[int, typer.Option(help="Of the holes.")] = 0,
    lpips: Annotated[
        Path | None, typer.Option(help="LPIPS-Alex weights; without them LPIPS is left out.")
    ] = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Measure fills against the untouched faces, beside OpenCV's two and the prior alone."""
    from training.evaluate import EvaluateOptions
    from training.evaluate import evaluate as run

    options = EvaluateOptions(
        holes=tuple(holes or ("centre",)),
        models=tuple(model or ("default",)),
        limit=limit,
        source=source,
        seed=seed,
        lpips=lpips,
        device=device,
    )
    report = run(faces, output, options)
    typer.echo(json.dumps(report) if as_json else _table(report))


def _weights(name: str) -> dict[str, Any]:
    """The generator's tensors by model name or file."""
    from safetensors.torch import load_file

    from engine.generator.weights import find, load_tensors

    if name.endswith(".safetensors"):
        if not Path(name).is_file():
            raise MienError(f"There is no file {name}; give a run's ema.safetensors.")
        return {key: tensor.float() for key, tensor in load_file(name).items()}
    return load_tensors(find(name))


def _print_json(row: dict[str, Any]) -> None:
    print(json.dumps(row), flush=True)


def _print_row(row: dict[str, Any]) -> None:
    if row.get("finished"):
        print(f"Stopped after {row['samples']} samples; the same command goes on.", flush=True)
        return
    parts = [f"{k} {v:.4f}" for k, v in row.items() if isinstance(v, float) and k in _SHOWN]
    print(
        f"{row['seconds']:8.0f} s  step {row['step']}  {row['samples']} samples  "
        f"{row['rate']:.1f}/s  " + "  ".join(parts),
        flush=True,
    )


_SHOWN = (
    "total",
    "pixel",
    "perceptual",
    "feature",
    "alignment",
    "matching",
    "adversarial",
    "discriminator",
)


def _card(name: str, run: Path) -> str:
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    return (
        f"# {name}\n\nTrained on this computer with faces chosen by its user.\n\n"
        f"```json\n{json.dumps(config, indent=2)}\n```\n"
    )


def _table(report: dict[str, Any]) -> str:
    lines = [f"{report['faces']} faces, {report['side']} x {report['side']}, seed {report['seed']}"]
    for row in report["rows"]:
        lpips = "   -  " if row["lpips"] is None else f"{row['lpips']:.4f}"
        lines.append(
            f"{row['holes']:<11} {row['method']:<14} PSNR {row['psnr']:6.2f}  "
            f"SSIM {row['ssim']:.4f}  LPIPS {lpips}  hole MAE {row['hole_mae']:5.2f}"
        )
    return "\n".join(lines)
