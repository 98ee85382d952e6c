"""What averaging makes pale, as strong as it is.

A mean over faces whose parts lie a little higher or lower stands out less from what is beside it
than the part of any one face does.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

WIDE = 4  # sigmas around a part that its surroundings are told by


def strengthened(
    values: Tensor, part: np.ndarray, more: float, beside: float, soft: float
) -> Tensor:
    """What is added to values (C x S x S) so that a part of them (S x S bool, not empty) stands out
    from its surroundings 1 + `more` times as much. beside, soft: in pixels, the sigma that the
    surroundings are blurred by and that of the part's edge."""
    rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
    reach = round(WIDE * beside)
    box = (
        slice(max(0, int(rows[0]) - reach), int(rows[-1]) + 1 + reach),
        slice(max(0, int(columns[0]) - reach), int(columns[-1]) + 1 + reach),
    )
    shown = np.ascontiguousarray(values[:, *box].permute(1, 2, 0).cpu().numpy())
    around = cv2.GaussianBlur(shown, (0, 0), max(0.5, beside)).reshape(shown.shape)
    share = softened(part[box], soft)
    added = torch.zeros_like(values)
    band = more * share[..., None] * (shown - around)
    added[:, *box] = torch.from_numpy(band).permute(2, 0, 1).to(values)
    return added


def softened(part: np.ndarray, sigma: float) -> np.ndarray:
    """A part of a picture (0 and 1) with a soft edge, float32; sigma in pixels."""
    return cv2.GaussianBlur(part.astype(np.float32), (0, 0), max(0.5, sigma))
