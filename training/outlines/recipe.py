"""The recipe of the network that sees what is worn: its samples, its loss, its figures, its card.

The loss is three times the binary cross-entropy of every pixel and thing, and one less the soft
Dice coefficient (Milletari et al. 2016, arXiv 1606.04797), in which a thin frame counts as much as
a wide cloth. Of real glasses whose outline nobody knows only this is asked: that some of what lies
before the eyes is one, and nothing elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.base.errors import MienError
from engine.worn.network import WornNetwork
from engine.worn.outline import see
from engine.worn.things import SIDE, THINGS
from training.faces import FaceShards
from training.loop import Losses
from training.outlines.config import OutlineConfig
from training.outlines.data import BAND, Batch, OutlineSamples, outlined
from training.recipe import Measured, Model, Recipe, trained
from training.worn import wear

PIXELS, SOME = 3.0, 0.1  # weights: of the cross-entropy; of there being some glasses
FEW = 700  # pixels of a crop that some glasses take at least
MEASURED = {"glasses": "clear_glasses", "face_mask": "cloth_mask"}

CARD = """# What is worn

Sees glasses (frames, lenses, arms and their shadow) and face masks with their straps as outlines;
the program masks them with a margin, and nothing where nothing is worn.

- Network: {{parameters}} parameters, a small U-Net on the aligned face, 128 pixels.
- Taught by: things that the project draws on bare faces, the bare faces themselves, and real
  glasses, first by there being some, later by the outline that it saw of them; {samples:,}
  samples.{{data}}
- Limits: face masks were never seen but drawn. Scarves, cups and hair are taught to be neither; the
  third channel, of hands, is sure of none. Flat dark lenses on very dark skin are missed.

## Figures

On {faces} faces kept aside: how many drawn things are seen, how much of what a thing changed its
mask covers, and on how many of the same faces it is seen before it is drawn, where some wear
glasses of their own.

{table}
"""


def losses(logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """(loss, its part by the Dice coefficient) of B x 3 x H x W logits."""
    weight = torch.ones_like(logits)
    (top, low), (left, right) = ((round(SIDE * first), round(SIDE * last)) for first, last in BAND)
    unknown = ~batch.told
    weight[unknown, 0, top:low, left:right] = 0
    plain = F.binary_cross_entropy_with_logits(logits, batch.things, reduction="none")
    shares = logits[batch.told].sigmoid()
    true = batch.things[batch.told]
    both = 2 * (shares * true).sum((2, 3)) + 10
    dice = 1 - both / (shares.square().sum((2, 3)) + true.sum((2, 3)) + 10)
    loss = PIXELS * (plain * weight).mean() + dice.mean()
    if unknown.any():
        before = logits[unknown, 0, top:low, left:right].flatten(1)
        loss = loss + SOME * F.softplus(-before.topk(FEW, 1).values.mean(1)).mean()
    return loss, dice.mean()


def scores_in(path: Path | None, faces: int) -> np.ndarray | None:
    """A score a face, from a NumPy file. Raises MienError for another number of them."""
    if path is None:
        return None
    try:
        scores = np.load(path)
    except (OSError, ValueError) as error:
        raise MienError(f"{path} is no NumPy file of scores ({error}).") from error
    if scores.shape != (faces,):
        raise MienError(
            f"{path} has scores of the shape {scores.shape}, not one for {faces} faces."
        )
    return scores


class OutlineRecipe(Recipe[WornNetwork, Batch]):
    """The network on dressed faces."""

    KIND, NOUN = "worn", "network for what is worn"
    NETWORK, CONFIG = WornNetwork, OutlineConfig
    config: OutlineConfig

    def samples(
        self, *, faces: Path, scores: Path | None = None, teacher: Path | None = None
    ) -> OutlineSamples:
        """faces: prepared shards. scores: how surely each of them wears glasses. teacher: a run
        whose network outlines real ones."""
        shards, config = FaceShards(faces), self.config
        outlines = None if teacher is None else trained(OutlineRecipe, teacher).shares
        sizes = config.drawn, config.bare, config.real
        known = scores_in(scores, len(shards))
        return OutlineSamples(shards, known, sizes, config.seed, outlines)

    def network(self) -> WornNetwork:
        """There is one make."""
        return WornNetwork()

    def losses(self, network: WornNetwork, batch: Batch, fabric: Any) -> Losses:
        """Beside the loss one less the Dice coefficient."""
        moved = Batch(*(t.to(fabric.device) for t in (batch.crops, batch.things, batch.told)))
        with fabric.autocast():
            logits = network(moved.crops)
        loss, dice = losses(logits.float(), moved)
        return {"loss": loss, "dice": dice}

    def compare(
        self,
        networks: dict[str, WornNetwork],
        kept_aside: Path,
        *,
        limit: int | None = None,
        seed: int = 0,
    ) -> Measured:
        """kept_aside: prepared faces."""
        if not networks:
            raise self.nothing_to_measure()
        shards = FaceShards(kept_aside, limit)
        figures = {name: measure(network, shards, seed) for name, network in networks.items()}
        alone = len(figures) == 1
        told = (table_of(f) if alone else f"{n}\n\n{table_of(f)}" for n, f in figures.items())
        return Measured(figures, "\n\n".join(told))

    def model(
        self, network: WornNetwork, kept_aside: Path, samples: int, limit: int | None = None
    ) -> Model:
        """Measured on faces as they are, and dressed."""
        shards = FaceShards(kept_aside, limit)
        figures = measure(network, shards)
        table = table_of(figures)
        facts = {
            "title": "What is worn",
            "native_crop": SIDE,
            "input": "zero",
            "figures": {**figures, "faces": len(shards)},
            "notes": f"{samples} samples",
        }
        return Model(CARD.format(samples=samples, faces=len(shards), table=table), table, facts)


def measure(network: WornNetwork, faces: FaceShards, seed: int = 0) -> dict[str, dict[str, float]]:
    """By thing: "seen", the share of dressed faces on which it is seen; "covered", the mean share
    of what it changed that its mask covers; "before", the share of the same faces on which it is
    seen before it is drawn."""
    told = {}
    for number, thing in enumerate(THINGS):
        seen, covered, before = [], [], []
        for index in range(len(faces)):
            picture, mesh = faces.decode(index)[0], faces.mesh_in_picture(index)
            rng = np.random.default_rng([seed, 23, number, index])
            worn = wear(picture, mesh, MEASURED[thing], rng)
            there = outlined(picture, worn.photo, worn.mask)
            found = see(worn.photo, mesh, thing, network)
            seen.append(found is not None)
            before.append(see(picture, mesh, thing, network) is not None)
            if found is not None and there.any():
                x, y, width, height = found.box
                inside = there[y : y + height, x : x + width] & (found.pixels > 0)
                covered.append(float(inside.sum() / there.sum()))
        told[thing] = {
            "seen": round(float(np.mean(seen)), 4),
            "covered": round(float(np.mean(covered)), 4) if covered else 0.0,
            "before": round(float(np.mean(before)), 4),
        }
    return told


def table_of(figures: dict[str, dict[str, float]]) -> str:
    """The figures as Markdown."""
    lines = ["| thing | seen | covered | seen before |", "|---|---|---|---|"]
    lines += [
        f"| {thing} | {one['seen']:.1%} | {one['covered']:.1%} | {one['before']:.1%} |"
        for thing, one in figures.items()
    ]
    return "\n".join(lines)
