"""Masks: painting, files, and the arithmetic on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.base.errors import MienError
from engine.base.hidden import PAINTED
from engine.mask import Mask, Stroke, paint_segment
from engine.mask.file import open_mask, save_mask


def disc(radius: int = 12, side: int = 80) -> Mask:
    return Mask.from_strokes((side, side), [Stroke(np.array([[40.0, 40.0]]), radius)])


def test_a_dot_is_a_disc_of_its_radius() -> None:
    mask = disc(12)
    area = mask.pixels.astype(float).sum() / 255
    assert area == pytest.approx(np.pi * 12.5**2, rel=0.08)
    assert mask.pixels[40, 40] == 255
    assert mask.pixels[40, 60] == 0


def test_hardness_softens_the_rim_only_inwards() -> None:
    hard, soft = np.zeros((80, 80), np.uint8), np.zeros((80, 80), np.uint8)
    paint_segment(hard, (40, 40), (40, 40), 20, hardness=1)
    paint_segment(soft, (40, 40), (40, 40), 20, hardness=0)
    assert (soft <= hard).all()
    assert ((soft > 0) & (soft < 255)).sum() > ((hard > 0) & (hard < 255)).sum()


def test_erasing_undoes_painting() -> None:
    strokes = [Stroke(np.array([[20, 20], [60, 60]]), 8)]
    strokes.append(Stroke(np.array([[20, 20], [60, 60]]), 11, erase=True))
    assert Mask.from_strokes((80, 80), strokes).is_empty


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.floats(-50, 150), st.floats(-50, 150)),
    st.tuples(st.floats(-50, 150), st.floats(-50, 150)),
    st.floats(0.5, 40),
    st.floats(0, 1),
)
def test_a_segment_touches_only_the_box_it_returns(start, end, radius, hardness) -> None:
    buffer = np.zeros((90, 110), np.uint8)
    box = paint_segment(buffer, start, end, radius, hardness)
    if box is None:
        assert not buffer.any()
        return
    x, y, width, height = box
    buffer[y : y + height, x : x + width] = 0
    assert not buffer.any()


def test_growing_and_shrinking_move_the_edge_by_that_much() -> None:
    square = np.zeros((100, 100), np.uint8)
    square[30:70, 30:70] = 255
    grown, shrunk = Mask(square).grow(5), Mask(square).shrink(5)
    assert grown.bounds == (25, 25, 50, 50)
    assert shrunk.bounds == (35, 35, 30, 30)


def test_shrinking_keeps_what_touches_the_border() -> None:
    full = Mask(np.full((40, 40), 255, np.uint8))
    assert (full.shrink(6).pixels == 255).all()


def test_growing_a_soft_mask_keeps_its_values() -> None:
    soft = np.zeros((60, 60), np.uint8)
    soft[30, 30] = 100
    grown = Mask(soft).grow(4)
    assert grown.pixels.max() == 100
    assert (grown.pixels == 100).sum() > 30


def test_feather_invert_union_subtract() -> None:
    mask = disc()
    feathered = mask.feather(6)
    assert ((feathered.pixels > 0) & (feathered.pixels < 255)).sum() > 100
    assert np.array_equal(mask.invert().invert().pixels, mask.pixels)
    assert np.array_equal(mask.union(Mask.empty(mask.size)).pixels, mask.pixels)
    assert mask.subtract(mask).pixels.max() <= 127  # only the half-covered rim remains


def test_soft_values_of_a_file_are_respected(tmp_path: Path) -> None:
    values = np.tile(np.arange(256, dtype=np.uint8), (8, 1))
    Image.fromarray(values).save(tmp_path / "m.png")
    assert np.array_equal(open_mask(tmp_path / "m.png").pixels, values)
    Image.fromarray(np.dstack([values] * 3)).save(tmp_path / "rgb.png")
    assert np.array_equal(open_mask(tmp_path / "rgb.png").pixels, values)


def test_a_mask_drawn_in_transparency_is_understood(tmp_path: Path) -> None:
    alpha = disc().pixels
    pixels = np.dstack([np.full((80, 80, 3), 0, np.uint8), alpha])
    Image.fromarray(pixels).save(tmp_path / "m.png")
    assert np.array_equal(open_mask(tmp_path / "m.png").pixels, alpha)


def test_a_wrong_size_names_both(tmp_path: Path) -> None:
    path = save_mask(disc(), tmp_path / "m.png")
    with pytest.raises(MienError, match=r"80 x 80.*100 x 50"):
        open_mask(path, (100, 50))


def test_saving_and_opening_gives_the_same_mask(tmp_path: Path) -> None:
    mask = disc().feather(5)
    path = save_mask(mask, tmp_path / "마스크.png")
    assert np.array_equal(open_mask(path, (80, 80)).pixels, mask.pixels)
    with pytest.raises(MienError, match="exists"):
        save_mask(mask, path)


def test_under_a_faint_wide_rim_the_photo_is_seen() -> None:
    y, x = np.mgrid[:200, :200] - 99.5
    breathed = (255 * np.exp(-(x**2 + y**2) / (2 * 25**2))).round().astype(np.uint8)
    assert np.array_equal(Mask(breathed).hole, breathed >= 64)
    # A feathered selection hides a thing up to its edge, and what is nowhere opaque is a blend.
    feathered = Mask(np.where(breathed >= 128, 255, breathed))
    assert np.array_equal(feathered.hole, feathered.pixels >= PAINTED)
    faint = Mask(breathed // 2)
    assert np.array_equal(faint.hole, faint.pixels >= PAINTED)
