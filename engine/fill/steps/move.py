"""Pictures of faces moved from one mesh to another."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.fill.face_fill import RenderedFill
from engine.prior.prior import Changed, FacePrior, Fine
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


def changed_shape(fill: RenderedFill) -> tuple[Fine, Changed] | None:
    """A face that is changed, and the shape it is moved in; None for one that stays as it was
    solved, or has no shape."""
    fine, changed = fill.prior.fine, fill.changed
    return None if fine is None or changed is None or fill.shape is None else (fine, changed)


def move_pixels(fill: RenderedFill, given: tuple[Fine, Changed]) -> RenderedFill:
    """Reads z, changed, picture. Writes picture: moved by what of the change its coefficients do
    not say."""
    fine, changed = given
    return fill.becomes(
        RenderedFill, picture=moved_along(fill.prior, fine, fill.picture, fill.z, changed)
    )


def moved_along(
    prior: FacePrior, fine: Fine, pictures: Tensor, z: Tensor, changed: Changed
) -> Tensor:
    """Pictures of changed faces (B x 3 x S x S), moved by what their coefficients do not say of
    the change. z: B x K, the faces as they were solved."""
    said = prior.own_meshes(changed.z) - prior.own_meshes(z)
    return carried(pictures, fine.appearance.shape, changed.before + said, changed.after)
