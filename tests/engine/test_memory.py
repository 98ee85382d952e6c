"""What is kept between previews and fills: the same bit by bit, and made once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine.face.parts import part_mask
from engine.fill.filler import FaceInpainter
from engine.fill.memory import MOST_SOLUTIONS, Solutions
from engine.inpaint import FillOptions, FillRequest
from engine.mask import Mask
from engine.prior import FacePrior


@pytest.fixture
def solved(monkeypatch) -> list[int]:
    """One entry for every time that a face is solved; its detail is solved by another prior."""
    times: list[int] = []
    solve = FacePrior.solved

    def counted(self, *args):
        if self.fine is not None:
            times.append(1)
        return solve(self, *args)

    monkeypatch.setattr(FacePrior, "solved", counted)
    return times


def asked(photo, face, part: str, **options) -> FillRequest:
    mask = Mask(part_mask(face.mesh, part, photo.size))
    return FillRequest(photo, mask, FillOptions(**options), (face,))


def pixels(answer) -> list[np.ndarray]:
    return [patch.pixels for patch in answer.patches]


@pytest.mark.parametrize("part", ["mouth", "eyes"])
def test_an_expressions_slider_solves_once(photo, face, part, solved) -> None:
    """Whatever its strength it is the same face; what is shown is what a fresh program shows."""
    one = FaceInpainter()
    for strength in (0.4, 0.8, 1.2):
        request = asked(photo, face, part, emotion="happiness", strength=strength)
        shown = one.preview(request)
        number = len(solved)
        fresh = FaceInpainter().preview(request)
        del solved[number:]
        assert all(map(np.array_equal, pixels(shown), pixels(fresh)))
    assert len(solved) == 1


def test_another_hole_or_another_photo_is_another_face(photo, face, solved) -> None:
    one = FaceInpainter()
    first = one.preview(asked(photo, face, "mouth"))
    one.preview(asked(photo, face, "eyes"))
    one.preview(asked(photo.with_pixels(255 - photo.pixels), face, "mouth"))
    one.preview(asked(photo, face, "mouth", landmarks=False))  # not what is observed either
    assert len(solved) == 4
    again = one.preview(asked(photo, face, "mouth"))
    assert len(solved) == 4
    assert all(map(np.array_equal, pixels(first), pixels(again)))


def test_variants_are_other_draws_of_the_same_solution(photo, face, solved) -> None:
    one = FaceInpainter()
    first, second = (
        pixels(one.preview(asked(photo, face, "lower_face", variant=number))) for number in (1, 2)
    )
    assert len(solved) == 1
    assert not np.array_equal(first[0], second[0])


def test_the_last_few_are_kept() -> None:
    class Prior:
        times = 0

        def solved(self, evidence, observations) -> int:
            self.times += 1
            return evidence.number

    class Evidence:
        def __init__(self, number: int) -> None:
            self.number = number

        def is_same(self, other) -> bool:
            return self.number == other.number

    def ask(numbers: Iterator[int] | range) -> None:
        for number in numbers:
            assert kept.posterior(prior, Evidence(number), ()) == number

    kept, prior = Solutions(), Prior()
    ask(range(MOST_SOLUTIONS))
    ask(range(MOST_SOLUTIONS))
    assert prior.times == MOST_SOLUTIONS
    ask(range(MOST_SOLUTIONS, MOST_SOLUTIONS + 1))
    ask(range(1, MOST_SOLUTIONS))
    assert prior.times == MOST_SOLUTIONS + 1
    ask(range(1))  # the oldest made room
    assert prior.times == MOST_SOLUTIONS + 2
