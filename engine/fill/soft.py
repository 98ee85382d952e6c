"""Soft masks: what would shine through where a mask is neither all nor nothing."""

from __future__ import annotations

import numpy as np

# Of the photo's range: a hidden thing that is off the fill by less may stay; from the second value
# on it is gone. A photo's own skin under a soft brush is nearer to its fill than the first.
MAY_STAY, GONE = 0.06, 0.12
OPAQUE = 200  # of 255: a thing that is selected and feathered has so much somewhere
SMOOTH = 1.5  # pixels: sigma within which pixels are judged together


def seen_through(alpha: np.ndarray, photo: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """The alpha (height x width uint8) of a patch, raised where the photo shows another thing.

    photo, fill: height x width x 3, one depth. A feathered edge over a green cup would leave a
    green ring: there the fill is laid on whole, its seam being closed with what lies beyond the
    mask. Only around what is masked all but whole: a part that is nowhere opaque was asked for as a
    blend. Where alpha is 0 it stays 0.
    """
    import cv2

    partly = (alpha > 0) & (alpha < 255)
    if partly.any():
        _, parts = cv2.connectedComponents((alpha > 0).view(np.uint8))
        edges = np.isin(np.asarray(parts), np.unique(np.asarray(parts)[alpha >= OPAQUE]))
        partly &= edges
    if not partly.any():
        return alpha
    off = np.abs(photo.astype(np.float32) - fill.astype(np.float32)).max(-1)
    off = cv2.GaussianBlur(off / np.iinfo(photo.dtype).max, (0, 0), SMOOTH)
    gone = ((off - MAY_STAY) / (GONE - MAY_STAY)).clip(0, 1)
    raised = np.maximum(alpha, (255 * gone + 0.5).astype(np.uint8))
    return np.where(partly, raised, alpha).astype(np.uint8)
