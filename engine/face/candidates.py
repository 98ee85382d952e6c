"""Candidates for a hidden face's place: which are of one person, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.face import geometry
from engine.face import locator as looking

APART = 0.6  # sides of the larger frame that the middles of two people lie apart at least
# Inter-ocular distances within which two are of the same face. Of 203 holes that touched no face,
# over cloth, walls, coins, stones and sky, none is taken for one.
SAME = 0.15
BESIDE, NEARLY = 0.1, 1.0  # inter-ocular distances and score within which candidates agree


@dataclass(frozen=True, eq=False)
class Candidate:
    """A frame (2 x 3, photo pixels), its mesh (478 x 2 or None), where it comes from (`how`, as of
    engine.face.placement.Placed), the confidence that a face lies there, and the score it is
    compared by."""

    frame: np.ndarray
    mesh: np.ndarray | None
    how: str
    confidence: float
    score: float


def one_person(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two frames (2 x 3) can only be of one person: no two heads lie that close."""
    middles = [
        geometry.transform(geometry.invert(f), np.array([[0.5, 0.5]]))[0] for f in (one, other)
    ]
    larger = max(geometry.frame_side(one), geometry.frame_side(other))
    return bool(np.linalg.norm(middles[0] - middles[1]) < APART * larger)


def agreed(best: Candidate, candidates: list[Candidate]) -> Candidate:
    """The best candidate with the mean mesh of all that lie beside it and score nearly as high,
    for they come from other sides and err each its own way; and surer where the detectors and the
    locator mean the same face, as two witnesses are."""
    doubt = min(
        (
            1 - one.confidence
            for one in candidates
            if one.how != best.how and _near(one, best, SAME)
        ),
        default=1.0,
    )
    best = replace(best, confidence=1 - (1 - best.confidence) * doubt)
    meshes = [
        one.mesh
        for one in candidates
        if one.mesh is not None and _near(one, best, BESIDE) and one.score > best.score - NEARLY
    ]
    if len(meshes) < 2:
        return best
    mesh = np.mean(meshes, axis=0)
    return replace(best, frame=geometry.frame_from_mesh(mesh), mesh=mesh)


def _near(one: Candidate, other: Candidate, reach: float) -> bool:
    return looking.off(one.frame, other.frame) < reach
