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

SIDE = 512  # pixels of a map of bends; a preview has fewer
CALMED = 0.006  # crop units: sigma over which neighbouring triangles share a bend
FINER = 1.4  # a reference with so many pixels to one of the photo is reduced first
RIM = 0.012  # of the reference's frame: so far beyond what lies over it nothing is taken
MARGIN = 8  # pixels of the reference beyond what is looked up


def bent(
    laid: Laid,
    nodes: np.ndarray,
    frame: np.ndarray,
    box: tuple[int, int, int, int],
    net: np.ndarray,
    side: int = SIDE,
) -> np.ndarray:
    """Where each pixel of a box lies in a reference's photo, height x width x 2 float64.

    nodes: 478 x 2, crop units, where the face is to have them. frame: 2 x 3, of the face that is
    filled. box: (x, y, width, height) in its photo. net: T x 3, triangles over nodes and anchors
    (engine.prior.warp). side: pixels of the map that bends are calmed on.
    """
    places, found = MeanShape(laid.nodes.astype(np.float32), net).from_mean(nodes, side)
    line = (np.arange(side, dtype=np.float32) + 0.5) / side
    bends = np.where(found[..., None], places - np.dstack(np.meshgrid(line, line)), 0)
    bends = cv2.GaussianBlur(bends.astype(np.float32), (0, 0), CALMED * side)
    x, y, width, height = box
    across, down = np.meshgrid(np.arange(width) + x + 0.5, np.arange(height) + y + 0.5)
    here = geometry.transform(frame, np.column_stack([across.ravel(), down.ravel()]))
    inside = ((here > 0) & (here < 1)).all(1)[:, None]
    here = here + inside * geometry.put_back(bends, frame, box).reshape(-1, 2)
    back = geometry.compose(geometry.invert(laid.move), geometry.invert(frame))
    return geometry.transform(back, here).reshape(height, width, 2)


def shown(laid: Laid, places: np.ndarray) -> np.ndarray:
    """How much of each pixel nothing lies over in a reference of which something is hidden, height
    x width float32 in [0, 1]. places: as of `bent`."""
    hidden, mesh = laid.reference.hidden, laid.reference.face.mesh
    assert hidden is not None
    assert mesh is not None
    # What lies over a face ends softly.
    rim = max(1, round(RIM * geometry.frame_side(geometry.frame_from_mesh(mesh))))
    near = cv2.dilate(hidden.astype(np.uint8), np.ones((2 * rim + 1, 2 * rim + 1), np.uint8))
    beside = cv2.GaussianBlur(1 - near.astype(np.float32), (0, 0), rim)
    at = (places - 0.5).astype(np.float32)
    return cv2.remap(
        beside, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def brought(laid: Laid, places: np.ndarray) -> np.ndarray:
    """The reference's pixels in a box of a photo, height x width x 3 float32 sRGB, 1 is white.
    places: as of `bent`."""
    theirs = laid.reference.photo
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
