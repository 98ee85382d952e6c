"""TIFFs of any samples, and the check that a fill leaves the others as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from engine.photo import open_photo, save_photo
from tests.engine.pictures import (
    INSIDE,
    outside,
    painted,
)


def tif(path: Path, samples: np.ndarray, **options: object) -> Path:
    options.setdefault("photometric", "rgb")
    tifffile.imwrite(path, samples, metadata=None, **options)  # type: ignore[arg-type]
    return path


def kept_samples(path: Path, samples: np.ndarray, into: Path, near: float = 0.02) -> np.ndarray:
    """Open, paint, save; the result's samples, after checking that the others are untouched."""
    photo = open_photo(path)
    saved = save_photo(painted(photo), into)
    after = tifffile.imread(saved)
    assert after.dtype == samples.dtype
    assert after.shape == samples.shape
    assert np.array_equal(after[outside()], samples[outside()], equal_nan=samples.dtype.kind == "f")
    assert not np.array_equal(after[INSIDE], samples[INSIDE])
    again = open_photo(saved)
    difference = again.pixels[..., :3].astype(int) - painted(photo).pixels[..., :3]
    assert np.abs(difference).max() <= near * np.iinfo(again.pixels.dtype).max
    return after
