"""Detail of plain skin: pores stay, a line that stands out among them goes."""

from __future__ import annotations

import numpy as np
import pytest

from engine.detail.pores import plain_skin, without_lines
from engine.face.mesh import LEFT_EYE, LIPS, NOSE


@pytest.fixture
def pores() -> np.ndarray:
    grey = np.random.default_rng(0).normal(0, 3, (128, 128, 1))
    return np.repeat(grey, 3, 2).astype(np.float32)


def test_a_line_among_pores_is_taken_back(pores: np.ndarray) -> None:
    skin = np.zeros((128, 128), bool)
    skin[:, :96] = True
    scarred = pores.copy()
    scarred[:, 40:43] -= 40
    held = without_lines(scarred, skin)
    assert np.abs(held[:, 41]).mean() < 5
    # Far from it all is as it was, and what is no skin may have lines.
    assert np.array_equal(held[:, 96:], scarred[:, 96:])
    assert np.abs(held[:, 60:96] - scarred[:, 60:96]).mean() < 0.05
    scarred[:, 110:113] -= 40
    assert np.array_equal(without_lines(scarred, skin)[:, 96:], scarred[:, 96:])


def test_pores_alone_stay(pores: np.ndarray) -> None:
    skin = np.ones((128, 128), bool)
    assert np.abs(without_lines(pores, skin) - pores).max() < 0.5
    few = np.zeros((128, 128), bool)
    few[:10, :10] = True
    assert without_lines(pores, few) is pores


def test_what_is_no_plain_skin(shape) -> None:
    skin = plain_skin(shape.points, 128)
    for part in (LEFT_EYE, LIPS, NOSE):
        x, y = (shape.points[list(part)].mean(0) * 128).astype(int)
        assert not skin[y, x]
    for cheek in (50, 280):
        x, y = (shape.points[cheek] * 128).astype(int)
        assert skin[y, x]
