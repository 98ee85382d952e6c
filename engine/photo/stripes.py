"""Light that falls in straight stripes (blinds, bars, the edge of a shadow) across a hole.

Along a stripe the light is the same, across it it steps; what steps at the same place all along a
line is light, what steps here and there is the picture. So the steps of the light are the medians
of what the picture does along lines, in the direction in which most of it is found.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.base.brightness import LUMA

Box = tuple[int, int, int, int]

BESIDE = 0.8  # of the hole's longer side, how much around it is looked at
FIRST, THEN = 80, 400  # pixels of that region's longer side, when directions are tried and after
ANGLES = 36  # directions that are tried at first
FINER = np.deg2rad(np.arange(-3.0, 3.01, 0.25))  # beside the best of them
# Share of the seen pixels of a line that step as its median does, at least half as far. A face's
# own lines bend and end.
AGREED = 0.7
# The same close to the hole, of all lines: a wall behind a face has stripes too, and the face none.
# Of striped light it is 0.93 to 0.98, of two photos that were taken for striped 0.68.
BESIDE_TOO, CLOSE = 0.85, 0.15  # CLOSE: of the region's longer side
AS_WELL = 0.65  # the same, where stripes are found: of their fainter edges
EDGES, EDGE = 3, 0.2  # so many, up and down in turns, of so much of the logarithm, make stripes
FEWEST = 0.25  # of a line, what must be seen of it, neither hidden nor black nor white
STEP = 0.3  # of the logarithm of brightness, from dark to light within the hole: 0.75 of the light
ROWS = 256  # that are lit at a time
LIT = 0.8  # quantile of the lines that cross a hole, of those that are lit
SMALLEST = 24  # pixels of the hole's longer side
FLOOR = 4.0  # of 255: what is darker has no logarithm to speak of
BLACK, WHITE = 20.0, 254.0


@dataclass(frozen=True, eq=False)
class Stripes:
    """Light in stripes. across: unit vector (x, y). first: where on it the profile begins, photo
    pixels. step: from one of its values to the next. profile: N x 3, logarithm of the light of red,
    green and blue, 0 where a hole is lit."""

    across: np.ndarray
    first: float
    step: float
    profile: np.ndarray

    def light(self, box: Box) -> np.ndarray:
        """How bright it is in a box (x, y, width, height) of the photo, height x width x 3, 1 where
        it is lit."""
        x, y, width, height = box
        places = (np.arange(width) + x) * self.across[0]
        places = places[None] + ((np.arange(height) + y) * self.across[1])[:, None]
        at = (places - self.first) / self.step
        known = np.arange(len(self.profile))
        return np.exp(
            np.stack([np.interp(at, known, self.profile[:, c]) for c in range(3)], -1)
        ).astype(np.float32)

    def evened(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (H x W x 3 or 4, uint8 or uint16) as if all were lit alike."""
        return self._changed(pixels, (0, 0), -1)

    def kept(self, pixels: np.ndarray, at: tuple[int, int]) -> np.ndarray:
        """Evenly lit pixels (h x w x 3, whose first lies at `at`) in this light."""
        return self._changed(pixels, at, 1)

    def _changed(self, pixels: np.ndarray, at: tuple[int, int], way: int) -> np.ndarray:
        out, most = pixels.copy(), np.iinfo(pixels.dtype).max
        for row in range(0, len(pixels), ROWS):  # a large photo's light is larger than the photo
            part = pixels[row : row + ROWS, :, :3]
            light = self.light((at[0], at[1] + row, part.shape[1], part.shape[0])) ** way
            out[row : row + ROWS, :, :3] = (part * light + 0.5).clip(0, most).astype(pixels.dtype)
        return out


