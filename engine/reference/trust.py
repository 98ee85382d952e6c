"""Where a reference's pixels are believed, place by place.

What a reference does not show is never stretched out of it: closed lips have no teeth, shut lids no
iris. Where an opening differs from the one that is expected there, its region is painted instead.
So is what the reference is too small to show.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.face import geometry
from engine.face.lids import LIDS, opening
from engine.face.mesh import (
    LEFT_BROW,
    LEFT_EYE,
    LIPS,
    NOSE,
    RIGHT_BROW,
    RIGHT_EYE,
    inter_ocular,
)
from engine.reference.reference import REGIONS

SIDE = 256  # pixels of a map of regions
# (a part's nodes, the pair of nodes whose distance is its opening, by how much more and by how much
# less it is opened than the reference shows from which on it is painted), inter-ocular distances.
# All or nothing: two mouths mixed are a ghost. Looked at on 41 mouths: closed lips drawn apart by
# 0.05 and more are a band of lip (LPIPS 1.05 and 1.2 of the painted ones'; 0.77 where both differ
# by less than 0.03), and an open mouth may be closed by more, where it is as near as a painted one.
OPENINGS = (
    (LIPS, (13, 14), 0.04, 0.08),
    (LEFT_EYE, LIDS[0], 0.07, 0.07),
    (RIGHT_EYE, LIDS[1], 0.07, 0.07),
)
# So many nodes of lips that are seen tell whether a reference's mouth goes on from them, and so far
# they may lie off, in inter-ocular distances.
FEW, MISFIT = 6, 0.05  # of 8 half mouths: four worse ones became better, none worse
# Root mean square distance of the nose's nodes, inter-ocular distances, up to which a reference's
# face looks the same way, and from which on it is turned otherwise. A bend cannot show the side of
# a nose: of 60 pairs in other light, from other distances and turned otherwise, those below it are
# better with the reference, those of 0.118 and more worse without exception (LPIPS 1.0 to 2.3 times
# that of the fill without).
FACING, TURNED = 0.09, 0.115
GROWN, SOFT = 0.02, 0.012  # crop units that an opening's region reaches beyond it, and of its edge
SPREAD = 0.025  # crop units: sigma of the edge between regions
LEAST, FULL = 0.2, 0.5  # a reference's resolution to the photo's: it begins to count, counts whole
PARTS = {
    "eyes": (LEFT_EYE, RIGHT_EYE),
    "brows": (LEFT_BROW, RIGHT_BROW),
    "nose": (NOSE,),
    "mouth": (LIPS,),
}


def region_shares(nodes: np.ndarray) -> dict[str, np.ndarray]:
    """How much of each pixel of a crop is of which region, SIDE x SIDE float32 each; together 1.

    nodes: 478 x 2, crop units.
    """
    shares = {
        region: np.maximum.reduce([_soft(nodes, part, 1.6 * GROWN, SPREAD) for part in parts])
        for region, parts in PARTS.items()
    }
    total = np.sum(list(shares.values()), axis=0)
    over = np.maximum(total, 1)
    shares = {region: share / over for region, share in shares.items()}
    shares["skin"] = (1 - np.sum(list(shares.values()), axis=0)).clip(0, 1)
    return {region: shares[region] for region in REGIONS}


def trusted(
    shown: np.ndarray, wanted: np.ndarray, scale: float, seen: np.ndarray | None = None
) -> np.ndarray:
    """How far a reference's pixels are believed, SIDE x SIDE float32 in [0, 1].

    shown: its nodes laid over the face. wanted: the nodes that it is brought to; 478 x 2 each, crop
    units. scale: its pixels to one of the photo's. seen: 478 bool, nodes that the photo shows;
    None: none of a part of which some are brought.
    """
    trust = np.full((SIDE, SIDE), _between(scale, LEAST, FULL), np.float32)
    for part, pair, opened, closed in OPENINGS:
        if not -closed <= opening(wanted, pair) - opening(shown, pair) <= opened:
            trust *= 1 - _soft(wanted, part, GROWN, SOFT)
    lips = list(LIPS)
    half = np.zeros(len(lips), bool) if seen is None else seen[lips]
    if half.sum() >= FEW:
        # Half a smile does not go on in half a straight mouth.
        off = np.linalg.norm(wanted[lips] - shown[lips], axis=1)[half].mean()
        if off > MISFIT * inter_ocular(wanted):
            trust *= 1 - _soft(wanted, LIPS, GROWN, SOFT)
    return trust


def facing(shown: np.ndarray, wanted: np.ndarray) -> float:
    """How far a reference's face looks the way it has to: 1 the same, 0 turned otherwise.

    shown: its nodes laid over the face. wanted: the nodes that it is brought to; 478 x 2 each, crop
    units.
    """
    off = np.square(wanted[list(NOSE)] - shown[list(NOSE)]).sum(1).mean() ** 0.5
    return _between(off / inter_ocular(wanted), TURNED, FACING)


def over(values: np.ndarray, frame: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """A map of a crop on the photo's pixels of a box, height x width float32 in [0, 1]."""
    return geometry.put_back(values, frame, box).clip(0, 1)


def _between(value: float, begins: float, ends: float) -> float:
    return float(np.clip((value - begins) / (ends - begins), 0, 1))


def _soft(nodes: np.ndarray, part: tuple[int, ...], grown: float, soft: float) -> np.ndarray:
    """The hull of some nodes, grown and softened, SIDE x SIDE float32."""
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    hull = cv2.convexHull((nodes[list(part)] * SIDE * 16).astype(np.float32))
    cv2.fillConvexPoly(drawn, np.round(hull - 8).astype(np.int32), (255,), cv2.LINE_AA, 4)
    reach = max(1, round(grown * SIDE))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    grown_by = cv2.dilate(drawn, disc).astype(np.float32) / 255
    return cv2.GaussianBlur(grown_by, (0, 0), soft * SIDE)
