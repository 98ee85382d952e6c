"""Faces under holes: found, located, framed, or left alone, by visible pixels only."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.face.candidates import Candidate, agreed, part_of
from engine.face.doubt import BORDER, COVERED, RIVAL, ROUGH, SURE, UNSEEN
from engine.face.evidence import Evidence, probability
from engine.face.finder import FaceFrame
from engine.face.frames import box_frame, matrix_of
from engine.face.geometry import frame_from_mesh
from engine.face.holes import hidden_share
from engine.face.locator import off
from engine.face.mesh import eye_centres
from engine.face.neighbourhood import groups
from engine.face.parts import part_mask
from engine.face.placement import (
    FOUND,
    FRAMED,
    LOCATED,
    SLIGHT,
    FacePlacer,
)

EVIDENT = Evidence(
    *(0.05, 0.06, 6.0, 0.9, 0.1, 10.0, 0.1, 0.01),
    hidden=0.3,
    inside=1.0,
    covered=0.2,
    beyond=0.0,
    parts=1.0,
    visible=0.7,
)


@pytest.fixture(scope="module")
def placer(finder) -> FacePlacer:
    return FacePlacer(finder)


def _covered(photo, face, part: str, colour) -> tuple[np.ndarray, np.ndarray]:
    hole = part_mask(face.mesh, part, photo.size) > 0
    rgb = photo.rgb8.copy()
    rgb[hole] = colour
    return rgb, hole


@pytest.mark.parametrize("part", ["eyes", "glasses", "mouth", "lower_face", "left_half"])
def test_a_face_is_placed_where_it_is(placer, finder, photo, face, part) -> None:
    rgb, hole = _covered(photo, face, part, (30, 30, 30))
    placement = placer.place(rgb, hole, finder.find(rgb))
    assert len(placement.faces) == 1
    assert off(matrix_of(placement.faces[0].face), matrix_of(face)) < 0.15


def _candidate(face, shift: float, score: float, how: str = LOCATED) -> Candidate:
    apart = float(np.linalg.norm(np.subtract(*eye_centres(face.mesh))))
    mesh = face.mesh + np.array([shift * apart, 0])
    return Candidate(frame_from_mesh(mesh), mesh, how, probability(score), score, EVIDENT)


def test_candidates_that_agree_are_averaged_and_others_have_no_say(face) -> None:
    told = [
        _candidate(face, 0.03, 2.0),
        _candidate(face, -0.03, 1.6),
        _candidate(face, 1.0, 1.9),  # elsewhere
        _candidate(face, 0.02, 0.5),  # beside, and thought little of
    ]
    best = agreed(told[0], told)
    assert best.score == 2.0
    assert off(best.frame, matrix_of(face)) < 0.001
    assert np.abs(best.mesh - face.mesh).max() < 0.01


def test_detectors_and_locator_are_two_witnesses_of_a_face(face) -> None:
    def surest(*told: tuple[str, float]) -> float:
        candidates = [_candidate(face, shift, -shift, how) for how, shift in told]
        return agreed(candidates[0], candidates).confidence

    assert surest((LOCATED, 0.0)) == 0.5
    assert surest((LOCATED, 0.0), (FOUND, 0.05)) > 0.6
    assert surest((LOCATED, 0.0), (LOCATED, 0.05)) == 0.5  # the same witness twice
    assert surest((LOCATED, 0.0), (FOUND, 0.4)) == 0.5  # another face


def test_a_small_face_in_a_larger_one_that_is_seen_is_a_part_of_it(face) -> None:
    whole = _candidate(face, 0.0, 0.5, FOUND)
    middle = face.mesh.mean(0)

    def small(size: float, score: float, shift: float = 0.0) -> Candidate:
        mesh = middle + size * (face.mesh - middle) + (shift, 0)
        return Candidate(frame_from_mesh(mesh), mesh, LOCATED, 0.6, score, EVIDENT)

    assert part_of(small(0.5, 1.0), whole)
    assert not part_of(small(0.9, 1.0), whole)  # as large
    assert not part_of(small(0.5, 3.0), whole)  # much surer
    assert not part_of(small(0.5, 1.0, 200.0), whole)  # elsewhere


def test_doubt_has_a_reason(face) -> None:
    def why(score: float, *others: Candidate, **told: float) -> str:
        candidate = replace(_candidate(face, 0.0, score), evidence=replace(EVIDENT, **told))
        return agreed(candidate, [candidate, *others]).why

    assert why(4.0, beyond=0.5) == ""
    assert why(1.0, beyond=0.5) == BORDER
    assert why(1.0, covered=0.7) == COVERED
    assert why(1.0, _candidate(face, 2.0, 0.5)) == RIVAL
    assert why(1.0, seen=0.0) == UNSEEN
    assert why(1.0) == ROUGH


def test_a_mesh_squeezed_in_beside_the_hole_is_not_believed(placer, photo, face) -> None:
    """Detectors see whole faces even above a mask: chin at its upper edge."""
    rgb, hole = _covered(photo, face, "lower_face", (30, 30, 30))
    top = face.mesh[:, 1].min()
    squeezed = face.mesh.copy()
    room = np.flatnonzero(hole.any(1))[0] + 2 - top
    squeezed[:, 1] = top + (squeezed[:, 1] - top) * room / np.ptp(squeezed[:, 1])
    wrong = replace(face, mesh=squeezed)
    assert hidden_share(wrong, hole) < SLIGHT
    assert off(matrix_of(wrong), matrix_of(face)) > 0.25
    # By the locator, or by the landmark network, which moves it to where the face lies.
    (placed,) = placer.place(rgb, hole, (wrong,)).faces
    assert off(matrix_of(placed.face), matrix_of(face)) < 0.12


def test_what_the_hole_covers_does_not_move_the_face(placer, photo, face, hopper) -> None:
    """Under the same hole a grey box and another person's face have the same frame."""
    hole = part_mask(face.mesh, "face", photo.size) > 0
    hole[: int(face.mesh[:, 1].min() + 0.25 * np.ptp(face.mesh[:, 1]))] = False
    grey, other = photo.rgb8.copy(), photo.rgb8.copy()
    grey[hole] = 128
    other[hole] = hopper[:512, :512][hole]
    first = placer.place(grey, hole, ())
    second = placer.place(other, hole, ())
    assert len(first.faces) == len(second.faces)
    for one, two in zip(first.faces, second.faces, strict=True):
        assert off(matrix_of(one.face), matrix_of(two.face)) < 0.02


