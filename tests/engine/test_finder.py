"""Finding faces: near and far, turned, small, several, hidden, and where the user says."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from engine.base.errors import Cancelled, MienError
from engine.face.finder import FaceFrame
from engine.face.frames import parse_frame
from engine.face.parts import PARTS, part_mask


def centre(face) -> tuple[float, float]:
    return face.box[0] + face.box[2] / 2, face.box[1] + face.box[3] / 2


def test_the_astronaut_has_one_face_with_a_mesh(face) -> None:
    assert face.mesh.shape == (478, 2)
    assert centre(face) == pytest.approx((224, 124), abs=15)
    assert abs(face.angle) < 12


@pytest.mark.parametrize("turn", [cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE])
def test_a_face_turned_by_a_quarter_is_found(finder, astronaut, turn) -> None:
    turned = cv2.rotate(astronaut, turn)
    faces = [f for f in finder.find(turned) if f.mesh is not None]
    assert faces
    wanted = 90 if turn == cv2.ROTATE_90_CLOCKWISE else -90
    assert faces[0].angle == pytest.approx(wanted, abs=15)


@pytest.mark.parametrize("angle", [-40, 25, 40])
def test_a_tilted_face_is_found(finder, astronaut, angle) -> None:
    matrix = cv2.getRotationMatrix2D((224, 124), -angle, 1)
    tilted = cv2.warpAffine(astronaut, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    face = finder.find(tilted)[0]
    assert face.mesh is not None
    assert face.angle == pytest.approx(angle, abs=12)


@pytest.mark.slow
def test_a_face_of_48_pixels_in_24_megapixels_is_found(finder, astronaut) -> None:
    scale = 48 / 107
    size = round(512 * scale)
    small = cv2.resize(astronaut, (size, size), interpolation=cv2.INTER_AREA)
    photo = np.full((4000, 6000, 3), 150, np.uint8)
    photo[2500 : 2500 + size, 4100 : 4100 + size] = small
    # And a large one, which is told first and stays what it is.
    photo[400:2000, 300:1900] = cv2.resize(astronaut, (1600, 1600))
    told: list[tuple] = []
    found = finder.find(photo, first=told.append)
    (near,) = told
    assert any(centre(face) == pytest.approx((1000, 788), abs=60) for face in near)
    assert set(near) < set(found)
    wanted = (4100 + 224 * scale, 2500 + 124 * scale)
    assert not any(np.hypot(*np.subtract(centre(face), wanted)) < 20 for face in near)
    assert any(np.hypot(*np.subtract(centre(face), wanted)) < 20 for face in found)


def test_a_small_photo_is_told_of_once(finder, astronaut) -> None:
    told: list[tuple] = []
    assert len(finder.find(astronaut, first=told.append)) == 1
    assert not told


def test_several_faces_are_found_largest_first(finder, astronaut, hopper) -> None:
    photo = np.full((620, 1100, 3), 128, np.uint8)
    photo[:512, :512], photo[:600, 560:1072] = astronaut, hopper
    faces = [f for f in finder.find(photo) if f.mesh is not None]
    assert len(faces) >= 2
    areas = [f.box[2] * f.box[3] for f in faces]
    assert areas == sorted(areas, reverse=True)
    assert {c[0] > 540 for c in map(centre, faces)} == {True, False}


def test_no_face_is_found_where_there_is_none(finder) -> None:
    rng = np.random.default_rng(0)
    noise = cv2.resize(rng.integers(0, 255, (30, 40, 3)).astype(np.uint8), (800, 600))
    assert finder.find(noise) == ()


def test_a_search_can_be_cancelled(finder, astronaut) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        finder.find(astronaut, cancel)


def test_a_frame_without_a_face_is_believed(finder) -> None:
    grey = np.full((300, 300, 3), 128, np.uint8)
    face = finder.mesh_in_frame(grey, FaceFrame(50, 60, 120, 150, 30))
    assert face.mesh is None
    assert face.box == (50, 60, 120, 150)
    assert face.angle == 30


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "1,2,3,4,5,6", "1,2,nan,4", "10,10,4,50"])
def test_a_wrong_frame_is_explained(text: str) -> None:
    with pytest.raises(MienError, match="face frame"):
        parse_frame(text)


def test_a_frame_is_read() -> None:
    assert parse_frame("10,20.5,100,120,-15") == FaceFrame(10, 20.5, 100, 120, -15)


@pytest.mark.parametrize("part", PARTS)
def test_parts_lie_on_the_face(face, photo, part: str) -> None:
    mask = part_mask(face.mesh, part, photo.size) > 0
    x, y, width, height = face.box
    rows, columns = np.nonzero(mask)
    assert 40 < len(rows) < 2.5 * width * height
    assert x - width < columns.mean() < x + 2 * width
    assert y - height < rows.mean() < y + 2 * height


def test_eyes_and_mouth_do_not_meet(face, photo) -> None:
    eyes = part_mask(face.mesh, "eyes", photo.size)
    mouth = part_mask(face.mesh, "mouth", photo.size)
    assert not (eyes & mouth).any()
