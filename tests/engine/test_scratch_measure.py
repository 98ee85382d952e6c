"""How many of the scratches drawn on photos are found, and how much of what is found is one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from engine.batch.scratches import find_scratches

KINDS = ("light", "dark", "thin", "curved")


@pytest.fixture(scope="module")
def photos(astronaut: np.ndarray, hopper: np.ndarray) -> dict[str, np.ndarray]:
    """Photos without a scratch: cloth, hair, a flag, wood, a cat's whiskers."""
    found = {"astronaut": astronaut, "coffee": data.coffee(), "chelsea": data.chelsea()}
    return {**found, "hopper": hopper}


def damaged(photo: np.ndarray, kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A photo with eight scratches, and where they can be seen, H x W bool."""
    rng = np.random.default_rng(seed)
    height, width = photo.shape[:2]
    side = max(height, width)
    result, where = photo.astype(np.float32), np.zeros((height, width), bool)
    along = np.linspace(-0.5, 0.5, 60)[:, None]
    for _ in range(8):
        light = kind == "light" or (kind != "dark" and rng.random() < 0.6)
        grey = rng.uniform(225, 250) if light else rng.uniform(5, 30)
        turn, long = rng.uniform(0, np.pi), rng.uniform(0.3, 1.1) * side
        way = np.array([np.cos(turn), np.sin(turn)])
        bend = rng.uniform(-0.12, 0.12) if kind == "curved" else rng.uniform(-0.01, 0.01)
        middle = rng.uniform(0.2, 0.8, 2) * (width, height)
        across = np.array([-way[1], way[0]])
        path = middle + long * (along * way + bend * 4 * along**2 * across)
        thick = 1 if kind == "thin" else int(rng.integers(1, 4))
        drawn = np.zeros((height, width), np.uint8)
        places = np.round(path * 16).astype(np.int32)
        cv2.polylines(drawn, [places], False, (255,), thick, cv2.LINE_AA, 4)
        cover = drawn[..., None] / 255 * rng.uniform(0.75, 1)
        result = result * (1 - cover) + grey * cover
        where |= drawn > 100
    after = result.clip(0, 255).astype(np.uint8)
    return after, where & (np.abs(after.astype(int) - photo).max(2) > 30)


def measured(photo: np.ndarray, kind: str, seed: int) -> tuple[float, float]:
    """Recall and precision, of pixels; two pixels aside is no miss."""
    picture, where = damaged(photo, kind, seed)
    found = find_scratches(picture) > 0
    near = cv2.dilate(where.astype(np.uint8), np.ones((5, 5))) > 0
    return (found & where).sum() / where.sum(), (found & near).sum() / max(1, found.sum())


def test_photos_without_scratches_stay(photos: dict[str, np.ndarray]) -> None:
    own = {name: float((find_scratches(photo) > 0).mean()) for name, photo in photos.items()}
    assert np.mean(list(own.values())) < 0.003, own
    assert max(own.values()) < 0.005, own


@pytest.mark.slow
def test_drawn_scratches_are_found(photos: dict[str, np.ndarray]) -> None:
    found = {
        (name, kind): measured(photo, kind, number)
        for number, (name, photo) in enumerate(photos.items())
        for kind in KINDS
    }
    recall, precision = np.mean(list(found.values()), 0)
    assert recall > 0.8, found
    assert precision > 0.8, found