def test_a_face_that_the_hole_does_not_touch_stays(placer, photo, face) -> None:
    hole = np.zeros(photo.rgb8.shape[:2], bool)
    hole[440:480, 20:60] = True
    placement = placer.place(photo.rgb8, hole, (face,))
    assert placement.faces[0].face is face
    assert placement.faces[0].how == FOUND


def test_one_person_is_never_placed_twice(placer, finder, photo, face) -> None:
    """Two strokes on one face, and a stroke on the shoulder: one face."""
    hole = np.zeros(photo.rgb8.shape[:2], bool)
    for point in face.mesh[[33, 263, 61]].astype(int):
        hole[point[1] - 8 : point[1] + 8, point[0] - 8 : point[0] + 8] = True
    hole[400:440, 100:160] = True
    assert len(placer.place(photo.rgb8, hole, finder.find(photo.rgb8)).faces) == 1


def test_hair_beside_a_hole_keeps_no_hidden_face_away(placer, photo, face) -> None:
    """Detectors that see no face any more take a forehead for a small one."""
    hole = part_mask(face.mesh, "face", photo.size) > 0
    hole[: int(face.mesh[:, 1].min() + 0.3 * np.ptp(face.mesh[:, 1]))] = False
    rgb = photo.rgb8.copy()
    rgb[hole] = (30, 30, 30)
    small = face.mesh.min(0) + (face.mesh - face.mesh.min(0)) * (0.25, 0.2)
    x, y = (float(v) for v in small.min(0))
    width, height = (float(v) for v in np.ptp(small, axis=0))
    hair = replace(face, box=(x, y, width, height), mesh=small.astype(np.float32), score=0.59)
    (placed,) = placer.place(rgb, hole, (hair,)).faces
    assert off(matrix_of(placed.face), matrix_of(face)) < 0.15


