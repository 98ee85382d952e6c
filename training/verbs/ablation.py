"""train ablation: the eight trainings of the comparison, and their table."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from training.verbs.apps import DeviceOption, FacesOption, JsonOption, train_app
from training.verbs.evaluate import LpipsOption
from training.verbs.finetune import stopping
from training.verbs.rows import print_json, print_row


@train_app.command("ablation")
def train_ablation(
    faces: FacesOption,
    val: Annotated[Path, typer.Option(help="Prepared faces to measure on, never trained on.")],
    run: Annotated[Path, typer.Option(help="The folder; finished trainings in it are kept.")],
    samples: Annotated[int | None, typer.Option(help="Of each training.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Of the dearest training, if samples are not given.")
    ] = None,
    side: Annotated[int, typer.Option(help="Crop side in pixels.")] = 64,
    holes: Annotated[list[str] | None, typer.Option(help="Kinds of hole to measure on.")] = None,
    limit: Annotated[int | None, typer.Option(help="Measure at most so many faces.")] = None,
    lpips: LpipsOption = None,
    judges: Annotated[bool, typer.Option(help="Judge expression and geometry too.")] = True,
    row: Annotated[list[int] | None, typer.Option(help="Only these rows, 1 to 8.")] = None,
    seed: Annotated[int, typer.Option(help="Of samples, holes and first weights.")] = 0,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Train and measure the eight combinations of feature, emotion and landmark."""
    from training.ablation import TABLE, AblationOptions, ablation

    options = AblationOptions(
        faces,
        val,
        run,
        samples,
        minutes,
        side,
        holes=tuple(holes or AblationOptions.holes),
        limit=limit,
        lpips=lpips,
        judges=judges,
        seed=seed,
        device=device,
        rows=tuple(row or AblationOptions.rows),
    )

    def tell(event: dict[str, Any]) -> None:
        if as_json:
            print_json(event)
        elif event["event"] == "row":
            print(f"Training {event['row']} of 8, {event['samples']} samples", flush=True)
        else:
            print_row(event)

    stop = threading.Event()
    with stopping(stop):
        report = ablation(options, tell, stop)
    typer.echo(json.dumps(report) if as_json else (run / TABLE).read_text(encoding="utf-8"))
