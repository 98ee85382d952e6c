"""What is kept from one preview to the next because it would come out the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from engine.face.finder import Face
from engine.photo import Photo
from engine.prior.prior import Evidence, FacePrior, Observation, Posterior
from engine.readings import FaceReading
from engine.reference import Reference

MOST_READINGS = 64
AGAIN = 0.25  # of what is hidden of a face: who is who is asked anew after such a change
MOST_SOLUTIONS = 4  # as many faces as a photo mostly has; each takes 2 MB


class Untouched:
    """The readings of faces that nothing is filled of: they follow every stroke, and do not change
    with it. Of one photo, and one photo alone: each is as large as all its readings are small."""

    def __init__(self) -> None:
        self._photo: Photo | None = None
        self._readings: dict[tuple, FaceReading] = {}

    def reading(
        self, photo: Photo, face: Face, number: int, read: Callable[[], FaceReading]
    ) -> FaceReading:
        """The reading of a face, the photo's `number`-th; `read` makes it where it is not known."""
        if self._photo is not photo or len(self._readings) > MOST_READINGS:
            self.forget()
            self._photo = photo
        key = (face.box, face.angle)
        if key not in self._readings:
            self._readings[key] = read()
        return replace(self._readings[key], face=number)

    def forget(self) -> None:
        """Keep nothing."""
        self._photo = None
        self._readings.clear()


@dataclass(frozen=True, eq=False)
class _Solved:
    prior: FacePrior
    evidence: Evidence
    observations: tuple[Observation, ...]
    posterior: Posterior


class Solutions:
    """The last few faces that were solved, by what they were solved from (as darktable keeps a
    pipeline's results): an expression's strength changes what is made of a face and not which face
    it is. Where it moves a hidden jaw it moves the outline within which pixels are looked at, and
    the face is solved anew. Not thread-safe."""

    def __init__(self) -> None:
        self._solved: list[_Solved] = []

    def posterior(
        self, prior: FacePrior, evidence: Evidence, observations: Sequence[Observation]
    ) -> Posterior:
        """See `FacePrior.solved`: the same bit by bit."""
        for number, one in enumerate(self._solved):
            if one.prior is prior and _same(one, evidence, observations):
                self._solved.append(self._solved.pop(number))
                return one.posterior
        posterior = prior.solved(evidence, observations)
        self._solved.append(_Solved(prior, evidence, tuple(observations), posterior))
        del self._solved[:-MOST_SOLUTIONS]
        return posterior

    def forget(self) -> None:
        """Keep nothing."""
        self._solved.clear()


class WhoIsWho:
    """How much references are like the face of a photo, while it is painted over: that hardly
    changes from stroke to stroke. It is asked anew once a quarter more, or less, of it is hidden.
    Not thread-safe."""

    def __init__(self) -> None:
        self._photo: Photo | None = None
        self._faces: dict[tuple, tuple[list[Photo], float, list[float] | None]] = {}

    def likenesses(
        self,
        photo: Photo,
        face: Face,
        references: Sequence[Reference],
        hidden: float,
        told: Callable[[], list[float] | None],
    ) -> list[float] | None:
        """Of references of a face of which `hidden` pixels of its crop are; `told` asks."""
        if self._photo is not photo or len(self._faces) > MOST_READINGS:
            self.forget()
            self._photo = photo
        key = (face.box, *(one.face.box for one in references))
        photos = [one.photo for one in references]
        known = self._faces.get(key)
        if (
            known is None
            or any(one is not other for one, other in zip(known[0], photos, strict=True))
            or abs(hidden - known[1]) > AGAIN * known[1]
        ):
            known = self._faces[key] = (photos, hidden, told())
        return known[2]

    def forget(self) -> None:
        """Keep nothing."""
        self._photo = None
        self._faces.clear()


def _same(one: _Solved, evidence: Evidence, observations: Sequence[Observation]) -> bool:
    if len(one.observations) != len(observations) or not one.evidence.is_same(evidence):
        return False
    pairs = zip(one.observations, observations, strict=True)
    return all(
        torch.equal(kept, told)
        for pair in pairs
        for kept, told in zip(*(_tensors(each) for each in pair), strict=True)
    )


def _tensors(observation: Observation) -> tuple[torch.Tensor, ...]:
    return observation.rows, observation.values, observation.precision