def test_the_users_frame_is_a_face(placer, photo) -> None:
    plain = np.full_like(photo.rgb8, 120)
    hole = np.zeros(plain.shape[:2], bool)
    hole[100:140, 200:260] = True
    drawn = FaceFrame(180, 70, 92, 107)
    placement = placer.place(plain, hole, (), (drawn,))
    assert placement.faces[0].how == FRAMED
    assert placement.faces[0].confidence == 1


def test_an_even_wall_holds_no_face(placer) -> None:
    rng = np.random.default_rng(0)
    wall = (150 + rng.normal(0, 3, (400, 600, 3))).clip(0, 255).astype(np.uint8)
    hole = np.zeros((400, 600), bool)
    hole[150:250, 250:350] = True
    assert placer.place(wall, hole, ()).faces == ()


def test_a_mesh_in_the_hole_is_known(photo, face) -> None:
    nothing = np.zeros(photo.rgb8.shape[:2], bool)
    assert hidden_share(face, nothing) == 0
    assert hidden_share(face, ~nothing) == 1
    lower = part_mask(face.mesh, "lower_face", photo.size) > 0
    assert 0.25 < hidden_share(face, lower) < 0.6


def test_a_box_and_its_frame_are_inverse() -> None:
    from engine.face import geometry

    frame = geometry.frame_from_box(20, 30, 77, 87.5, 15)
    drawn = box_frame(frame)
    assert (drawn.x, drawn.y, drawn.width, drawn.height, drawn.angle) == pytest.approx(
        (20, 30, 77, 87.5, 15)
    )


def test_the_parts_of_a_hole_are_grouped_by_face() -> None:
    hole = np.zeros((400, 800), bool)
    hole[100:120, 100:130] = hole[100:120, 150:180] = True  # two eyes
    hole[300:360, 600:700] = True  # far away
    hole[10:14, 10:14] = True  # a blemish
    found = groups(hole)
    assert [tuple(round(v) for v in boxes[0]) for boxes in found] == [
        (600, 300, 100, 60),
        (100, 100, 80, 20),
    ]
    assert len(found[1]) == 3


def _placed_right(placer, finder, rgb, hole, mesh, reach: float = 0.15) -> None:
    placed = [one.face for one in placer.place(rgb, hole, finder.find(rgb)).faces]
    assert len(placed) == 1
    assert off(matrix_of(placed[0]), frame_from_mesh(mesh)) < reach


def test_a_mesh_upside_down_over_a_mask_is_not_believed(placer, photo, face) -> None:
    """With the mask on, a forehead looks like a chin, and so sure."""
    rgb, hole = _covered(photo, face, "lower_face", (150, 190, 215))
    eyes = np.mean(eye_centres(face.mesh), axis=0)
    turned = (2 * eyes - face.mesh).astype(np.float32)
    wrong = replace(face, mesh=turned, score=0.92, angle=180.0)
    assert hidden_share(wrong, hole) < 0.1
    (placed,) = placer.place(rgb, hole, (wrong,)).faces
    assert off(matrix_of(placed.face), matrix_of(face)) < 0.12


@pytest.mark.parametrize("cut", ["left", "right", "top", "bottom"])
def test_a_face_that_the_border_cuts_is_as_long_as_faces_are(
    placer, finder, photo, face, cut
) -> None:
    """Half of it is left, and a part of that hidden: no miniature is painted into the rest."""
    left, right = eye_centres(face.mesh)
    middle = (left + right) / 2
    apart = float(np.linalg.norm(right - left))
    mouth = face.mesh[[61, 291, 13, 14]].mean(0)
    height, width = photo.rgb8.shape[:2]
    box, spot = {
        "left": ((round(middle[0]), 0, width, height), mouth),
        "right": ((0, 0, round(middle[0]), height), left),
        "top": ((0, round(middle[1] + 0.3 * apart), width, height), mouth),
        "bottom": ((0, 0, width, round(mouth[1] - 0.35 * apart)), right),
    }[cut]
    x0, y0, x1, y1 = box
    hole = np.zeros((height, width), np.uint8)
    axes = (round(0.4 * apart), round(0.24 * apart))
    cv2.ellipse(hole, (round(spot[0]), round(spot[1])), axes, 0, 0, 360, (1,), -1)
    rgb = np.ascontiguousarray(photo.rgb8[y0:y1, x0:x1])
    hole = np.ascontiguousarray(hole[y0:y1, x0:x1]).astype(bool)
    _placed_right(placer, finder, rgb, hole, face.mesh - (x0, y0), 0.2)


