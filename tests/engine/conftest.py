"""Folders of photos for batches; the mean shape of faces."""

from __future__ import annotations

from pathlib import Path

import cv2
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

LARGER = 4


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


@pytest.fixture(scope="session")
def large(astronaut) -> np.ndarray:
    """The astronaut four times as large: a face that is larger than its crop."""
    size = (astronaut.shape[1] * LARGER, astronaut.shape[0] * LARGER)
    return cv2.resize(astronaut, size, interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="session")
def mesh(face) -> np.ndarray:
    """Of her face there, 478 x 2 float64 pixels."""
    return (face.mesh.astype(np.float64) + 0.5) * LARGER - 0.5
