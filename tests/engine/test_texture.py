"""Thin strokes are filled at least as well as fast marching fills them."""

from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest

from engine.fill.steps.texture import fill_texture


def crossed(photo: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A photo with white scratches that cross, and the hole a little wider than they are."""
    rng = np.random.default_rng(seed)
    height, width = photo.shape[:2]
    damaged, hole = photo.copy(), np.zeros((height, width), np.uint8)
    for number in range(8):
        one, other = rng.uniform(0.3, 0.7, 2)
        ends = (int(one * width), 0), (int(other * width), height - 1)
        if number >= 6:
            ends = (0, int(one * height)), (width - 1, int(other * height))
        cv2.line(damaged, *ends, (245, 240, 235), 2, cv2.LINE_AA)
        cv2.line(hole, *ends, (1,), 4)
    return damaged, hole


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_scratches_are_filled_better_than_by_fast_marching(
    name: str, seed: int, request: pytest.FixtureRequest
) -> None:
    photo = request.getfixturevalue(name)
    damaged, hole = crossed(photo, seed)
    filled = damaged.copy()
    for (x, y, width, height), pixels in fill_texture(damaged, hole.view(bool)):
        part = hole[y : y + height, x : x + width] > 0
        filled[y : y + height, x : x + width][part] = pixels[part]

    def error(result: np.ndarray) -> float:
        return float(np.mean((result[hole > 0].astype(float) - photo[hole > 0]) ** 2))

    assert np.array_equal(filled[hole == 0], damaged[hole == 0])
    assert error(filled) < 0.97 * error(cv2.inpaint(damaged, hole, 4, cv2.INPAINT_TELEA))


def test_a_stroke_at_a_jaw_is_held_to_its_banks() -> None:
    """PatchMatch finds wall for a letter that lies on skin beside a wall."""
    from engine.fill.steps.texture import _held

    picture = np.full((60, 80, 3), (190, 140, 120), np.uint8)
    picture[:, 60:] = (230, 232, 231)  # the wall
    hole = np.zeros((60, 80), bool)
    hole[10:50, 40:48] = True
    hole[10:18, 40:70] = True
    wrong = picture.copy()
    wrong[hole] = (230, 232, 231)
    right = picture.copy()
    held = _held(wrong, picture, hole, 4.0)
    skin = hole.copy()
    skin[:, 50:] = False
    assert np.abs(held[skin].astype(int) - (190, 140, 120)).max() <= 3
    assert np.array_equal(held[~hole], picture[~hole])
    kept = _held(right, picture, hole, 4.0)  # what the banks allow stays as it is
    assert np.abs(kept.astype(int) - right).max() <= 1


def test_how_deep_the_whole_hole_is_tells_a_stroke_from_a_rest_beside_a_face() -> None:
    """A stroke keeps to what is right beside it; the rest of a wide hole goes on as what is around
    all of it."""
    rng = np.random.default_rng(1)
    picture = np.full((160, 220, 3), 180, np.uint8)
    picture[:, :] += rng.integers(0, 8, (160, 220, 1)).astype(np.uint8)
    stroke = np.zeros((160, 220), bool)
    stroke[70:84, 10:210] = True
    damaged = picture.copy()
    damaged[stroke] = (20, 160, 60)
    wide = np.zeros_like(stroke)
    wide[40:84, 10:210] = True
    held: list[np.ndarray] = []

    def kept(filled: np.ndarray, *_: object) -> np.ndarray:
        held.append(filled)
        return filled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.fill.steps.texture._held", kept)
        for whole, times in ((None, 1), (stroke, 2), (wide, 2)):
            assert len(list(fill_texture(damaged, stroke, whole=whole))) == 1
            assert len(held) == times


def test_memory_grows_with_the_hole_and_not_with_the_photo() -> None:
    rng = np.random.default_rng(3)
    wall = rng.integers(90, 160, (300, 300, 3), np.uint8)
    small_hole = np.zeros((300, 300), bool)
    small_hole[100:112, 140:200] = small_hole[118:130, 150:180] = True
    small_hole[200:220, 60:80] = True
    large, hole = np.full((3000, 3000, 3), 120, np.uint8), np.zeros((3000, 3000), bool)
    large[2600:2900, 2500:2800], hole[2600:2900, 2500:2800] = wall, small_hole
    tracemalloc.start()
    parts = list(fill_texture(large, hole))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The same parts where they are, and less held than half a byte a pixel of the photo.
    boxes = [box for box, _ in fill_texture(wall, small_hole)]
    assert [(x - 2500, y - 2600, w, h) for (x, y, w, h), _ in parts] == boxes
    assert len(boxes) == 2
    assert peak < hole.size / 2
