"""The locator's geometry, and that hidden pixels have no say in it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.catalogue.weights import load
from engine.face import geometry
from engine.face.locator import (
    Locator,
    absolute,
    anchor_of_box,
    anchor_of_frame,
    locate,
    look,
    off,
    points_of,
    relative,
)


def _frame(x: float, y: float, side: float, degrees: float) -> np.ndarray:
    return geometry.frame_from_box(x, y, side, side, degrees)


@pytest.mark.parametrize("degrees", [0.0, 17.0, -60.0])
def test_an_answer_and_its_frame_are_inverse(degrees) -> None:
    frame, anchor = _frame(40, 60, 90, degrees), anchor_of_box(50, 80, 60, 20)
    assert absolute(relative(frame, anchor), anchor) == pytest.approx(frame)
    own = relative(frame, anchor_of_frame(frame))
    assert own == pytest.approx([0, 0, np.log(1 / 0.6), 0], abs=1e-9)


def test_the_points_of_an_answer_are_the_frames_eyes_and_mouth() -> None:
    frame, anchor = _frame(40, 60, 90, 12), anchor_of_box(50, 80, 60, 20)
    answer = torch.from_numpy(np.append(relative(frame, anchor), [0, 0]))[None]
    places = np.array([geometry.LEFT_EYE, geometry.RIGHT_EYE, geometry.MOUTH])
    wanted = geometry.transform(anchor, geometry.transform(geometry.invert(frame), places))
    assert points_of(answer)[0].numpy() == pytest.approx(wanted)


def test_off_counts_in_inter_ocular_distances() -> None:
    frame = _frame(0, 0, 77, 0)
    eyes = (geometry.RIGHT_EYE[0] - geometry.LEFT_EYE[0]) * geometry.frame_side(frame)
    shift = np.array([[1, 0, 0.5 * eyes], [0, 1, 0]])
    moved = geometry.compose(frame, geometry.invert(shift))
    assert off(frame, frame) == 0
    assert off(moved, frame) == pytest.approx(0.5)


def test_hidden_pixels_have_no_say(astronaut) -> None:
    hole = np.zeros(astronaut.shape[:2], bool)
    hole[80:200, 150:260] = True
    other = astronaut.copy()
    other[hole] = np.random.default_rng(0).integers(0, 256, (hole.sum(), 3))
    anchor = anchor_of_box(150, 80, 110, 120)
    # A window's pixel is hidden where the hole had any part in it; a photo coarser than the window
    # mixes two pixels beyond the hole's border in, so the comparison is of a finer one.
    windows = [look(p, hole, anchor) for p in (astronaut, other)]
    inside = windows[0][:, 3] > 0
    assert torch.equal(windows[0][:, 3:], windows[1][:, 3:])
    apart = (windows[0] - windows[1]).abs()[:, :3].amax(1)
    assert float(apart.max()) < 0.05
    assert inside.any()


def test_an_untrained_locator_answers_the_anchor(astronaut) -> None:
    torch.manual_seed(0)
    network = Locator().eval()
    found = locate(network, astronaut, np.zeros((512, 512), bool), anchor_of_box(100, 100, 60, 60))
    assert found.confidence == pytest.approx(0.5)
    assert geometry.transform(found.frame, np.array([[130.0, 130.0]]))[0] == pytest.approx(
        [0.5, 0.5]
    )


def test_the_installed_locator_is_small() -> None:
    network = load("locator", Locator)
    assert network is not None
    assert sum(p.numel() for p in network.parameters()) <= 1_500_000
