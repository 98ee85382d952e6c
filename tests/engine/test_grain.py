"""A fill has the grain of the photo around it, at any size of face, and no grain without it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.face import geometry
from engine.fill.blend import back_project

SIZE = 360


def filled(photo: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """(the photo with an even fill at a face of `side` pixels put back, the hole)."""
    hole = np.zeros((SIZE, SIZE), bool)
    hole[130:230, 120:240] = True
    corner = (SIZE - side) / 2
    frame = np.array([[1 / side, 0, -corner / side], [0, 1 / side, -corner / side]])
    even = photo.copy()
    even[hole] = 128
    crop = geometry.cut(even, frame, 256).astype(np.float32) / 255
    out = photo.copy()
    box = (120, 130, 120, 100)
    out[130:230, 120:240] = back_project(photo, crop, frame, hole, box)
    return out, hole


def octaves(picture: np.ndarray, where: np.ndarray) -> np.ndarray:
    import cv2

    values = picture.astype(np.float32)
    blurs = [values, *(cv2.GaussianBlur(values, (0, 0), s) for s in (0.75, 1.5, 3.0))]
    return np.array([(a - b)[where].std() for a, b in pairwise(blurs)])


@pytest.mark.parametrize("side", [200, 340])
@pytest.mark.parametrize("size", [1, 2])
def test_the_grain_of_the_photo_octave_by_octave(side: int, size: int) -> None:
    """Also where the face is smaller than the networks' crop, which keeps most of the grain."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 12, (SIZE // size, SIZE // size, 1)).repeat(3, 2)
    noise = noise.repeat(size, 0).repeat(size, 1)
    photo = (128 + noise).clip(0, 255).astype(np.uint8)
    out, hole = filled(photo, side)
    inner = np.zeros_like(hole)
    inner[145:215, 135:225] = True
    ratio = octaves(out, inner) / octaves(photo, ~hole)
    # The calmer half of the photo is what is copied, and coarse grain has calmer halves.
    assert ((ratio > 0.6) & (ratio < 1.25)).all(), ratio
    assert ratio[0] > 0.8
    grey = np.ptp(out[inner].astype(int), axis=-1)
    assert grey.max() <= 2  # grey grain stays grey


def test_no_grain_where_the_photo_has_none() -> None:
    photo = np.full((SIZE, SIZE, 3), 128, np.uint8)
    out, hole = filled(photo, 340)
    assert octaves(out, hole).max() < 0.3
