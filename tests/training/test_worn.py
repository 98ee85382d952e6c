"""Things as people wear them: they hide what they should, and their masks ask for all of them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.base.errors import MienError
from engine.face import geometry
from engine.face.mesh import eye_centres, inter_ocular, mouth_centre
from training.cases import Face, whole_case
from training.evaluate import EvaluateOptions, _protocol
from training.worn import KINDS, WORN, Portrait, cover, wear

MOUTHS = ("surgical_mask", "cloth_mask", "patterned_mask", "ffp_mask")


def _dressed(photo: np.ndarray, mesh: np.ndarray, kind: str, seed: int = 0, other=None):
    return wear(photo, mesh, kind, np.random.default_rng(seed), other)


@pytest.fixture(scope="module")
def mesh(face) -> np.ndarray:
    return face.mesh.astype(np.float64)


@pytest.fixture(scope="module")
def somebody(hopper, finder) -> Portrait:
    found = finder.find(hopper)[0].mesh
    assert found is not None
    return Portrait(hopper, found.astype(np.float64))


@pytest.mark.parametrize("kind", KINDS)
def test_the_mask_asks_for_all_that_changed(astronaut, mesh, somebody, kind) -> None:
    photo, mask = _dressed(astronaut, mesh, kind, other=somebody)
    changed = (photo != astronaut).any(-1)
    assert set(np.unique(mask)) == {0, 255}
    assert not (changed & (mask == 0)).any()
    # It lies on the face, and there is more of it than a scratch.
    face = cv2.boundingRect(mesh.astype(np.float32))
    x, y, width, height = face
    assert changed[y : y + height, x : x + width].mean() > 0.01
    # The margin is small: no pixel of the mask lies far from what changed.
    far = cv2.distanceTransform((~changed).astype(np.uint8), cv2.DIST_L2, 5)
    assert far[mask > 0].max() < 0.3 * inter_ocular(mesh) + 3


@pytest.mark.parametrize("kind", ["ffp_mask", "hand", "other_head"])
def test_a_seed_draws_a_thing(astronaut, mesh, somebody, kind) -> None:
    one, same, other = (_dressed(astronaut, mesh, kind, s, somebody).photo for s in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("kind", MOUTHS)
@pytest.mark.parametrize("turn", [0, 100, 215])
def test_masks_follow_the_face(astronaut, mesh, kind, turn) -> None:
    matrix = cv2.getRotationMatrix2D((200.0, 130.0), turn, 1)
    matrix[:, 2] += (60, 130)
    photo = cv2.warpAffine(astronaut, matrix, (512, 512), borderMode=cv2.BORDER_REFLECT)
    turned = geometry.transform(matrix, mesh)
    mask = _dressed(photo, turned, kind).mask

    def hides(point: np.ndarray) -> bool:
        x, y = np.floor(point).astype(int)
        return bool(mask[y, x])

    assert hides(mouth_centre(turned))
    assert hides(turned[4])  # the tip of the nose
    assert not any(hides(eye) for eye in eye_centres(turned))


def test_dark_glasses_darken_eyes_and_leave_the_mouth(astronaut, mesh) -> None:
    photo, mask = _dressed(astronaut, mesh, "sunglasses", 5)
    x, y = np.floor(mouth_centre(mesh)).astype(int)
    assert mask[y, x] == 0
    for eye in eye_centres(mesh):
        x, y = np.floor(eye).astype(int)
        assert mask[y, x] == 255
        assert (
            photo[y - 3 : y + 4, x - 6 : x + 7] != astronaut[y - 3 : y + 4, x - 6 : x + 7]
        ).any()


def test_a_thing_has_no_colour_where_the_photo_has_none(astronaut, mesh) -> None:
    grey = np.repeat(cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY)[..., None], 3, -1)
    photo = _dressed(grey, mesh, "patterned_mask", 3).photo
    assert int(np.ptp(photo.astype(int), axis=-1).max()) <= 12  # shadows on skin are a little red


def test_a_thing_has_the_photos_grain(astronaut, mesh) -> None:
    noise = np.random.default_rng(0).normal(0, 9, astronaut.shape[:2])[..., None]
    noisy = (astronaut + noise).clip(0, 255).astype(np.uint8)

    def rough(photo: np.ndarray) -> float:
        worn = _dressed(photo, mesh, "scarf", 4).photo.astype(np.float32).mean(-1)
        x, y = np.floor(mesh[152]).astype(int)
        part = worn[y - 12 : y + 12, x - 20 : x + 20]
        return float(np.abs(part - cv2.GaussianBlur(part, (0, 0), 1.0)).mean())

    assert rough(noisy) > 1.5 * rough(astronaut)


def test_a_face_at_the_border_and_a_large_one_are_dressed(astronaut, mesh) -> None:
    x = int(mesh[4, 0])
    cut = np.ascontiguousarray(astronaut[:, x:])
    worn = _dressed(cut, mesh - (x, 0), "surgical_mask")
    assert worn.photo.shape == cut.shape
    assert worn.mask[:, 0].any()
    large = cv2.resize(astronaut[:300, 60:360], None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    photo, mask = _dressed(large, (mesh - (60, 0)) * 8, "ffp_mask")
    assert not ((photo != large).any(-1) & (mask == 0)).any()


def test_nobody_wears_what_is_unknown_or_lies_outside(astronaut, mesh) -> None:
    with pytest.raises(MienError, match="monocle"):
        _dressed(astronaut, mesh, "monocle")
    with pytest.raises(MienError, match="outside"):
        _dressed(astronaut, mesh + 5000, "hat")


def test_a_hole_can_be_what_is_worn(astronaut, mesh, somebody) -> None:
    person = Face("0", {}, astronaut, geometry.frame_from_mesh(mesh), mesh)
    frame = geometry.frame_from_mesh(somebody.mesh)
    other = Face("1", {}, somebody.photo, frame, somebody.mesh)
    case = whole_case(person, "cloth_mask", 2, 128, 0, "flat", other)
    assert case.shown is not None
    assert case.photo_hole is not None
    assert np.array_equal(case.shown[~case.photo_hole], astronaut[~case.photo_hole])
    assert case.hole.mean() > 0.15
    drawn = [whole_case(person, WORN, number, 64, 0, "flat", other).shown for number in range(3)]
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[1], drawn[2])


def test_the_protocol_says_that_things_are_worn() -> None:
    named = [
        _protocol(EvaluateOptions(holes=holes, inside=inside))
        for holes, inside in ((("hat",), "flat"), (("hat", "mouth"), "flat"), (("mouth",), "flat"))
    ]
    assert named[0] == "whole photos, worn"
    assert named[1] == "whole photos, flat, things as they are worn"
    assert named[2] == "whole photos, flat"


def test_flat_colours_are_what_they_were(astronaut, mesh) -> None:
    hole = np.zeros(astronaut.shape[:2], bool)
    hole[80:120, 190:260] = True
    shown = cover(astronaut, hole, mesh, "flat", np.random.default_rng((0, 77, 3)))
    assert (
        shown[100, 200].tolist() == np.random.default_rng((0, 77, 3)).integers(0, 256, 3).tolist()
    )
    assert (shown[hole] == shown[100, 200]).all()


def test_what_a_thing_leaves_free_of_a_hole_shows_no_face(astronaut, mesh) -> None:
    hole = np.zeros(astronaut.shape[:2], bool)
    x, y = np.floor(mouth_centre(mesh)).astype(int)
    hole[y - 70 : y + 30, x - 45 : x + 45] = True  # reaches beyond any mask
    for seed in range(3):
        shown = cover(astronaut, hole, mesh, WORN, np.random.default_rng(seed))
        assert (shown[hole] != astronaut[hole]).any(-1).mean() > 0.97
