"""Who is it? Two faces are one person's where the recognition network sees them so.

It sees a face whatever the light, the camera and the expression, but an eye that is hidden in one
of two makes strangers of them: so both are looked at with the same hidden. What an album keeps of a
face is therefore told several times, with another ZONE hidden each time; a face of which something
is hidden is compared with what was told with as much hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from engine.face.mesh import FEATURES
from engine.face.parts import part_mask
from engine.face.recognition import SIDE, RecognitionNetwork, face_view, without

# Parts of a face (engine.face.parts) that things hide; "" is nothing.
ZONES = ("", "eyes", "glasses", "nose", "mouth", "lower_face", "left_half", "right_half")
BESIDE = 4.0  # what is hidden beside a zone counts so many times what a zone hides for nothing
# Where hardly a feature is seen all faces are alike, and a likeness says less than elsewhere: it is
# taken for so much less where none is, nothing from SOME of the features' area on. With eyes, nose
# and mouth hidden of 322 faces the 99th stranger of 100 had 0.745 instead of 0.42 to 0.55.
UNTOLD, SOME = 0.2, 0.4
_GROWN = 3  # pixels of a view that a feature reaches beyond its nodes


@dataclass(frozen=True, eq=False)
class Look:
    """A face to be compared. crop: S x S x 3 float32 in [0, 1]. hidden: S x S bool. mesh: 478 x 2,
    crop units."""

    crop: np.ndarray
    hidden: np.ndarray
    mesh: np.ndarray


def likenesses(network: RecognitionNetwork, ours: Look, others: Sequence[Look]) -> list[float]:
    """How much each of other faces is like ours: 1 is the same picture, strangers have 0.3 in the
    mean. What is hidden of either is looked at in neither."""
    view, hidden, nodes = face_view(ours.crop, ours.hidden, ours.mesh)
    shares, views = [], []
    for other in others:
        theirs, beyond, _ = face_view(other.crop, other.hidden, other.mesh)
        both = hidden | beyond
        views += [without(view, both), without(theirs, both)]
        shares.append(_untold(both, nodes))
    codes = _codes(network, views)
    apart = np.linalg.norm(codes[::2] - codes[1::2], axis=1)
    return (1 - apart - np.array(shares)).tolist()


def told_of(network: RecognitionNetwork, look: Look) -> tuple[np.ndarray, int, float]:
    """What is told of one face by itself, to be compared with faces that are seen another time:
    codes with each of ZONES hidden (len(ZONES) x 128 float32), the number of the zone that hides
    what is hidden, and by how much less a likeness then says."""
    view, hidden, nodes = face_view(look.crop, look.hidden, look.mesh)
    zones = [_zone(name, nodes) for name in ZONES]
    codes = _codes(network, [without(view, hidden | zone) for zone in zones])
    face = part_mask(nodes, "face", (SIDE, SIDE)) > 0
    costs = [BESIDE * (hidden & ~zone & face).sum() + (zone & face).sum() for zone in zones]
    chosen = int(np.argmin(costs))
    return codes, chosen, _untold(hidden | zones[chosen], nodes)


def _codes(network: RecognitionNetwork, views: Sequence[np.ndarray]) -> np.ndarray:
    if not views:
        return np.zeros((0, 0), np.float32)
    weight = network.last.weight
    planes = torch.from_numpy(np.stack(views).transpose(0, 3, 1, 2)).to(weight)
    with torch.inference_mode():
        return network(planes).cpu().numpy()


def _zone(name: str, nodes: np.ndarray) -> np.ndarray:
    """SIDE x SIDE bool."""
    if not name:
        return np.zeros((SIDE, SIDE), bool)
    return part_mask(nodes.astype(np.float32), name, (SIDE, SIDE)) > 0


def _untold(hidden: np.ndarray, nodes: np.ndarray) -> float:
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    for part in FEATURES:
        hull = cv2.convexHull(nodes[list(part)].astype(np.float32))
        cv2.fillConvexPoly(drawn, np.round(hull).astype(np.int32), (1,))
    near = np.ones((2 * _GROWN + 1, 2 * _GROWN + 1), np.uint8)
    features = cv2.dilate(drawn, near) > 0
    seen = float((features & ~hidden).sum() / max(features.sum(), 1))
    return UNTOLD * max(0.0, 1 - seen / SOME)
