"""evaluate: fills of faces kept aside, measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from training.verbs.apps import DeviceOption, JsonOption, app


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


def _table(report: dict[str, Any]) -> str:
    lines = [f"{report['faces']} faces, {report['side']} x {report['side']}, seed {report['seed']}"]
    for row in report["rows"]:
        lpips = "   -  " if row["lpips"] is None else f"{row['lpips']:.4f}"
        lines.append(
            f"{row['holes']:<11} {row['method']:<14} PSNR {row['psnr']:6.2f}  "
            f"SSIM {row['ssim']:.4f}  LPIPS {lpips}  hole MAE {row['hole_mae']:5.2f}"
        )
    return "\n".join(lines)
