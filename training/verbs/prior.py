"""train prior: fit the face prior and what it knows of geometry and expression."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.base.errors import MienError
from training.verbs.apps import FacesOption, train_app


@train_app.command("prior")
def train_prior(
    faces: FacesOption,
    output: Annotated[Path, typer.Option("--output", "-o", help="The model folder to write.")],
    side: Annotated[int, typer.Option(help="The prior's resolution.")] = 96,
    components: Annotated[int, typer.Option(help="How many components to keep.")] = 448,
    appearance: Annotated[
        int, typer.Option(help="Components of the fine detail, in the mean shape; 0 for none.")
    ] = 416,
    sharp: Annotated[
        Path | None, typer.Option(help="Faces prepared larger, for the detail; else the same.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Use at most so many faces.")] = None,
    basis: Annotated[
        str | None, typer.Option(help="Keep the components of this installed prior.")
    ] = None,
    card: Annotated[Path | None, typer.Option(help="A model card to put beside it.")] = None,
    licence: Annotated[str, typer.Option(help="What the training photos' terms allow.")] = "",
) -> None:
    """Fit the face prior, in a minute or two on a CPU.

    Where the emotion and landmark networks are installed, geometry and expression are fitted as
    further rows: without them the modules have no say in the prior.
    """
    from engine.catalogue.weights import find, verify, write_model

    kept = None if basis is None else find(basis)  # before torch, which takes seconds to load
    if kept is not None and kept.kind != "prior":
        raise MienError(f"'{basis}' is no prior; give the name of one (see 'models').")
    from safetensors.torch import load_file

    from engine.catalogue.weights import load
    from engine.face.emotion import EmotionNetwork
    from engine.face.landmarks import LandmarkNetwork
    from engine.prior.appearance import PREFIX
    from training.faces import FaceShards
    from training.fit_appearance import SIDE, fit_appearance
    from training.fit_prior import BASIS, PriorOptions, fit_prior
    from training.fit_rows import fit_rows

    shards = FaceShards(faces, limit)
    if kept is None:
        tensors = fit_prior(shards, PriorOptions(side=side, components=components))
    else:
        # As they are in the file, but only the components: rows that older priors keep beside them
        # are fitted anew, and two of one name would say different things.
        verify(kept)
        found = load_file(str(kept.path))
        tensors = {k: t for k, t in found.items() if k in BASIS or k.startswith(PREFIX)}
    emotion = load("emotion", EmotionNetwork)
    landmarks = load("landmarks", LandmarkNetwork)
    rows, figures = None, {}
    if emotion is not None and landmarks is not None:
        rows, figures = fit_rows(tensors, shards, emotion, landmarks)
    fine = {}
    if appearance and not any(name.startswith(PREFIX) for name in tensors):
        detailed = shards if sharp is None else FaceShards(sharp, limit)
        fine = fit_appearance(detailed, PriorOptions(side=SIDE, components=appearance))
    text = card.read_text(encoding="utf-8") if card else _card(output.name, len(shards))
    manifest = write_model(
        output,
        tensors | fine,
        text,
        modules=rows,
        name=output.name,
        title="Face prior",
        kind="prior",
        native_crop=tensors["mean"].shape[1],
        licence=licence,
        figures=figures,
        retouch={} if kept is None else kept.retouch,
        notes=f"{_count(tensors)} components at {tensors['mean'].shape[1]} pixels, "
        f"{len(shards)} faces" + (f"; {appearance} of detail at {SIDE} pixels" if fine else ""),
    )
    typer.echo(f"{manifest.path}: {manifest.bytes / 2**20:.1f} MiB from {len(shards)} faces.")
    if not figures:
        typer.echo("Without the emotion and landmark networks: no rows for the modules.")
    for name, value in figures.items():
        typer.echo(f"  {name}: {value}")
    if not manifest.retouch:
        typer.echo(f"Its retouch is another's until 'train retouch --prior {output}' fits it.")


def _count(tensors: dict) -> int:
    return tensors["even"].shape[-1] + tensors["odd"].shape[-1]


def _card(name: str, faces: int) -> str:
    return f"# {name}\n\nFace prior fitted on {faces} prepared faces.\n"
