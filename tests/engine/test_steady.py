"""Faces stay where they were placed while a hole hardly changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.face import geometry
from engine.face.finder import FaceFrame
from engine.face.frames import matrix_of
from engine.face.placement import FacePlacer, Placement
from engine.face.steady import LITTLE, SteadyPlacer
from engine.photo import photo_from_array


class Counting(FacePlacer):
    """Places for real, and counts."""

    times = 0

    def place(self, *args, **options) -> Placement:
        self.times += 1
        return super().place(*args, **options)


@pytest.fixture
def placer(finder) -> Counting:
    return Counting(finder)


def test_a_face_is_placed_again_when_the_hole_says_something_new(placer, photo, face) -> None:
    steady = SteadyPlacer(placer)
    hole = np.zeros(photo.pixels.shape[:2], bool)
    x, y = (int(v) for v in face.mesh[13])
    hole[y - 8 : y + 8, x - 20 : x + 20] = True
    first = steady.place(photo, hole, (face,))
    assert steady.place(photo, hole.copy(), (face,)) is first
    room = LITTLE * geometry.frame_side(matrix_of(face)) ** 2
    grown = hole.copy()
    grown[y + 8, x - 20 : x - 20 + int(0.9 * min(room, 40))] = True
    assert steady.place(photo, grown, (face,)) is first
    # Little by little is much in the end: it is compared with the hole that was placed.
    larger = hole.copy()
    larger[y + 8 : y + 20, x - 40 : x + 40] = True
    assert (larger != hole).sum() > room
    second = steady.place(photo, larger, (face,))
    assert second is not first
    assert placer.times == 2


def test_whatever_else_changes_is_placed_anew(placer, photo, face) -> None:
    steady = SteadyPlacer(placer)
    hole = np.zeros(photo.pixels.shape[:2], bool)
    hole[470:480, 5:15] = True  # beside the face
    steady.place(photo, hole, (face,))
    touching = hole.copy()
    x, y = (int(v) for v in face.mesh[4])
    touching[y, x] = True  # one pixel, and the face has a hole
    steady.place(photo, touching, (face,))
    assert placer.times == 2
    steady.place(photo, touching, (replace(face),))
    assert placer.times == 3
    frame = FaceFrame(150.0, 60.0, 130.0, 150.0)
    steady.place(photo, touching, (face,), (frame,))
    assert placer.times == 4
    steady.place(photo_from_array(photo.rgb8), touching, (face,), (frame,))
    assert placer.times == 5
