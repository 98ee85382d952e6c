"""Faces stay where they were laid while a hole hardly changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.face import geometry
from engine.face.finder import FaceFrame
from engine.face.frames import matrix_of
from engine.face.laying import FaceLayer, Laying
from engine.face.steady import LITTLE, SteadyLayer
from engine.photo import photo_from_array


class Counting(FaceLayer):
    """Lays for real, and counts."""

    times = 0

    def lay(self, *args, **options) -> Laying:
        self.times += 1
        return super().lay(*args, **options)


@pytest.fixture
def layer(finder) -> Counting:
    return Counting(finder)


def test_a_face_is_laid_again_when_the_hole_says_something_new(layer, photo, face) -> None:
    steady = SteadyLayer(layer)
    hole = np.zeros(photo.pixels.shape[:2], bool)
    x, y = (int(v) for v in face.mesh[13])
    hole[y - 8 : y + 8, x - 20 : x + 20] = True
    first = steady.lay(photo, hole, (face,))
    assert steady.lay(photo, hole.copy(), (face,)) is first
    room = LITTLE * geometry.frame_side(matrix_of(face)) ** 2
    grown = hole.copy()
    grown[y + 8, x - 20 : x - 20 + int(0.9 * min(room, 40))] = True
    assert steady.lay(photo, grown, (face,)) is first
    # Little by little is much in the end: it is compared with the hole that was laid.
    larger = hole.copy()
    larger[y + 8 : y + 20, x - 40 : x + 40] = True
    assert (larger != hole).sum() > room
    second = steady.lay(photo, larger, (face,))
    assert second is not first
    assert layer.times == 2


def test_whatever_else_changes_is_laid_anew(layer, photo, face) -> None:
    steady = SteadyLayer(layer)
    hole = np.zeros(photo.pixels.shape[:2], bool)
    hole[470:480, 5:15] = True  # beside the face
    steady.lay(photo, hole, (face,))
    touching = hole.copy()
    x, y = (int(v) for v in face.mesh[4])
    touching[y, x] = True  # one pixel, and the face has a hole
    steady.lay(photo, touching, (face,))
    assert layer.times == 2
    steady.lay(photo, touching, (replace(face),))
    assert layer.times == 3
    frame = FaceFrame(150.0, 60.0, 130.0, 150.0)
    steady.lay(photo, touching, (face,), (frame,))
    assert layer.times == 4
    steady.lay(photo_from_array(photo.rgb8), touching, (face,), (frame,))
    assert layer.times == 5
