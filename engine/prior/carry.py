"""Pictures of faces moved from one mesh to another."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.prior.warp import MeanShape

SMOOTH = 1 / 64  # of the picture's side, over which movements are evened out


def carried(pictures: Tensor, shape: MeanShape, now: Tensor, then: Tensor) -> Tensor:
    """Pictures (B x 3 x S x S) of faces with the meshes `now`, moved to the meshes `then` (B x 478
    x 2, crop units). Where a mesh is folded they stay as they are."""
    side = pictures.shape[-1]
    planes = pictures.permute(0, 2, 3, 1).cpu().numpy()
    moved = [
        _carried(np.ascontiguousarray(plane), shape, source, target, side)
        for plane, source, target in zip(planes, now.cpu().numpy(), then.cpu().numpy(), strict=True)
    ]
    return torch.from_numpy(np.stack(moved)).permute(0, 3, 1, 2).to(pictures)


def _carried(
    picture: np.ndarray, shape: MeanShape, now: np.ndarray, then: np.ndarray, side: int
) -> np.ndarray:
    # Places of the mean shape, and where these lie in the picture as it is.
    places, found = shape.from_mean(then, side)
    offsets = shape.to_mean(now, side) - shape.to_mean(then, side)
    at = (places * side - 0.5).astype(np.float32)
    offsets = cv2.remap(offsets, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    # A folded place moves as what lies around it does.
    known = found.astype(np.float32)
    both = cv2.GaussianBlur(np.dstack([offsets * known[..., None], known]), (0, 0), SMOOTH * side)
    offsets = both[..., :2] / np.maximum(both[..., 2:], 1e-3)
    rows, columns = np.indices((side, side), np.float32)
    source = np.dstack([columns, rows]) + offsets
    at = source.astype(np.float32)
    return cv2.remap(picture, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
