"""The recipe of the locator: its samples, its loss, its figures and its card.

The loss is how far off the eyes and the mouth are put, in inter-ocular distances, weighed by the
error the network expects (a Laplace likelihood, Kendall & Gal 2017), and, for a quarter, the
log-likelihood of there being a face.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.face.locator import Locator, points_of
from training.faces import FaceShards
from training.locator import measure
from training.locator.config import LocatorConfig
from training.locator.data import Batch, LocatorSamples
from training.locator.scenes import Scenes
from training.loop import Losses
from training.recipe import Measured, Model, Recipe
from training.sources import find_sources

FACE = 0.25  # weight of the question whether there is a face
LEAST = 0.01  # inter-ocular distances: no error is expected to be smaller

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


def losses(answers: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """(loss, mean distance of the points in inter-ocular distances, share of right words on
    whether there is a face) of B x 6 answers."""
    true = points_of(batch.answers)
    unit = (true[:, 1] - true[:, 0]).norm(dim=-1).clamp_min(1e-4)
    apart = ((points_of(answers) - true).square().sum(-1) + 1e-9).sqrt().mean(1) / unit
    expected = answers[:, 4].clamp(-6, 3).exp() + LEAST
    # A far miss would drown the rest of the batch; beyond one distance its logarithm counts.
    fair = torch.where(apart < 1, apart, 1 + apart.clamp_min(1).log())
    face = batch.face
    place = ((fair / expected + expected.log()) * face).sum() / face.sum().clamp_min(1)
    plain = (fair * face).sum() / face.sum().clamp_min(1)
    there = F.binary_cross_entropy_with_logits(answers[:, 5], face)
    right = ((answers[:, 5] > 0) == (face > 0.5)).float().mean()
    return place + plain + FACE * there, plain, right


class LocatorRecipe(Recipe[Locator, Batch]):
    """The network on windows of whole photos."""

    KIND, NOUN = "locator", "locator"
    NETWORK, CONFIG = Locator, LocatorConfig
    config: LocatorConfig

    def samples(self, *, photos: list[Path], faces: Path) -> LocatorSamples:
        """photos: folders or zips of the original photos. faces: the shards prepared from them."""
        scenes = Scenes(photos, FaceShards(faces))
        return LocatorSamples(scenes, self.config.holes, self.config.seed)

    def network(self) -> Locator:
        """There is one make."""
        return Locator()

    def losses(self, network: Locator, batch: Batch, fabric: Any) -> Losses:
        """Beside the loss the distance, and the share of right words on whether there is a face."""
        placed = Batch(*(t.to(fabric.device) for t in (batch.windows, batch.answers, batch.face)))
        with fabric.autocast():
            answers = network(placed.windows)
        loss, apart, right = losses(answers, placed)
        return {"loss": loss, "error": apart, "right": right}

    def compare(
        self,
        networks: dict[str, Locator],
        kept_aside: Path,
        *,
        limit: int | None = None,
        seed: int = 0,
        source: str | None = None,
    ) -> Measured:
        """kept_aside: a folder or zip of photos. source: only faces of it."""
        if not networks:
            raise self.nothing_to_measure()
        found = {
            name: measure.measure(network, kept_aside, limit=limit, source=source, seed=seed)
            for name, network in networks.items()
        }
        plain = {n: {k: asdict(f) for k, f in by.items()} for n, by in found.items()}
        tables = {name: measure.table(figures) for name, figures in found.items()}
        alone = len(tables) == 1
        told = (table if alone else f"{name}\n\n{table}" for name, table in tables.items())
        return Measured(plain, "\n\n".join(told))

    def model(
        self, network: Locator, kept_aside: Path, samples: int, limit: int | None = None
    ) -> Model:
        """Measured on whole photos."""
        figures = measure.measure(network, kept_aside, limit=limit)
        faces = min(len(find_sources(kept_aside)), limit or 10**9)
        table = measure.table(figures)
        facts = {
            "title": "Hole-aware face locator",
            "native_crop": 64,
            "input": "zero",
            "figures": {
                "off, inter-ocular distances": {k: round(f.error, 4) for k, f in figures.items()},
                "faces": faces,
            },
            "notes": f"{samples} samples",
        }
        return Model(CARD.format(samples=samples, faces=faces, table=table), table, facts)
