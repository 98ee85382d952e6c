"""Where a face ends inside a hole: the side of the face and the side of what is behind it.

Under a hole that runs over a jaw or a temple both sides are hidden, and each must be closed with
its own border only: a white wall must not tint a cheek. The outline of the (partly predicted) mesh
parts them, softly, since it may lie a little wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.face import geometry
from engine.face.mesh import OVAL

if TYPE_CHECKING:
    from torch import Tensor

BEYOND = 0.015  # frame sides that the face is taken to reach beyond its mesh
SOFT = 0.012  # frame sides: sigma of the matte's edge
WITHIN = 6 / 256  # frame sides inside the mesh's outline over which a face is none of the edge's


@dataclass(frozen=True, eq=False)
class Matte:
    """values: S x S float32, how much of each pixel is face; frame: 2 x 3, photo -> its square."""

    values: np.ndarray
    frame: np.ndarray

    def over(self, box: tuple[int, int, int, int]) -> np.ndarray:
        """The matte on the pixels of a box of the photo, height x width float32."""
        return geometry.put_back(self.values, self.frame, box).clip(0, 1)


def mattes(meshes: Tensor, side: int) -> Tensor:
    """`matte` of B x 478 x 2 nodes in crop units: B x 1 x side x side, float32 on the CPU."""
    import torch

    each = [matte(nodes, side) for nodes in meshes.detach().float().cpu().numpy()]
    return torch.from_numpy(np.stack(each))[:, None]


def interiors(meshes: Tensor, side: int) -> Tensor:
    """How far inside the outline of B x 478 x 2 nodes (crop units) each pixel is, B x 1 x side x
    side float32: 0 on it and beyond, 1 from WITHIN on."""
    import cv2
    import torch

    each = [
        cv2.distanceTransform((_outlined(nodes, side) > 127).astype(np.uint8), cv2.DIST_L2, 3)
        for nodes in meshes.detach().float().cpu().numpy()
    ]
    return (torch.from_numpy(np.stack(each))[:, None] / (WITHIN * side)).clamp(0, 1)


def matte(nodes: np.ndarray, side: int, margin: float = 1.0) -> np.ndarray:
    """How much of each pixel is face, side x side float32 in [0, 1].

    nodes: 478 x 2 in crop units. margin: how many frames wide the picture is, the frame in its
    middle (see `geometry.cut`). Ears, hair and neck are behind the face.
    """
    import cv2

    inside = _outlined((nodes - 0.5) / margin + 0.5, side)
    reach = max(1, round(BEYOND * side / margin))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    grown = cv2.dilate(inside, disc).astype(np.float32) / 255
    return cv2.GaussianBlur(grown, (0, 0), max(0.5, SOFT * side / margin))


def _outlined(nodes: np.ndarray, side: int) -> np.ndarray:
    """The hull of a mesh's outline (478 x 2, crop units), side x side uint8, 255 inside."""
    import cv2

    hull = cv2.convexHull((nodes[list(OVAL)] * side * 16).astype(np.float32))
    inside = np.zeros((side, side), np.uint8)
    cv2.fillPoly(inside, [np.round(hull - 8).astype(np.int32)], (255,), cv2.LINE_AA, 4)
    return inside
