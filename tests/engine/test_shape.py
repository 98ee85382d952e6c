"""The space of shapes: a drag takes neighbours along, leaves what is seen, and ends where faces
do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.catalogue.weights import find
from engine.face.geometry import invert, transform
from engine.face.mesh import inter_ocular
from engine.face.shape import ShapeModel, load_shapes
from engine.readings import EMOTIONS

CORNER, OTHER, BESIDE = 61, 291, 185  # both mouth corners, and a node of the lips beside the first


@pytest.fixture(scope="module")
def shapes() -> ShapeModel:
    found = load_shapes()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def hidden(shapes) -> np.ndarray:
    return shapes.mean[:, 1] > 0.62


def within(shapes: ShapeModel, mesh: np.ndarray, before: np.ndarray) -> bool:
    nothing = np.zeros(len(mesh))
    length, start = (np.linalg.norm(shapes.coefficients(m, nothing)) for m in (mesh, before))
    return bool(length <= 1.02 * max(shapes.radius, start))


places = st.tuples(
    st.sampled_from([CORNER, OTHER, 0, 17, 13, 14, 152]),
    st.floats(-2, 3),
    st.floats(-2, 3),
)


@settings(max_examples=60, deadline=None)
@given(placed=st.lists(places, min_size=1, max_size=6), seed=st.integers(0, 2**16))
def test_no_drag_leaves_the_space_of_faces(shapes, hidden, placed, seed) -> None:
    drawn = np.random.default_rng(seed).normal(size=shapes.modes.shape[1])
    mesh = shapes.mean + (shapes.modes @ drawn).reshape(-1, 2)
    moved = shapes.drag(mesh, hidden, placed)
    assert 0 <= moved.share <= 1
    assert np.isfinite(moved.nodes).all()
    assert np.array_equal(moved.nodes[~hidden], mesh[~hidden])
    assert within(shapes, moved.nodes, mesh)
    # Whatever is asked for, no node of a mouth goes further than mouths do.
    assert np.linalg.norm(moved.nodes - mesh, axis=1).max() < 0.8 * inter_ocular(mesh)


def test_a_small_drag_arrives_and_the_neighbours_follow(shapes, hidden) -> None:
    mesh, step = shapes.mean, np.array([-0.015, 0.01])
    moved = shapes.drag(mesh, hidden, [(CORNER, *(mesh[CORNER] + step))])
    assert moved.share == 1
    went = moved.nodes - mesh
    assert went[CORNER] == pytest.approx(step, abs=5e-4)
    near = hidden & (np.linalg.norm(mesh - mesh[CORNER], axis=1) < 0.03)
    assert near.sum() > 5
    assert (went[near] @ step > 0).all()
    assert np.linalg.norm(went[OTHER]) < 0.7 * np.linalg.norm(went[CORNER])
    assert np.linalg.norm(went[OTHER]) < np.linalg.norm(went[BESIDE])


def test_a_drag_beyond_any_face_stops_and_says_so(shapes, hidden) -> None:
    mesh = shapes.mean
    ends = []
    for length in (0.5, 1.0):
        moved = shapes.drag(mesh, hidden, [(CORNER, *(mesh[CORNER] - (length, 0)))])
        assert moved.share < 1
        ends.append(moved.nodes[CORNER])
    assert ends[0] == pytest.approx(ends[1], abs=1e-6)
    assert 0.01 < mesh[CORNER][0] - ends[0][0] < 0.1


def test_no_drag_is_the_mesh_itself(shapes, hidden) -> None:
    mesh = shapes.mean.astype(np.float32)
    x, y = mesh[CORNER].tolist()
    for placed in ([], [(CORNER, x, y)], [(10, 0.0, 0.0)]):  # node 10 is seen
        moved = shapes.drag(mesh, hidden, placed)
        assert np.array_equal(moved.nodes, mesh)
        assert moved.share == 1


def test_units_and_turns_make_no_difference(shapes, hidden) -> None:
    radians = 0.4
    turn = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    photo = np.column_stack([300 * turn, (700, 90)])
    place = shapes.mean[CORNER] + (-0.02, 0.01)
    plain = shapes.drag(shapes.mean, hidden, [(CORNER, *place)]).nodes
    there = transform(photo, shapes.mean)
    dragged = shapes.drag(there, hidden, [(CORNER, *transform(photo, place[None])[0])]).nodes
    assert transform(invert(photo), dragged) == pytest.approx(plain, abs=1e-6)


def test_expressions_are_what_people_know_of_them(shapes, hidden) -> None:
    mesh = shapes.mean
    neutral = np.eye(len(EMOTIONS))[EMOTIONS.index("neutral")]

    def went(emotion: str, node: int) -> np.ndarray:
        return shapes.express(mesh, hidden, neutral, emotion, 1.0).nodes[node] - mesh[node]

    for emotion in EMOTIONS:
        moved = shapes.express(mesh, hidden, neutral, emotion, 9.0)
        assert np.array_equal(moved.nodes[~hidden], mesh[~hidden])
        assert within(shapes, moved.nodes, mesh)
    assert not went("neutral", CORNER).any()
    # A smile is wide and its corners rise; a sad mouth's fall, and it is narrow.
    assert went("happiness", CORNER)[0] < 0
    assert went("happiness", CORNER)[1] < 0
    assert went("sadness", CORNER)[1] > 0
    assert went("sadness", CORNER)[0] > 0
    # Surprise opens the mouth further than anything else.
    opened = {e: went(e, 14)[1] - went(e, 13)[1] for e in EMOTIONS}
    assert max(opened, key=opened.__getitem__) == "surprise"
    assert opened["surprise"] > 0.04


def test_a_change_is_held_where_faces_end(shapes, hidden) -> None:
    mesh = shapes.mean
    wild = mesh + 0.2 * hidden[:, None] * np.random.default_rng(0).normal(size=mesh.shape)
    held = shapes.held(mesh, wild, hidden)
    assert 0 < held.share < 1
    assert np.linalg.norm(shapes.coefficients(held.nodes, hidden)) <= 1.02 * shapes.radius
    little = mesh + 1e-3 * hidden[:, None]
    assert np.array_equal(shapes.held(mesh, little, hidden).nodes, little)


def test_it_is_small() -> None:
    assert find("shapes").bytes < 400_000
