"""The recipe of the detail network: its windows, its loss, its figures and its card.

The loss is taken at the photo's size and at a third of it, which is the crop's: detail that is
there must not make what the crop could hold worse.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.base.brightness import blurred, luma
from engine.catalogue.weights import find, load_prior
from engine.detail.mean_view import SIDE
from engine.detail.network import CELL, DetailNetwork
from engine.detail.paint import HUES
from engine.prior.appearance import PREFIX
from training.detail import measure
from training.detail.adversary import Adversary
from training.detail.config import DetailConfig
from training.detail.data import Batch, DetailWindows
from training.loop import Losses
from training.lpips import Lpips
from training.recipe import Measured, Model, Recipe

STRIDE = 4  # pixels that LPIPS-Alex's first layer steps by
WINDOW = 16  # pixels a side of what fine detail is weighed in: lashes of a third of a lid
LEAST = 2 / 255  # [-1, 1] units: strengths below are noise
CROP = 3  # mean shape's pixels a side to one of the crop

CARD = """# Detail network

Paints what a fill lacks beyond the networks' crop: lashes, lids, irises, the creases of lips and
teeth. It looks at a face in the mean shape at 768 pixels and adds to what was filled; the other
half of the face, mirrored, is shown to it beside the picture.

- Network: {{parameters}} parameters. A learnt map of positions, eight residual blocks at a quarter
  of the size.
- Taught by: fills of the whole program and the sharp photos they were made of, L1 and LPIPS-Alex at
  the photo's size and at a third of it, how strong the finest octaves are, a small adversary that
  sees those alone; {samples:,} windows.{{data}}
- Limits: it was taught on sharp studio portraits, frontal, of few people. LPIPS-Alex was its
  teacher, so figures by LPIPS-Alex are not independent of it. It adds what lids and lips have in
  general, not what this person has, and it sharpens a wrong guess as well as a right one.

## Figures

{faces} fills of people kept aside, in the mean shape (768 pixels) around the hole, and scaled to
the crop's size. ST-LPIPS took no part in the training.

