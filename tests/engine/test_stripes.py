"""Light in stripes: seen, taken away, and cast on the fill again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.face.parts import part_mask
from engine.inpaint import FillRequest
from engine.mask import Mask
from engine.photo import photo_from_array
from engine.photo.stripes import STEP, stripes_of

DARK = 0.5  # of the brightness that is kept in a shadow
ANGLE = 70.0


def blinds(picture: np.ndarray, angle: float = ANGLE, period: float = 70.0) -> np.ndarray:
    """A picture in light that falls through blinds: how bright it is, h x w x 1."""
    ys, xs = np.mgrid[: picture.shape[0], : picture.shape[1]]
    along = xs * np.cos(np.deg2rad(angle)) + ys * np.sin(np.deg2rad(angle))
    lit = (np.sin(along * 2 * np.pi / period) > 0).astype(np.float32)
    return (DARK + (1 - DARK) * cv2.GaussianBlur(lit, (0, 0), 1.5))[..., None]


@pytest.fixture(scope="module")
def portrait(astronaut) -> np.ndarray:
    return cv2.resize(astronaut[:260, 110:340], None, fx=2.5, fy=2.5, interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def mouth(inpainter, portrait) -> np.ndarray:
    mesh = inpainter.find_faces(photo_from_array(portrait))[0].mesh
    return part_mask(mesh, "mouth", portrait.shape[1::-1])


@pytest.fixture(scope="module")
def striped(portrait) -> np.ndarray:
    return (portrait * blinds(portrait)).astype(np.uint8)


def test_stripes_of_light_are_seen_around_what_hides_them(portrait, striped, mouth) -> None:
    hole = mouth > 0
    covered = striped.copy()
    covered[hole] = (10, 200, 10)
    found = stripes_of(covered, hole)
    assert found is not None
    told = np.rad2deg(np.arctan2(found.across[1], found.across[0]))
    assert told == pytest.approx(ANGLE, abs=0.8)
    ys, xs = np.nonzero(hole)
    box = (int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1)
    true = blinds(portrait)[box[1] : box[1] + box[3], box[0] : box[0] + box[2]]
    light = found.light(box)
    # How bright the brightest is nobody can tell.
    assert np.abs(light / np.median(light / true) - true).mean() < 0.06
    assert np.corrcoef(light[..., 1].ravel(), true[..., 0].ravel())[0, 1] > 0.95
    deep = stripes_of(covered.astype(np.uint16) * 257, hole)
    assert deep is not None
    np.testing.assert_allclose(deep.profile, found.profile, atol=0.01)


def test_even_light_is_left_alone(portrait, mouth) -> None:
    hole = mouth > 0
    ys, xs = np.mgrid[: portrait.shape[0], : portrait.shape[1]]
    slow = (portrait * (0.3 + 0.7 * xs / xs.max())[..., None]).astype(np.uint8)
    half = portrait.copy()  # the edge of one shadow is no row of stripes
    half[:, xs[0] > xs.max() * 0.5] //= 2
    curved = np.hypot(xs - 300, ys - 900)
    rings = (portrait * (0.75 + 0.25 * np.sign(np.sin(curved / 11)))[..., None]).astype(np.uint8)
    faint = (portrait * (1 - 0.1 * (1 - blinds(portrait)) / (1 - DARK))).astype(np.uint8)
    wall = np.where(
        (xs < 120)[..., None] | (xs > 440)[..., None], portrait * blinds(portrait), portrait
    )
    wall = wall.astype(np.uint8)  # stripes of its own, and none of the face before it
    for picture in (wall, portrait, slow, half, rings, faint, np.full_like(portrait, 90)):
        assert stripes_of(picture, hole) is None
    assert stripes_of(portrait, np.zeros_like(hole)) is None
    dot = np.zeros_like(hole)
    dot[300:310, 200:210] = True
    assert stripes_of(portrait, dot) is None


def test_what_is_evened_is_striped_again(striped, mouth) -> None:
    found = stripes_of(striped, mouth > 0)
    assert found is not None
    assert np.ptp(found.profile, 0).min() > STEP
    even = found.evened(striped)
    ys, xs = np.nonzero(mouth)
    box = np.s_[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    again = found.kept(even[box], (int(xs.min()), int(ys.min())))
    assert np.abs(again.astype(int) - striped[box]).mean() < 2
    clear = np.dstack([striped, np.full(striped.shape[:2], 77, np.uint8)])
    assert (found.evened(clear)[..., 3] == 77).all()


def test_shadows_go_on_across_a_mouth(inpainter, striped, mouth) -> None:
    photo, hole = photo_from_array(striped), mouth > 0
    out = photo.apply(*inpainter.fill(FillRequest(photo, Mask(mouth))).patches).pixels
    assert np.array_equal(out[~hole], striped[~hole])
    dark = blinds(striped)[..., 0] < DARK + 0.1
    bright = blinds(striped)[..., 0] > 0.95
    light = out.astype(np.float32).mean(2)
    true = striped.astype(np.float32).mean(2)
    ours, theirs = (p[hole & dark].mean() / p[hole & bright].mean() for p in (light, true))
    assert ours == pytest.approx(theirs, rel=0.15)
    assert np.abs(light - true)[hole].mean() < 20
