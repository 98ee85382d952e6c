"""What the canvas shows is the photo, at any zoom, and partial repaints never show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QSizeF

import gui.canvas.levels
from engine.photo import photo_from_array
from gui.canvas.levels import levels_of
from gui.canvas.pyramid import Pyramid
from gui.canvas.viewport import Viewport, fitted


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    y, x = np.mgrid[:1301, :1777].astype(np.float32)
    return np.stack([x / 7, y / 6, (x + y) / 13], -1).astype(np.uint8)


def test_levels_halve_down_to_what_is_needed(picture) -> None:
    shapes = [level.shape[:2] for level in Pyramid(picture).levels]
    assert shapes == [(1301, 1777), (651, 889), (326, 445)]


def test_one_to_one_shows_the_pixels_themselves(picture) -> None:
    view = Pyramid(picture).view(1.0, (0, 0), (100, 200, 300, 150))
    assert np.array_equal(view, picture[200:350, 100:400])


@pytest.mark.parametrize("scale", [0.13, 0.3, 0.77, 1.6, 5.0])
def test_a_view_shows_what_lies_there(picture, scale: float) -> None:
    view = Pyramid(picture).view(scale, (17.5, -40.25), (0, 0, 200, 120))
    y, x = np.mgrid[:120, :200]
    inside_x = np.clip(((x + 0.5 - 17.5) / scale).astype(int), 0, 1776)
    inside_y = np.clip(((y + 0.5 + 40.25) / scale).astype(int), 0, 1300)
    wanted = picture[inside_y, inside_x].astype(int)
    seen = slice(5, -5), slice(25, -5)
    assert np.abs(view[seen] - wanted[seen]).max() <= 4


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.08, 2.9),
    st.tuples(st.floats(-300, 300), st.floats(-300, 300)),
    st.tuples(st.integers(0, 150), st.integers(0, 100), st.integers(1, 60), st.integers(1, 40)),
)
def test_a_part_of_a_view_is_the_view_of_the_part(scale, shift, part) -> None:
    y, x = np.mgrid[:700, :900] / 6
    waves = 128 + 60 * np.sin(x) + 60 * np.sin(y)
    pyramid = Pyramid(np.dstack([waves] * 3).astype(np.uint8))
    x, y, width, height = part
    whole = pyramid.view(scale, shift, (0, 0, 240, 180))
    alone = pyramid.view(scale, shift, part)
    assert np.array_equal(alone, whole[y : y + height, x : x + width])


@pytest.mark.parametrize("scale", [0.2004, 0.251, 0.75, 1.01, 1.5, 1.9997, 2.0, 2.34])
def test_blocks_fit_together_at_any_zoom(scale: float) -> None:
    """Also where enlarged pixels lie the same way, or nearly, from the first to the last."""
    y, x = np.mgrid[:2200, :2600]
    shift, size = (-301.37, -211.6), (1100, 700)
    pyramid = Pyramid(np.dstack([128 + 60 * np.sin(x / 60) + 60 * np.sin(y / 60)] * 3).astype("u1"))
    whole = pyramid.view(scale, shift, (0, 0, *size)).astype(float)
    across = (np.arange(size[0]) + 0.5 - shift[0]) / scale - 0.5
    down = (np.arange(size[1]) + 0.5 - shift[1]) / scale - 0.5
    across, down = across.clip(0, 2599), down.clip(0, 2199)
    wanted = 127.5 + 60 * np.sin(across / 60) + 60 * np.sin(down[:, None] / 60)
    inside = (across > 20) & (across < 2580), (down > 20) & (down < 2180)
    off = np.abs(whole[..., 0] - wanted)[np.ix_(inside[1], inside[0])]
    assert off.max() < 2.5


@pytest.mark.parametrize("box", [(0, 0, 5, 7), (1700, 1250, 77, 51), (333, 777, 100, 1)])
def test_an_update_equals_building_anew(picture, box) -> None:
    changed = picture.copy()
    pyramid = Pyramid(changed)
    x, y, width, height = box
    changed[y : y + height, x : x + width] = 255
    pyramid.update(box)
    for mine, anew in zip(pyramid.levels, Pyramid(changed).levels, strict=True):
        assert np.array_equal(mine, anew)


def test_sixteen_bits_are_shown_as_eight() -> None:
    deep = (np.arange(600 * 700, dtype=np.uint32) % 65536).astype(np.uint16).reshape(600, 700)
    view = Pyramid(np.dstack([deep] * 3)).view(1.0, (0, 0), (0, 0, 50, 50))
    assert view.dtype == np.uint8
    assert np.abs(view[..., 0].astype(int) - deep[:50, :50] // 257).max() <= 1


@given(st.floats(0.05, 20), st.floats(0.2, 5), st.floats(0, 900), st.floats(0, 600))
def test_zooming_keeps_the_point_under_the_pointer(scale, factor, x, y) -> None:
    view = Viewport(scale, 12, -34)
    at = QPointF(x, y)
    assert view.zoomed(factor, at).to_photo(at) == pytest.approx(view.to_photo(at), abs=1e-6)


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_a_fitted_photo_is_inside_and_centred(width, height) -> None:
    view = fitted((width, height), QSizeF(1000, 700))
    rect = view.rect_to_widget((0, 0, width, height))
    if view.scale > 0.0101:
        assert rect.left() >= 0
        assert rect.bottom() <= 700.01
    assert rect.center().x() == pytest.approx(500)
    assert rect.center().y() == pytest.approx(350)


def test_a_large_change_is_shown_piece_by_piece(monkeypatch) -> None:
    monkeypatch.setattr(gui.canvas.levels, "AT_ONCE", 50_000)
    monkeypatch.setattr(gui.canvas.levels, "PIECE", 301)
    rng = np.random.default_rng(3)
    before, after = rng.integers(0, 255, (2, 1301, 1707, 3)).astype(np.uint8)
    levels = levels_of(photo_from_array(before))
    box = (13, 0, 1507, 1301)
    base = before.copy()
    base[:, 13:1520] = after[:, 13:1520]
    levels.current.rebase(base)
    assert not levels.update(levels.current, box)
    assert np.array_equal(levels.current.levels[1], Pyramid(before).levels[1])
    base[5:9, 20:30] = 7  # a small change is seen at once
    assert levels.update(levels.current, (20, 5, 10, 4))
    assert levels.current.levels[1][3, 12, 0] == 7
    first = levels.go_on(1e-9)
    assert len(first) == 1
    turns = 1
    while levels.waiting:
        levels.go_on(0.002)
        turns += 1
    assert turns > 1
    for level, anew in zip(levels.current.levels[1:], Pyramid(base).levels[1:], strict=True):
        assert np.array_equal(level, anew)


def test_a_thinned_pyramid_draws_and_follows() -> None:
    rng = np.random.default_rng(4)
    base = rng.integers(0, 255, (1301, 1707, 3)).astype(np.uint8)
    whole, thin = Pyramid(base), Pyramid(base)
    thin.thin(200_000)
    assert not thin.is_whole
    assert thin.bytes < 0.3 * whole.bytes
    assert thin.view(0.5, (0, 0), (0, 0, 200, 100)).shape == (100, 200, 3)
    base[300:420, 500:733] = 9
    for pyramid in (whole, thin):
        pyramid.update((500, 300, 233, 120))
    for one, other in zip(whole.levels[1:], thin.levels[1:], strict=True):
        assert other is None or np.array_equal(one, other)
    assert np.array_equal(
        thin.view(1.0, (0, 0), (490, 290, 60, 60)), whole.view(1.0, (0, 0), (490, 290, 60, 60))
    )
