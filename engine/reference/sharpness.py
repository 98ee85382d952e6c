"""A reference's pixels as sharp as the photo they are brought to.

Another camera, another distance and the bending itself leave them softer or crisper, with more or
less grain. What both photos show of the face says by how much.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from engine.base.brightness import LUMA

SIGMAS = (0.0, 1.0, 2.0)  # pixels: the finest octaves lie between
# So much more or less of an octave at the most: what the reference does not show cannot be made
# from its grain.
LEAST, MOST = 0.5, 1.8
ENOUGH = 400  # pixels that say how fine a face is
AWAY = 7  # pixels beside what only one of them shows, where bands mix both


def as_sharp(theirs: np.ndarray, ours: np.ndarray, both: np.ndarray) -> np.ndarray:
    """A reference's pixels with as much in the finest octaves as the photo has.

    theirs, ours: h x w x 3 float32, 1 is white, of the same place. both: h x w bool, where both
    show the face.
    """
    where = cv2.erode(both.astype(np.uint8), np.ones((2 * AWAY + 1, 2 * AWAY + 1))) > 0
    if np.count_nonzero(where) < ENOUGH:
        return theirs
    light = np.array(LUMA, np.float32)
    out = theirs.copy()
    for band, wanted in zip(_bands(theirs), _bands(ours @ light), strict=True):
        # Medians: a lash or a crease that only one of them has says nothing.
        has, should = (float(np.median(np.abs(b[where]))) for b in (band @ light, wanted))
        by = np.clip(should / max(has, 1e-6), LEAST, MOST)
        out += np.float32(by - 1) * band
    return out


def _bands(pixels: np.ndarray) -> list[np.ndarray]:
    calm = [pixels if not s else cv2.GaussianBlur(pixels, (0, 0), s) for s in SIGMAS]
    return [fine - coarse for fine, coarse in pairwise(calm)]
