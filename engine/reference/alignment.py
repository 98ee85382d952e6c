"""A reference's nodes laid over the face that is filled, and what they tell of the hidden ones.

Nodes that both faces show bring one onto the other by a similarity, and those that disagree (a
raised brow, a turned jaw) have little say in it. What the reference has under the hole is the
person's shape, but with the reference's expression. So the landmark network looks at both faces
with the same part hidden: where it is wrong about the reference it does not know this person, and
it will be as wrong about the face that is filled. What it tells of the expression stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.face import geometry
from engine.face.mesh import NODES
from engine.reference.reference import Reference

FEWEST = 24  # nodes that both must show
ROUNDS = 5  # of weighing the nodes anew
# So much of what the network does not know of a reference's shape is the person's own; the rest is
# expression and chance. Of 0.5, 0.75 and 1 the nearest to the truth on 48 faces lies between the
# first two: hidden nodes are 0.0157 of an eye distance off under glasses (0.0202 without a
# reference), 0.042 under cloth (0.060), 0.038 with the mouth hidden (0.038), 0.021 (0.026) eyes.
OWN = 0.65


@dataclass(frozen=True, eq=False)
class Laid:
    """A reference laid over a face. number: in the order of the request. move: 2 x 3, from pixels
    of its photo to those of the photo that is filled. nodes: 478 x 2, its own after that, in crop
    units. off: root mean square distance of the nodes that both show, crop units. unknown: 478 x 2,
    how far hidden nodes lie off what the landmark network expects of them, crop units. likeness,
    same: see engine.reference.identity. crop: S x S x 3 float32 in [0, 1], what its photo shows
    where the crop of the face lies. hidden: S x S bool, what of that something lies over. shows:
    how surely it has the expression that is asked for, 0..1; 0 where none is."""

    reference: Reference
    number: int
    move: np.ndarray
    nodes: np.ndarray
    off: float
    unknown: np.ndarray
    crop: np.ndarray
    hidden: np.ndarray
    likeness: float = 0.0
    same: bool = True
    shows: float = 0.0

    @property
    def scale(self) -> float:
        """Pixels of the reference to one of the photo."""
        return 1 / float(np.sqrt(abs(geometry.determinant(self.move))))


def similar(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
    """The similarity (2 x 3) that brings N x 2 points onto others, and how far off it leaves them
    (root mean square). Points that disagree have little say: iteratively reweighted least squares
    with Cauchy's weights (Holland & Welsch 1977)."""
    move = geometry.similarity(source, target)
    weight = np.ones(len(source))
    for _ in range(ROUNDS):
        off = np.linalg.norm(geometry.transform(move, source) - target, axis=1)
        weight = 1 / (1 + np.square(off / (2 * np.median(off) + 1e-9)))
        move = geometry.similarity(source, target, weight)
    off = np.square(geometry.transform(move, source) - target).sum(1)
    return move, float(np.sqrt((weight * off).sum() / weight.sum()))


def corrected(expected: np.ndarray, laid: Sequence[Laid]) -> np.ndarray:
    """What is to be expected of a face's nodes (478 x 2, crop units) given references of it.

    expected: by the landmark network.
    """
    if not laid:
        return expected
    # One that shows the face turned the same way has more to tell.
    weight = np.array([1 / (one.off**2 + 1e-5) for one in laid])
    unknown = np.einsum("r,rnc->nc", weight / weight.sum(), [one.unknown for one in laid])
    return expected + OWN * unknown


def enough(seen: np.ndarray) -> bool:
    """Whether so many nodes (478 bool) tell where a reference lies."""
    assert seen.shape == (NODES,)
    return int(seen.sum()) >= FEWEST
