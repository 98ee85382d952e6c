"""Who wears glasses in a set of faces, told from the set."""

from __future__ import annotations

import cv2
import numpy as np

from training.glasses import wear_glasses

HEIGHT, WIDTH = 96, 192


def _face(rng: np.random.Generator, rims: bool) -> np.ndarray:
    """A band of skin, brows and eyes; some with rims."""
    band = np.full((HEIGHT, WIDTH), rng.uniform(120, 200), np.float32)
    band += cv2.GaussianBlur(rng.normal(0, 40, band.shape).astype(np.float32), (0, 0), 6)
    for x in (67, 125):
        cv2.ellipse(band, (x, 48), (13, 5), 0, 0, 360, (70.0,), -1)
        cv2.ellipse(band, (x, 28), (18, 3), 0, 0, 360, (60.0,), -1)
        if rims:
            low = int(rng.integers(-2, 3))
            cv2.ellipse(band, (x, 48 + low), (24, 20), 0, 0, 360, (25.0,), 2)
    if rims:
        cv2.line(band, (88, 46), (104, 46), (25.0,), 2)
    return band.clip(0, 255).astype(np.float16)


def test_rims_are_told_from_bare_faces() -> None:
    rng = np.random.default_rng(5)
    worn = rng.random(600) < 0.2
    bands = np.stack([_face(rng, bool(one)) for one in worn])
    told = wear_glasses(bands)
    assert (told == worn).mean() > 0.97
    assert told[worn].mean() > 0.95


def test_where_nobody_surely_wears_any_nobody_does() -> None:
    rng = np.random.default_rng(6)
    assert not wear_glasses(np.stack([_face(rng, False) for _ in range(500)])).any()


def test_a_handful_of_faces_tells_nothing() -> None:
    rng = np.random.default_rng(7)
    assert not wear_glasses(np.stack([_face(rng, number % 3 == 0) for number in range(30)])).any()
