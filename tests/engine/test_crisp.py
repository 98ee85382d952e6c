"""Hidden eyes as crisp as the face: raised beside a sharp face, left as they are beside others."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.detail.crisp import MOST, OCTAVES, EyesOfMean, crisper
from engine.detail.mean_view import SIDE
from engine.detail.network import CELL, DetailNetwork
from engine.detail.paint import painted, spun
from engine.prior.warp import MeanShape


@pytest.fixture(scope="module")
def eyes(shape: MeanShape) -> EyesOfMean:
    return EyesOfMean(shape.points[: shape.face])


def nothing() -> DetailNetwork:
    return DetailNetwork().eval().requires_grad_(False)


def woven() -> DetailNetwork:
    """A network that adds stripes as wide as half a cell."""
    network = nothing()
    assert network.last.bias is not None
    stripes = np.where(np.arange(CELL) < CELL // 2, 0.1, -0.1)
    network.last.bias.copy_(network.last.bias.new_tensor(np.tile(stripes, 3 * CELL)))
    return network


def noisy(strengths: tuple[float, ...], seed: int = 0) -> np.ndarray:
    """Octaves so strong, from the finest on, SIDE x SIDE x 3 uint8, grey."""
    dice, picture = np.random.default_rng(seed), np.full((SIDE, SIDE), 120.0, np.float32)
    for number, strength in enumerate(strengths):
        noise = dice.standard_normal((SIDE, SIDE)).astype(np.float32)
        sigmas = (0, *OCTAVES)[number], OCTAVES[number]
        fine, coarse = (cv2.GaussianBlur(noise, (0, 0), s) if s else noise for s in sigmas)
        picture += strength * (fine - coarse) / (fine - coarse).std()
    return np.repeat(picture.clip(0, 255).astype(np.uint8)[..., None], 3, 2)


def photo_of(eyes: EyesOfMean, beside: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(a picture whose hidden eyes lack fine octaves, beside them another picture; its hole; what
    is seen)."""
    hole = eyes.eyes > 0.01
    hole = cv2.dilate(hole.astype(np.uint8), np.ones((31, 31), np.uint8)) > 0
    picture = np.where(hole[..., None], noisy((2.0, 3.0, 6.0)), beside)
    return picture, hole, ~hole


def finest(picture: np.ndarray, where: np.ndarray) -> float:
    light = picture[..., 0].astype(np.float32)
    band = light - cv2.GaussianBlur(light, (0, 0), OCTAVES[0])
    return float(np.sqrt(np.square(band[where]).mean()))


def test_without_a_lattice_stripes_of_the_cells_are_gone_where_it_is_asked_for() -> None:
    picture = np.full((SIDE, SIDE, 3), 100, np.uint8)
    hole, where = np.zeros((SIDE, SIDE), bool), np.zeros((SIDE, SIDE), bool)
    hole[200:300, 301:399] = True
    where[220:260, 320:361] = True
    striped, clean = (
        f(woven(), picture, hole, *more) - 100.0 for f, more in ((painted, ()), (spun, ([where],)))
    )
    assert np.allclose(np.abs(striped[hole]), 12.75, atol=0.01)
    assert np.abs(clean).max() < 0.01
    assert not clean[~where].any()


def test_what_every_cell_has_alike_is_painted_the_same_without_the_lattice() -> None:
    network = nothing()
    assert network.last.bias is not None
    network.last.bias.fill_(0.1)
    picture = noisy((3.0, 4.0, 5.0))
    hole = np.zeros((SIDE, SIDE), bool)
    hole[301:359, 402:483] = True
    out = spun(network, picture, hole, [hole])
    assert np.allclose(out, painted(network, picture, hole), atol=1e-3)


def test_eyes_are_raised_beside_a_sharp_face_and_nothing_else_is(eyes: EyesOfMean) -> None:
    picture, hole, seen = photo_of(eyes, noisy((9.0, 12.0, 14.0)))
    none = np.zeros(picture.shape, np.float32)
    change = crisper(nothing(), picture, none, hole, seen, eyes, 1.0)
    core = (eyes.eyes > 0.99) & (np.maximum.reduce(eyes.irises) < 0.01)
    ratio = finest(picture + change, core) / finest(picture, core)
    assert ratio == pytest.approx(MOST, abs=0.1)
    assert np.abs(change[eyes.eyes == 0]).max() == 0
    assert np.abs(change[~hole]).max() == 0
    assert np.ptp(change, axis=2).max() < 1e-4  # of light alone


@pytest.mark.parametrize(
    ("strengths", "blur", "finer"),
    [
        ((9.0, 12.0, 14.0), 1.5, 1.0),  # a soft photo
        ((0.7, 0.9, 1.1), 0.0, 1.0),  # skin so smooth that eyes stand out already
        ((9.0, 12.0, 14.0), 0.0, 1.8),  # a face whose finest octaves the view does not hold
    ],
)
def test_eyes_stay_as_they_are(
    eyes: EyesOfMean, strengths: tuple[float, ...], blur: float, finer: float
) -> None:
    beside = noisy(strengths)
    beside = cv2.GaussianBlur(beside, (0, 0), blur) if blur else beside
    picture, hole, seen = photo_of(eyes, beside)
    change = np.zeros(picture.shape, np.float32)
    assert not crisper(nothing(), picture, change, hole, seen, eyes, finer).any()
    assert not crisper(nothing(), picture, change, hole, hole & ~hole, eyes, 1.0).any()
