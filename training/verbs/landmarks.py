"""train landmarks, train landmarks-export, evaluate-landmarks: the hole-aware landmark network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from training.verbs.apps import DeviceOption, FacesOption, JsonOption, train_app


@train_app.command("landmarks")
def train_landmarks(
    run: Annotated[Path, typer.Option(help="The run's folder; one that exists is resumed.")],
    faces: FacesOption,
    config: Annotated[str | None, typer.Option(help="gcn, cnn, or a TOML file.")] = None,
    start: Annotated[
        Path | None, typer.Option(help="Begin a new run from another run's averaged network.")
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Samples a step.")] = None,
    samples: Annotated[int | None, typer.Option(help="End, and length of the schedule.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Training time, all calls together.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The highest.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of samples, holes and first weights.")] = None,
    threads: Annotated[int | None, typer.Option(help="Of PyTorch; 0 leaves its choice.")] = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Train the hole-aware landmark network; the same command resumes a run that was stopped."""
    from training.landmarks.config import load_config
    from training.landmarks.train import CONFIG, run_config, train, trained

    resumed = (run / CONFIG).exists()
    chosen = run_config(run) if resumed and config is None else load_config(config or "gcn")
    chosen = chosen.changed(
        batch=batch,
        samples=samples,
        minutes=minutes,
        learning_rate=learning_rate,
        seed=seed,
        threads=threads,
    )
    train(
        chosen,
        faces,
        run,
        start=None if start is None else trained(start).state_dict(),
        device=device,
        report=_print_json if as_json else _print_row,
    )


def _print_json(row: dict[str, Any]) -> None:
    print(json.dumps(row), flush=True)


def _print_row(row: dict[str, Any]) -> None:
    if row.get("finished"):
        print(f"Stopped after {row['samples']} samples; the same command goes on.", flush=True)
        return
    print(
        f"{row['seconds']:8.0f} s  step {row['step']}  {row['samples']} samples  "
        f"{row['rate']:.0f}/s  loss {row['loss']:.4f}  all {row['error']:.4f}  "
        f"hidden {row['hidden']:.4f}",
        flush=True,
    )
