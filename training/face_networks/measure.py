"""How many faces are found at which thresholds: `python -m training.face_networks.measure FACES`.

FACES: photos or prepared faces kept aside. Each face is covered in half or more, by one colour and
by things people wear, and counts as found where a found box overlaps the untouched mesh's by 0.4.
Pictures without any face are cut out of those that come with scikit-image; what is found there is
false. The thresholds of engine.face.face_networks were chosen by this table (docs/results.md).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from engine.face.face_networks import FAR, NEAR, OpenCvNetworks
from engine.face.finder import Box, FaceFinder
from training.cases import faces_of, whole_case

COVERED = (("lower_face", "flat"), ("lower_face", "worn"), ("centre", "worn"))
LOWEST = 0.3
THRESHOLDS = (LOWEST, 0.4, 0.5, 0.6, 0.7, 0.8)
FACELESS = ("brick", "cat", "coffee", "grass", "gravel", "hubble_deep_field", "moon")
FACELESS += ("page", "rocket", "text", "clock", "colorwheel", "immunohistochemistry", "logo")
FACELESS += ("horse",)  # not the coins: they show heads
CUTS = 20  # of each picture


def covered(place: Path, limit: int) -> Iterator[tuple[np.ndarray, Box]]:
    """Photos with a covered face (H x W x 3 uint8), and the box of its mesh."""
    faces = list(faces_of(place, limit=limit))
    for number, face in enumerate(faces):
        (x, y), (width, height) = face.mesh.min(0), np.ptp(face.mesh, axis=0)
        box = float(x), float(y), float(width), float(height)
        for kind, inside in COVERED:
            other = faces[(number + 1) % len(faces)]
            case = whole_case(face, kind, number, 256, 0, inside, other)
            assert case.shown is not None
            yield case.shown, box


def faceless() -> Iterator[np.ndarray]:
    """Pictures without a face, cut, enlarged and turned at random (seeded), 480 pixels wide."""
    import cv2
    from skimage import data

    rng = np.random.default_rng(0)
    for name in FACELESS:
        picture = np.asarray(getattr(data, name)())
        if picture.dtype != np.uint8:
            picture = (picture.astype(np.float32) / max(1, picture.max()) * 255).astype(np.uint8)
        if picture.ndim == 2:
            picture = np.repeat(picture[..., None], 3, -1)
        for _ in range(CUTS):
            side = int(min(picture.shape[:2]) * rng.uniform(0.3, 1))
            y, x = (int(rng.integers(0, n - side + 1)) for n in picture.shape[:2])
            cut = np.ascontiguousarray(picture[y : y + side, x : x + side, :3])
            yield np.ascontiguousarray(np.rot90(cv2.resize(cut, (480, 480)), rng.integers(4)))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    sizes = [
        max(0.0, min(one[i] + one[i + 2], other[i] + other[i + 2]) - max(one[i], other[i]))
        for i in (0, 1)
    ]
    shared = sizes[0] * sizes[1]
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def best_scores(finder: FaceFinder, place: Path, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """(of each covered face the highest score of what is found there, of each picture without one
    the highest of all), 0 where nothing is found."""
    true = [
        max((f.score for f in finder.find(photo) if overlap(f.box, box) > 0.4), default=0.0)
        for photo, box in covered(place, limit)
    ]
    false = [max((f.score for f in finder.find(one)), default=0.0) for one in faceless()]
    return np.array(true), np.array(false)


def measure(place: Path, limit: int = 80) -> Iterator[str]:
    """The table, line by line."""
    low = best_scores(FaceFinder(partial(OpenCvNetworks, LOWEST, LOWEST)), place, limit)
    own = best_scores(FaceFinder(), place, limit)
    yield f"| scores from | found of {len(low[0])} | false in {len(low[1])} |"
    yield "|---|---|---|"
    for least in THRESHOLDS:
        yield f"| {least} | {(low[0] >= least).sum()} | {(low[1] >= least).sum()} |"
    yield f"| {FAR} far, {NEAR} near | {(own[0] > 0).sum()} | {(own[1] > 0).sum()} |"


if __name__ == "__main__":
    for line in measure(Path(sys.argv[1])):
        print(line, flush=True)
