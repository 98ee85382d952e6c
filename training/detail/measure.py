"""How near detail networks come to the photo, in the mean shape.

What people see is the whole program at the photo's own size (`main.py evaluate --photos`); this
tells networks apart in a minute.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.detail.paint import painted
from training.detail.fills import read_index, read_sample
from training.lpips import Lpips

AROUND = 24  # pixels of a window around a hole
CROP = 3


def measure(
    folder: Path, networks: dict[str, Any], lpips: Path | None, limit: int | None = None
) -> dict[str, Any]:
    """{"fills": n, "rows": {name: {"error", "lpips", "lpips_256"}}} of fills as they are and with
    each network's detail. lpips: LPIPS-Alex weights; None: errors alone. error: mean absolute, of
    255."""
    meter = None if lpips is None else Lpips(lpips)
    records = read_index(folder)[:limit]
    told: dict[str, list[list[float]]] = {name: [] for name in ("as filled", *networks)}
    for number, record in enumerate(records):
        sample = read_sample(folder, number, record)
        ys, xs = np.nonzero(sample.hole)
        if not len(ys):
            continue
        top, left = max(0, ys.min() - AROUND), max(0, xs.min() - AROUND)
        here = np.s_[top : ys.max() + AROUND, left : xs.max() + AROUND]
        fills = {"as filled": sample.fill.astype(np.float32)}
        fills |= {n: painted(net, sample.fill, sample.hole) for n, net in networks.items()}
        truth = np.where(sample.hole[..., None], sample.truth, sample.fill)
        for name, fill in fills.items():
            pair = [p.clip(0, 255).astype(np.uint8)[here] for p in (fill, truth)]
            told[name].append(_figures(pair, meter))
    names = ("error", "lpips", "lpips_256")
    rows = {
        name: dict(zip(names, np.round(np.nanmean(rows, 0), 4).tolist(), strict=True))
        for name, rows in told.items()
        if rows
    }
    return {"fills": len(records), "rows": rows}


def table(figures: dict[str, Any]) -> str:
    """Figures in Markdown."""
    head = ["| | error of 255 | LPIPS | scaled to the crop |", "|---|---|---|---|"]
    rows = [
        f"| {name} | {row['error']:.2f} | {row['lpips']:.4f} | {row['lpips_256']:.4f} |"
        for name, row in figures["rows"].items()
    ]
    return "\n".join([*head, *rows])


def _figures(pair: list[np.ndarray], meter: Lpips | None) -> list[float]:
    one, other = (np.ascontiguousarray(p) for p in pair)
    error = float(np.abs(one.astype(np.float32) - other).mean())
    if meter is None:
        return [error, float("nan"), float("nan")]
    height, width = one.shape[:2]
    size = max(48, width // CROP), max(48, height // CROP)
    small = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (one, other)]
    return [error, meter.measure(one, other), meter.measure(*small)]
