"""Sheets: sample fills side by side, and the fixed faces they are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from engine.base.atomic import write_atomically
from engine.base.errors import MienError
from training.conditions import hidden_nodes
from training.faces import FaceShards
from training.masks import draw_hole
from training.sample import Sample

SHOWN = ("centre", "mouth", "one_eye", "glasses", "strokes", "lower_face")
GAP = 4  # pixels between pictures
LETTERS = 18  # pixels of the line with the columns' names

Fill = Callable[[Sample], torch.Tensor]


def fixed_samples(
    shards: FaceShards, side: int, indices: Sequence[int], kinds: Sequence[str] = SHOWN
) -> list[Sample]:
    """Batches of one face each, unaugmented and told everything, kinds of holes in turn."""
    samples = []
    for number, index in enumerate(indices):
        mesh = shards.mesh_in_crop(index, side)
        hole = draw_hole(kinds[number % len(kinds)], side, np.random.default_rng((7, number)), mesh)
        crop = torch.from_numpy(shards.crop(index, side)).permute(2, 0, 1).float() / 127.5 - 1
        nodes, hidden = mesh / side, hidden_nodes(mesh / side, hole)
        samples.append(
            Sample(
                crop[None].contiguous(),
                torch.from_numpy(hole.astype(np.float32))[None, None],
                torch.from_numpy(nodes.astype(np.float32))[None],
                torch.from_numpy(hidden.astype(np.float32))[None],
                torch.ones(1, 2),
            )
        )
    return samples


def spread_out(count: int, wanted: int = len(SHOWN)) -> list[int]:
    """Numbers of `wanted` faces out of `count`, evenly apart."""
    return [number * max(1, count // wanted) % count for number in range(wanted)]


def fill_sheet(samples: Sequence[Sample], fill: Fill) -> np.ndarray:
    """A sheet with one row a sample: what is seen, the fill, the untouched face; uint8 RGB."""
    rows = []
    for sample in samples:
        output = fill(sample)
        rows.append(
            [picture(sample.crop * (1 - sample.hole)), picture(output), picture(sample.crop)]
        )
    return stacked(rows, ("input", "fill", "target"))


def picture(pixels: torch.Tensor) -> np.ndarray:
    """The first of B x 3 x S x S in [-1, 1] as S x S x 3 uint8, never stretched to its range."""
    scaled = (pixels[0].detach().float().cpu().clamp(-1, 1) + 1) * 127.5 + 0.5
    return scaled.byte().permute(1, 2, 0).numpy()


def stacked(rows: Sequence[Sequence[np.ndarray]], names: Sequence[str]) -> np.ndarray:
    """Rows of equally large pictures (S x S x 3 uint8) under their columns' names."""
    side = rows[0][0].shape[0]
    step = side + GAP
    sheet = np.full((LETTERS + step * len(rows), step * len(names) - GAP, 3), 255, np.uint8)
    for column, name in enumerate(names):
        # Letters shrink until the name fits its column.
        width = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)[0][0]
        scale = min(0.45, 0.95 * side / max(1, width))
        place = (column * step + 1, LETTERS - 6)
        cv2.putText(
            sheet, name, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (40, 40, 40), 1, cv2.LINE_AA
        )
    for number, row in enumerate(rows):
        top = LETTERS + number * step
        for column, tile in enumerate(row):
            sheet[top : top + side, column * step : column * step + side] = tile
    return sheet


def encode(sheet: np.ndarray, kind: str = ".png", quality: int = 88) -> bytes:
    """H x W x 3 uint8 RGB as a PNG or JPEG file's bytes."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if kind == ".jpg" else []
    done, data = cv2.imencode(kind, cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise MienError(f"A sheet could not be written as {kind}.")
    return data.tobytes()


def write_sheet(path: Path, sheet: np.ndarray) -> None:
    """Write a PNG or JPEG whole or not at all. Raises MienError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = encode(sheet, path.suffix)
    write_atomically(path, lambda file: file.write(data))
