"""A hole that fits the blemish under the pointer."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.mask.spot import spot_at

SKINS = ((246, 215, 195), (198, 134, 66), (59, 34, 25))


def skin(colour: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """Skin in light that falls off across it, with a sensor's grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:90, :90]
    light = 0.86 + 0.002 * x - 0.001 * y
    shade = np.array(colour) * light[..., None] + rng.normal(0, 2.0, (90, 90, 1))
    return np.clip(shade, 0, 255).astype(np.uint8)


def hole_of(pixels: np.ndarray, at: tuple[float, float], radius: float) -> np.ndarray:
    (left, top), part = spot_at(pixels, at, radius)
    hole = np.zeros(pixels.shape[:2], bool)
    hole[top : top + part.shape[0], left : left + part.shape[1]] = part > 0
    return hole


@pytest.mark.parametrize("colour", SKINS)
@pytest.mark.parametrize("seed", range(3))
def test_the_hole_fits_the_blemish(colour, seed: int) -> None:
    pixels = skin(colour, seed)
    spot = np.zeros((90, 90), np.uint8)
    cv2.ellipse(spot, (46, 42), (6, 4), 20, 0, 360, 1, -1)
    pixels[spot > 0] = (pixels[spot > 0] * (0.72, 0.5, 0.5)).astype(np.uint8)
    hole = hole_of(pixels, (44, 43), 18)
    assert hole[spot > 0].all()
    assert hole.sum() < 4 * spot.sum()  # and not the whole disc, which is nine times as large


def test_a_spot_beside_it_stays() -> None:
    pixels = skin(SKINS[0])
    cv2.circle(pixels, (40, 45), 3, (120, 60, 50), -1)
    cv2.circle(pixels, (54, 45), 3, (120, 60, 50), -1)
    hole = hole_of(pixels, (40, 45), 20)
    assert hole[45, 40]
    assert not hole[45, 54]


def test_where_nothing_stands_out_the_disc_is_meant() -> None:
    hole = hole_of(skin(SKINS[1]), (45, 45), 12)
    assert hole.sum() == pytest.approx(np.pi * 12**2, rel=0.06)


def test_at_the_photos_border_and_larger_than_it() -> None:
    pixels = skin(SKINS[0])
    pixels[:5, :5] = (100, 40, 40)
    assert hole_of(pixels, (2, 2), 10)[:5, :5].all()
    assert hole_of(pixels[:6, :6], (3, 3), 40).all()
