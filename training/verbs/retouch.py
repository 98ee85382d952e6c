"""train retouch: fit to a prior how much what it makes pale is made stronger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.base.errors import MienError
from training.verbs.apps import FacesOption, train_app


@train_app.command("retouch")
def train_retouch(
    faces: FacesOption,
    prior: Annotated[Path, typer.Option(help="The prior's model folder; its manifest is written.")],
    limit: Annotated[int, typer.Option(min=1, help="Measure at most so many faces.")] = 200,
) -> None:
    """Fit to a prior how red lips and how clear teeth are painted, by faces as they are.

    It takes a minute. The prior's weights stay as they are.
    """
    from engine.catalogue.weights import MANIFEST, load_prior, read_manifest, write_retouch

    manifest = read_manifest(prior / MANIFEST)  # before torch, which takes seconds to load
    if manifest.kind != "prior":
        raise MienError(f"{prior} holds no prior; give the folder of one.")
    from engine.prior import FacePrior
    from engine.prior.retouch import Retouch
    from training.faces import FaceShards
    from training.fit_retouch import RetouchOptions, fit_retouch

    before = Retouch.of(manifest.retouch)
    solver = FacePrior(load_prior(manifest), retouch=before)
    found, figures = fit_retouch(solver, FaceShards(faces), RetouchOptions(faces=limit))
    write_retouch(manifest, found.as_dict())
    for name, value in found.as_dict().items():
        typer.echo(f"{name}: {value:g} ({before.as_dict()[name]:g} before)")
    for name, value in figures.items():
        typer.echo(f"  {name}: {value}")
