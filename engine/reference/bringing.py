"""A reference's pixels brought to where the face that is filled has them, at the photo's own size.

A similarity brings the whole face; what the expected nodes differ from the reference's after that
bends it, piecewise affine over the triangles of the mean shape and calmed between them.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.face import geometry
from engine.prior.warp import MeanShape
from engine.reference.alignment import Laid

SIDE = 512  # pixels of a map of bends
CALMED = 0.006  # crop units: sigma over which neighbouring triangles share a bend
FINER = 1.4  # a reference with so many pixels to one of the photo is reduced first
MARGIN = 8  # pixels of the reference beyond what is looked up


def bent(
    laid: Laid,
    nodes: np.ndarray,
    frame: np.ndarray,
    box: tuple[int, int, int, int],
    net: np.ndarray,
) -> np.ndarray:
    """Where each pixel of a box lies in a reference's photo, height x width x 2 float64.

    nodes: 478 x 2, crop units, where the face is to have them. frame: 2 x 3, of the face that is
    filled. box: (x, y, width, height) in its photo. net: T x 3, triangles over nodes and anchors
    (engine.prior.warp).
    """
    places, found = MeanShape(laid.nodes.astype(np.float32), net).from_mean(nodes, SIDE)
    line = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE
    bends = np.where(found[..., None], places - np.dstack(np.meshgrid(line, line)), 0)
    bends = cv2.GaussianBlur(bends.astype(np.float32), (0, 0), CALMED * SIDE)
    x, y, width, height = box
    across, down = np.meshgrid(np.arange(width) + x + 0.5, np.arange(height) + y + 0.5)
    here = geometry.transform(frame, np.column_stack([across.ravel(), down.ravel()]))
    inside = ((here > 0) & (here < 1)).all(1)[:, None]
    here = here + inside * geometry.put_back(bends, frame, box).reshape(-1, 2)
    back = geometry.compose(geometry.invert(laid.move), geometry.invert(frame))
    return geometry.transform(back, here).reshape(height, width, 2)


def brought(
    laid: Laid,
    nodes: np.ndarray,
    frame: np.ndarray,
    box: tuple[int, int, int, int],
    net: np.ndarray,
) -> np.ndarray:
    """The reference's pixels in a box of a photo, height x width x 3 float32 sRGB, 1 is white.
    Arguments as of `bent`."""
    theirs = laid.reference.photo
    places = bent(laid, nodes, frame, box, net)
    low = np.floor(places.min((0, 1))).astype(int) - MARGIN
    high = np.ceil(places.max((0, 1))).astype(int) + MARGIN
    x0, y0 = np.clip(low, 0, np.array(theirs.size) - 1)
    x1, y1 = np.clip(high, (x0 + 1, y0 + 1), theirs.size)
    part = np.ascontiguousarray(theirs.own8[y0:y1, x0:x1])
    places = places - (x0, y0)
    if laid.scale > FINER:
        size = [max(1, round(length / laid.scale)) for length in (part.shape[1], part.shape[0])]
        places = places * (size[0] / part.shape[1], size[1] / part.shape[0])
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    rgb = theirs.to_srgb(part).astype(np.float32) / 255
    at = (places - 0.5).astype(np.float32)
    return cv2.remap(rgb, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
