"""Inside a hole, face and background are apart: no border tints the other side."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.face import geometry
from engine.face.regions import Matte, interiors, matte
from engine.fill.steps.seam import composite
from tests.engine.blending import blended

SIDE = 128


@pytest.fixture(scope="module")
def nodes(face) -> np.ndarray:
    return geometry.transform(geometry.frame_from_mesh(face.mesh), face.mesh)


@pytest.fixture(scope="module")
def scene(nodes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(a dark face before a white wall, a hole over its jaw, where the face is)."""
    facing = matte(nodes, SIDE)
    picture = np.where(facing[..., None] > 0.5, 0.2, 1.0).astype(np.float32).repeat(3, -1)
    hole = np.zeros((SIDE, SIDE), bool)
    hole[70:125, 70:125] = True
    return picture, hole, facing


def test_the_matte_is_the_face(nodes) -> None:
    facing = matte(nodes, SIDE)
    inside = (nodes[[1, 33, 263, 61]] * SIDE).astype(int)
    assert (facing[inside[:, 1], inside[:, 0]] > 0.99).all()
    assert facing[:3].max() < 0.01
    wide = matte(nodes, SIDE, 1.2)
    assert wide.sum() == pytest.approx(facing.sum() / 1.44, rel=0.05)


def test_how_far_inside_a_face_a_pixel_is(nodes) -> None:
    inner = interiors(torch.from_numpy(nodes)[None].float(), SIDE)[0, 0].numpy()
    inside = (nodes[[1, 33, 263, 61]] * SIDE).astype(int)
    assert (inner[inside[:, 1], inside[:, 0]] == 1).all()
    x, y = (nodes[152] * SIDE).astype(int)  # the chin's lowest node
    assert inner[y + 1, x] == 0
    assert inner[y - 2, x] == pytest.approx(2 / (6 / 256 * SIDE), abs=0.35)
    assert inner[y - 5, x] == 1


def test_a_white_wall_does_not_tint_the_cheek_of_the_prior(scene, nodes) -> None:
    picture, hole, facing = scene
    crops = torch.from_numpy(picture.transpose(2, 0, 1))[None] * 2 - 1
    hidden = torch.from_numpy(hole.astype(np.float32))[None, None]
    drawn = torch.full_like(crops, -0.6)  # the face's own colour everywhere
    meshes = torch.from_numpy(nodes)[None].float()
    plain = composite(drawn, crops, hidden)[0, 0].numpy()
    parted = composite(drawn, crops, hidden, meshes)[0, 0].numpy()
    cheek, wall = hole & (facing > 0.99), hole & (facing < 0.01)
    assert plain[cheek].max() > parted[cheek].max() + 0.1  # what this is about
    assert parted[cheek].max() < -0.55
    assert parted[wall].min() > 0.9


def test_a_white_wall_does_not_tint_the_cheek_of_the_photo(scene) -> None:
    picture, hole, facing = scene
    photo = (picture * 255).astype(np.uint8)
    frame = np.array([[1 / SIDE, 0, 0], [0, 1 / SIDE, 0]])
    crop = np.full((SIDE, SIDE, 3), 0.2, np.float32)
    box = (0, 0, SIDE, SIDE)
    matte = Matte(facing, frame)
    fill = blended(photo, crop, frame, hole, box, matte, without=("add_grain",))
    assert np.array_equal(fill[~hole], photo[~hole])
    assert fill[hole & (facing > 0.99)].max() < 60
    assert fill[hole & (facing < 0.01)].min() > 240
