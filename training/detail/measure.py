"""How near detail networks come to the photo, in the mean shape.

What people see is the whole program at the photo's own size (`main.py evaluate --photos`); this
tells networks apart in a few minutes. ST-LPIPS took no part in their training, LPIPS-Alex did.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from engine.detail.paint import painted
from training.detail.fills import Sample, read_index, read_sample
from training.lpips import Lpips, tensor_of
from training.perceptual import StVgg

AROUND = 24  # pixels of the mean shape's picture that are compared around a hole
CROP = 3  # of those to one of the crop
OCTAVES = (1.0, 2.0)  # pixels: sigmas that part the finest two octaves from the rest
AS_FILLED = "as filled"


def measure(
    folder: Path, networks: dict[str, Any], lpips: Path | None = None, limit: int | None = None
) -> dict[str, Any]:
    """Fills of people kept aside as they are, and with each network's detail.

    folder: of fills (training.detail.fills). lpips: the file of LPIPS-Alex weights. Returns
    {"fills", "rows": {name: {"error" (mean, of 255), "energy" (of the finest two octaves in the
    hole, 1 is the truth's), "st_lpips", "st_lpips_crop" (scaled to the crop's size); with `lpips`
    also "lpips" and "lpips_crop"}}}.
    """
    judges: dict[str, Any] = {"st_lpips": StVgg().distance}
    if lpips is not None:
        judges["lpips"] = Lpips(lpips)
    records = read_index(folder)[:limit]
    told: dict[str, list[dict[str, float]]] = {name: [] for name in (AS_FILLED, *networks)}
    for number, record in enumerate(records):
        sample = read_sample(folder, number, record)
        if not sample.hole.any():
            continue
        fills = {AS_FILLED: sample.fill.astype(np.float32)}
        fills |= {n: painted(net, sample.fill, sample.hole) for n, net in networks.items()}
        for name, fill in fills.items():
            told[name].append(_figures(fill, sample, judges))
    rows = {
        name: {key: round(float(np.mean([one[key] for one in cases])), 4) for key in cases[0]}
        for name, cases in told.items()
        if cases
    }
    return {"fills": len(records), "rows": rows}


def table(figures: dict[str, Any]) -> str:
    """Figures in Markdown."""
    rows = figures["rows"]
    keys = list(next(iter(rows.values()), {}))
    head = [f"| | {' | '.join(key.replace('_', ' ') for key in keys)} |"]
    head.append("|---" * (len(keys) + 1) + "|")
    return "\n".join(
        [
            *head,
            *(
                f"| {name} | {' | '.join(str(row[k]) for k in keys)} |"
                for name, row in rows.items()
            ),
        ]
    )


@torch.inference_mode()
def _figures(fill: np.ndarray, sample: Sample, judges: dict[str, Any]) -> dict[str, float]:
    ys, xs = np.nonzero(sample.hole)
    top, left = max(0, ys.min() - AROUND), max(0, xs.min() - AROUND)
    here = np.s_[top : ys.max() + AROUND, left : xs.max() + AROUND]
    truth = np.where(sample.hole[..., None], sample.truth, sample.fill)
    pair = [p.clip(0, 255).round().astype(np.uint8)[here] for p in (fill, truth)]
    hidden = sample.hole[here]
    energies = [float(_finest(p)[hidden].mean()) for p in pair]
    figures = {"error": float(np.abs(pair[0].astype(np.float32) - pair[1]).mean())}
    figures["energy"] = energies[0] / max(energies[1], 1e-6)
    height, width = pair[0].shape[:2]
    size = max(48, width // CROP), max(48, height // CROP)
    small = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in pair]
    for name, judge in judges.items():
        figures[name] = float(judge(*(tensor_of(p) for p in pair)))
        figures[f"{name}_crop"] = float(judge(*(tensor_of(p) for p in small)))
    return figures


def _finest(picture: np.ndarray) -> np.ndarray:
    """The energy of the finest two octaves at every pixel, h x w float32."""
    levels = [picture.astype(np.float32)]
    levels += [cv2.GaussianBlur(levels[0], (0, 0), sigma) for sigma in OCTAVES]
    return np.sum([np.square(a - b).mean(2) for a, b in pairwise(levels)], 0)
