"""Holes: seeded, in range, and of their kind."""

from __future__ import annotations

import numpy as np
import pytest

from engine.base.errors import MienError
from engine.face import geometry
from training.masks import KINDS, LARGEST, SMALLEST, draw_hole


@pytest.fixture(scope="module")
def mesh(face) -> np.ndarray:
    return geometry.transform(geometry.frame_from_mesh(face.mesh), face.mesh) * 128


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_draw_equal_holes(kind: str, mesh: np.ndarray) -> None:
    one, two = (draw_hole(kind, 128, np.random.default_rng(5), mesh) for _ in range(2))
    assert one.dtype == bool
    assert one.shape == (128, 128)
    assert np.array_equal(one, two)
    assert one.any()
    assert not one.all()


def test_the_centred_hole_is_exactly_half_the_side() -> None:
    hole = draw_hole("centre", 256, np.random.default_rng(0))
    assert hole[64:192, 64:192].all()
    assert hole.sum() == 128 * 128


def test_mixed_holes_are_never_empty_nor_everything(mesh: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    shares = [draw_hole("mixed", 128, rng, mesh).mean() for _ in range(200)]
    assert min(shares) >= SMALLEST
    assert max(shares) <= LARGEST
    assert np.std(shares) > 0.03


def test_parts_need_a_mesh_and_kinds_a_name() -> None:
    with pytest.raises(MienError, match="mesh"):
        draw_hole("mouth", 64, np.random.default_rng(0))
    with pytest.raises(MienError, match="choose one of"):
        draw_hole("ears", 64, np.random.default_rng(0))
