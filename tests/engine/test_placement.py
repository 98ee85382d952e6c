"""Faces under holes: found, located, framed, or left alone, by visible pixels only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.face.candidates import Candidate, agreed
from engine.face.finder import FaceFrame
from engine.face.frames import box_frame, matrix_of
from engine.face.geometry import compose, frame_from_mesh
from engine.face.locator import Located, off
from engine.face.mesh import eye_centres
from engine.face.neighbourhood import groups, view_of
from engine.face.parts import part_mask
from engine.face.placement import (
    CREDIBLE,
    FOUND,
    FRAMED,
    LOCATED,
    SLIGHT,
    FacePlacer,
    hidden_share,
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


def test_candidates_that_agree_are_averaged_and_others_have_no_say(finder, face) -> None:
    apart = float(np.linalg.norm(np.subtract(*eye_centres(face.mesh))))

    def candidate(shift: float, score: float) -> Candidate:
        mesh = face.mesh + np.array([shift * apart, 0])
        return Candidate(frame_from_mesh(mesh), mesh, LOCATED, 1.0, score)

    told = [
        candidate(0.03, 2.0),
        candidate(-0.03, 1.6),
        candidate(1.0, 1.9),  # elsewhere
        candidate(0.02, 0.5),  # beside, and thought little of
    ]

    class Told(FacePlacer):
        def _judged(self, view, how, frame) -> Candidate:
            return told[int(frame[0, 2])]

    starts = [(LOCATED, np.array([[1.0, 0, number], [0, 1, 0]])) for number in range(4)]
    nowhere: Any = None
    best = Told(finder)._best(nowhere, starts, [])
    assert best is not None
    assert best.score == 2.0
    assert off(best.frame, matrix_of(face)) < 0.001
    assert np.abs(best.mesh - face.mesh).max() < 0.01


def test_detectors_and_locator_are_two_witnesses_of_a_face(finder, face) -> None:
    apart = float(np.linalg.norm(np.subtract(*eye_centres(face.mesh))))

    def surest(*told: tuple[str, float]) -> float:
        candidates = []
        for how, shift in told:
            mesh = face.mesh + np.array([shift * apart, 0])
            candidates.append(Candidate(frame_from_mesh(mesh), mesh, how, 0.5, -shift))
        return agreed(candidates[0], candidates).confidence

    assert surest((LOCATED, 0.0)) == 0.5
    assert surest((LOCATED, 0.0), (FOUND, 0.05)) == 0.75
    assert surest((LOCATED, 0.0), (LOCATED, 0.05)) == 0.5  # the same witness twice
    assert surest((LOCATED, 0.0), (FOUND, 0.4)) == 0.5  # another face


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
    # A face that the detectors are sure of is one, and stays the only person there.
    certain = replace(hair, score=0.95)
    assert [one.face for one in placer.place(rgb, hole, (certain,)).faces] == [certain]


def test_what_looks_clearly_like_a_face_may_lie_a_little_less_surely(
    placer, monkeypatch, photo, face
) -> None:
    hole = part_mask(face.mesh, "eyes", photo.size) > 0
    view = view_of(photo.rgb8, hole, (face.box,))
    frame = compose(matrix_of(face), view.to_photo)

    def confidence(presence: float, error: float) -> float:
        told = Located(frame, presence, error)
        monkeypatch.setattr("engine.face.locator.locate", lambda *_: told)
        return placer._judged(view, LOCATED, frame).confidence

    assert confidence(0.98, 0.1) > CREDIBLE
    assert confidence(0.98, 0.17) < CREDIBLE
    assert confidence(0.995, 0.17) > CREDIBLE
    assert confidence(0.995, 0.25) < CREDIBLE


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
