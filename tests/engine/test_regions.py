"""Inside a hole, face and background are apart: no border tints the other side."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from engine.face import geometry
from engine.face.regions import CRISP, Matte, depths, interiors, matte
from engine.fill.face_fill import BalancedFill, Known
from engine.fill.networks import load_networks
from engine.fill.steps.border import own_border
from engine.fill.steps.seam import composite, unmixed
from engine.fill.white_balance import WhiteBalance
from engine.prior import FacePrior
from tests.engine.blending import blended

SIDE = 128


@pytest.fixture(scope="module")
def nodes(face) -> np.ndarray:
    return geometry.transform(geometry.frame_from_mesh(face.mesh), face.mesh)


@pytest.fixture(scope="module")
def networks_prior() -> FacePrior:
    return load_networks("prior", "cpu").prior


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


def test_wall_that_an_outline_takes_for_face_is_not_the_faces_own(nodes, networks_prior) -> None:
    """A mesh too wide at one cheek: what is visible there is wall, and no border of the face."""
    facing = matte(nodes, SIDE)
    wide = nodes.copy()
    right = nodes[:, 0] > 0.5
    wide[right, 0] += 0.5 * (nodes[right, 0] - 0.5) * 0.3
    wrongly = (matte(wide, SIDE) > 0.5) & (facing < 0.05)
    picture = np.where(facing[..., None] > 0.5, -0.4, 0.9).astype(np.float32).repeat(3, -1)
    crops = torch.from_numpy(picture.transpose(2, 0, 1))[None]
    hidden = torch.zeros(1, 1, SIDE, SIDE)
    hidden[..., 80:120, 40:90] = 1
    outline = torch.from_numpy(wide)[None].float()
    fill = BalancedFill(
        prior=networks_prior,
        crop=crops,
        hole=hidden,
        known=Known(meshes=outline),
        white_balance=WhiteBalance(torch.ones(1, 3, 1, 1)),
        balanced=crops,
        told={},
    )
    own = own_border(fill, outline).own[0, 0].numpy()  # type: ignore[index]
    seen = hidden[0, 0].numpy() == 0
    assert (own[wrongly & seen] == 0).mean() > 0.95
    assert own[(facing > 0.95) & seen].mean() > 0.97  # what lies right beside it is not all face
    assert own[~seen].all()


def test_a_soft_face_keeps_its_colour_up_to_its_edge(nodes) -> None:
    meshes = torch.from_numpy(nodes)[None].float()
    depth = depths(meshes, SIDE)
    behind = torch.full((1, 3, SIDE, SIDE), 0.9)
    sharp = (depth > 0).float()
    soft = torch.from_numpy(cv2.GaussianBlur(sharp[0, 0].numpy(), (0, 0), 4))[None, None]
    faded = soft * -0.4 + (1 - soft) * behind
    faded[:, 0] -= 0.1 * (depth[:, 0] < 0.03)  # shading, which is not on the way to the wall
    own = unmixed(faded, behind, depth)
    rim = ((depth > 0) & (depth < 0.03))[0, 0]
    assert (faded[0, 1][rim] + 0.4).mean() > 0.3  # what this is about
    assert (own[0, 1][rim] + 0.4).abs().mean() < 0.1
    assert (own[0, 0][rim] - own[0, 1][rim]).mean() == pytest.approx(-0.1, abs=0.05)
    inner = (depth > 0.08)[0, 0]
    assert torch.equal(own[0][:, inner], faded[0][:, inner])
    plain = torch.full_like(behind, -0.4)
    assert torch.allclose(unmixed(plain, plain, depth), plain, atol=1e-3)  # before itself


def test_beside_a_jaw_the_photos_wall_is_not_carried_into_it(scene, nodes) -> None:
    """The mesh reaches over the wall, and so does the hole: the border there is wall."""
    picture, hole, facing = scene
    wide = nodes.copy()
    wide[:, 0] = 0.5 + 1.15 * (wide[:, 0] - 0.5)
    filled = np.where(hole[..., None], 0.2, picture).astype(np.float32)
    photo = (picture * 255 + 0.5).astype(np.uint8)
    frame = np.array([[1 / SIDE, 0, 0], [0, 1 / SIDE, 0]])
    box = (64, 64, 64, 64)
    over = Matte(matte(wide, SIDE, soft=CRISP), frame)
    pixels = blended(photo, filled, frame, hole, box, over, without=("add_grain",))
    cheek = (hole & (facing > 0.99))[64:, 64:]
    assert pixels[cheek].max() < 0.2 * 255 + 12
