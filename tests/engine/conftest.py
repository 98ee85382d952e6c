"""Folders of photos for batches; the mean shape of faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.batch import (
    BatchJob,
    MaskRule,
)
from engine.face.shape import load_shapes
from engine.mask.file import save_mask
from engine.photo import photo_from_array, save_photo
from engine.prior.warp import MeanShape, triangulated
from tests.engine.batches import GREY, MASK


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    photos, masks = tmp_path / "photos", tmp_path / "masks"
    (photos / "가족").mkdir(parents=True)
    masks.mkdir()
    for name in ("a.png", "b.jpg", "가족/c.png", "unmasked.png"):
        save_photo(GREY, photos / name)
    (photos / "broken.jpg").write_bytes(b"no photo")
    for name in ("a", "b", "c", "broken"):
        save_mask(MASK, masks / f"{name}.png")
    return photos, masks, tmp_path / "out"


@pytest.fixture
def job(folders) -> BatchJob:
    photos, masks, out = folders
    return BatchJob((photos,), out, MaskRule(folder=masks))


@pytest.fixture
def many(tmp_path: Path) -> BatchJob:
    photos = tmp_path / "many"
    photos.mkdir()
    for number in range(12):
        save_photo(
            photo_from_array(np.full((40, 50, 3), number, np.uint8)), photos / f"{number}.png"
        )
    mask = tmp_path / "mask.png"
    save_mask(MASK, mask)
    return BatchJob((photos,), tmp_path / "filled", MaskRule(file=mask))


@pytest.fixture(scope="session")
def shape() -> MeanShape:
    space = load_shapes()
    assert space is not None
    return MeanShape(space.mean, triangulated(space.mean))
