"""train shapes: fit the space of face shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.base.errors import MienError
from training.verbs.apps import FacesOption, train_app


@train_app.command("shapes")
def train_shapes(
    faces: FacesOption,
    posed: Annotated[Path, typer.Option(help="The folder of the emotion sets (ckplus.zip).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model folder to write.")],
    modes: Annotated[int, typer.Option(min=8, max=300, help="How many components.")] = 64,
    limit: Annotated[int | None, typer.Option(help="Use at most so many faces.")] = None,
    licence: Annotated[str, typer.Option(help="What the photos' terms allow.")] = "",
) -> None:
    """Fit which shapes faces have, how far they go, and what expressions add to them.

    It takes a minute. Dragged landmarks and asked-for expressions keep to it.
    """
    from engine.catalogue.weights import load, write_model
    from engine.face.emotion import EmotionNetwork
    from training.faces import FaceShards
    from training.fit_shapes import ShapeOptions, fit_shapes

    emotion = load("emotion", EmotionNetwork)
    if emotion is None:
        raise MienError("No emotion network is installed; make one first (train emotion).")
    shards = FaceShards(faces, limit)
    tensors, figures = fit_shapes(shards, posed, emotion, ShapeOptions(modes=modes))
    manifest = write_model(
        output,
        tensors,
        _card(figures),
        name=output.name,
        title="Face shapes",
        kind="shapes",
        native_crop=1,
        licence=licence,
        figures=figures,
        notes=f"{modes} modes of {len(shards)} faces and their mirror images",
    )
    typer.echo(f"{manifest.path}: {manifest.bytes / 2**10:.0f} KiB from {len(shards)} faces.")
    for name, value in figures.items():
        typer.echo(f"  {name}: {value}")


def _card(figures: dict) -> str:
    return f"""# Face shapes

Which shapes faces have: the mean mesh of 478 nodes, {figures["modes"]} principal components with
what they leave over, and how far faces go. A dragged landmark takes its neighbours along by it, and
stops where faces end; an asked-for expression moves the hidden nodes by it.

- Fitted on the meshes of {figures["faces"]} faces and their mirror images, balanced over skin and
  origin. What the components leave over: {figures["left_over"]} of the frame (root mean square).
- Bounds, by 99.5 % of the faces: Mahalanobis distance from the mean {figures["radius"]}; of 1, 2,
  ... nodes from where the seen ones let them be expected, in standard deviations:
  {", ".join(f"{one:g}" for one in figures["reach"])}.
- Expressions: within {figures["persons"]} persons who pose several; between neutral and smile, the
  class means of the faces.
- Limits: what an expression adds was learnt from frontal faces and is the same on both sides.
"""
