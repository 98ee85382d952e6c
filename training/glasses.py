"""Which faces of a training set wear glasses, told from the set itself.

Rims across the bridge of the nose and under both eyes are thin dark lines, and in the mean shape
they lie in one place. Faces where all of them are seen surely wear glasses, faces where none is
seen surely do not; a linear score learnt from both (ridge regression on the strength of edges)
tells of the rest, and of dark glasses and rimless ones, whose lines are none.
"""

from __future__ import annotations

import cv2
import numpy as np

ROWS = (5 / 32, 21 / 32)  # of the mean shape's picture: the band of brows and eyes
BRIDGE = ((0.32, 0.68), (0.475, 0.525))  # of the band's rows and columns, where rims cross the nose
UNDER = (
    ((0.56, 0.86), (0.29, 0.41)),
    ((0.56, 0.86), (0.59, 0.71)),
)  # and where they lie below eyes
REACH = 1 / 16  # of the band's height: how far from a line its surroundings are looked at
SURE, NONE = 0.42, 0.1  # of both lines' depth, shares of the skin's brightness; 1 in 12, 3 in 4
FEWEST = 500  # faces that a linear score of two and a half thousand weights is learnt from
ROUNDS = 4  # of learning from what the round before told
TAKEN, REFUSED = 0.45, -0.35  # scores from which on a face is learnt from
WORN = 0.0  # score from which on a face wears glasses: of 11,742 faces 17 %, some of them bent
RIDGE = 0.25  # of the faces that are learnt from
DARKEST = 20.0  # of 255: what is divided by at least


def wear_glasses(bands: np.ndarray) -> np.ndarray:
    """Whether each face wears glasses, n bool; see `scores_of`."""
    return scores_of(bands) > WORN


def scores_of(bands: np.ndarray) -> np.ndarray:
    """How surely each face wears glasses, n float, about 1 for surely, -1 for surely not.

    bands: n x h x w, any real type, 0..255: the brightness of `ROWS` of faces in the mean shape.
    Needs FEWEST faces, of which some surely do; else none is said to.
    """
    bare = np.full(len(bands), -1.0)
    if len(bands) < FEWEST:
        return bare
    lines = np.array([_line(band, *BRIDGE) + min(_line(band, *u) for u in UNDER) for band in bands])
    told = np.where(lines > SURE, 1.0, np.where(lines < NONE, -1.0, 0.0))
    features = np.stack([_features(band) for band in bands])
    features = (features - features.mean(0)) / (features.std(0) + 1e-3)
    features = np.column_stack([features, np.ones(len(features))]).astype(np.float32)
    score = told
    for _ in range(ROUNDS):
        if not ((told > 0).any() and (told < 0).any()):
            return bare
        score = features @ _learnt(features, told)
        told = np.where(score > TAKEN, 1.0, np.where(score < REFUSED, -1.0, 0.0))
    return score


def _line(band: np.ndarray, rows: tuple[float, float], columns: tuple[float, float]) -> float:
    """How much darker than both sides of it the darkest level line in a part of a band is."""
    height, width = band.shape
    part = band[
        round(rows[0] * height) : round(rows[1] * height),
        round(columns[0] * width) : round(columns[1] * width),
    ].astype(np.float32)
    profile, reach = part.mean(1), max(1, round(REACH * height))
    sides = np.minimum(profile[: -2 * reach], profile[2 * reach :])
    return float((sides - profile[reach:-reach]).max()) / max(DARKEST, float(profile.mean()))


def _features(band: np.ndarray) -> np.ndarray:
    """The strength of edges across and along, coarsely, and the brightness, more coarsely."""
    band = band.astype(np.float32)
    soft = cv2.GaussianBlur(band, (0, 0), 1)
    light = band.mean() + DARKEST
    edges = [np.abs(cv2.Sobel(soft, cv2.CV_32F, *order)) for order in ((1, 0), (0, 1))]
    sizes = ((48, 24), (48, 24), (24, 12))
    maps = [
        cv2.resize(one / light, size, interpolation=cv2.INTER_AREA)
        for one, size in zip([*edges, band], sizes, strict=True)
    ]
    return np.concatenate([np.log1p(4 * one).ravel() for one in maps])


def _learnt(features: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Weights of the features, both answers counting the same in all."""
    known = told != 0
    one, answer = features[known], told[known]
    weight = np.where(answer > 0, 1 / (answer > 0).mean(), 1 / (answer < 0).mean())
    weighted = (one * weight[:, None].astype(np.float32)).T
    matrix = (weighted @ one).astype(np.float64)
    matrix[np.diag_indices(len(matrix))] += RIDGE * len(one)
    return np.linalg.solve(matrix, weighted @ answer).astype(np.float32)
