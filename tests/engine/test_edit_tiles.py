"""Tiled masks paint what plain masks paint, and no version of one ever changes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.edit.stroke import StrokeInProgress
from engine.edit.tiles import TiledMask, full_tile
from engine.mask import Mask, paint_segment

SIZE = (700, 530)
points = st.tuples(st.floats(-80, 780), st.floats(-80, 600))
segments = st.tuples(points, points, st.floats(0.5, 320), st.floats(0, 1))
strokes = st.lists(
    st.tuples(st.booleans(), st.lists(segments, min_size=1, max_size=4)), min_size=1, max_size=4
)


def painted(*parts: tuple[tuple, tuple, float, float]) -> TiledMask:
    stroke = StrokeInProgress(TiledMask(SIZE))
    for part in parts:
        stroke.paint(*part)
    return stroke.snapshot()


@settings(max_examples=40, deadline=None)
@given(strokes)
def test_strokes_paint_what_they_paint_on_a_plain_mask(drawn) -> None:
    plain, tiled = np.zeros(SIZE[::-1], np.uint8), TiledMask(SIZE)
    for erase, parts in drawn:
        stroke = StrokeInProgress(tiled)
        for part in parts:
            paint_segment(plain, *part, erase)
            stroke.paint(*part, erase)
        tiled = stroke.snapshot()
    # Distances are taken from each tile's own corner, and a large brush's are interpolated, which
    # rounds off the tip of a soft brush's cone.
    assert np.abs(tiled.to_mask().pixels.astype(int) - plain).max() <= 6
    assert all(tile.any() and not tile.flags.writeable for tile in tiled.tiles.values())


@settings(max_examples=30, deadline=None)
@given(st.lists(segments, min_size=2, max_size=6), st.booleans())
def test_a_snapshot_stays_what_it_was(parts, erase) -> None:
    base = TiledMask.of(Mask(np.full(SIZE[::-1], 200, np.uint8))) if erase else TiledMask(SIZE)
    stroke = StrokeInProgress(base)
    taken = []
    for part in parts:
        stroke.paint(*part, erase)
        snapshot = stroke.snapshot()
        taken.append((snapshot, snapshot.to_mask().pixels.copy()))
    for snapshot, pixels in taken:
        assert np.array_equal(snapshot.to_mask().pixels, pixels)


@settings(max_examples=30, deadline=None)
@given(st.lists(segments, min_size=2, max_size=4), segments, st.booleans())
def test_a_stroke_stands_on_the_mask_that_came_under_it(parts, other, erase) -> None:
    first, second = painted(other), TiledMask.of(Mask(np.full(SIZE[::-1], 90, np.uint8)))
    moved, straight = StrokeInProgress(first), StrokeInProgress(second)
    for number, part in enumerate(parts):
        moved.paint(*part, erase)
        straight.paint(*part, erase)
        if number == 0:
            moved.rebase(second)
    assert moved.snapshot().same(straight.snapshot())


@settings(max_examples=30, deadline=None)
@given(segments, segments)
def test_arithmetic_is_that_of_plain_masks(one, other) -> None:
    a, b = painted(one), painted(other)
    x, y = a.to_mask().pixels, b.to_mask().pixels
    assert np.array_equal(a.union(b).to_mask().pixels, np.maximum(x, y))
    assert np.array_equal(a.subtract(b).to_mask().pixels, np.minimum(x, 255 - y))
    assert np.array_equal(a.without(b).to_mask().pixels, np.where(y > 0, 0, x))
    assert np.array_equal(a.inverted().to_mask().pixels, 255 - x)
    assert a.inverted().inverted().same(a)
    assert TiledMask.of(a.to_mask()).same(a)
    assert a.bounds == a.to_mask().bounds


def test_a_breathed_mask_has_one_hole() -> None:
    # A brush so soft that hardly anything of it is opaque; its faint rim hides nothing.
    mask = painted(((150.0, 100.0), (150.0, 100.0), 80.0, 0.0))
    plain = mask.to_mask()
    assert mask.bounds == plain.bounds
    assert mask.least == 64
    assert plain.hole.sum() == (plain.pixels >= 64).sum()
    hard = painted(((150.0, 100.0), (150.0, 100.0), 80.0, 1.0))
    assert hard.least == 8
    assert hard.bounds == hard.to_mask().bounds


@pytest.mark.parametrize("subtract", [False, True])
def test_an_area_is_added_or_taken_away_by_its_box(subtract: bool) -> None:
    base = TiledMask.of(Mask(np.full(SIZE[::-1], 255 if subtract else 0, np.uint8)))
    mask = base.with_area(
        np.array([(200.0, 200), (400, 200), (400, 300), (200, 300)]), subtract=subtract
    )
    pixels = mask.to_mask().pixels
    inside, outside = (0, 255) if subtract else (255, 0)
    assert (pixels[202:298, 202:398] == inside).all()
    assert (pixels[:198] == outside).all()
    assert (pixels[:, 402:] == outside).all()
    x, y, width, height = mask.damage(base)
    assert (x, y, width, height) == (0, 0, 512, 512)


@pytest.mark.parametrize("name", ["grow", "shrink", "feather"])
def test_a_change_sees_no_more_than_it_needs(name: str) -> None:
    mask = painted(((300.0, 250.0), (420.0, 260.0), 40, 1.0))
    wanted = getattr(mask.to_mask(), name)(12)
    made = mask.changed(lambda m: getattr(m, name)(12), 40)
    assert np.array_equal(made.to_mask().pixels, wanted.pixels)


def test_what_is_wholly_painted_shares_one_tile() -> None:
    mask = painted(((350.0, 260.0), (350.0, 260.0), 2000, 0.9))
    assert all(tile is full_tile(*tile.shape) for tile in mask.tiles.values())
    assert (mask.to_mask().pixels == 255).all()


def test_a_piece_of_a_stroke_copies_no_more_than_it_touches() -> None:
    stroke = StrokeInProgress(TiledMask.of(Mask(np.full((6000, 8000), 7, np.uint8))))
    before = stroke.snapshot()
    assert stroke.paint((4000, 3000), (4010, 3000), 20) == (3979, 2979, 52, 42)
    after = stroke.snapshot()
    changed = [k for k, tile in after.tiles.items() if tile is not before.tiles[k]]
    assert 1 <= len(changed) <= 4


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-100, 1300), st.integers(-100, 1000)), min_size=2, max_size=6),
    st.sampled_from([140.0, 310.0]),
    st.sampled_from([0.2, 0.8, 1.0]),
)
def test_a_large_brush_leaves_out_only_what_it_painted_before(points, radius, hardness) -> None:
    size = (1200, 900)
    whole = StrokeInProgress(TiledMask(size))
    pieces = np.zeros(size[::-1], np.uint8)
    for start, end in pairwise([points[0], *points]):
        whole.paint(start, end, radius, hardness)
        alone = StrokeInProgress(TiledMask(size))
        alone.paint(start, end, radius, hardness)
        np.maximum(pieces, alone.snapshot().to_mask().pixels, out=pieces)
    differs = np.abs(whole.snapshot().to_mask().pixels.astype(int) - pieces)
    # Distances to the end of one piece and to the start of the next may round differently.
    assert differs.max() <= 1
