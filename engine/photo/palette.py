"""Photos of few colours: scans of one bit, drawings, posters.

A fill of such a photo is to have its colours and no others. Black dots that stand for greys are
smoothed before anything looks at a face in them, and what is filled is made of dots again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEW = 64  # colours: with more it is a photograph
SAMPLED = 64  # rows and columns that are looked at first: a photograph has more colours on them
# Share of neighbours that differ: of one-bit scans whose dots stand for greys; of line drawings a
# twentieth do.
DOTTED = 0.15
DOTS = 1.8  # pixels: sigma that makes greys of dots
CALM = 5  # pixels: width of the median that makes a fill's colours areas


@dataclass(frozen=True, eq=False)
class Palette:
    """colours: N x 3 uint8, darkest first. dotted: whether dots of two of them stand for what lies
    between."""

    colours: np.ndarray
    dotted: bool

    def smoothed(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (H x W x 3 or 4 uint8) with greys for these dots."""
        import cv2

        out = pixels.copy()
        out[..., :3] = cv2.GaussianBlur(pixels[..., :3], (0, 0), DOTS)
        return out

    def kept(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (h x w x 3 uint8) in these colours alone: dots by error diffusion (Floyd and
        Steinberg 1976), areas by the nearest colour."""
        import cv2
        from PIL import Image

        if self.dotted:
            dark, light = self.colours.astype(np.float32)
            way = light - dark
            share = (pixels.astype(np.float32) - dark) @ way / float(way @ way)
            grey = (share.clip(0, 1) * 255).round().astype(np.uint8)
            return self.colours[np.asarray(Image.fromarray(grey).convert("1")).astype(np.uint8)]
        calm = cv2.medianBlur(np.ascontiguousarray(pixels), CALM)
        ours = cv2.cvtColor(calm, cv2.COLOR_RGB2LAB).astype(np.int32)
        theirs = cv2.cvtColor(self.colours[None], cv2.COLOR_RGB2LAB)[0].astype(np.int32)
        nearest = np.zeros(ours.shape[:2], np.uint8)
        least = np.full(ours.shape[:2], np.iinfo(np.int32).max, np.int32)
        for number, colour in enumerate(theirs):
            off = np.square(ours - colour).sum(-1)
            nearer = off < least
            nearest[nearer], least[nearer] = number, off[nearer]
        return self.colours[nearest]


def palette_of(pixels: np.ndarray) -> Palette | None:
    """The colours of a picture (H x W x 3 or 4) of 8 bit that has few; None of any other, or of one
    colour."""
    down, across = (max(1, length // SAMPLED) for length in pixels.shape[:2])
    if pixels.dtype != np.uint8 or len(_packed(pixels[::down, ::across])) > FEW:
        return None
    packed = _packed(pixels)
    if not 2 <= len(packed) <= FEW:
        return None
    colours = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], -1).astype(np.uint8)
    colours = colours[np.argsort(colours.sum(-1, dtype=int), kind="stable")]
    differ = (pixels[:, 1:, :3] != pixels[:, :-1, :3]).any(-1).mean()
    return Palette(colours, len(colours) == 2 and bool(differ > DOTTED))


def _packed(pixels: np.ndarray) -> np.ndarray:
    """Every colour once, as one number."""
    wide = pixels[..., :3].astype(np.uint32)
    return np.unique(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2])
