"""Where texture may be taken from: a person's face is nobody's background.

The texture of a wall is looked for in all that surrounds a hole. Where a face stands near, an eye
of it fits the border as well as anything, and would be painted on the wall.
"""

from __future__ import annotations

import numpy as np

from engine.face.regions import Head
from engine.fill.shares import meet, part_of

Box = tuple[int, int, int, int]

ON_IT = 0.5  # of a hole's pixels lie on the face
MOSTLY = 0.3  # of a person's pixels in a hole are of the neck
LEAST = 0.5  # of a hole's pixels must be left to take texture from


def no_source(
    heads: tuple[Head, ...], hole: np.ndarray, window: Box, *, parted: bool = False
) -> np.ndarray | None:
    """The pixels of a window that give no texture to a hole in it, height x width bool.

    hole: height x width bool, the window's. window: (x, y, width, height) in the photo. Of a head
    that the hole reaches only the face itself is none, for hair and neck go on there; of any
    other, all that is near the face. parted: people are parted from what is behind them, so of a
    head that the hole reaches cheeks and chin may go on in its neck. A hole that lies on a face
    goes on with that face. None where the rest would be too little, or all is one.
    """
    shut = np.zeros(hole.shape, bool)
    rows, columns = np.nonzero(hole)
    middle = (float(columns.mean()) + window[0], float(rows.mean()) + window[1])
    for head in heads:
        x, y = max(head.box[0], window[0]), max(head.box[1], window[1])
        right = min(head.box[0] + head.box[2], window[0] + window[2])
        bottom = min(head.box[1] + head.box[3], window[1] + window[3])
        if x >= right or y >= bottom:
            continue
        theirs = np.s_[
            y - head.box[1] : bottom - head.box[1], x - head.box[0] : right - head.box[0]
        ]
        ours = np.s_[y - window[1] : bottom - window[1], x - window[0] : right - window[0]]
        if (hole[ours] & head.skin[theirs]).sum() > ON_IT * hole.sum():
            continue
        reached = bool((hole[ours] & head.near[theirs]).any())
        # Of a cap or of hair a forehead is no part.
        own = head.features if parted and head.under_chin(middle) else head.skin
        shut[ours] |= (own if reached else head.near)[theirs]
    shut &= ~hole
    if not shut.any() or (~hole & ~shut).sum() < LEAST * hole.sum():
        return None
    return shut


def no_neck(heads: tuple[Head, ...], hole: np.ndarray, window: Box) -> np.ndarray | None:
    """The pixels of a window that give no texture to the people in a hole of which little but a
    neck is hidden, height x width bool: hair and features border on a neck, and are none of it.
    None for other holes.

    hole: height x width bool, what of it is a person. window: (x, y, width, height) in the photo.
    """
    shut = None
    for head in heads:
        if not hole.any() or (hole & head.neck(window)).sum() < MOSTLY * hole.sum():
            continue
        other = ~head.neck(window) & head.above_chin(window)
        x, y, width, height = meet(head.box, window)
        theirs, ours = (part_of((x, y, width, height), box) for box in (head.box, window))
        other[ours] &= ~head.skin[theirs]
        other[ours] |= head.features[theirs]
        shut = other if shut is None else shut | other
    return shut
