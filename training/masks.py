"""Holes for training and evaluation: what a person hides, drawn by a seeded generator.

Squares as in the published protocols, and what users really brush over: glasses, eyes, mouths,
strokes of a brush, blobs of hair or a hand. A hole is H x W bool, True hidden.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from engine.base.errors import MienError
from engine.face.parts import part_mask

# How often each kind is drawn in training; parts are half of it, since users brush parts.
MIXTURE = {
    "centre": 0.2,
    "square": 0.15,
    "strokes": 0.2,
    "blob": 0.1,
    "eyes": 0.07,
    "one_eye": 0.08,
    "glasses": 0.06,
    "mouth": 0.08,
    "lower_face": 0.06,
}
SMALLEST, LARGEST = 0.004, 0.6  # share of the crop; outside, there is nothing to learn


def _centre(side: int, rng: np.random.Generator, mesh: np.ndarray | None) -> np.ndarray:
    hole = np.zeros((side, side), bool)
    hole[side // 4 : side - side // 4, side // 4 : side - side // 4] = True
    return hole


def _square(side: int, rng: np.random.Generator, mesh: np.ndarray | None) -> np.ndarray:
    hole = np.zeros((side, side), bool)
    half = side // 2
    top, left = rng.integers(0, side - half + 1, 2)
    hole[top : top + half, left : left + half] = True
    return hole


def _strokes(side: int, rng: np.random.Generator, mesh: np.ndarray | None) -> np.ndarray:
    """Brush strokes: walks that turn, of one width each (after Yu et al. 2019, free form)."""
    canvas = np.zeros((side, side), np.uint8)
    for _ in range(int(rng.integers(2, 7))):
        point = rng.uniform(0.05, 0.95, 2) * side
        width = max(1, round(float(rng.uniform(0.03, 0.13)) * side))
        heading = rng.uniform(0, 2 * np.pi)
        for _ in range(int(rng.integers(2, 8))):
            heading += rng.uniform(-1, 1)
            length = rng.uniform(0.05, 0.22) * side
            to = point + length * np.array([np.cos(heading), np.sin(heading)])
            cv2.line(canvas, _pixel(point), _pixel(to), (1,), width)
            point = to
    return canvas.astype(bool)


def _blob(side: int, rng: np.random.Generator, mesh: np.ndarray | None) -> np.ndarray:
    """The high ground of smooth noise: hands, hair, shadows."""
    coarse = rng.standard_normal((5, 5)).astype(np.float32)
    smooth = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    return smooth > np.quantile(smooth, rng.uniform(0.6, 0.9))


def _part(name: str) -> Callable[[int, np.random.Generator, np.ndarray | None], np.ndarray]:
    def draw(side: int, rng: np.random.Generator, mesh: np.ndarray | None) -> np.ndarray:
        if mesh is None:
            raise MienError(f"A '{name}' hole needs the face's mesh.")
        # A brush covers a part generously and not quite in its middle.
        centre = mesh.mean(0)
        grown = (mesh - centre) * rng.uniform(1.0, 1.12) + centre + rng.normal(0, 0.008, 2) * side
        return part_mask(grown, name, (side, side)) > 0

    return draw


def _one_eye(side: int, rng: np.random.Generator, mesh: np.ndarray | None) -> np.ndarray:
    return _part("left_eye" if rng.random() < 0.5 else "right_eye")(side, rng, mesh)


_KINDS: dict[str, Callable[[int, np.random.Generator, np.ndarray | None], np.ndarray]] = {
    "centre": _centre,
    "square": _square,
    "strokes": _strokes,
    "blob": _blob,
    "one_eye": _one_eye,
    **{
        name: _part(name)
        for name in ("eyes", "glasses", "mouth", "lower_face", "nose", "left_half", "right_half")
    },
}
KINDS = (*_KINDS, "mixed")


def draw_hole(
    kind: str, side: int, rng: np.random.Generator, mesh: np.ndarray | None = None
) -> np.ndarray:
    """A hole of a kind, side x side bool; "mixed" draws the kind first, by MIXTURE.

    mesh: 478 x 2 in crop pixels, needed by the kinds that follow a face. The same generator state
    gives the same hole. Raises MienError for an unknown kind.
    """
    if kind not in KINDS:
        raise MienError(f"'{kind}' is not a kind of hole; choose one of {', '.join(KINDS)}.")
    while True:
        chosen = kind
        if kind == "mixed":
            chosen = str(rng.choice(list(MIXTURE), p=_shares(MIXTURE)))
        hole = _KINDS[chosen](side, rng, mesh)
        if kind != "mixed" or SMALLEST <= hole.mean() <= LARGEST:
            return hole


def _shares(weights: dict[str, float]) -> np.ndarray:
    values = np.array(list(weights.values()))
    return values / values.sum()


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return int(point[0]), int(point[1])
