"""Candidates for a hidden face's place: which are of one person, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.face import geometry
from engine.face import locator as looking
from engine.face.doubt import BORDER, COVERED, RIVAL, ROUGH, SURE, UNSEEN
from engine.face.evidence import AGREED, Evidence, probability

APART = 0.6  # sides of the larger frame that the middles of two people lie apart at least
# Inter-ocular distances within which two are of the same face. Of 203 holes that touched no face,
# over cloth, walls, coins, stones and sky, none is taken for one.
SAME = 0.15
RIVALS = 1.5  # score within which a candidate elsewhere is a rival
# From these on a face is cut by the border, mostly hidden, seen by a detector, and seen elsewhere.
CUT, MOSTLY, SEEN, ASTRAY = 0.25, 0.5, 0.5, 0.4
LARGER, LEANING = 1.4, 2.0  # sides of a miniature, and score that the whole may lack
FINE = 0.4  # of the score, the locator's likelihood between candidates
BESIDE, NEARLY = 0.1, 1.0  # inter-ocular distances and score within which candidates agree


@dataclass(frozen=True, eq=False)
class Candidate:
    """A frame (2 x 3, photo pixels), its mesh (478 x 2 or None), where it comes from (`how`, as of
    engine.face.placement.Placed), the confidence that the face lies there, the score it is
    compared by (the confidence's logit), and what that rests on. rival: whether another place is
    nearly as likely."""

    frame: np.ndarray
    mesh: np.ndarray | None
    how: str
    confidence: float
    score: float
    evidence: Evidence | None = None
    rival: bool = False

    @property
    def rank(self) -> float:
        """What decides between candidates: the score, and of those that are nearly as sure the
        one that the locator would move least, as the log-likelihood of a Laplace distribution. It
        has no say of what lies beyond the photo, where it takes what is left for the whole."""
        if self.evidence is None:
            return self.score
        told = self.evidence
        likely = -told.away / told.error - float(np.log(told.error))
        return self.score + FINE * (1 - told.beyond) * float(np.clip(likely, -2.0, 2.5))

    def less(self, by: float) -> Candidate:
        """The same with a lower score."""
        score = self.score - by
        return replace(self, score=score, confidence=probability(score))

    @property
    def why(self) -> str:
        """What speaks against it, one of engine.face.doubt.REASONS; nothing where it is sure."""
        if self.confidence >= SURE or self.evidence is None:
            return ""
        told = self.evidence
        if told.beyond > CUT:
            return BORDER
        if told.covered > MOSTLY:
            return COVERED
        if self.rival:
            return RIVAL
        return UNSEEN if told.seen < SEEN or told.seen_away > ASTRAY else ROUGH


def one_person(one: np.ndarray, other: np.ndarray, apart: float = APART) -> bool:
    """Whether two frames (2 x 3) can only be of one person: no two heads lie that close, `apart`
    sides of the larger one."""
    middles = [
        geometry.transform(geometry.invert(f), np.array([[0.5, 0.5]]))[0] for f in (one, other)
    ]
    larger = max(geometry.frame_side(one), geometry.frame_side(other))
    return bool(np.linalg.norm(middles[0] - middles[1]) < apart * larger)


def part_of(small: Candidate, whole: Candidate) -> bool:
    """Whether a candidate is a miniature within another, much larger one that is about as sure."""
    middle = geometry.transform(geometry.invert(small.frame), np.array([[0.5, 0.5]]))
    within = bool(np.abs(geometry.transform(whole.frame, middle) - 0.5).max() < 0.5)
    larger = geometry.frame_side(whole.frame) > LARGER * geometry.frame_side(small.frame)
    return within and larger and whole.score > small.score - LEANING


def agreed(best: Candidate, candidates: list[Candidate]) -> Candidate:
    """The best candidate with the mean mesh of all that lie beside it and score nearly as high,
    for they come from other sides and err each its own way; surer where the detectors and the
    locator mean the same face, and with its rivals told."""
    alike = [one for one in candidates if _near(one, best, SAME)]
    if best.evidence is not None and any(one.how != best.how for one in alike):
        score = best.score + AGREED
        best = replace(best, score=score, confidence=probability(score))
    rival = any(one.score > best.score - RIVALS for one in candidates if one not in alike)
    best = replace(best, rival=rival)
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
