"""A mask that ends where the thing ends is grown over the thing's rim; others are left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.mask import Mask
from engine.mask.grow import auto_grow


def blob(shape: tuple[int, int], *ellipses: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    for x, y, rx, ry in ellipses:
        cv2.ellipse(mask, (x, y), (rx, ry), 0, 0, 360, 255, -1)
    return mask


def with_thing(picture: np.ndarray, thing: np.ndarray, blur: float, colour: int = 15) -> np.ndarray:
    weight = cv2.GaussianBlur(thing, (0, 0), blur)[..., None] / 255
    return (picture * (1 - weight) + colour * weight).astype(np.uint8)


@pytest.mark.parametrize("blur", [1.0, 1.5, 2.5])
def test_glasses_are_covered_whole(astronaut: np.ndarray, blur: float) -> None:
    # Over the face, where the surroundings are anything but even.
    glasses = blob(astronaut.shape[:2], (205, 105, 26, 20), (250, 105, 26, 20))
    rgb = with_thing(astronaut, glasses, blur)
    grown, by = auto_grow(rgb, Mask(glasses))
    assert blur <= by <= 3 * blur + 3
    # What is left outside is the photo.
    left = np.abs(rgb.astype(int) - astronaut).max(axis=2)[~grown.hole]
    before = np.abs(rgb.astype(int) - astronaut).max(axis=2)[glasses == 0]
    assert left.max() < 0.4 * before.max()
    assert grown.hole[glasses > 0].all()


def test_a_mask_that_is_wide_enough_stays(astronaut: np.ndarray) -> None:
    glasses = blob(astronaut.shape[:2], (205, 105, 20, 15), (250, 105, 20, 15))
    rgb = with_thing(astronaut, glasses, 1.0)
    wide = Mask(glasses).grow(5)
    grown, by = auto_grow(rgb, wide)
    assert by == 0
    assert grown is wide


@pytest.mark.parametrize("place", [(222, 147, 20, 10), (205, 100, 16, 10), (430, 300, 30, 30)])
def test_a_mask_over_what_is_no_thing_stays(
    astronaut: np.ndarray, place: tuple[int, int, int, int]
) -> None:
    mask = Mask(blob(astronaut.shape[:2], place))
    assert auto_grow(astronaut, mask) == (mask, 0)


def test_each_part_is_judged_by_itself(astronaut: np.ndarray) -> None:
    dark = blob(astronaut.shape[:2], (430, 300, 24, 24))
    other = blob(astronaut.shape[:2], (222, 147, 20, 10))
    rgb = with_thing(astronaut, dark, 1.5, colour=250)
    grown, by = auto_grow(rgb, Mask(np.maximum(dark, other)))
    assert by > 0
    half = grown.pixels[:220, :350]
    assert np.array_equal(half, other[:220, :350])


def test_edges_of_the_photo_and_an_empty_mask() -> None:
    rgb = np.full((60, 80, 3), 120, np.uint8)
    corner = np.zeros((60, 80), np.uint8)
    corner[:20, :20] = 255
    rgb[:21, :21] = 10
    grown, by = auto_grow(rgb, Mask(corner))
    assert by >= 1
    assert grown.hole[:21, :21].all()
    full = Mask(np.full((60, 80), 255, np.uint8))
    assert auto_grow(rgb, full) == (full, 0)
    empty = Mask.empty((80, 60))
    assert auto_grow(rgb, empty) == (empty, 0)
