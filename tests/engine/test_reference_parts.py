"""The parts of a reference's way: laid over, lit, believed, bent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.face import geometry
from engine.face.finder import Face
from engine.face.frames import matrix_of
from engine.face.lids import opening
from engine.face.mesh import INNER_LIPS, LIPS, NODES, inter_ocular
from engine.face.regions import Matte, outlined, without
from engine.reference.alignment import OWN, Laid, corrected, enough, similar
from engine.reference.beyond import beside_both, beyond
from engine.reference.light import coarse, relighting, relit, unlike
from engine.reference.likeness import SAME, same_person
from engine.reference.sharpness import as_sharp
from engine.reference.trust import region_shares, trusted


@pytest.fixture(scope="module")
def nodes(face: Face) -> np.ndarray:
    """The astronaut's mesh in crop units."""
    assert face.mesh is not None
    return geometry.transform(matrix_of(face), face.mesh[:, :2].astype(np.float64))


def laid(nodes: np.ndarray, off: float = 0.01, unknown: np.ndarray | None = None) -> Laid:
    still = np.zeros_like(nodes) if unknown is None else unknown
    nothing = np.zeros((8, 8, 3), np.float32)
    return Laid(None, 0, np.eye(2, 3), nodes, off, still, nothing, nothing[..., 0] > 0)  # type: ignore[arg-type]


def test_points_that_disagree_have_no_say() -> None:
    rng = np.random.default_rng(0)
    source = rng.uniform(0, 100, (200, 2))
    truth = np.array([[1.2, -0.3, 5.0], [0.3, 1.2, -7.0]])
    target = geometry.transform(truth, source) + rng.normal(0, 0.05, source.shape)
    target[:40] += (9, -14)  # a fifth is elsewhere: a raised brow
    move, _ = similar(source, target)
    assert np.abs(geometry.transform(move, source) - geometry.transform(truth, source)).max() < 0.2
    plain = geometry.similarity(source, target)
    assert np.abs(geometry.transform(plain, source) - geometry.transform(truth, source)).max() > 2


def test_what_the_network_does_not_know_of_a_person_is_added(nodes: np.ndarray) -> None:
    chin = np.zeros_like(nodes)
    chin[152] = (0, 0.05)
    found = corrected(nodes, [laid(nodes, unknown=chin)])
    assert found[152, 1] - nodes[152, 1] == pytest.approx(OWN * 0.05)
    assert np.array_equal(np.delete(found, 152, 0), np.delete(nodes, 152, 0))
    # One that lies better has more say: nearly all of it.
    two = corrected(nodes, [laid(nodes, 0.1), laid(nodes, 0.003, chin)])
    assert two[152, 1] - nodes[152, 1] > 0.95 * OWN * 0.05
    assert corrected(nodes, []) is nodes


def test_few_nodes_lay_nothing() -> None:
    seen = np.zeros(NODES, bool)
    assert not enough(seen)
    seen[:100] = True
    assert enough(seen)


def test_light_is_the_ratio_of_both_and_goes_on_into_the_hole() -> None:
    rng = np.random.default_rng(1)
    face = rng.uniform(0.3, 0.7, (128, 128, 3)).astype(np.float32)
    slope = np.linspace(0.6, 1.1, 128, dtype=np.float32)[None, :, None] * np.array([1, 0.9, 0.8])
    target = face * slope
    seen = np.ones((128, 128), np.float32)
    seen[48:80, 48:80] = 0
    target[48:80, 48:80] = (0, 1, 0)  # what hides it is not looked at
    light = relighting(target, face, seen)
    hidden = np.s_[48:80, 48:80]
    assert np.abs(relit(face, light)[hidden] - (face * slope)[hidden]).mean() < 0.02
    assert np.array_equal(relighting(target, face, np.zeros((128, 128))), np.ones_like(face))


def test_closed_lips_are_not_believed_of_an_open_mouth(nodes: np.ndarray) -> None:
    closed = nodes.copy()
    middle = nodes[list(INNER_LIPS), 1].mean()
    closed[list(INNER_LIPS), 1] = middle
    assert opening(nodes, (13, 14)) - opening(closed, (13, 14)) > 0.12  # the astronaut laughs
    x, y = (nodes[[13, 14]].mean(0) * 256).astype(int)
    forehead = (nodes[151] * 256).astype(int)
    for shown, wanted in ((closed, nodes), (nodes, closed)):
        trust = trusted(shown, wanted, 1.0)
        assert trust[y, x] < 0.02
        assert trust[forehead[1], forehead[0]] == 1
    assert trusted(nodes, nodes, 1.0).min() == 1
    assert trusted(nodes, nodes, 0.2).max() == 0  # far too small
    assert 0 < trusted(nodes, nodes, 0.35)[0, 0] < 1


def test_lips_may_be_closed_further_than_they_may_be_opened(nodes: np.ndarray) -> None:
    middle = nodes[list(INNER_LIPS), 1].mean()
    less = nodes.copy()
    unit = inter_ocular(nodes)
    less[14, 1] -= 0.06 * unit
    assert opening(nodes, (13, 14)) - opening(less, (13, 14)) == pytest.approx(0.06, abs=0.01)
    x, y = int(nodes[13, 0] * 256), int(middle * 256)
    assert trusted(nodes, less, 1.0)[y, x] == 1
    assert trusted(less, nodes, 1.0)[y, x] < 0.02


