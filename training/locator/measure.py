"""Where a locator alone places faces, by kind of hole, on whole photos kept aside.

Nothing helps it here: no detector, no landmark network, no other candidate; it answers from the
hole's box. The error is how far the eyes and the mouth are put off, in inter-ocular distances.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.face.locator import Locator, anchor_of_box, locate, off
from training.cases import PHOTO_CENTRE, Face, faces_of, whole_case

HOLES = ("mouth", "eyes", "glasses", "lower_face", "left_half", "centre", PHOTO_CENTRE)
SIDE = 256


@dataclass(frozen=True)
class Figure:
    """error: mean over the faces, p90: its 90th percentile, inter-ocular distances. confidence:
    mean probability of a face."""

    error: float
    p90: float
    confidence: float


def measure(
    network: Locator,
    photos: Path,
    *,
    limit: int | None = None,
    source: str | None = None,
    seed: int = 0,
) -> dict[str, Figure]:
    """Figures by kind of hole on the photos of a folder or zip."""
    faces = list(faces_of(photos, source, limit))
    return {kind: _figure(network, faces, kind, seed) for kind in HOLES}


def _figure(network: Locator, faces: list[Face], kind: str, seed: int) -> Figure:
    errors, confidences = [], []
    for number, face in enumerate(faces):
        case = whole_case(face, kind, number, SIDE, seed, "flat", face)
        assert case.shown is not None
        hole = case.photo_hole
        assert hole is not None
        if not hole.any():
            continue
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        width, height = columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0]
        found = locate(network, case.shown, hole, anchor_of_box(columns[0], rows[0], width, height))
        errors.append(off(found.frame, face.frame))
        confidences.append(found.confidence)
    return Figure(
        float(np.mean(errors)), float(np.percentile(errors, 90)), float(np.mean(confidences))
    )


def table(figures: dict[str, Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| hole | off, mean | 90 % | confidence |", "|---|---|---|---|"]
    lines += [
        f"| {kind} | {f.error:.3f} | {f.p90:.3f} | {f.confidence:.3f} |"
        for kind, f in figures.items()
    ]
    return "\n".join(lines)
