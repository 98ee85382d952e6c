"""Fills in coarsely compressed photos have their blocks; others are left as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.fill.steps.blocks import blocked
from engine.photo import Photo
from engine.photo.file import open_photo
from engine.photo.jpeg import recompressed
from engine.photo.patch import Patch

BOX = (203, 77, 90, 101)  # begins and ends inside blocks


def saved(pixels: np.ndarray, path: Path, **options: Any) -> Photo:
    Image.fromarray(pixels).save(path, **options)
    return open_photo(path)


def painted(photo: Photo) -> Patch:
    """A fill with finer detail than blocks have."""
    _, _, width, height = BOX
    noise = np.random.default_rng(0).normal(128, 12, (height, width, 1))
    pixels = np.repeat(noise.clip(0, 255), 3, 2).astype(np.uint8)
    return Patch(BOX, pixels, np.full((height, width), 255, np.uint8), "face", 0.0)


def moved_by_compression(photo: Photo) -> float:
    """How much another passage through the photo's compression changes what was filled."""
    x, y, width, height = BOX
    assert photo.metadata.jpeg is not None
    again = recompressed(np.ascontiguousarray(photo.pixels[..., :3]), photo.metadata.jpeg)
    whole = (slice(y + 16, y + height - 16), slice(x + 16, x + width - 16))
    return float(np.abs(again[whole].astype(int) - photo.pixels[whole]).mean())


@pytest.mark.parametrize("sampling", [0, 2])
def test_a_fill_lies_in_the_blocks_of_its_photo(
    tmp_path: Path, astronaut: np.ndarray, sampling: int
) -> None:
    photo = saved(astronaut, tmp_path / "small.jpg", quality=30, subsampling=sampling)
    patch = painted(photo)
    (compressed,) = blocked(photo, [patch])
    assert compressed.box == patch.box
    filled = photo.apply(compressed)
    assert moved_by_compression(photo.apply(patch)) > 5
    assert moved_by_compression(filled) < 1
    # As it would come out of the photo's own file, and outside the fill the photo itself.
    outside = np.ones(photo.pixels.shape[:2], bool)
    x, y, width, height = BOX
    outside[y : y + height, x : x + width] = False
    assert np.array_equal(filled.pixels[outside], photo.pixels[outside])


def test_a_grey_photo_stays_grey(tmp_path: Path, astronaut: np.ndarray) -> None:
    photo = saved(astronaut[..., 1], tmp_path / "grey.jpg", quality=30)
    (compressed,) = blocked(photo, [painted(photo)])
    assert np.ptp(compressed.pixels, axis=2).max() == 0
    assert moved_by_compression(photo.apply(compressed)) < 1


def test_photos_without_visible_blocks_are_left_alone(
    tmp_path: Path, astronaut: np.ndarray
) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    for path, options in (
        (tmp_path / "fine.jpg", {"quality": 95}),
        (tmp_path / "plain.png", {}),
        (tmp_path / "turned.jpg", {"quality": 30, "exif": turned}),
    ):
        photo = saved(astronaut, path, **options)
        patch = painted(photo)
        (same,) = blocked(photo, [patch])
        assert same is patch
    assert blocked(photo, []) == ()
