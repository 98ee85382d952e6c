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

from engine.base.brightness import LUMA
from engine.face.regions import outlined
from engine.prior.warp import MeanShape

PREFIX = "appearance."
SIGMA = 2.7 / 256  # of the face, in crop units: what is coarser is the plain prior's
# Crop units inside an outline: so far in the mean of faces fades into what is behind them, and so
# far even in the mean shape; and sigma over which tones further inside are carried to the edge.
FADING, OUTER, SPREAD = 24 / 256, 4 / 256, 16 / 256
BRIGHTER = 0.05  # [-1, 1] units from which on a face's edge is surely brighter than painted
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
        calm = both[..., :3] / np.maximum(both[..., 3:], 1e-3)
        inside = (outlined(mesh, side) > 127).astype(np.uint8)
        deep = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[window] / side
        fine = (difference - calm) * np.clip(deep / OUTER, 0, 1)[..., None]
        return weight[..., None] * (fine + _rim(calm, known, deep, side))


def _rim(calm: np.ndarray, known: np.ndarray, deep: np.ndarray, side: int) -> np.ndarray:
    """What is missing at a face's edge in the plain prior, h x w x 3, where it fades into something
    dark behind faces. Hair that hangs beside a face is no tone of it: nothing gets darker.

    calm: h x w x 3, the coarse part of what is painted in the mean shape less the plain prior, and
    known, h x w, where that is told. deep: h x w, crop units inside the outline.
    """
    ring, inner = (known * (deep >= least) for least in (OUTER, FADING))
    beside = _carried(calm, ring * (deep < FADING), OUTER * side)
    at_edge = calm + np.clip(1 - deep / OUTER, 0, 1)[..., None] * (beside - calm)
    off = at_edge - _carried(calm, inner, SPREAD * side)
    brighter = np.clip(off @ np.array(LUMA, np.float32) / BRIGHTER, 0, 1)
    return (brighter * np.clip(1 - deep / FADING, 0, 1))[..., None] * off


def _carried(values: np.ndarray, where: np.ndarray, sigma: float) -> np.ndarray:
    """The values (h x w x 3) of some places (h x w of 0 and 1), carried beyond them."""
    known = where.astype(np.float32)[..., None]
    both = cv2.GaussianBlur(np.dstack([values * known, known]), (0, 0), sigma)
    return both[..., :3] / np.maximum(both[..., 3:], 1e-5)


def _odd(size: float) -> tuple[int, int]:
    width = 2 * round(size / 2) + 1
    return width, width
