"""train prior: fit the face prior."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.verbs.apps import FacesOption, train_app


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
