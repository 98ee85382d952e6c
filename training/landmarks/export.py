"""Make a model of a trained landmark network: its spread and figures measured, its card written."""

from __future__ import annotations

from pathlib import Path

from engine.catalogue.weights import Manifest
from training.export import export_model
from training.faces import FaceShards
from training.landmarks.config import LandmarkConfig
from training.landmarks.measure import Figure, measure, measure_spread, table
from training.landmarks.train import trained
from training.loop import averaged

NAME = "landmarks"

CARD = """# Hole-aware landmark network

Reads the face mesh (478 nodes, MediaPipe's numbering) of an aligned crop of which parts may be
hidden. Hidden pixels have no say; hidden nodes are the network's guess.

- Network: {{parameters}} parameters. A linear first guess in closed form (24 x 24 pixels) and a
  convolutional trunk that corrects it (64 x 64) give coefficients of a shape model;
  {refinement}.
- Taught by: MediaPipe's face mesh (Apache 2.0) on the untouched pictures, with random holes and
  misaligned, mirrored, relit crops; {samples:,} samples.{{data}}
- Limits: MediaPipe's own errors are taken over. Profiles are rare in the training faces. A hidden
  part that no visible part tells of (an open mouth, a closed eye) comes out average.

## Figures

Distance from MediaPipe's mesh of the untouched picture, in inter-ocular units, over hidden nodes
(all nodes without a hole), mean over {faces} faces kept aside, aligned crops of 256 pixels.

{table}
"""

REFINED = {
    "graph": "two graph convolutions over the mesh refine the nodes",
    "nodes": "two layers refine every node alone",
}


def export(
    run: Path, kept_aside: FaceShards, folder: Path, *, notes: str = "", licence: str = ""
) -> tuple[Manifest, dict[str, dict[str, Figure]]]:
    """Write the averaged network of a run as a model into `folder`; (manifest, figures).

    kept_aside: faces that the run has not seen; the spread and the figures are measured on them.
    notes: a paragraph on the data and its terms for the card.
    """
    network = trained(run)
    network.spread.copy_(measure_spread(network, kept_aside))
    figures = measure(kept_aside, {"this network": network})
    samples = int(averaged(run)[1]["step"]) * LandmarkConfig.of_run(run).batch
    card = CARD.format(
        refinement=REFINED[network.refinement],
        samples=samples,
        faces=len(kept_aside),
        table=table(figures),
    )
    manifest = export_model(
        folder,
        network,
        card,
        data=notes,
        title="Hole-aware landmarks",
        kind="landmarks",
        native_crop=64,
        input="zero",
        licence=licence,
        figures={
            "error in inter-ocular units, hidden nodes": {
                kind: round(by["this network"].error or 0.0, 4) for kind, by in figures.items()
            },
            "faces": len(kept_aside),
        },
        notes=f"{network.refinement} refinement, {samples} samples",
    )
    return manifest, figures
