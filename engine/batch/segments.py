"""Thin level things in a grey picture, and how much each of them is like a scratch.

Hair, straps, rims and letters are thin, too. A scratch has nothing to do with what it crosses: its
own brightness stays while its banks change, both banks are alike, and beside it little runs the
same way. Each of these says little; weighed together they tell. The weights are those of a
logistic regression on pieces of scratches drawn on photos against the thin things of the photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

STANDS_OUT = 18  # grey levels over both banks
FAINT = 7
ALONG = 0.7  # of a straight piece must stand out
_WEIGHTS = {
    "length": 0.78,  # log, of the picture's longer side
    "over": 3.77,  # log, grey levels over the brighter bank
    "bright": 0.4,  # hundreds of grey levels, to 200
    "wavering": -1.39,  # log, its own standard deviation along it
    "banks": 1.51,  # log, its banks' standard deviation along it
    "unlike": -2.59,  # log, between its banks
    "coloured": -0.91,  # fifties of chroma, to 100
    "crowd": -4.01,  # fifths of what is beside it stand out as well
    "across": 2.15,  # log, changes along over changes across, beside it
}
_BIAS = -5.6


@dataclass(frozen=True, eq=False)
class Segments:
    """Level pieces of a picture. labels: H x W int32, 0 where there is none. score: one a label,
    the log odds that it is a scratch, that of 0 without meaning. ends: n x 2 x 2 float, the (x, y)
    of both ends. level: n, the mean grey. faint: H x W uint8, 1 where something level stands out a
    little."""

    labels: np.ndarray
    score: np.ndarray
    ends: np.ndarray
    level: np.ndarray
    faint: np.ndarray


def level_segments(
    grey: np.ndarray, chroma: np.ndarray, inside: np.ndarray, away: int, length: int
) -> Segments | None:
    """What lies level and is lighter than both banks; None where nothing does.

    grey, chroma: H x W uint8. inside: H x W uint8, 255 where there is a picture, else 0. away:
    pixels from the middle of a scratch to its banks. length: pixels, the shortest piece looked for.
    """
    import cv2

    smooth = _array(cv2.GaussianBlur(grey, (0, 0), 0.6))
    banks = _array(cv2.blur(grey, (3, max(1, away - 1))))
    one, other = np.roll(banks, away, 0), np.roll(banks, -away, 0)
    over = _array(cv2.subtract(smooth, cv2.max(one, other)))  # 0 where it is darker
    limit = (0.7 * np.arange(256) + 6).astype(np.uint8)
    limit[: STANDS_OUT + 1] = 0
    ridge = cv2.compare(cv2.absdiff(one, other), cv2.LUT(over, limit), cv2.CMP_LT)
    ridge = _array(cv2.bitwise_and(ridge, inside))
    # A pixel up or down: a scratch is not quite straight.
    loose = _array(cv2.dilate(ridge, np.ones((3, 1), np.uint8)))
    share = cv2.blur(loose, (length, 1))
    line = cv2.threshold(share, int(255 * ALONG), 1, cv2.THRESH_BINARY)[1]
    line = _array(cv2.min(line, ridge))
    if not line.any():
        return None
    joined = cv2.dilate(line, np.ones((3, length // 3 | 1), np.uint8))
    count, labels = cv2.connectedComponents(joined)
    labels = _array(labels) * line
    beside = (_crowd(over, away, length), *_changes(grey, away, length))
    pieces = _Pieces(labels, count)
    score, ends, level = _weighed(
        pieces, smooth, over, (one, other), chroma, beside, max(grey.shape)
    )
    return Segments(labels, score, ends, level, (over > FAINT).view(np.uint8))


def _crowd(over: np.ndarray, away: int, length: int) -> np.ndarray:
    """Which share of what lies beside a pixel stands out, H x W float32."""
    import cv2

    some, wide = (over > FAINT + 1).view(np.uint8), 8 * away
    every, own = (
        _array(cv2.boxFilter(some, cv2.CV_32F, (length, 2 * high + 1), normalize=False))
        for high in (wide, away)
    )
    return (every - own) / (2 * (wide - away) * length)


def _changes(grey: np.ndarray, away: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """How much the grey beside a pixel changes along and across, H x W float32 each."""
    import cv2

    result = []
    for axis in (1, 0):
        step = cv2.absdiff(np.roll(grey, 1, axis), np.roll(grey, -1, axis))
        near = _array(cv2.boxFilter(step, cv2.CV_32F, (max(1, length // 2), 3)))
        result.append((np.roll(near, 2 * away, 0) + np.roll(near, -2 * away, 0)) / 2)
    return result[0], result[1]


class _Pieces:
    """Means over each label's pixels."""

    def __init__(self, labels: np.ndarray, count: int) -> None:
        self.rows, self.columns = np.nonzero(labels)
        self.of, self.count = labels[self.rows, self.columns], count
        self.size = np.maximum(np.bincount(self.of, minlength=count), 1).astype(float)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """values: one a pixel, or H x W."""
        if values.ndim == 2:
            values = values[self.rows, self.columns]
        return np.bincount(self.of, values.astype(float), self.count) / self.size

    def spread(self, values: np.ndarray) -> np.ndarray:
        values = values.astype(float)
        return np.sqrt(np.maximum(self.mean(values * values) - self.mean(values) ** 2, 0))


def _weighed(
    pieces: _Pieces,
    smooth: np.ndarray,
    over: np.ndarray,
    banks: tuple[np.ndarray, np.ndarray],
    chroma: np.ndarray,
    beside: tuple[np.ndarray, np.ndarray, np.ndarray],
    side: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pieces' scores, ends and levels; see `Segments`."""
    x, y = pieces.columns.astype(float), pieces.rows.astype(float)
    left, right = np.full(pieces.count, np.inf), np.full(pieces.count, -np.inf)
    np.minimum.at(left, pieces.of, x)
    np.maximum.at(right, pieces.of, x)
    left[0] = right[0] = 0
    one, other = (bank[pieces.rows, pieces.columns].astype(float) for bank in banks)
    crowd, along, across = (pieces.mean(values) for values in beside)
    own = smooth[pieces.rows, pieces.columns]
    facts = {
        "length": np.log((right - left + 1) / side),
        "over": np.log(np.maximum(pieces.mean(over), 1)),
        "bright": np.minimum(pieces.mean(own), 200) / 100,
        "wavering": np.log(pieces.spread(own) + 2),
        "banks": np.log(pieces.spread((one + other) / 2) + 2),
        "unlike": np.log(pieces.mean(np.abs(one - other)) + 2),
        "coloured": np.minimum(pieces.mean(chroma), 100) / 50,
        "crowd": crowd * 5,
        "across": np.log((along + 2) / (across + 2)),
    }
    score = _BIAS + sum(weight * facts[name] for name, weight in _WEIGHTS.items())
    middle_x, middle_y = pieces.mean(x), pieces.mean(y)
    slope = pieces.mean(x * y) - middle_x * middle_y
    slope /= np.maximum(pieces.spread(x) ** 2, 1e-6)
    ends = np.stack(
        [np.column_stack([at, middle_y + slope * (at - middle_x)]) for at in (left, right)], 1
    )
    return np.asarray(score), ends, pieces.mean(own)


def _array(value: Any) -> np.ndarray:
    return np.asarray(value)
