"""A scratch found in pieces goes on beyond them: it is followed from its ends.

A scratch keeps its own brightness over whatever it crosses, so it can be followed where one bank is
as bright as itself, and through other scratches.
"""

from __future__ import annotations

import numpy as np

from engine.batch.segments import FAINT, STANDS_OUT

SAME = 40  # grey levels that a scratch's own brightness changes by
STRAIGHT = 0.1  # radians that two pieces of one scratch may differ
GAP = 1.2  # pieces: as far as nothing of it may show


def follow(
    grey: np.ndarray, ends: np.ndarray, level: np.ndarray, away: int, length: int
) -> np.ndarray:
    """What goes on from the ends of pieces of scratches, H x W uint8 of 0 or 1.

    grey: H x W uint8, in which they are light. ends: n x 2 x 2, (x, y). level: n, their own
    brightness. away, length: see `segments.level_segments`.
    """
    import cv2

    found = np.zeros(grey.shape, np.uint8)
    way = ends[:, 1] - ends[:, 0]
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
    start, way = np.concatenate([ends[:, 1], ends[:, 0]]), np.concatenate([way, -way])
    for part in range(0, len(start), 64):  # memory: strips are as long as the picture
        these = slice(part, part + 64)
        paths, until = _tracked(
            grey, start[these], way[these], np.tile(level, 2)[these], away, length
        )
        for path, last in zip(paths, until, strict=True):
            if last > 1:
                cv2.polylines(found, [path[:last].astype(np.int32)], False, (1,), 2)
    return found


def _tracked(
    grey: np.ndarray,
    start: np.ndarray,
    way: np.ndarray,
    level: np.ndarray,
    away: int,
    length: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Paths from `start` along `way` (both n x 2): n x steps x 2, and up to which step each is the
    scratch."""
    import cv2

    count, steps, reach = len(start), int(np.hypot(grey.shape[0], grey.shape[1])), 2 * away + 1
    across = np.column_stack([-way[:, 1], way[:, 0]])
    ahead, aside = np.arange(steps), np.arange(-reach, reach + 1)
    # Each strip has the scratch's way as its middle row.
    x = (start[:, 0, None, None] + aside[:, None] * across[:, 0, None, None]) + ahead * way[
        :, 0, None, None
    ]
    y = (start[:, 1, None, None] + aside[:, None] * across[:, 1, None, None]) + ahead * way[
        :, 1, None, None
    ]
    flat = (count * len(aside), steps)
    strips = cv2.remap(
        grey,
        x.reshape(flat).astype(np.float32),
        y.reshape(flat).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )
    strips = np.asarray(strips).reshape(count, len(aside), steps).astype(np.int16)
    height, width = grey.shape
    inside = (
        (x[:, reach] > -1) & (x[:, reach] < width) & (y[:, reach] > -1) & (y[:, reach] < height)
    )

    every = np.arange(count)
    row = np.full(count, reach)
    rows = np.zeros((count, steps), int)
    last, alive = np.zeros(count, int), np.ones(count, bool)
    as_bright, shows = np.ones(count), np.ones(count)
    for step in range(steps):
        around = [strips[every, row + turn, step] - 2 * abs(turn) for turn in (-1, 0, 1)]
        row = np.clip(row + np.argmax(around, 0) - 1, reach - away, reach + away)
        rows[:, step] = row
        own = strips[every, row, step]
        banks = strips[every, row - away, step], strips[every, row + away, step]
        same = np.abs(own - level) < SAME
        over, over_one = own - np.maximum(*banks), own - np.minimum(*banks)
        ridge = same & ((over > FAINT) | (over_one > STANDS_OUT))
        as_bright += 0.05 * (same - as_bright)
        shows += 0.07 * (ridge - shows)
        alive &= inside[:, step] & (as_bright > 0.4) & (step - last < GAP * length)
        if not alive.any():
            break
        last[alive & ridge & (shows > 0.5)] = step
    offset = rows - reach
    path = start[:, None] + ahead[:, None] * way[:, None] + offset[..., None] * across[:, None]
    return np.round(path), last


def bridge(found: np.ndarray, ends: np.ndarray, reach: int) -> None:
    """Draw into `found` what joins two pieces of one scratch: it goes on where nothing of it shows.

    found: H x W uint8. ends: n x 2 x 2, pieces by their ends (x, y). reach: pixels, the longest
    gap.
    """
    import cv2

    along = ends[:, 1] - ends[:, 0]
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    points = np.concatenate([ends[:, 0], ends[:, 1]])
    outward = np.concatenate([-along, along])
    for number, (point, way) in enumerate(zip(points, outward, strict=True)):
        gap = points - point
        far = np.linalg.norm(gap, axis=1)
        ahead = gap @ way
        aside = np.abs(gap @ np.array([-way[1], way[0]]))
        meets = (far > 2) & (far < reach) & (aside < 2 + STRAIGHT * ahead)
        meets &= outward @ way < -1 + STRAIGHT**2 / 2
        if not meets.any():
            continue
        other = int(np.flatnonzero(meets)[np.argmin(far[meets])])
        if other > number or not meets[other]:
            start, stop = (tuple(round(v) for v in points[k]) for k in (number, other))
            cv2.line(found, start, stop, (1,), 2)
