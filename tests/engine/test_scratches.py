"""Scratches and spots: those drawn on a photo are found, what the photo has of its own is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.base.errors import MienError
from engine.batch.scratches import find_scratches
from engine.face.finder import Face


def scratched(photo: np.ndarray, colour: int) -> tuple[np.ndarray, np.ndarray]:
    """A photo with six long scratches across it, and where they are."""
    damaged, where = photo.copy(), np.zeros(photo.shape[:2], np.uint8)
    height, width = where.shape
    rng = np.random.default_rng(1)
    for number in range(6):
        start, end = rng.uniform(0, 1, 2)
        if number % 2:
            ends = (int(start * width), 0), (int(end * width), height)
        else:
            ends = (0, int(start * height)), (width, int(end * height))
        cv2.line(damaged, ends[0], ends[1], (colour,) * 3, 2, cv2.LINE_AA)
        cv2.line(where, ends[0], ends[1], 255, 2)
    return damaged, where > 0


def test_scratches_across_a_photo_are_found(hopper: np.ndarray) -> None:
    own = find_scratches(hopper) > 0
    assert own.mean() < 0.003
    damaged, where = scratched(hopper, 240)
    found = find_scratches(damaged) > 0
    # On the white collar a white scratch shows nowhere; of what can be seen, most is found.
    seen = where & (np.abs(damaged.astype(int) - hopper).max(2) > 40)
    assert (found & seen).sum() > 0.85 * seen.sum()
    near = cv2.dilate(where.astype(np.uint8), np.ones((9, 9))) > 0
    new = found & ~own
    assert (new & near).sum() > 0.85 * new.sum()


@pytest.mark.parametrize("colour", [20, 240])
def test_light_and_dark_scratches_on_even_ground(colour: int) -> None:
    rng = np.random.default_rng(0)
    ground = rng.normal(128, 6, (400, 500, 1)).clip(0, 255).astype(np.uint8).repeat(3, 2)
    assert not find_scratches(ground).any()
    damaged, where = scratched(ground, colour)
    found = find_scratches(damaged) > 0
    assert (found & where).sum() > 0.9 * where.sum()
    away = cv2.distanceTransform((~where).astype(np.uint8), cv2.DIST_L2, 5)
    assert (found & (away > 5)).sum() < 0.001 * found.sum()
    assert away[found].max() < 12


def test_spots_are_found_where_they_stand_alone_and_no_eye_s_glint(face: Face) -> None:
    rng = np.random.default_rng(0)
    ground = rng.normal(90, 3, (512, 512, 1)).clip(0, 255).astype(np.uint8).repeat(3, 2)
    assert face.mesh is not None
    x, y = (int(v) for v in face.mesh[468])  # the middle of an eye
    for place in ((40, 400), (x, y), (450, 90)):
        cv2.circle(ground, place, 3, (240, 240, 240), -1, cv2.LINE_AA)
    found = find_scratches(ground, [face]) > 0
    assert found[400, 40]
    assert found[90, 450]
    assert not found[y, x]
    assert find_scratches(ground)[y, x] > 0
    assert found.mean() < 0.002


def test_what_is_all_lines_is_no_damage() -> None:
    lines = np.full((400, 400, 3), 100, np.uint8)
    lines[:, ::24] = lines[:, 1::24] = 230
    with pytest.raises(MienError, match="by hand"):
        find_scratches(lines)


def test_a_large_scan_is_found_at_its_own_size() -> None:
    big = np.full((1800, 2600, 3), 120, np.uint8)
    cv2.line(big, (200, 300), (2300, 1500), (235, 235, 235), 5, cv2.LINE_AA)
    found = find_scratches(big)
    assert found.shape == (1800, 2600)
    where = np.zeros(found.shape, np.uint8)
    cv2.line(where, (200, 300), (2300, 1500), 255, 5)
    assert (found[where > 0] > 0).mean() > 0.95
    assert found[cv2.dilate(where, np.ones((31, 31))) == 0].max() == 0
