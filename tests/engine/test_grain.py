"""A fill has the grain of the photo around it, at any size of face, and no grain without it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.face import geometry
from engine.face.regions import Matte
from tests.engine.blending import blended

SIZE = 360


def filled(
    photo: np.ndarray, side: int, face: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(the photo with an even fill at a face of `side` pixels put back, the hole). face: SIZE x
    SIZE bool, where it lies in the photo, if that is known."""
    hole = np.zeros((SIZE, SIZE), bool)
    hole[130:230, 120:240] = True
    corner = (SIZE - side) / 2
    frame = np.array([[1 / side, 0, -corner / side], [0, 1 / side, -corner / side]])
    even = photo.copy()
    even[hole] = 128
    crop = geometry.cut(even, frame, 256).astype(np.float32) / 255
    out = photo.copy()
    box = (120, 130, 120, 100)
    matte = None
    if face is not None:
        matte = Matte(geometry.cut(face.astype(np.float32), frame, 256), frame)
    out[130:230, 120:240] = blended(photo, crop, frame, hole, box, matte=matte)
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
    # The calmest parts of the photo are what is copied, and of coarse grain those are calmer still.
    assert ((ratio > 0.5) & (ratio < 1.25)).all(), ratio
    assert ratio[0] > 0.75
    grey = np.ptp(out[inner].astype(int), axis=-1)
    assert grey.max() <= 2  # grey grain stays grey


def test_no_grain_where_the_photo_has_none() -> None:
    photo = np.full((SIZE, SIZE, 3), 128, np.uint8)
    out, hole = filled(photo, 340)
    assert octaves(out, hole).max() < 0.3


def face_with(skin: np.ndarray, around: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(a photo with `skin` in a face's place and something else around it, the face's place)."""
    across, down = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    face = ((across - 180) / 70) ** 2 + ((down - 150) / 120) ** 2 < 1
    return np.where(face[..., None], skin, around).clip(0, 255).astype(np.uint8), face


@pytest.mark.parametrize("level", [2, 8])
def test_hair_and_flags_beside_a_hole_are_not_woven_into_the_skin(level: int) -> None:
    rng = np.random.default_rng(1)
    skin = 128 + rng.normal(0, level, (SIZE, SIZE, 1)).repeat(3, 2)
    flag = 128 + 60 * rng.choice([-1, 1], (SIZE // 3, SIZE // 3, 3)).repeat(3, 0).repeat(3, 1)
    photo, face = face_with(skin, flag)
    out, hole = filled(photo, 300, face)
    inner = np.zeros_like(hole)
    inner[145:215, 150:210] = True
    calm = np.zeros_like(hole)
    calm[60:120, 150:210] = True  # the forehead
    ratio = octaves(out, inner) / octaves(photo, calm)
    assert ((ratio > 0.6) & (ratio < 1.25)).all(), ratio
    assert np.ptp(out[inner].astype(int), axis=-1).max() <= 6  # the flag has colours


def test_a_fringe_over_the_skin_beside_a_hole_is_not_woven_in_either() -> None:
    rng = np.random.default_rng(3)
    skin = 128 + rng.normal(0, 4, (SIZE, SIZE, 1)).repeat(3, 2)
    photo, face = face_with(skin, skin)
    hair = 128 + 50 * rng.choice([-1, 1], (SIZE, SIZE // 2, 1)).repeat(2, 1).repeat(3, 2)
    photo[105:255, 95:265] = hair[105:255, 95:265]
    out, hole = filled(photo, 300, face)
    inner = np.zeros_like(hole)
    inner[145:215, 150:210] = True
    calm = np.zeros_like(hole)
    calm[50:95, 150:210] = True
    ratio = octaves(out, inner) / octaves(photo, calm)
    assert ((ratio > 0.5) & (ratio < 1.5)).all(), ratio


def test_of_surroundings_without_skin_only_the_calm_parts_count() -> None:
    rng = np.random.default_rng(2)
    wall = 128 + rng.normal(0, 3, (SIZE, SIZE, 1)).repeat(3, 2)
    wall[:, :150] += 60 * rng.choice([-1, 1], (SIZE, 75, 1)).repeat(2, 1)
    nobody = np.zeros((SIZE, SIZE), bool)
    out, hole = filled(wall.clip(0, 255).astype(np.uint8), 300, nobody)
    inner = np.zeros_like(hole)
    inner[145:215, 160:210] = True
    assert octaves(out, inner)[0] == pytest.approx(3, rel=0.4)
