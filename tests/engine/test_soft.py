"""Soft masks: a feathered edge hides what is under it, a half-strength mask blends."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.fill.soft import seen_through

SIDE = 64


@pytest.fixture
def skin() -> np.ndarray:
    noise = np.random.default_rng(3).integers(-3, 4, (SIDE, SIDE, 3))
    return (np.array([200, 160, 140]) + noise).astype(np.uint8)


@pytest.fixture
def feathered() -> np.ndarray:
    core = np.zeros((SIDE, SIDE), np.uint8)
    core[22:42, 22:42] = 255
    soft = cv2.GaussianBlur(core, (0, 0), 6)
    return np.where(core > 0, 255, soft).astype(np.uint8)


def test_a_green_thing_does_not_shine_through_a_feathered_edge(skin, feathered) -> None:
    photo = skin.copy()
    photo[12:52, 12:52] = (20, 160, 60)
    alpha = seen_through(feathered, photo, skin)
    thing = (feathered > 0) & (photo != skin).any(-1)
    inner = cv2.erode(thing.astype(np.uint8), np.ones((5, 5))) > 0
    assert (alpha[inner] == 255).all()
    assert (alpha[feathered == 0] == 0).all()
    assert (alpha >= feathered).all()


def test_skin_under_a_feathered_edge_stays_blended(skin, feathered) -> None:
    assert np.array_equal(seen_through(feathered, skin + np.uint8(4), skin), feathered)


def test_a_mask_of_half_strength_blends_whatever_is_under_it(skin, feathered) -> None:
    green = np.full_like(skin, (20, 160, 60))
    half = (feathered // 2).astype(np.uint8)
    assert np.array_equal(seen_through(half, green, skin), half)


def test_a_feather_as_wide_as_the_thing_hides_it_too(skin) -> None:
    photo, selected = skin.copy(), np.zeros((SIDE, SIDE), np.uint8)
    cv2.ellipse(photo, (32, 32), (24, 14), 0, 0, 360, (20, 160, 60), -1)
    cv2.ellipse(selected, (32, 32), (25, 15), 0, 0, 360, 255, -1)
    selected = cv2.GaussianBlur(selected, (0, 0), 8)
    assert 200 < selected.max() < 250
    alpha = seen_through(selected, photo, skin)
    inner = cv2.erode((photo != skin).any(-1).astype(np.uint8), np.ones((5, 5))) > 0
    assert (alpha[inner & (selected > 0)] == 255).all()


def test_sixteen_bits_are_judged_alike(skin, feathered) -> None:
    green = np.full_like(skin, (20, 160, 60))
    wide = seen_through(feathered, green.astype(np.uint16) * 257, skin.astype(np.uint16) * 257)
    assert np.array_equal(wide, seen_through(feathered, green, skin))
