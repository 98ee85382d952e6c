"""The modules at work on a photograph: what is on is heard, what is off costs nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from engine.base.errors import MienError
from engine.catalogue.weights import find, load_prior
from engine.face import geometry
from engine.face.frames import matrix_of
from engine.face.parts import part_mask
from engine.fill.networks import load_networks
from engine.fill.steps.crop import crop_of
from engine.fill.steps.expression import look_of
from engine.inpaint import FillOptions, FillRequest
from engine.mask import Mask
from engine.modules.emotion import PUSHES
from engine.modules.guidance import Guidance
from engine.modules.landmarks import nodes_in_hole
from engine.modules.module import Sight
from engine.modules.registry import Wishes
from engine.prior import FacePrior
from engine.prior.knowledge import Knowledge
from engine.readings import EMOTIONS, OFF, DraggedNode

LANDMARKS, EMOTION = "landmarks", "emotion"
HAPPINESS = EMOTIONS.index("happiness")
MOUTH_CORNER = 61


@pytest.fixture(scope="module")
def lower(face, photo) -> Mask:
    return Mask(part_mask(face.mesh, "lower_face", photo.size))


@pytest.fixture(scope="module")
def preview(inpainter, photo, face, lower):
    """The prior's fill of the lower face and its reading, for some options."""

    def solve(**options):
        request = FillRequest(photo, lower, replace(FillOptions(), **options), (face,))
        shown = inpainter.preview(request)
        return shown.patches[0].pixels, shown.readings[0]

    return solve


