"""What surrounds a hole decides where it can: thin strokes and even surfaces, and nothing else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.face import geometry
from engine.face.finder import Face
from engine.face.frames import matrix_of
from engine.face.mesh import LEFT_EYE, LIPS, NODES
from engine.fill.steps.surroundings import decided

SIZE = 400


@pytest.fixture(scope="module")
def face() -> Face:
    """A face over the middle of the picture: a mesh whose eye and mouth have places."""
    mesh = np.zeros((NODES, 2), np.float32)
    mesh[:] = np.random.default_rng(0).uniform(140, 260, mesh.shape)
    angles = np.linspace(0, 2 * np.pi, len(LEFT_EYE), endpoint=False)
    mesh[list(LEFT_EYE)] = np.column_stack([160 + 14 * np.cos(angles), 160 + 6 * np.sin(angles)])
    angles = np.linspace(0, 2 * np.pi, len(LIPS), endpoint=False)
    mesh[list(LIPS)] = np.column_stack([200 + 30 * np.cos(angles), 250 + 10 * np.sin(angles)])
    return Face((120.0, 120.0, 160.0, 160.0), 0.9, 0.0, mesh)


@pytest.fixture(scope="module")
def busy() -> np.ndarray:
    """A picture in which nothing is even."""
    noise = np.random.default_rng(1).integers(0, 255, (SIZE // 8, SIZE // 8, 3), np.uint8)
    return cv2.resize(noise, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)


def bounds(hole: np.ndarray) -> tuple[int, int, int, int]:
    return tuple(int(v) for v in cv2.boundingRect(hole.view(np.uint8)))  # type: ignore[return-value]


def drawn(*shapes) -> np.ndarray:
    hole = np.zeros((SIZE, SIZE), np.uint8)
    for shape in shapes:
        shape(hole)
    return hole.astype(bool)


def ellipse(middle, axes):
    return lambda hole: cv2.ellipse(hole, middle, axes, 0, 0, 360, 1, -1)


def line(start, end, width):
    return lambda hole: cv2.line(hole, start, end, 1, width)


def test_scratches_are_decided_crossings_included(busy, face) -> None:
    hole = drawn(
        line((150, 40), (230, 380), 3),
        line((60, 210), (380, 190), 4),
        line((260, 50), (160, 370), 3),
    )
    found = decided(busy, hole, bounds(hole), (face,))
    x, y, width, height = geometry.bounds(matrix_of(face), (SIZE, SIZE))
    theirs = np.s_[y : y + height, x : x + width]  # beyond a face's frame nothing is its to paint
    assert found[theirs].sum() > 0.97 * hole[theirs].sum() > 0


def test_a_wide_hole_is_not_nor_are_its_corners(busy, face) -> None:
    for shape in (
        ellipse((200, 250), (50, 30)),
        lambda h: cv2.rectangle(h, (150, 150), (250, 260), 1, -1),
    ):
        hole = drawn(shape)
        assert not decided(busy, hole, bounds(hole), (face,)).any()


def test_a_dot_as_large_as_an_iris_is_not(busy, face) -> None:
    hole = drawn(ellipse((160, 160), (7, 7)))
    assert not decided(busy, hole, bounds(hole), (face,)).any()


def test_a_stroke_is_decided_beside_a_wide_hole_and_on_it(busy, face) -> None:
    wide = drawn(ellipse((200, 250), (50, 30)))
    hole = wide | drawn(line((200, 250), (330, 40), 3))
    found = decided(busy, hole, bounds(hole), (face,))
    assert not (found & drawn(ellipse((200, 250), (44, 24)))).any()
    assert found[60:150].sum() > 0.9 * hole[60:150].sum()


def test_an_even_surface_is_decided_where_no_feature_is_hidden(busy, face) -> None:
    picture = busy.copy()
    shade = np.linspace(90, 120, SIZE)[:, None, None] + np.array([-30.0, 0.0, 60.0])
    painted = drawn(ellipse((200, 250), (90, 70)))
    grain = np.random.default_rng(2).normal(0, 4, picture.shape)
    picture[painted] = (np.broadcast_to(shade, picture.shape) + grain)[painted].clip(0, 255)
    plain = drawn(ellipse((200, 205), (20, 14)))
    mouth = drawn(ellipse((200, 250), (40, 20)))
    assert (decided(picture, plain, bounds(plain), (face,)) == plain).all()
    assert not decided(picture, mouth, bounds(mouth), (face,)).any()


def test_without_a_mesh_an_even_surface_decides_nothing(face) -> None:
    picture = np.full((SIZE, SIZE, 3), 120, np.uint8)
    unseen = Face(face.box, face.score, face.angle, None)
    hole = drawn(ellipse((200, 205), (20, 14)))
    assert not decided(picture, hole, bounds(hole), (unseen,)).any()
    assert not decided(picture, hole, bounds(hole), ()).any()
    nothing = np.zeros((SIZE, SIZE), bool)
    assert not decided(picture, nothing, None, (unseen,)).any()


def test_a_stroke_that_is_a_little_wider_in_places_is_decided_whole(busy, face) -> None:
    hole = drawn(line((60, 210), (380, 200), 4), line((190, 206), (205, 206), 8))
    found = decided(busy, hole, bounds(hole), (face,))
    x, y, width, height = geometry.bounds(matrix_of(face), (SIZE, SIZE))
    theirs = np.s_[y : y + height, x : x + width]
    assert found[theirs].sum() > 0.97 * hole[theirs].sum() > 0
