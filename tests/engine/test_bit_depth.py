"""Fills of 8 bit in photos of 16 have no bands."""

from __future__ import annotations

import numpy as np

from engine.fill.filler import FaceInpainter
from engine.fill.steps.bit_depth import extend_bit_depth
from engine.inpaint import FillOptions, FillRequest
from engine.mask import Mask
from engine.photo import photo_from_array


def wall(side: int = 260) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    return ((60 + x * 0.04 + y * 0.02)[..., None] * np.array([1, 0.9, 0.8]) * 257).astype(np.uint16)


def test_an_even_ramp_comes_back_to_a_few_levels() -> None:
    deep = wall()
    box = (70, 80, 110, 120)
    part = np.s_[80:200, 70:180]
    hole = np.zeros(deep.shape[:2], bool)
    hole[part] = True
    coarse = ((deep[part].astype(np.uint32) + 128) // 257).astype(np.uint8)
    fine = extend_bit_depth(coarse, deep, hole, box)
    assert fine.dtype == np.uint16
    assert np.abs(fine.astype(int) - deep[part]).max() <= 8  # of 65535
    assert len(np.unique(fine[..., 0])) >= 0.9 * len(np.unique(deep[part][..., 0]))


def test_no_pixel_leaves_its_8_bit_value() -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    photo = rng.integers(0, 65536, (80, 90, 3)).astype(np.uint16)
    hole = np.zeros((80, 90), bool)
    hole[20:60, 20:70] = True
    fine = extend_bit_depth(coarse, photo, hole, (20, 20, 50, 40))
    assert np.abs(fine.astype(int) - coarse.astype(int) * 257).max() <= 129


def test_a_filled_wall_has_as_many_levels_as_the_wall(inpainter: FaceInpainter) -> None:
    deep = wall()
    mask = np.zeros(deep.shape[:2], np.uint8)
    mask[100:170, 90:160] = 255
    photo = photo_from_array(deep)
    request = FillRequest(photo, Mask(mask), FillOptions(model="prior"), faces=())
    filled = photo.apply(*inpainter.fill(request).patches).pixels
    assert np.array_equal(filled[mask == 0], deep[mask == 0])
    part = filled[100:170, 90:160, 0]
    assert len(np.unique(part)) > 0.5 * len(np.unique(deep[100:170, 90:160, 0]))
    steps = np.abs(np.diff(part.astype(int), axis=1))
    assert np.percentile(steps, 98) < 128  # half a step of 8 bit
