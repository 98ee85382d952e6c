"""The one place where a patch meets the pixels under it.

Canvas, save, command line and batch all come here, so that what is written is what was shown.
"""

from __future__ import annotations

import numpy as np

from engine.photo.patch import Patch


def blend(below: np.ndarray, above: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """`above` over `below` (h x w x 3, one depth) by alpha (h x w uint8), exact at 0 and 255."""
    mixed = below.copy()
    np.copyto(mixed, above, where=(alpha == 255)[..., None])
    soft = (alpha > 0) & (alpha < 255)
    if soft.any():
        # Soft pixels are few: the arithmetic is done for them alone.
        weight = alpha[soft][:, None].astype(np.uint32)
        sum_ = below[soft].astype(np.uint32) * (255 - weight) + above[soft] * weight
        mixed[soft] = ((sum_ + 127) // 255).astype(below.dtype)
    return mixed


def lay(pixels: np.ndarray, corner: tuple[int, int], patch: Patch, opacity: float = 1.0) -> None:
    """Composite the part of a patch that falls on `pixels`, in place.

    pixels: h x w x 3 or 4 of the patch's depth, whose upper left pixel is the photo's `corner`
    (x, y). opacity: 0 .. 1, of the whole patch. The photo's own transparency is kept; where the
    patch's alpha is 0 every pixel stays bit for bit.
    """
    x, y, width, height = patch.box
    x0, y0 = max(x, corner[0]), max(y, corner[1])
    x1 = min(x + width, corner[0] + pixels.shape[1])
    y1 = min(y + height, corner[1] + pixels.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    region = pixels[y0 - corner[1] : y1 - corner[1], x0 - corner[0] : x1 - corner[0], :3]
    inner = (slice(y0 - y, y1 - y), slice(x0 - x, x1 - x))
    alpha = patch.alpha[inner]
    if opacity < 1:
        alpha = (alpha * max(opacity, 0.0) + 0.5).astype(np.uint8)
    region[...] = blend(region, patch.pixels[inner], alpha)
