"""Where a reference shows that a jaw has ended, though the mesh laid over it goes on.

Meshes of a hidden jaw are a little wide. What a reference shows there is the wall behind it, in
the light of skin: a white line beside the cheek. Such pixels are none of the face's.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.face import geometry
from engine.face.regions import outlined
from engine.reference.alignment import Laid

SURE = 0.03  # crop units from the outline from which on both sides show what they are
NEAR = 0.05  # crop units: sigma over which the colours of a side are the same
RIM = 0.06  # crop units inside the outline within which a jaw may have ended
APART = 0.15  # of white: colours of both sides that are nearer to each other are told apart by none
FLOOR = 1e-3

Box = tuple[int, int, int, int]


def beyond(laid: Laid, shown: np.ndarray, frame: np.ndarray, box: Box) -> np.ndarray:
    """How much of each pixel of a box is beside the face in a reference, height x width float32.

    shown: height x width x 3 float32, the reference's own pixels brought there (1 is white).
    frame: 2 x 3, of the face that is filled. box: (x, y, width, height) in its photo.
    """
    side = len(laid.crop)
    inside = outlined(laid.nodes, side) > 127
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 3)
    skin, other = (
        _coloured(laid.crop, (far > SURE * side) & ~laid.hidden, NEAR * side)
        for far in (depth, away)
    )
    rim = np.clip(2 - depth / (RIM / 2 * side), 0, 1).astype(np.float32)
    apart = np.clip(np.abs(skin - other).mean(-1) / APART - 1, 0, 1)
    there = np.dstack([skin, other, rim * apart]).astype(np.float32)
    parts = np.split(there, (3, 6), -1)
    there = np.dstack([geometry.put_back(np.ascontiguousarray(x), frame, box) for x in parts])
    to_skin, to_other = (np.abs(shown - there[..., at : at + 3]).sum(-1) for at in (0, 3))
    share = to_skin / (to_skin + to_other + FLOOR)
    return np.clip(2 * share - 0.5, 0, 1) * there[..., 6].clip(0, 1)


def beside_both(laid: Laid, wanted: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """What a crop and a reference both show beside the face, S x S float32 of 0 and 1. wanted: 478
    x 2, crop units. hidden: S x S bool, of the crop."""
    side = len(hidden)
    faces = np.maximum(*(outlined(nodes, side) for nodes in (laid.nodes, wanted))) > 0
    away = cv2.distanceTransform((~faces).astype(np.uint8), cv2.DIST_L2, 3)
    return ((away > SURE * side) & ~(hidden | laid.hidden)).astype(np.float32)


def _coloured(crop: np.ndarray, where: np.ndarray, sigma: float) -> np.ndarray:
    """The colours of what is in `where` (S x S bool), calmed and carried on beyond it."""
    known = where.astype(np.float32)[..., None]
    both = cv2.GaussianBlur(np.dstack([crop * known, known]), (0, 0), sigma)
    return both[..., :3] / np.maximum(both[..., 3:], FLOOR)