def stripes_of(pixels: np.ndarray, hole: np.ndarray) -> Stripes | None:
    """The stripes of light that cross a hole; None where none do.

    pixels: H x W x 3 or 4, uint8 or uint16. hole: H x W bool, what is not to be looked at.
    """
    rows, columns = (np.flatnonzero(hole.any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    longest = max(np.ptp(rows), np.ptp(columns)) + 1
    if longest < SMALLEST:
        return None
    (x0, x1), (y0, y1) = (
        (max(0, int(n[0] - BESIDE * longest)), min(size, int(n[-1] + 1 + BESIDE * longest)))
        for n, size in zip((columns, rows), hole.shape[::-1], strict=True)
    )
    part, hidden = pixels[y0:y1, x0:x1, :3], hole[y0:y1, x0:x1]
    small = _Look(part, hidden, FIRST)
    angles = np.arange(ANGLES) * np.pi / ANGLES
    best = max(angles, key=small.strength)
    if _edges(np.cumsum(small.steps(best, rough=True)[1])) < EDGES:  # nearly every photo
        return None
    look = _Look(part, hidden, THEN)
    best = max(best + FINER, key=look.strength)
    first, strict = look.steps(best)
    at, light = look.crossed(best, first), np.cumsum(strict)
    if np.ptp(light[at - 1]) < STEP or _edges(light) < EDGES:
        return None
    if look.beside(best, first, strict) < BESIDE_TOO:
        return None
    profile = np.cumsum(look.steps(best, every=True)[1], 0)
    by = look.by
    across = np.array([np.cos(best), np.sin(best)])
    # The middle of a small picture's pixel 0 lies (by - 1) / 2 pixels behind the photo's.
    begin = (first + 0.5) * by + across @ np.array([x0, y0]) + across.sum() * (by - 1) / 2
    lit = np.quantile(profile[at - 1], LIT, axis=0)
    return Stripes(across, float(begin), by, profile - lit)


def _edges(profile: np.ndarray) -> int:
    """How often a profile, which begins at 0, goes up or down by EDGE, in turns."""
    count, way, turning = 0, 0, 0.0
    for value in profile.tolist():
        off = value - turning
        if way * off > 0:  # further on the same way
            turning = value
        elif abs(off) >= EDGE:
            count, way, turning = count + 1, (1 if off > 0 else -1), value
    return count


class _Look:
    """A part of a photo, made small, and the steps of brightness in it."""

    def __init__(self, part: np.ndarray, hidden: np.ndarray, side: int) -> None:
        self.by = max(1.0, max(part.shape[:2]) / side)
        size = tuple(max(8, round(n / self.by)) for n in part.shape[1::-1])
        most = np.iinfo(part.dtype).max
        small = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA)
        logs = np.log(small.astype(np.float32) * (255 / most) + FLOOR)
        covered = cv2.resize(hidden.view(np.uint8) * np.uint8(255), size) > 0
        self.hidden = cv2.dilate(covered.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
        self._slopes = [cv2.Scharr(logs, -1, *way) / 32 for way in ((1, 0), (0, 1))]
        self._light = [slope @ np.array(LUMA, np.float32) for slope in self._slopes]
        # In the black and in the white nothing steps.
        told = (logs > np.log(BLACK)).all(-1) & (logs < np.log(WHITE)).all(-1)
        self._ys, self._xs = np.nonzero(told & ~self.hidden)
        self._all = np.nonzero(np.ones_like(told))

    def strength(self, angle: float) -> float:
        """How far the light steps in this direction, up and down together."""
        return float(np.abs(self.steps(angle, rough=True)[1]).sum())

    def steps(
        self, angle: float, every: bool = False, rough: bool = False
    ) -> tuple[int, np.ndarray]:
        """From line to line of this direction: the first line's place, and by how much the light
        steps, N, or N x 3 of red, green and blue if `every`. rough: means, which take a fifth of
        the time of medians."""
        cos, sin = np.cos(angle), np.sin(angle)
        ys, xs = self._ys, self._xs
        if not len(ys):
            return 0, np.zeros(1)
        place = np.round(xs * cos + ys * sin).astype(int)
        first, line = int(place.min()), place - place.min()
        counts = np.bincount(line)
        lines = np.round(self._all[1] * cos + self._all[0] * sin).astype(int) - first
        lines = lines[(lines >= 0) & (lines < len(counts))]
        seen = counts >= FEWEST * np.bincount(lines, minlength=len(counts))
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])

        def medians(slopes: list[np.ndarray], channel: int | None = None) -> np.ndarray:
            across, down = (s[ys, xs] if channel is None else s[ys, xs, channel] for s in slopes)
            values = across * cos + down * sin
            if rough:
                middle = np.bincount(line, values) / np.maximum(counts, 1)
            else:
                order = np.lexsort((values, line))
                middle = values[order][np.minimum(starts + counts // 2, len(order) - 1)]
            half = np.abs(middle[line]) / 2
            agree = (values * np.sign(middle[line]) >= half) & (half > 0)
            share = np.bincount(line, agree) / np.maximum(counts, 1)
            agreed = AS_WELL if every else AGREED
            told = (share >= agreed) & seen
            return np.where(told, middle, 0.0)

        light = medians(self._light)
        if not every:
            return first, light
        colours = np.stack([medians(self._slopes, c) for c in range(3)], -1)
        return first, np.where((light != 0)[:, None], colours, 0.0)

    def beside(self, angle: float, first: int, steps: np.ndarray) -> float:
        """How many of the pixels close to the hole step as their lines do, 0..1."""
        reach = 2 * round(CLOSE * max(self.hidden.shape)) + 1
        near = cv2.dilate(self.hidden.view(np.uint8), np.ones((reach, reach), np.uint8)) > 0
        which = near[self._ys, self._xs]
        ys, xs = self._ys[which], self._xs[which]
        cos, sin = np.cos(angle), np.sin(angle)
        step = steps[np.round(xs * cos + ys * sin).astype(int) - first]
        values = self._light[0][ys, xs] * cos + self._light[1][ys, xs] * sin
        agree = values * np.sign(step) >= np.abs(step) / 2
        return float((agree * np.abs(step)).sum() / max(float(np.abs(step).sum()), 1e-6))

    def crossed(self, angle: float, first: int) -> np.ndarray:
        """The numbers of the lines that cross the hole, from 1 on."""
        ys, xs = np.nonzero(self.hidden)
        place = np.round(xs * np.cos(angle) + ys * np.sin(angle)).astype(int) - first
        return np.unique(place.clip(1, len(self.steps(angle)[1])))
