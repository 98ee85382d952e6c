"""How sure placing is, and how right: `python -m training.placement VAL.zip [--limit N]`.

Faces kept aside, each under a hole of a kind with one colour or a worn thing in it; of five photos
one ends in the face and one lies turned by any angle. Where the whole program puts the face is
compared with where the untouched photo has it, and sorted by how sure it was: the reliability curve
(DeGroot & Fienberg 1983). Right is less than RIGHT inter-ocular distances off.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from engine.face.finder import FaceFinder
from engine.face.frames import matrix_of
from engine.face.geometry import frame_from_mesh
from engine.face.holes import touches
from engine.face.locator import off
from engine.face.placement import FacePlacer
from training.cases import PHOTO_CENTRE, Face, faces_of, whole_case

RIGHT = 0.15  # inter-ocular distances
NOWHERE = 9.0  # off, of a face that was placed nowhere
HOLES = (
    *("centre", "lower_face", "eyes", "mouth", "left_half"),
    *("one_eye", "square", "strokes", PHOTO_CENTRE, "glasses"),
)
EDGES = (0.0, 0.5, 0.7, 0.9, 0.97, 1.0001)
SIDE = 256


@dataclass(frozen=True, eq=False)
class Trial:
    """A photo (H x W x 3 uint8) with a hole (H x W bool) and where its face lies (478 x 2)."""

    kind: str
    rgb: np.ndarray
    hole: np.ndarray
    mesh: np.ndarray


def trials(faces: list[Face], seed: int = 0) -> Iterator[Trial]:
    """A trial for each face, whole, cut or turned."""
    rng = np.random.default_rng(seed)
    for number, face in enumerate(faces):
        kind, inside = HOLES[number % len(HOLES)], ("flat", "worn")[number // len(HOLES) % 2]
        other = faces[(number + 1) % len(faces)]
        case = whole_case(face, kind, number, SIDE, seed, inside, other)
        assert case.shown is not None
        assert case.photo_hole is not None
        trial = Trial(f"{kind}, {inside}", case.shown, case.photo_hole, face.mesh)
        fate = rng.integers(5)
        if fate == 0:
            trial = _cut(trial, rng)
        elif fate == 1:
            trial = _turned(trial, rng)
        if trial.hole.any():
            yield trial


def _cut(trial: Trial, rng: np.random.Generator) -> Trial:
    """The photo without 15 to 40 % of it at one side."""
    height, width = trial.hole.shape
    share, side = rng.uniform(0.15, 0.4), rng.integers(4)
    x, y = round(share * width), round(share * height)
    x0, y0 = (x if side == 0 else 0), (y if side == 1 else 0)
    x1, y1 = (width - x if side == 2 else width), (height - y if side == 3 else height)
    rgb = np.ascontiguousarray(trial.rgb[y0:y1, x0:x1])
    hole = np.ascontiguousarray(trial.hole[y0:y1, x0:x1])
    return Trial(f"{trial.kind}, cut", rgb, hole, trial.mesh - (x0, y0))


def _turned(trial: Trial, rng: np.random.Generator) -> Trial:
    height, width = trial.hole.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(0, 360)), 0.8)
    size = (width, height)
    rgb = cv2.warpAffine(trial.rgb, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    hole = cv2.warpAffine(trial.hole.view(np.uint8) * np.uint8(255), matrix, size) > 127
    mesh = trial.mesh @ matrix[:, :2].T + matrix[:, 2]
    return Trial(f"{trial.kind}, turned", rgb, hole, mesh)


def placed(trial: Trial, finder: FaceFinder, placer: FacePlacer) -> tuple[float, float]:
    """(how far off the nearest placed face lies, how sure of it the program is)."""
    answer = placer.place(trial.rgb, trial.hole, finder.find(trial.rgb))
    true = frame_from_mesh(trial.mesh)
    each = [
        (off(matrix_of(entry.face), true), entry.confidence)
        for entry in answer.faces
        if touches(entry.face, trial.hole)
    ]
    return min(each, default=(NOWHERE, 0.0))


def table(answers: list[tuple[float, float]]) -> str:
    """The reliability curve in Markdown."""
    distances, sure = np.array(answers).T
    lines = ["| confidence | faces | mean confidence | right |", "|---|---|---|---|"]
    for low, high in itertools.pairwise(EDGES):
        chosen = (sure >= low) & (sure < high)
        if chosen.any():
            right = float((distances[chosen] < RIGHT).mean())
            lines.append(
                f"| {low:g} to {min(high, 1):g} | {chosen.sum()} | {sure[chosen].mean():.3f} | "
                f"{100 * right:.0f} % |"
            )
    return "\n".join(lines)


def main(faces: Path, limit: Annotated[int | None, typer.Option()] = None) -> None:
    """Place faces kept aside and print the reliability curve."""
    finder = FaceFinder()
    placer = FacePlacer(finder)
    known = list(faces_of(faces))
    chosen = np.random.default_rng(0).permutation(len(known))[:limit]
    answers = []
    for trial in trials([known[index] for index in chosen]):
        answers.append(placed(trial, finder, placer))
        if answers[-1][0] >= RIGHT:
            typer.echo(f"{trial.kind}: off {answers[-1][0]:.2f}, confidence {answers[-1][1]:.2f}")
    typer.echo(table(answers))


if __name__ == "__main__":
    typer.run(main)