{table}
"""


class DetailRecipe(Recipe[DetailNetwork, Batch]):
    """The network on windows of fills."""

    KIND, NOUN = "detail", "detail network"
    NETWORK, CONFIG = DetailNetwork, DetailConfig
    UNDECAYED = ("positions",)
    config: DetailConfig
    adversary: Adversary | None = None

    def samples(self, *, fills: Path, lpips: Path) -> DetailWindows:
        """fills: a folder of fills. lpips: the file of LPIPS-Alex weights."""
        self._lpips = Lpips(lpips)
        return DetailWindows(fills, mean_points(), self.config.patch)

    def network(self) -> DetailNetwork:
        """There is one make."""
        return DetailNetwork()

    def opponent(self) -> Adversary | None:
        """A critic, where the configuration weighs it."""
        self.adversary = Adversary() if self.config.adversarial else None
        return self.adversary

    def losses(self, network: DetailNetwork, batch: Batch, fabric: Any) -> Losses:
        """Beside the loss its parts."""
        config, device = self.config, fabric.device
        lpips = self._lpips.to(device)
        seen, picture, truth, hole = (
            t.to(device) for t in (batch.seen, batch.picture, batch.truth, batch.hole)
        )
        with fabric.autocast():
            change = network(seen, windows(network.positions, batch.corners, config.patch))
        change = hued(change.float())
        painted = picture + hole * change
        # A small photo says nothing of the finest octave: it is compared at half its size.
        fine = batch.fine.to(device).bool()
        pixel, near, energy = (painted.new_zeros(()) for _ in range(3))
        for which, by in ((fine, 1), (~fine, 2)):
            if which.any():
                one, other = (F.avg_pool2d(p[which], by) for p in (painted, truth))
                share = which.float().mean()
                pixel = pixel + share * (one - other).abs().mean()
                near = near + share * lpips(*_jittered(one, other))
                energy = energy + share * energy_apart(one, other)
        small, wanted = F.avg_pool2d(painted, CROP), F.avg_pool2d(truth, CROP)
        coarse = lpips(*_jittered(small, wanted)) + config.pixel * (small - wanted).abs().mean()
        phase = phases_apart(change, hole, batch.corners)
        parts = {"pixel": pixel, "lpips": near, "coarse": coarse, "energy": energy, "phase": phase}
        loss = config.pixel * pixel + config.lpips * near + config.coarse * coarse
        loss = loss + config.energy * energy + config.phase * phase
        if self.adversary is not None:
            parts["adversarial"] = self.adversary.against(painted, truth, hole)
            loss = loss + config.adversarial * parts["adversarial"]
        return {"loss": loss, **parts}

    def compare(
        self,
        networks: dict[str, DetailNetwork],
        kept_aside: Path,
        *,
        limit: int | None = None,
        seed: int = 0,
        lpips: Path | None = None,
    ) -> Measured:
        """kept_aside: a folder of fills. lpips: the file of LPIPS-Alex weights."""
        if not networks:
            raise self.nothing_to_measure()
        figures = measure.measure(kept_aside, networks, lpips, limit)
        return Measured(figures, measure.table(figures))

    def model(
        self, network: DetailNetwork, kept_aside: Path, samples: int, limit: int | None = None
    ) -> Model:
        """Measured in the mean shape."""
        figures = measure.measure(kept_aside, {"this network": network}, limit=limit)
        table = measure.table(figures)
        facts = {"title": "Detail at the photo's size", "native_crop": 768, "input": "prior"}
        facts |= {"figures": figures, "notes": f"{samples} windows"}
        faces = figures["fills"]
        return Model(CARD.format(samples=samples, faces=faces, table=table), table, facts)


def energy_apart(painted: Tensor, truth: Tensor) -> Tensor:
    """How far the strength of the finest two octaves is from the truth's, in windows of WINDOW
    pixels; pictures B x C x h x w.

    What a lash's place is no network knows to a pixel, and errors of pixels and LPIPS are least
    where it paints the mean of all places: too soft. How much there is of it, it can know.
    """
    squares = []
    for picture in (painted, truth):
        levels = [picture, *(blurred(picture, sigma) for sigma in measure.OCTAVES)]
        bands = torch.cat([a - b for a, b in pairwise(levels)], 1)
        squares.append(F.avg_pool2d(bands.square(), WINDOW, WINDOW // 2))
    ours, theirs = ((square + LEAST**2).sqrt() for square in squares)
    return (ours - theirs).abs().mean()


def _jittered(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Both pictures without their first few rows and columns, as many of each as of the other.

    LPIPS-Alex looks at every fourth pixel, and a network whose CELLs lie the same way learns to
    paint what it does not look at: a lattice.
    """
    down, right = (int(torch.randint(STRIDE, ())) for _ in range(2))
    return one[..., down:, right:], other[..., down:, right:]


def mean_points() -> np.ndarray:
    """The mean shape's nodes, 478 x 2 in [0, 1]."""
    return load_prior(find("prior"))[PREFIX + "shape"].float().numpy()


def windows(positions: Tensor, corners: np.ndarray, patch: int) -> Tensor:
    """What the map of positions (1 x C x h x w) says of windows' cells: B x C x patch/4 x patch/4.

    corners: B x 2, x and y in the mean shape's picture, anywhere within its cells.
    """
    cells = np.arange(patch // CELL) * CELL + CELL / 2
    grid = np.stack([np.stack(np.meshgrid(x + cells, y + cells), -1) for x, y in corners])
    where = torch.from_numpy(grid * (2 / SIDE) - 1).to(positions)
    every = positions.expand(len(corners), -1, -1, -1)
    return F.grid_sample(every, where, padding_mode="border", align_corners=False)


def hued(change: Tensor) -> Tensor:
    """A change (B x 3 x h x w) as the program takes it: detail of light alone."""
    light = luma(change)
    return light + blurred(change - light, HUES)


def phases_apart(change: Tensor, hole: Tensor, corners: np.ndarray) -> Tensor:
    """How differently the network answers in the hole where its cells lie otherwise; the second
    half of the windows shows what the first does, moved by less than a cell (see Batch).

    What comes with the cells is their lattice, what stays is detail of the face.
    """
    half = len(change) // 2
    sums, places = change.new_zeros(()), change.new_zeros(())
    for n, (right, down) in enumerate(corners[half:] - corners[:half]):
        height, width = change.shape[-2] - down, change.shape[-1] - right
        where = hole[n, :, down:, right:]
        apart = change[n, :, down:, right:] - change[half + n, :, :height, :width]
        sums, places = sums + (apart * where).abs().mean(0).sum(), places + where.sum()
    return sums / places.clamp_min(1)
