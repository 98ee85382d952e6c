"""Make a model of a trained locator: its figures measured, its card written."""

from __future__ import annotations

from pathlib import Path

from engine.catalogue.weights import Manifest
from training.export import export_model
from training.locator.config import LocatorConfig
from training.locator.measure import Figure, measure, table
from training.locator.train import trained
from training.loop import averaged

CARD = """# Hole-aware face locator

Tells where a face lies of which a hole hides much, from what is left around it: ears, hair, chin,
neck, shoulders, the framing of the photo. What the hole covers has no say.

- Network: {{parameters}} parameters. Three windows around the hole (2, 4 and 9 times as wide, 64
  pixels each) through one convolutional trunk; the answer is a frame, how far it may be off, and
  whether there is a face. It looks three times, each time from its last answer.
- Taught by: MediaPipe's face mesh (Apache 2.0) on the untouched photos; photos cut, turned and set
  into wider pictures, holes from blemishes to 90 % of the face, with a rim of the thing that was in
  front; {samples:,} samples.{{data}}
- Limits: profiles and crowds are rare in the training photos. A face of which nothing is left but
  hair is laid by the framing of the photo, and may lie wrong by a third of the eyes' distance.

## Figures

The locator alone, from the hole's box, on {faces} photos kept aside, in inter-ocular distances.

{table}
"""


def export(
    run: Path,
    photos: Path,
    folder: Path,
    *,
    notes: str = "",
    licence: str = "",
    limit: int | None = None,
) -> tuple[Manifest, dict[str, Figure]]:
    """Write the averaged network of a run as a model into `folder`; (manifest, figures).

    photos: kept aside from the run; the figures are measured on `limit` of them. notes: a paragraph
    on the data and its terms for the card.
    """
    network = trained(run)
    figures = measure(network, photos, limit=limit)
    samples = int(averaged(run)[1]["step"]) * LocatorConfig.of_run(run).batch
    from training.sources import find_sources

    faces = min(len(find_sources(photos)), limit or 10**9)
    card = CARD.format(
        samples=samples,
        faces=faces,
        table=table(figures),
    )
    manifest = export_model(
        folder,
        network,
        card,
        data=notes,
        title="Hole-aware face locator",
        kind="locator",
        native_crop=64,
        input="zero",
        licence=licence,
        figures={
            "off, inter-ocular distances": {k: round(f.error, 4) for k, f in figures.items()},
            "faces": faces,
        },
        notes=f"{samples} samples",
    )
    return manifest, figures
