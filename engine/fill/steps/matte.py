"""Where a face ends and what is behind it begins, as sharp as the photo's own edges."""

from __future__ import annotations

import cv2
import numpy as np

from engine.base.brightness import LUMA
from engine.face import geometry
from engine.face.regions import CRISP, Matte, matte
from engine.fill.photo_fill import GuidedShare

FINEST = 1024  # pixels a side of a matte
AROUND = 1.2  # frames that a matte is wide: a jaw may end beyond its frame
SHARPEST = 0.001  # frame sides: sigma of the sharpest edge
# Edges are told by the steepest pixels, one in so many; so far around each, in frame sides, lie
# both of its sides; and fewer steep ones, or of less contrast (of 255), tell nothing.
STEEP, BOTH, FEWEST, FAINT = 0.02, 0.012, 50, 24.0


def draw_matte(fill: GuidedShare, nodes: np.ndarray) -> GuidedShare:
    """Writes matte: how much of each pixel is face, a little beyond the frame too."""
    frame = geometry.grown(fill.share.frame, AROUND)
    size = int(np.clip(geometry.frame_side(frame), len(fill.crop), FINEST))
    light, hidden = (
        geometry.cut(one, frame, size)
        for one in (fill.whole.photo.own8, fill.whole.hole.view(np.uint8) * np.uint8(255))
    )
    known = (hidden == 0) & ~geometry.beyond(frame, fill.whole.photo.size, size)
    soft = edge_width(light.astype(np.float32) @ np.array(LUMA, np.float32), known, size / AROUND)
    return fill.becomes(GuidedShare, matte=Matte(matte(nodes, size, AROUND, soft), frame))


def edge_width(light: np.ndarray, known: np.ndarray, side: float) -> float:
    """How soft a photo's sharpest edges are: their sigma in frame sides, between SHARPEST and CRISP
    (which is the answer where nothing tells).

    light: S x S float32, 0..255. known: S x S bool, what is looked at. side: pixels of a frame.
    A step of height c that is blurred by sigma is at most c / (sqrt(2 pi) sigma) steep.
    """
    reach = max(1, round(BOTH * side))
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    known = cv2.erode(known.astype(np.uint8), square) > 0
    across, down = (cv2.Sobel(light, cv2.CV_32F, *d, scale=1 / 8) for d in ((1, 0), (0, 1)))
    steep = np.hypot(across, down)
    high = cv2.dilate(light, square) - cv2.erode(light, square)
    told = known & (high > FAINT)
    if told.sum() < FEWEST / STEEP:
        return CRISP
    told &= steep >= np.quantile(steep[told], 1 - STEEP)
    sigma = np.median(high[told] / steep[told]) / np.sqrt(2 * np.pi) / side
    return float(np.clip(sigma, SHARPEST, CRISP))
