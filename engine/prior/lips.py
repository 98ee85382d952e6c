"""Lips that keep their colour when an expression moves them.

A change of coefficients that closes a smile darkens and reddens what becomes lips: the network
that reads expressions likes the contrast, and the mouth ends in lipstick. Lips are as red as they
were; and what is squeezed between them as they close is not seen any more.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.face.mesh import INNER_LIPS, LIPS

FEWEST = 12  # pixels of lips that tell their colour
LEAST, MOST = 0.5, 3.0  # gains of a channel that are believed
SOFT = 1.5 / 256  # crop units: sigma of the lips' edge


def coloured(pictures: Tensor, solved: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Changed faces with the mean colour of lips that they had.

    pictures: B x 3 x S x S from -1 (black) on, the changed faces, whose meshes are `after`; solved:
    as they were, with the meshes `before` (both B x 478 x 2, crop units).
    """
    more = torch.zeros_like(pictures)
    side = pictures.shape[-1]
    for number in range(len(pictures)):
        then, now = (_lips(mesh[number], side) for mesh in (before, after))
        if min(then.sum(), now.sum()) < FEWEST:
            continue
        had = (solved[number] + 1)[:, torch.from_numpy(then)].mean(1)
        has = (pictures[number] + 1)[:, torch.from_numpy(now)].mean(1)
        gain = (had / has.clamp_min(1 / 255)).clamp(LEAST, MOST).view(3, 1, 1)
        soft = cv2.GaussianBlur(now.astype(np.float32), (0, 0), max(0.5, SOFT * side))
        more[number] = torch.from_numpy(soft).to(pictures) * (gain - 1)
    return pictures + (pictures + 1) * more


def opened(before: Tensor, after: Tensor, side: int) -> Tensor:
    """How much of what is between the lips is still seen, B x 1 x side x side: 1 everywhere but
    between lips (`after`) that have closed."""
    shares = []
    for then, now in zip(before, after, strict=True):
        areas = [_area(mesh) for mesh in (then, now)]
        share = min(1.0, areas[1] / max(areas[0], 1e-6))
        between = cv2.dilate(_between(now, side), np.ones((3, 3), np.uint8)).astype(np.float32)
        between = cv2.GaussianBlur(between, (0, 0), max(0.5, SOFT * side))
        shares.append(1 - (1 - share) * between)
    return torch.from_numpy(np.stack(shares))[:, None].to(after)


def _lips(mesh: Tensor, side: int) -> np.ndarray:
    """Where the lips of a mesh (478 x 2, crop units) are, side x side bool."""
    whole = np.zeros((side, side), np.uint8)
    cv2.fillPoly(whole, [_corners(mesh, LIPS, side)], (1,))
    return (whole > 0) & (_between(mesh, side) == 0)


def _between(mesh: Tensor, side: int) -> np.ndarray:
    inside = np.zeros((side, side), np.uint8)
    cv2.fillPoly(inside, [_corners(mesh, INNER_LIPS, side)], (1,))
    return inside


def _area(mesh: Tensor) -> float:
    return float(cv2.contourArea(_ring(mesh, INNER_LIPS).astype(np.float32)))


def _corners(mesh: Tensor, nodes: tuple[int, ...], side: int) -> np.ndarray:
    return np.round(_ring(mesh, nodes) * side - 0.5).astype(np.int32)


def _ring(mesh: Tensor, nodes: tuple[int, ...]) -> np.ndarray:
    return mesh[list(nodes)].cpu().numpy()
