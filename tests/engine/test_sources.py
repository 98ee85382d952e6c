"""Texture is taken from what may go on there: no one's face is painted on a wall."""

from __future__ import annotations

import numpy as np
import pytest

from engine.face import geometry
from engine.face.finder import Face
from engine.face.frames import matrix_of
from engine.face.regions import heads_of
from engine.fill.sources import no_source
from engine.fill.steps.texture import fill_texture

SIZE = (512, 512)
WHOLE = (0, 0, *SIZE)


def hole_at(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    hole = np.zeros(SIZE[::-1], bool)
    hole[y0:y1, x0:x1] = True
    return hole


def test_a_head_out_of_reach_is_no_source_and_one_in_reach_only_its_skin(face: Face) -> None:
    assert face.mesh is not None
    heads = heads_of((face,), SIZE)
    x, y, width, height = geometry.bounds(matrix_of(face), SIZE)
    centre = (y + height // 2, x + width // 2)
    hair = (y + 4, x + width // 2)
    apart = no_source(heads, hole_at(400, 100, 480, 200), WHOLE)
    assert apart is not None
    assert apart[centre]
    assert apart[hair]
    assert not apart[300:].any()
    reached = no_source(heads, hole_at(x + width - 20, 60, x + width + 60, 120), WHOLE)
    assert reached is not None
    assert reached[centre]
    assert not reached[hair]
    nodes = np.round(face.mesh[:, :2]).astype(int)
    assert reached[nodes[:, 1], nodes[:, 0]].mean() > 0.95


def test_a_hole_on_a_face_goes_on_with_that_face(face: Face) -> None:
    x, y, width, height = (int(v) for v in face.box)
    cheek = hole_at(x + width // 5, y + height // 2, x + width // 3, y + height * 2 // 3)
    assert no_source(heads_of((face,), SIZE), cheek, WHOLE) is None


def test_a_window_of_the_photo_is_the_same_part_of_it(face: Face) -> None:
    heads = heads_of((face,), SIZE)
    hole = hole_at(330, 100, 400, 200)
    whole = no_source(heads, hole, WHOLE)
    part = no_source(heads, hole[40:300, 150:460], (150, 40, 310, 260))
    assert whole is not None
    assert part is not None
    assert np.array_equal(part, whole[40:300, 150:460])


def test_where_nothing_else_is_left_all_is_a_source(face: Face) -> None:
    heads = heads_of((face,), SIZE)
    x, y, width, height = geometry.bounds(matrix_of(face), SIZE)
    window = (x, y, width + 60, height)
    hole = np.zeros((height, width + 60), bool)
    hole[:, width + 12 :] = True
    assert no_source(heads, hole, window) is None
    assert no_source(heads, hole_at(400, 400, 500, 500)[380:, 380:], (380, 380, 132, 132)) is None


def test_faces_without_a_mesh_or_outside_the_photo() -> None:
    plain = Face((200.0, 200.0, 60.0, 60.0), 0.9, 0.0, None)
    away = Face((5000.0, 5000.0, 60.0, 60.0), 0.9, 0.0, None)
    heads = heads_of((plain, away), SIZE)
    assert len(heads) == 1
    shut = no_source(heads, hole_at(280, 220, 290, 240), WHOLE)
    assert shut is not None
    assert shut[230, 230]


def test_no_face_is_copied_to_the_background(astronaut: np.ndarray, face: Face) -> None:
    """The rocket behind the astronaut: of all around its place her head fits best."""
    hole = hole_at(360, 10, 480, 300)
    upper = np.s_[30:170, 360:480]

    def coloured(heads) -> float:
        """Share of the place that has the colour of skin or hair; the wall is grey."""
        filled = astronaut.copy()
        for (x, y, width, height), pixels in fill_texture(astronaut, hole, heads=heads):
            filled[y : y + height, x : x + width] = pixels
        part = filled[upper].astype(int)
        return float((part[..., 0] - part[..., 2] > 40).mean())

    assert coloured(()) > 0.05  # else this photo shows nothing
    assert coloured(heads_of((face,), SIZE)) == pytest.approx(0, abs=0.005)
