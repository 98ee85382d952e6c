"""A mask brought to another photo: where its face lies there, as large."""

from __future__ import annotations

import cv2
import numpy as np

from engine.mask.mask import Mask


def moved(mask: Mask, move: np.ndarray, size: tuple[int, int]) -> Mask:
    """The mask in a photo of `size` (width, height). move: 2 x 3, from pixels of the one photo to
    those of the other, edges of pixels being whole numbers; what comes to lie beside it is lost."""
    centred = np.array(move, np.float64)
    # OpenCV's whole numbers are pixels' centres.
    centred[:, 2] += centred[:, :2] @ (0.5, 0.5) - 0.5
    return Mask(cv2.warpAffine(mask.pixels, centred, size, flags=cv2.INTER_LINEAR))