def test_half_a_smile_does_not_go_on_in_another_mouth(nodes: np.ndarray) -> None:
    lips = list(LIPS)
    other = nodes.copy()
    other[lips, 1] += 0.08 * inter_ocular(nodes)
    x, y = (nodes[[13, 14]].mean(0) * 256).astype(int)
    seen = np.zeros(NODES, bool)
    assert trusted(other, nodes, 1.0, seen)[y, x] == 1  # nothing of it is seen
    seen[lips[::2]] = True
    assert trusted(other, nodes, 1.0, seen)[y, x] < 0.02
    assert trusted(nodes, nodes, 1.0, seen)[y, x] == 1


def test_regions_share_a_face_out(nodes: np.ndarray) -> None:
    shares = region_shares(nodes)
    assert np.abs(np.sum(list(shares.values()), 0) - 1).max() < 1e-5
    for region, node in (("eyes", 468), ("brows", 105), ("nose", 4), ("mouth", 13), ("skin", 50)):
        x, y = (nodes[node] * 256).astype(int)
        assert max(shares, key=lambda name: shares[name][y, x]) == region


def test_who_is_alike_enough_is_the_person() -> None:
    assert same_person([]) == []
    assert same_person([SAME, SAME - 0.01]) == [True, False]


def test_light_from_elsewhere_is_told_from_a_lamp_that_is_brighter() -> None:
    rng = np.random.default_rng(2)
    face = rng.uniform(0.2, 0.6, (64, 64, 3)).astype(np.float32)
    seen = np.ones((64, 64), np.float32)
    seen[40:] = 0
    assert unlike(relighting(face, face * 0.5, seen), seen) == 0
    across = np.exp(np.linspace(-0.6, 0.6, 64, dtype=np.float32))[None, :, None]
    assert unlike(relighting(face * across, face, seen), seen) == 1
    assert unlike(np.ones_like(face), np.zeros_like(seen)) == 0


def test_what_is_coarse_of_a_part_is_told_by_that_part_alone() -> None:
    pixels = np.full((40, 40, 3), 9, np.float32)
    where = np.zeros((40, 40), bool)
    where[10:30, 10:30] = True
    pixels[where] = 2 + np.random.default_rng(1).normal(0, 1, (400, 3)).astype(np.float32)
    calm = coarse(pixels, where, 6.0)
    assert np.abs(calm[where] - 2).max() < 0.3
    assert not calm[~where].any()


def test_what_is_brought_gets_the_grain_of_the_photo() -> None:
    rng = np.random.default_rng(4)
    grain = rng.normal(0, 0.02, (80, 90, 3)).astype(np.float32)
    ours, theirs = 0.5 + grain, 0.4 + 0.7 * grain[::-1]
    both = np.zeros((80, 90), bool)
    both[:, :60] = True
    made = as_sharp(theirs, ours, both)
    fine = [float(np.abs(np.diff(one, axis=1)).mean()) for one in (ours, theirs, made)]
    assert fine[1] / fine[0] == pytest.approx(0.7, abs=0.03)
    assert fine[2] / fine[0] == pytest.approx(1, abs=0.04)
    assert float(made.mean()) == pytest.approx(float(theirs.mean()), abs=1e-4)
    # A lash that only one shows changes nothing, and of too little nothing is told.
    ours[40:44, 20:40] = 0
    assert np.abs(as_sharp(theirs, ours, both) - made).max() < 0.01
    both[:, 20:] = False
    both[20:] = False
    assert np.array_equal(as_sharp(theirs, ours, both), theirs)


def test_a_wall_beside_a_jaw_that_ends_early_is_no_face(nodes: np.ndarray) -> None:
    side, frame, box = 256, np.array([[1 / 256, 0, 0], [0, 1 / 256, 0]]), (0, 0, 256, 256)
    narrow = nodes.copy()
    narrow[:, 0] = nodes[:, 0].mean() + 0.93 * (nodes[:, 0] - nodes[:, 0].mean())
    mesh, true = (outlined(one, side) > 127 for one in (nodes, narrow))
    skin, wall = np.array([0.7, 0.5, 0.4]), np.array([0.9, 0.92, 0.92])

    def told(background: np.ndarray) -> np.ndarray:
        shown = np.where(true[..., None], skin, background).astype(np.float32)
        shown += np.random.default_rng(0).normal(0, 0.01, shown.shape).astype(np.float32)
        one = replace(laid(nodes), crop=shown, hidden=np.zeros((side, side), bool))
        assert beside_both(one, nodes, one.hidden)[mesh].max() == 0
        assert beside_both(one, nodes, one.hidden)[5, 5] == 1
        return beyond(one, shown, frame, box)

    share = told(wall)
    # Above, the hull is wide and flat; where the sides of the jaw are, the strip is all wall.
    strip = mesh & ~true
    strip[: side // 2] = strip[round(0.75 * side) :] = False
    assert strip.sum() > 200
    assert share[strip].mean() > 0.95
    assert share[true].mean() < 0.01
    # A wall of the colour of skin tells nothing.
    assert told(skin + 0.03)[strip].max() == 0
    left = without(Matte(np.ones((64, 64), np.float32), frame), share, box)
    assert left.values[32, 32] > 0.99
    assert left.values[2, 2] < 0.01