def different(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def test_each_module_changes_the_fill_and_says_so(preview) -> None:
    off, reading = preview(landmarks=False, emotion=OFF)
    assert reading.modules == ()
    for options, modules in (
        ({"landmarks": True, "emotion": OFF}, (LANDMARKS,)),
        ({"landmarks": False}, (EMOTION,)),
        ({}, (LANDMARKS, EMOTION)),
    ):
        filled, reading = preview(**options)
        assert reading.modules == modules
        assert different(filled, off) > 0.1


def test_a_smile_that_is_asked_for_is_painted(preview) -> None:
    smiling, happy = preview(emotion="happiness")
    sober, neutral = preview(emotion="neutral")
    assert happy.after[HAPPINESS] > neutral.after[HAPPINESS] + 0.3
    assert different(smiling, sober) > 2
    half, _ = preview(emotion="neutral", strength=0.5)
    assert different(half, sober) > 0
    # No strength at all asks for nothing.
    nothing = preview(emotion="neutral", strength=0.0)[0]
    assert different(nothing, preview(emotion=OFF)[0]) < 0.01


class Scripted:
    """An emotion network that says what it is told to of each push."""

    def __init__(self, *likely: float) -> None:
        self.likely = list(likely)

    def read(self, crops: torch.Tensor, hole: torch.Tensor | None = None) -> torch.Tensor:
        happiness = self.likely.pop(0)
        read = torch.full((1, len(EMOTIONS)), (1 - happiness) / (len(EMOTIONS) - 1))
        read[:, HAPPINESS] = happiness
        return read


def test_an_expression_is_pushed_no_further_than_needed(monkeypatch) -> None:
    tensors = load_prior(find("prior"))
    prior, knowledge = FacePrior(tensors), Knowledge.of(tensors)
    crop, hole = torch.zeros(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)
    hole[..., 40:52, 20:44] = 1
    posterior = prior.posterior(crop, hole)
    z, climbs = posterior.mean, []

    def climbed(start: torch.Tensor, *_: object) -> torch.Tensor:
        climbs.append(1)
        return start

    monkeypatch.setattr("engine.prior.climb.climbed", climbed)

    def pushed(*likely: float, strength: float = 1.0) -> float:
        networks = {EMOTION: Scripted(0.0, *likely)}  # first of the face as it was solved
        sight = Sight(crop, hole, networks=networks, knowledge=knowledge)
        guidance = Guidance(sight, Wishes(emotion="happiness", strength=strength))
        show = partial(look_of, prior, z, crop=crop, hole=hole)
        return float((guidance.changed(z, posterior, prior, show).z - z).norm())

    once = pushed(0.9) / PUSHES[0]
    assert pushed(0.2, 0.9) == pytest.approx(once * PUSHES[1], rel=1e-3)
    assert pushed(0.1, 0.2, 0.9) == pytest.approx(once * PUSHES[2], rel=1e-3)
    assert pushed(0.2, 0.9, strength=0.5) == pytest.approx(once * PUSHES[1] / 2, rel=1e-3)
    assert not climbs
    # What no push makes clear goes on from where it was read best.
    assert pushed(0.1, 0.4, 0.2, 0.2, 0.1) == pytest.approx(once * PUSHES[1], rel=1e-3)
    assert len(climbs) == 1


def test_variants_differ_and_repeat(preview) -> None:
    best, one, two = (preview(variant=number)[0] for number in (0, 1, 2))
    assert different(one, best) > 0.3
    assert different(one, two) > 0.3
    assert np.array_equal(one, preview(variant=1)[0])
    assert not np.array_equal(one, preview(variant=1, seed=5)[0])


def test_a_dragged_node_takes_the_fill_along(preview, face) -> None:
    still, before = preview()
    assert before.hidden[MOUTH_CORNER]
    x, y = before.mesh[MOUTH_CORNER] + (-0.02 * face.box[2], 0.02 * face.box[3])
    moved, after = preview(nodes=(DraggedNode(0, MOUTH_CORNER, float(x), float(y)),))
    assert after.mesh[MOUTH_CORNER] == pytest.approx([x, y], abs=0.5)
    assert np.array_equal(after.mesh[~after.hidden], before.mesh[~before.hidden])
    assert different(moved, still) > 0.3
    ignored, _ = preview(landmarks=False, nodes=(DraggedNode(0, MOUTH_CORNER, float(x), float(y)),))
    assert different(ignored, preview(landmarks=False)[0]) < 0.01


def test_a_node_dragged_to_where_it_is_is_not_dragged(face, photo, lower) -> None:
    networks = load_networks("prior", "cpu")
    frame = matrix_of(face)
    crop, hole = crop_of(photo, lower.hole, frame, 128)
    mesh = geometry.transform(frame, face.mesh)
    plain = networks.look(crop, hole, mesh, Wishes())
    assert plain.sight.told is not None
    x, y = plain.sight.told[0, MOUTH_CORNER].tolist()
    same = networks.look(crop, hole, mesh, Wishes(), moved=((MOUTH_CORNER, x, y),))
    assert not same.changes
    assert torch.equal(same.sight.told, plain.sight.told)
    said = [g.conditions["landmark"].values[0] for g in (same, plain)]
    assert torch.equal(*said)
    moved = networks.look(crop, hole, mesh, Wishes(), moved=((MOUTH_CORNER, x + 0.01, y),))
    assert moved.changes
    # The face is solved as it is, whatever is dragged.
    assert torch.equal(moved.observations[0].values, plain.observations[0].values)


def test_a_node_dragged_out_of_the_face_stops_where_faces_end(preview, face) -> None:
    _, before = preview()
    x, y = before.mesh[MOUTH_CORNER]
    far = DraggedNode(0, MOUTH_CORNER, float(x - 0.5 * face.box[2]), float(y))
    _, after = preview(nodes=(far,))
    went = before.mesh[MOUTH_CORNER][0] - after.mesh[MOUTH_CORNER][0]
    assert 0.01 * face.box[2] < went < 0.2 * face.box[2]
    further = replace(far, x=far.x - face.box[2])
    assert preview(nodes=(further,))[1].mesh == pytest.approx(after.mesh, abs=0.1)


def test_a_face_that_nothing_is_filled_of_is_read_too(inpainter, photo, face) -> None:
    nothing = Mask.empty(photo.size)
    shown = inpainter.preview(FillRequest(photo, nothing, faces=(face,)))
    assert shown.patches == ()
    (reading,) = shown.readings
    assert reading.after is None
    assert reading.before[HAPPINESS] > 0.5  # she smiles
    assert not reading.hidden.any()
    assert np.abs(reading.mesh - face.mesh).max() < 0.01


def test_the_generator_hears_the_modules_as_well(inpainter, photo, face, lower) -> None:
    networks = inpainter.fill(FillRequest(photo, lower, faces=(face,)))
    (reading,) = networks.readings
    told = networks.as_dict()["readings"][0]
    assert told["modules"] == [LANDMARKS, EMOTION]
    assert 0 <= told["landmark_shift"] < 0.5
    assert told["emotion"]["before"].keys() == set(EMOTIONS)
    assert sum(reading.after) == pytest.approx(1, abs=1e-3)


def test_options_that_are_none_are_refused() -> None:
    with pytest.raises(MienError, match="joy"):
        FillOptions(emotion="joy")
    with pytest.raises(MienError, match="strength"):
        FillOptions(strength=3)


def test_nodes_in_a_hole() -> None:
    hole = torch.zeros(1, 1, 8, 8)
    hole[..., 4:, :] = 1
    nodes = torch.tensor([[[0.1, 0.2], [0.9, 0.51], [0.5, 1.4], [-3.0, 0.1]]])
    assert nodes_in_hole(nodes, hole).tolist() == [[0, 1, 1, 0]]