@pytest.mark.parametrize("angle", [110, 155, 240, 300])
def test_a_face_is_placed_whatever_its_roll(placer, finder, photo, face, angle) -> None:
    rgb, hole = _covered(photo, face, "eyes", (30, 30, 30))
    centre = (float(face.mesh[:, 0].mean()), float(face.mesh[:, 1].mean()))
    turn = cv2.getRotationMatrix2D(centre, angle, 1)
    turn[:, 2] += np.array([256, 256]) - centre
    rgb = cv2.warpAffine(rgb, turn, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    hidden = cv2.warpAffine(hole.astype(np.uint8), turn, (512, 512)) > 0
    mesh = face.mesh @ turn[:, :2].T + turn[:, 2]
    _placed_right(placer, finder, rgb, hidden, mesh)


def test_half_a_face_behind_another_is_one(placer, finder, photo, face, hopper) -> None:
    """The head in front stays, and the hole beside it is not its."""
    front = finder.find(hopper)[0]
    scale = face.box[2] / front.box[2]
    small = cv2.resize(hopper, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    x, y, width, height = (round(v * scale) for v in front.box)
    place = (round(face.box[0] + 0.55 * face.box[2]), round(face.box[1] + 0.06 * face.box[3]))
    rgb = photo.rgb8.copy()
    head = np.zeros(rgb.shape[:2], np.uint8)
    middle = (place[0] + width // 2, place[1] + height // 2)
    cv2.ellipse(head, middle, (width * 6 // 10, height * 7 // 10), 0, 0, 360, (1,), -1)
    moved = np.array([[1, 0, place[0] - x], [0, 1, place[1] - y]], np.float32)
    over = cv2.warpAffine(small, moved, rgb.shape[1::-1])
    rgb[head > 0] = over[head > 0]
    eye = eye_centres(face.mesh)[0]
    hole = np.zeros(head.shape, np.uint8)
    cv2.ellipse(hole, (round(eye[0]), round(eye[1])), (13, 8), 0, 0, 360, (1,), -1)
    placed = placer.place(rgb, hole > 0, finder.find(rgb)).faces
    assert off(matrix_of(placed[0].face), matrix_of(face)) < 0.2
    assert len(placed) == 2


def test_a_doubtful_face_says_why(placer, finder, photo, face) -> None:
    """Of a face nearly all hidden the place is a guess; one that nothing hides is sure."""
    rgb, hole = _covered(photo, face, "mouth", (30, 30, 30))
    placement = placer.place(rgb, hole, finder.find(rgb))
    assert placement.faces[0].confidence >= SURE
    assert placement.doubts((0,)) == ()
    entry = replace(placement.faces[0], confidence=0.6, why=ROUGH)
    doubted = replace(placement, faces=(entry,))
    assert doubted.doubts(()) == ()
    (doubt,) = doubted.doubts((0,))
    assert (doubt.confidence, doubt.why) == (0.6, ROUGH)
    assert off(frame_from_box_of(doubt.frame), matrix_of(face)) < 0.15


def frame_from_box_of(frame: FaceFrame) -> np.ndarray:
    from engine.face.geometry import frame_from_box

    return frame_from_box(frame.x, frame.y, frame.width, frame.height, frame.angle)


def test_a_face_that_is_hidden_whole_is_filled_and_a_head_that_goes_is_not(
    placer, photo, face
) -> None:
    x, y, width, height = face.box
    sizes = {"face": (0.25, 0.1, 0.1), "head": (0.5, 0.8, 0.3)}
    found = {}
    for name, (beside, above, below) in sizes.items():
        hole = np.zeros(photo.rgb8.shape[:2], bool)
        top, bottom = max(0, int(y - above * height)), int(y + (1 + below) * height)
        hole[top:bottom, int(x - beside * width) : int(x + (1 + beside) * width)] = True
        found[name] = placer.place(photo.rgb8, hole, (face,)).faces
    (placed,) = found["face"]
    assert off(matrix_of(placed.face), matrix_of(face)) < 0.4
    assert placed.why  # it is told that little was seen
    assert not found["head"]
