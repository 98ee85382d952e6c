"""Shape-normalised appearance: what fine detail a face has once its shape is taken out.

Averaged over faces, pixels of an aligned crop blur: an eyelid is a little higher here, a lip wider
there. Brought to one shape by their meshes, faces agree in their detail, and the same Gaussian
holds lashes and teeth. It is solved like the prior's, from the visible pixels brought to the mean
shape, and painted back by the mesh: the true one where the face is seen, the predicted where not.
Only its fine detail is used; colours and light come from the plain prior, which knows no folds.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.prior.warp import MeanShape

PREFIX = "appearance."
SIGMA = 2.7 / 256  # of the face, in crop units: what is coarser is the plain prior's
EDGE = 4 / 256  # crop units over which detail fades out at given-up places


def brought(values: np.ndarray, mesh: np.ndarray, shape: MeanShape, side: int) -> np.ndarray:
    """Values on a crop (S x S x C float32) brought to the mean shape, side x side x C float32.

    mesh: 478 x 2, crop units. S is a multiple of `side`.
    """
    full = values.shape[0]
    places = shape.to_mean(mesh, full)
    at_mean = cv2.remap(values, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    small = cv2.resize(at_mean, (side, side), interpolation=cv2.INTER_AREA)
    return small if small.ndim == 3 else small[..., None]


class Appearance:
    """Brings crops to the mean shape and detail back.

    side: of the mean shape's pictures. inside: side x side bool, where in them there is detail;
    None: everywhere. Tensors as in FacePrior: RGB in [-1, 1], holes 1 = hidden.
    """

    def __init__(self, shape: MeanShape, side: int, inside: np.ndarray | None = None) -> None:
        self.shape, self.side = shape, side
        self._inside = None if inside is None else inside.astype(np.uint8)

    def observed(self, crops: Tensor, hole: Tensor, meshes: Tensor) -> tuple[Tensor, Tensor]:
        """(B x 3 x s x s, B x 1 x s x s): the visible pixels in the mean shape, and the share of
        each that is hidden. crops: B x 3 x S x S; hole: B x 1 x S x S or 1 x ...; meshes: B x 478
        x 2, crop units."""
        known = (1 - hole).expand(len(crops), -1, -1, -1)
        values = torch.cat([crops * known, known], 1).permute(0, 2, 3, 1).cpu().numpy()
        small = np.stack(
            [
                brought(np.ascontiguousarray(value), mesh, self.shape, self.side)
                for value, mesh in zip(values, meshes.cpu().numpy(), strict=True)
            ]
        )
        planes = torch.from_numpy(small).permute(0, 3, 1, 2).to(crops)
        share = planes[:, 3:]
        return planes[:, :3] / share.clamp_min(1e-3), 1 - share

    def detailed(
        self,
        coarse: Tensor,
        faces: Tensor,
        meshes: Tensor,
        window: tuple[slice, slice],
        side: int,
        share: Tensor | None = None,
    ) -> Tensor:
        """Coarse pictures with the fine detail of faces in the mean shape (B x 3 x s x s), brought
        to the meshes. Where a mesh is folded the pictures stay as they are.

        coarse: B x 3 x h x w, the window (rows, columns) of crops of `side` pixels; what is less
        than three SIGMA from its edge is somewhat off. share: B x 1 x h x w, of the detail that is
        added; None: all of it.
        """
        pictures = faces.permute(0, 2, 3, 1).cpu().numpy()
        plain = coarse.permute(0, 2, 3, 1).cpu().numpy()
        out = np.stack(
            [
                self._detail(np.ascontiguousarray(p), np.ascontiguousarray(f), m, window, side)
                for p, f, m in zip(plain, pictures, meshes.cpu().numpy(), strict=True)
            ]
        )
        fine = torch.from_numpy(out).permute(0, 3, 1, 2).to(coarse)
        return coarse + (fine if share is None else share * fine)

    def _detail(
        self,
        plain: np.ndarray,
        face: np.ndarray,
        mesh: np.ndarray,
        window: tuple[slice, slice],
        side: int,
    ) -> np.ndarray:
        places, found = self.shape.from_mean(mesh, side, window)
        at = (places * self.side - 0.5).astype(np.float32)
        painted = cv2.remap(face, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        # A place without a way back is coarse, and so is what lies beside it. It must not show as
        # an edge either: the coarse part of the difference is the mean of the places that count.
        known = found.astype(np.float32)
        if self._inside is not None:
            known *= cv2.remap(self._inside, at, None, cv2.INTER_NEAREST)  # type: ignore[call-overload]
        weight = cv2.erode(cv2.blur(known, _odd(EDGE * side)), np.ones((3, 3))) * known
        difference = (painted - plain) * known[..., None]
        both = cv2.GaussianBlur(np.dstack([difference, known]), (0, 0), SIGMA * side)
        fine = difference - both[..., :3] / np.maximum(both[..., 3:], 1e-3)
        return weight[..., None] * fine


def _odd(size: float) -> tuple[int, int]:
    width = 2 * round(size / 2) + 1
    return width, width
