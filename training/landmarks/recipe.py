"""The recipe of the landmark network: its samples, its loss, its figures and its card.

The loss is the distance of every node from MediaPipe's on the untouched picture, in inter-ocular
units, for the refined nodes and, at half the weight, for the shape model's first positions;
hidden nodes count twice, since they are what the network is for.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.base.errors import MienError
from engine.catalogue.weights import find
from engine.face.landmarks import LandmarkNetwork
from engine.modules.landmarks import nodes_in_hole
from engine.prior import FacePrior
from training.faces import FaceShards
from training.landmarks import measure
from training.landmarks.config import LandmarkConfig
from training.landmarks.data import Batch, LandmarkFaces
from training.landmarks.links import mesh_links
from training.landmarks.start import fit_guess, shape_model
from training.loop import Losses
from training.recipe import Measured, Model, Recipe

SHAPES = 20_000  # meshes the shape model is made of
FIRST = 0.5  # weight of the first positions
HIDDEN = 1.0  # extra weight of hidden nodes

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


class LandmarkRecipe(Recipe[LandmarkNetwork, Batch]):
    """The network on batches of misaligned, partly hidden faces."""

    KIND, NOUN = "landmarks", "landmark network"
    NETWORK, CONFIG = LandmarkNetwork, LandmarkConfig
    UNDECAYED = ("identity",)
    config: LandmarkConfig

    def samples(self, *, faces: Path) -> LandmarkFaces:
        """faces: a folder of shards."""
        return LandmarkFaces(FaceShards(faces), self.config.holes, self.config.seed)

    def network(self) -> LandmarkNetwork:
        """By the configuration's refinement."""
        return LandmarkNetwork(self.config.refinement)

    def prepare(self, network: LandmarkNetwork, samples: LandmarkFaces) -> None:
        """Its shape model, its graph and its first guess."""
        rng = np.random.default_rng([self.config.seed, 2])
        mean, basis = shape_model(samples.sample_meshes(SHAPES, rng))
        network.mean.copy_(mean)
        network.basis.copy_(basis)
        network.link(mesh_links())
        fit_guess(network.guess, samples, mean, basis)

    def losses(self, network: LandmarkNetwork, batch: Batch, fabric: Any) -> Losses:
        """Beside the loss the error of all nodes and that of the hidden ones."""
        device = fabric.device
        crops = batch.crops.to(device, memory_format=torch.channels_last)
        hole, true = batch.hole.to(device), batch.nodes.to(device)
        with fabric.autocast():
            mesh = network.predict(crops, hole)
        hidden = nodes_in_hole(true, hole)
        weight = 1 + HIDDEN * hidden
        errors = measure.node_errors(mesh.nodes, true)
        first = measure.node_errors(mesh.first, true)
        loss = ((errors + FIRST * first) * weight).sum() / weight.sum()
        unseen = (errors * hidden).sum() / hidden.sum().clamp_min(1)
        return {"loss": loss, "error": errors.mean(), "hidden": unseen}

    def check(self, before: LandmarkConfig) -> None:
        """Both refinements have weights of the same names."""
        if before.refinement != self.config.refinement:
            raise MienError("The run's folder holds another network; choose another folder.")

    def compare(
        self,
        networks: dict[str, LandmarkNetwork],
        kept_aside: Path,
        *,
        limit: int | None = None,
        seed: int = 0,
        faces: Path | None = None,
        mediapipe: bool = False,
    ) -> Measured:
        """kept_aside: a folder of shards. faces: training faces; adds the mean face and the prior's
        linear map. mediapipe: adds MediaPipe on the holed picture."""
        predictors: dict[str, Any] = {}
        if faces is not None:
            shards = FaceShards(faces)
            predictors["mean face"] = measure.mean_face(shards)
            prior = FacePrior.load(find("prior").path)
            predictors["prior's linear map"] = measure.prior_map(prior, shards)
        if mediapipe:
            predictors["MediaPipe"] = measure.mediapipe()
        for name, network in networks.items():
            predictors[name] = network
            if name != "installed":
                predictors[f"{name}, trunk alone"] = lambda c, h, n=network: n.predict(c, h).first
        if not predictors:
            raise self.nothing_to_measure()
        figures = measure.measure(FaceShards(kept_aside, limit), predictors, seed)
        plain = {k: {n: asdict(f) for n, f in by.items()} for k, by in figures.items()}
        return Measured(plain, measure.table(figures))

    def model(
        self, network: LandmarkNetwork, kept_aside: Path, samples: int, limit: int | None = None
    ) -> Model:
        """The spread is measured on the same faces, and is part of the network."""
        aside = FaceShards(kept_aside, limit)
        network.spread.copy_(measure.measure_spread(network, aside))
        figures = measure.measure(aside, {"this network": network})
        table = measure.table(figures)
        card = CARD.format(
            refinement=REFINED[network.refinement], samples=samples, faces=len(aside), table=table
        )
        errors = {kind: by["this network"].error or 0.0 for kind, by in figures.items()}
        facts = {
            "title": "Hole-aware landmarks",
            "native_crop": 64,
            "input": "zero",
            "figures": {
                "error in inter-ocular units, hidden nodes": {
                    kind: round(error, 4) for kind, error in errors.items()
                },
                "faces": len(aside),
            },
            "notes": f"{network.refinement} refinement, {samples} samples",
        }
        return Model(card, table, facts)
