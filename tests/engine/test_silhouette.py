"""Where people end: seen as MediaPipe sees it, going on under holes, and told to the texture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.face.finder import Face
from engine.face.regions import Head, heads_of
from engine.fill.silhouette import SIDE, PersonNetwork, Silhouettes
from engine.fill.sources import no_neck
from engine.fill.steps.texture import EDGE, by_silhouette, edged


@pytest.fixture(scope="module")
def network() -> PersonNetwork:
    return PersonNetwork()


@pytest.fixture(scope="module")
def hopper_face(finder, hopper) -> Face:
    return finder.find(hopper)[0]


def test_a_silhouette_is_that_of_the_package(network, hopper, astronaut) -> None:
    mediapipe = pytest.importorskip("mediapipe", reason="the package is for Python 3.11 and 3.12")
    package = mediapipe.solutions.selfie_segmentation.SelfieSegmentation(model_selection=0)
    for photo in (hopper, astronaut):
        picture = cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        theirs = package.process(picture).segmentation_mask
        assert np.abs(network(picture) - theirs).max() < 1e-3


def test_an_outline_goes_on_under_a_hole(network, hopper, hopper_face) -> None:
    heads = heads_of((hopper_face,), hopper.shape[1::-1])
    nothing = np.zeros(hopper.shape[:2], bool)
    x, y, width, height = (round(v) for v in hopper_face.box)
    window = (x - width // 3, y, width + 2 * (width // 3), 2 * height)
    untouched = Silhouettes(network, hopper, nothing, heads, nothing).over(window)
    assert untouched is not None
    assert 0.3 < (untouched > 0.5).mean() < 0.9  # both are there
    hole = nothing.copy()  # over jaw, neck and what is behind
    hole[y + round(0.6 * height) : y + round(1.15 * height), x + round(0.6 * width) : x + width] = 1
    covered = np.where(hole[..., None], 0, hopper)
    hidden = Silhouettes(network, covered, hole, heads, hole).over(window)
    assert hidden is not None
    inside = hole[window[1] : window[1] + window[3], window[0] : window[0] + window[2]]
    same = (untouched > 0.5) == (hidden > 0.5)
    assert same[inside].mean() > 0.93
    assert same[~inside].mean() > 0.97


def test_far_from_heads_nothing_is_said(network, hopper, hopper_face) -> None:
    heads = heads_of((hopper_face,), hopper.shape[1::-1])
    wide = np.pad(hopper, ((0, 0), (0, 1500), (0, 0)))
    nothing = np.zeros(wide.shape[:2], bool)
    assert Silhouettes(network, wide, nothing, heads, nothing).over((1900, 10, 60, 60)) is None
    assert Silhouettes(network, wide, nothing, (), nothing).over((0, 0, 9, 9)) is None


@pytest.mark.parametrize(("high", "is_told"), [(0.12, True), (0.6, False)])
def test_beside_a_face_in_a_wide_hole_an_outline_is_a_guess(
    network, hopper, hopper_face, high, is_told
) -> None:
    heads = heads_of((hopper_face,), hopper.shape[1::-1])
    x, y, width, height = (round(v) for v in hopper_face.box)
    whole = np.zeros(hopper.shape[:2], bool)
    middle, half = y + height // 2, round(high * height / 2)
    whole[middle - half : middle + half, x - width // 3 : x + width] = True
    rest = whole.copy()
    rest[:, x:] = False  # the face has been painted
    window = (x - width // 3, y, width, height)
    told = Silhouettes(network, hopper, rest, heads, whole).over(window)
    assert (told is not None) == is_told


def under_chin(photo: np.ndarray, head: Head) -> tuple[np.ndarray, int, int, int]:
    """A hole from a face's middle to the photo's bottom, as wide as a scarf; and the chin's place
    and the face's height."""
    assert head.ends is not None
    (x, top), (_, chin) = head.ends.round().astype(int)
    tall = chin - top
    hole = np.zeros(photo.shape[:2], bool)
    hole[chin + 2 :, max(0, x - tall) : x + tall] = True
    return hole, int(x), int(chin), int(tall)


def test_a_hidden_neck_goes_down_from_its_chin(hopper, hopper_face) -> None:
    (head,) = heads_of((hopper_face,), hopper.shape[1::-1])
    hole, x, chin, tall = under_chin(hopper, head)
    whole = hole.copy()
    whole[chin - tall // 3 :, x - tall : x + tall] = True  # its face is painted

    def nobody(_: np.ndarray) -> np.ndarray:
        return np.zeros((SIDE, SIDE), np.float32)

    window = (0, 0, hopper.shape[1], hopper.shape[0])
    told = Silhouettes(nobody, hopper, hole, (head,), whole).over(window)  # type: ignore[arg-type]
    assert told is not None
    row = told[chin + tall // 6]
    assert row[x] > 0.9
    for beside in (x - round(0.6 * tall), x + round(0.6 * tall)):
        assert row[np.clip(beside, 0, len(row) - 1)] < 0.1
    edges = np.flatnonzero(row > 0.5)
    assert 0.5 * tall < np.ptp(edges) < 0.82 * tall


def test_a_neck_is_of_skin(hopper, hopper_face) -> None:
    (head,) = heads_of((hopper_face,), hopper.shape[1::-1])
    hole, x, chin, tall = under_chin(hopper, head)
    window = (0, 0, hopper.shape[1], hopper.shape[0])
    shut = no_neck((head,), hole & head.neck(window), window)
    assert shut is not None
    eye, cheek = (
        hopper_face.mesh[468, :2],
        hopper_face.mesh[[58, 172], :2].mean(0) * 0.9 + 0.1 * hopper_face.mesh[4, :2],
    )
    for (across, down), no_source in ((eye, True), (cheek, False), ((x, chin - 1.2 * tall), True)):
        assert shut[int(max(0, down)), int(across)] == no_source
    assert not shut[chin + tall // 4, x]
    beside = np.zeros_like(hole)
    beside[chin - tall // 2 : chin - tall // 3, x - tall // 2 : x + tall // 2] = True
    assert no_neck((head,), beside, window) is None


def test_each_side_of_a_silhouette_is_taken_from_itself() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:120, :160]
    person = ((x - 60 - 0.4 * y) / 60 + 0.5).clip(0, 1).astype(np.float32)  # a slanting soft edge
    jacket, wall = np.array([40, 60, 150]), np.array([200, 190, 60])
    picture = np.where(person[..., None] > 0.5, jacket, wall) + rng.integers(-9, 10, (120, 160, 1))
    picture = picture.astype(np.uint8)
    hole = np.zeros((120, 160), bool)
    hole[35:85, 20:150] = True
    damaged = picture.copy()
    damaged[hole] = (20, 160, 60)
    filled = by_silhouette(damaged, hole, 0, (None, None), person)
    assert np.array_equal(filled[~hole], damaged[~hole])
    clear = np.abs(x - 60 - 0.4 * y) > 2 * EDGE
    for colour, side in ((jacket, person > 0.5), (wall, person <= 0.5)):
        there = filled[hole & clear & side].astype(int)
        assert np.abs(there - colour).max() <= 20


def test_an_edge_is_as_wide_however_softly_it_was_seen() -> None:
    x = np.arange(400, dtype=np.float32)
    for soft in (20.0, 80.0, 300.0):
        row = ((x - 200) / soft + 0.5).clip(0, 1)
        share = edged(np.repeat(row[None], 9, 0))[4]
        assert 1 <= ((share > 0.02) & (share < 0.98)).sum() <= EDGE + 1
        assert share[190] == 0
        assert share[210] == 1
