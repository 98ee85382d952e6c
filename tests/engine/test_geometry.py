"""Frames: exact there and back."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.face import geometry
from engine.face.mesh import eye_centres, mouth_centre


@settings(max_examples=50, deadline=None)
@given(
    st.floats(-200, 200),
    st.floats(-200, 200),
    st.floats(20, 400),
    st.floats(-180, 180),
)
def test_inverse_and_composition(x: float, y: float, side: float, angle: float) -> None:
    frame = geometry.frame_from_box(x, y, side, side * 1.2, angle)
    points = np.random.default_rng(0).uniform(-100, 300, (20, 2))
    there = geometry.transform(frame, points)
    assert np.allclose(geometry.transform(geometry.invert(frame), there), points, atol=1e-6)
    both = geometry.compose(geometry.invert(frame), frame)
    assert np.allclose(both, [[1, 0, 0], [0, 1, 0]], atol=1e-6)


def test_a_mesh_puts_eyes_and_mouth_in_their_places(face) -> None:
    frame = geometry.frame_from_mesh(face.mesh)
    left, right = eye_centres(face.mesh)
    placed = geometry.transform(frame, np.stack([left, right, mouth_centre(face.mesh)]))
    wanted = np.array([geometry.LEFT_EYE, geometry.RIGHT_EYE, geometry.MOUTH])
    assert np.abs(placed - wanted).max() < 0.05


def test_cutting_a_frame_shows_what_lies_there() -> None:
    picture = np.zeros((100, 120, 3), np.uint8)
    picture[40:60, 50:70] = 255
    frame = geometry.frame_from_box(50, 40, 20, 20)
    crop = geometry.cut(picture, frame, 64)
    inside = geometry.transform(frame, np.array([[60.0, 50.0]]))[0] * 64
    assert crop[int(inside[1]), int(inside[0])].min() == 255
    assert crop[0, 0].max() == 0


def test_putting_a_crop_back_restores_a_smooth_picture() -> None:
    y, x = np.mgrid[:200, :200].astype(np.float32) / 200
    picture = np.stack([x, y, (x + y) / 2], -1)
    frame = geometry.frame_from_box(60, 50, 80, 90, 17)
    crop = geometry.cut((picture * 255).astype(np.uint8), frame, 256).astype(np.float32) / 255
    box = (80, 80, 40, 40)
    back = geometry.put_back(crop, frame, box)
    assert np.abs(back - picture[80:120, 80:120]).max() < 0.02


def test_what_lies_beyond_the_photo_is_told() -> None:
    frame = geometry.frame_from_box(0, 0, 100, 120)  # reaches over the left and the upper border
    beyond = geometry.beyond(frame, (400, 300), 64)
    marked = geometry.cut(np.full((300, 400), 255, np.uint8), frame, 64, border="zero") < 128
    assert 0.05 < beyond.mean() < 0.95
    assert (beyond == marked).mean() > 0.98
    assert not geometry.beyond(geometry.frame_from_box(150, 100, 60, 72), (400, 300), 64).any()


def test_a_hole_is_cut_as_black_and_white() -> None:
    hole = np.zeros((90, 120), bool)
    hole[20:60, 30:47] = True
    frame = geometry.frame_from_box(12, 8, 60, 64, 20)
    for side in (24, 200):
        wanted = geometry.cut(hole * np.uint8(255), frame, side)
        assert 0 < wanted.mean() < 255
        assert np.array_equal(geometry.cut(hole, frame, side), wanted)
