"""Windows of fills in the mean shape, with what the photo shows there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.detail.mean_view import SIDE
from engine.detail.network import network_inputs
from engine.face.mesh import LEFT_BROW, LEFT_EYE, LIPS, NOSE, RIGHT_BROW, RIGHT_EYE
from training.detail.fills import Sample, read_index, read_sample

# Where windows lie: around these parts, and how often each; the rest anywhere in the hole.
PARTS = (
    (LEFT_EYE, 0.24),
    (RIGHT_EYE, 0.24),
    (LEFT_BROW, 0.06),
    (RIGHT_BROW, 0.06),
    (LIPS, 0.24),
    (NOSE, 0.06),
)
SPREAD = 30.0  # pixels that a window's middle lies off its part's
# How often people of an origin are drawn, of which there are few in the photos.
OFTENER = {"east_asian": 3.0, "asian": 3.0, "black": 3.0, "west_asian": 1.5}
BLURRED = 0.2  # share of windows whose fill is the photo itself, blurred
SOFT, NOISY = 0.3, 0.25  # shares of soft photos, and of photos with noise
TONE = 24.0  # pixels: sigma of what is tone and not detail; it stays the fill's
ROWS = 48  # pixels above and below a window that are prepared with it
AGAIN = 3  # pixels that a window is moved by at most when it is seen again: every place of a cell
SMALL = 480.0  # frame sides below which a photo says nothing of the finest octave


# Of a window what Batch has, its corner and whether it is fine.
_Made = tuple[Tensor, Tensor, Tensor, Tensor, tuple[int, int], float]


@dataclass(frozen=True, eq=False)
class Batch:
    """seen: B x 8 x S x S (engine.detail.network). picture, truth: B x 3 x S x S in [-1, 1].

    hole: B x 1 x S x S. corners: B x 2, x and y of windows in the mean shape's picture. fine: B, 1
    where the photo has the finest octave. The second half shows what the first half does, moved by
    less than a CELL (AGAIN pixels right and down at most).
    """

    seen: Tensor
    picture: Tensor
    truth: Tensor
    hole: Tensor
    corners: np.ndarray
    fine: Tensor


class DetailWindows:
    """Batches of windows, each a function of its generator's state.

    points: 478 x 2, the mean shape in [0, 1].
    """

    def __init__(self, folder: Path, points: np.ndarray, patch: int) -> None:
        records = read_index(folder)
        self.samples = [read_sample(folder, n, record) for n, record in enumerate(records)]
        self._patch = patch
        self._parts = [(points[list(part)].mean(0) * SIDE, share) for part, share in PARTS]
        weights = np.array([_weight(sample) for sample in self.samples])
        self._weights = weights / weights.sum()

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """A batch of windows, an even number."""
        pairs = [self._window(rng) for _ in range(size // 2)]
        made = [pair[which] for which in range(2) for pair in pairs]
        seen, picture, truth, hole, corners, fine = zip(*made, strict=True)
        return Batch(
            torch.cat(seen),
            torch.cat(picture),
            torch.cat(truth),
            torch.cat(hole),
            np.array(corners),
            torch.tensor(fine, dtype=torch.float32),
        )

    def _window(self, rng: np.random.Generator) -> tuple[_Made, _Made]:
        sample = self.samples[int(rng.choice(len(self.samples), p=self._weights))]
        turn = np.s_[:, :: -1 if rng.random() < 0.5 else 1]
        left, top = self._corner(sample.hole[turn], rng)
        right, down = divmod(int(rng.integers(1, (AGAIN + 1) ** 2)), AGAIN + 1)
        # Whole rows, for the mirrored window's sake, with what blurs reach for above and below.
        above, below = max(0, top - ROWS), min(SIDE, top + self._patch + AGAIN + ROWS)
        hole = sample.hole[turn][above:below]
        fill, truth = (p[turn][above:below].astype(np.float32) for p in (sample.fill, sample.truth))
        fill, truth = _changed(fill, truth, hole, rng)
        target = np.where(hole[..., None], _toned(truth, fill), fill)
        x = network_inputs(*_tensors(fill, hole))
        photo = _tensors(target, hole)[0]
        fine = float(sample.record["side"] >= SMALL)

        def made(left: int, top: int) -> _Made:
            y = top - above
            here = np.s_[..., y : y + self._patch, left : left + self._patch]
            there = (x[:, 3:4][here] + 1) / 2
            return x[here], x[:, :3][here], photo[here], there, (left, top), fine

        return made(left, top), made(left + right, top + down)

    def _corner(self, hole: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
        """Of a window, some of whose middle is hidden."""
        hidden = [(at, share) for at, share in self._parts if hole[int(at[1]), int(at[0])]]
        drawn, middle = rng.random() * sum(share for _, share in self._parts), None
        for at, share in hidden:
            drawn -= share
            if drawn < 0:
                middle = at + rng.normal(0, SPREAD, 2)
                break
        if middle is None and hidden and rng.random() < 0.8:
            middle = hidden[int(rng.integers(len(hidden)))][0] + rng.normal(0, SPREAD, 2)
        if middle is None:
            ys, xs = np.nonzero(hole)
            one = int(rng.integers(len(ys)))
            middle = np.array([xs[one], ys[one]])
        # Anywhere within the network's cells: on whole ones it learns a lattice of them.
        left, top = np.clip(middle - self._patch / 2, 0, SIDE - self._patch - AGAIN).round()
        return int(left), int(top)


def _changed(
    fill: np.ndarray, truth: np.ndarray, hole: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Other light, softness, noise and kinds of fill, of h x w x 3 float32 in 0..255."""
    if rng.random() < SOFT:
        sigma = rng.uniform(0.6, 2.2)
        truth = cv2.GaussianBlur(truth, (0, 0), sigma)
        fill = np.where(hole[..., None], fill, cv2.GaussianBlur(fill, (0, 0), sigma))
    if rng.random() < BLURRED:
        fill = np.where(hole[..., None], _blurred(truth, rng), truth)
    gain, gamma = rng.uniform(0.65, 1.12, 1) * rng.uniform(0.95, 1.05, 3), rng.uniform(0.85, 1.2)
    fill, truth = (255 * (p.clip(0, 255) / 255) ** gamma * gain for p in (fill, truth))
    if rng.random() < NOISY:
        noise = rng.standard_normal((*hole.shape, 1), np.float32) * rng.uniform(1, 7)
        fill = fill + noise * ~hole[..., None]
    return fill.clip(0, 255).astype(np.float32), truth.clip(0, 255).astype(np.float32)


def _blurred(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A photo as soft as a fill of 256 pixels."""
    height, width = truth.shape[:2]
    small = cv2.resize(truth, (width // 3, height // 3), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.4, 1.6))
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def _toned(truth: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """The truth's detail on the fill's tone."""
    height, width = truth.shape[:2]
    apart = cv2.resize(fill - truth, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    apart = cv2.GaussianBlur(apart, (0, 0), TONE / 4)
    return truth + cv2.resize(apart, (width, height), interpolation=cv2.INTER_LINEAR)


def _tensors(picture: np.ndarray, hole: np.ndarray) -> tuple[Tensor, Tensor]:
    """1 x 3 x h x w in [-1, 1] and 1 x 1 x h x w."""
    rgb = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32))[None]
    return rgb / 127.5 - 1, torch.from_numpy(np.ascontiguousarray(hole, np.float32))[None, None]


def _weight(sample: Sample) -> float:
    record = sample.record
    return OFTENER.get(str(record.get("origin") or record.get("race") or "").lower(), 1.0)
