"""From 8-bit fills to 16 bit without bands.

A value of 8 bit stands for 257 of 16; which of them it was is decided by its surroundings: the
smoothest surface that stays within every pixel's range and meets the photo at the border.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.fill.photo_fill import PaintedFill, Textured

Box = tuple[int, int, int, int]

_MARGIN = 24
_STEPS = (12.0, 8.0, 5.0, 3.0, 3.0, 2.0, 2.0, 1.0)  # pixels of blur, coarse to fine
_ROUNDS = 3
_LARGE = 1_000_000  # pixels; one round does for what is so large


def extend_bit_depth(fill: np.ndarray, photo: np.ndarray, hole: np.ndarray, box: Box) -> np.ndarray:
    """The fill at 16 bit, height x width x 3 uint16.

    fill: height x width x 3 uint8, the pixels of `box` (x, y, width, height). photo: H x W x C
    uint16, true outside the hole. hole: H x W bool. A pixel leaves its 8-bit value by at most half
    a step.
    """
    import cv2

    x, y, width, height = box
    x0, y0 = max(0, x - _MARGIN), max(0, y - _MARGIN)
    x1, y1 = min(photo.shape[1], x + width + _MARGIN), min(photo.shape[0], y + height + _MARGIN)
    surface = photo[y0:y1, x0:x1, :3].astype(np.float32)
    known = surface.copy()
    inside = np.s_[y - y0 : y - y0 + height, x - x0 : x - x0 + width]
    hidden = np.zeros(surface.shape[:2], bool)
    hidden[inside] = hole[y : y + height, x : x + width]
    middle = surface.copy()
    middle[inside][hidden[inside]] = fill[hidden[inside]].astype(np.float32) * 257
    low, high = middle - 128.5, middle + 128.5
    surface = middle.copy()
    for _ in range(_ROUNDS if hidden.size < _LARGE else 1):
        for blur in _STEPS:
            smooth = cv2.GaussianBlur(surface, (0, 0), blur, borderType=cv2.BORDER_REPLICATE)
            surface = np.where(hidden[..., None], np.clip(smooth, low, high), known)
    deep = fill.astype(np.uint16) * np.uint16(257)
    part = hidden[inside]
    deep[part] = (surface[inside][part].clip(0, 65535) + 0.5).astype(np.uint16)
    return deep


def shallow(fill: PaintedFill) -> Textured | None:
    """A photo of 16 bit with texture in it, which is made of 8."""
    return fill.textured if fill.photo.pixels.dtype == np.uint16 else None


def remove_bands(fill: PaintedFill, textured: Textured) -> PaintedFill:
    """Reads patches. Writes patches: texture in 16 bit."""
    under, where = textured.under.pixels, textured.where
    patches = [
        replace(patch, pixels=extend_bit_depth(_coarse(patch.pixels), under, where, patch.box))
        if patch.kind == "texture"
        else patch
        for patch in fill.patches
    ]
    return fill.becomes(PaintedFill, patches=tuple(patches))


def _coarse(pixels: np.ndarray) -> np.ndarray:
    """Levels of 8 bit that were written in 16, as uint8."""
    return (pixels // 257).astype(np.uint8)
