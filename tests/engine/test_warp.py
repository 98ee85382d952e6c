"""Bringing faces to the mean shape and back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.prior.appearance import brought
from engine.prior.warp import MeanShape, triangulated

SIDE = 128


@pytest.fixture(scope="module")
def shape() -> MeanShape:
    rng = np.random.default_rng(0)
    mean = 0.5 + 0.35 * rng.uniform(-1, 1, (478, 2))
    return MeanShape(mean, triangulated(mean))


def bent(shape: MeanShape) -> np.ndarray:
    """A mesh with a smooth bend in it."""
    mean = shape.points[: shape.face]
    return mean + 0.03 * np.sin(6 * mean[:, ::-1])


def picture() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    return np.stack([np.sin(9 * x), np.cos(7 * y), x * y], -1).astype(np.float32)


def test_the_mean_itself_does_not_move(shape: MeanShape) -> None:
    mean = shape.points[: shape.face]
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    middle = slice(8, -8), slice(8, -8)
    assert np.abs(shape.to_mean(mean, SIDE) - np.stack([x, y], -1))[middle].max() < 0.02
    places, found = shape.from_mean(mean, SIDE)
    assert found.all()
    assert np.abs(places * SIDE - 0.5 - np.stack([x, y], -1)).max() < 0.02


def test_nodes_are_brought_to_the_mean_and_back(shape: MeanShape) -> None:
    mesh = bent(shape)
    there = shape.to_mean(mesh, SIDE)
    for node in range(0, 478, 50):
        x, y = shape.points[node] * SIDE - 0.5
        at = np.full((1, 1), x, np.float32), np.full((1, 1), y, np.float32)
        told = cv2.remap(there, *at, cv2.INTER_LINEAR)[0, 0]
        assert np.abs(told - (mesh[node] * SIDE - 0.5)).max() < 1.0
    at_mean = brought(picture(), mesh, shape, SIDE)
    places, found = shape.from_mean(mesh, SIDE)
    at = (places * SIDE - 0.5).astype(np.float32)
    back = cv2.remap(at_mean, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    assert found.mean() > 0.98
    error = np.abs(back - picture())[found].mean()
    assert error < 0.02
    assert error < np.abs(at_mean - picture())[found].mean() / 4


def test_folded_places_are_given_up(shape: MeanShape) -> None:
    mesh = bent(shape)
    inner = np.abs(mesh - 0.5).max(1) < 0.12
    mesh[inner] = 1 - mesh[inner]  # turned inside out
    _, found = shape.from_mean(mesh, SIDE)
    middle = slice(SIDE * 2 // 5, SIDE * 3 // 5)
    assert found.mean() > 0.5
    assert found[:8].all()
    assert found[middle, middle].mean() < 1
