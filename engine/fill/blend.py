"""From a filled crop to pixels of the photo: back at full resolution, seam closed, grain matched.

Nothing outside the hole may change, so a seam cannot be feathered outwards; and the hidden
pixels are what the user wants gone, so they cannot be mixed in either. What is left is to carry
the border's colour difference into the hole (a membrane), and to give the fill the fine texture
of the skin around it, which no network of 256 pixels can paint on a face of two thousand.
"""

from __future__ import annotations

import numpy as np

from engine.base.errors import MienError
from engine.base.hidden import KNOWN
from engine.face import geometry
from engine.face.silhouette import Matte
from engine.fill.grain import grain as texture_of

MEMBRANE_SIDE = 256  # the difference at a border is smooth; its membrane needs no more pixels
MATTE_SIDE = 64
LARGEST_FACE = 12_000  # pixels of frame side


def back_project(
    photo: np.ndarray,
    crop: np.ndarray,
    frame: np.ndarray,
    hole: np.ndarray,
    box: tuple[int, int, int, int],
    seed: int = 0,
    grain: bool = True,
    matte: Matte | None = None,
) -> np.ndarray:
    """The fill for `box` at the photo's resolution and depth.

    photo: H x W x C uint8 or uint16, C >= 3. crop: S x S x 3 float32 in [0, 1], the filled frame,
    equal to the photo (resampled) outside the hole. frame: 2 x 3. hole: H x W bool. matte: of the
    face; each of its sides is closed with its own border only. Returns
    height x width x 3 in the photo's dtype; outside the hole it is the photo itself.
    """
    if geometry.frame_side(frame) > LARGEST_FACE:
        raise MienError(
            f"A face wider than {LARGEST_FACE} pixels is too large to fill; reduce the photo first."
        )
    ring = max(4, int(0.06 * geometry.frame_side(frame)))
    outer = _grown(box, ring, (photo.shape[1], photo.shape[0]))
    x, y, width, height = outer
    depth = np.iinfo(photo.dtype).max
    original = photo[y : y + height, x : x + width, :3].astype(np.float32) / depth
    hidden = hole[y : y + height, x : x + width]
    fill = geometry.put_back(np.ascontiguousarray(crop, np.float32), frame, outer)

    difference = original - fill
    if matte is None:
        fill += _border_membrane(difference, hidden)
    else:
        facing = matte.over(outer)
        for share, side in ((facing, facing > 0.5), (1 - facing, facing <= 0.5)):
            if (side & hidden).any():
                fill += share[..., None] * _border_membrane(difference, hidden, side)
    if grain:
        fill += texture_of(photo, fill, hole, outer, matte or _whole_face(frame), seed)
    inner = (slice(box[1] - y, box[1] - y + box[3]), slice(box[0] - x, box[0] - x + box[2]))
    painted = (fill[inner].clip(0, 1) * depth + 0.5).astype(photo.dtype)
    kept = photo[box[1] : box[1] + box[3], box[0] : box[0] + box[2], :3]
    return np.where(hidden[inner][..., None], painted, kept)


def _grown(
    box: tuple[int, int, int, int], by: int, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    x0, y0 = max(0, box[0] - by), max(0, box[1] - by)
    x1, y1 = min(size[0], box[0] + box[2] + by), min(size[1], box[1] + box[3] + by)
    return x0, y0, x1 - x0, y1 - y0


def _border_membrane(
    difference: np.ndarray, hidden: np.ndarray, side: np.ndarray | None = None
) -> np.ndarray:
    """The difference at the hole's border carried smoothly through the hole, h x w x 3 float32.

    side: h x w bool, where the border may be looked at; the hole's border on the other side of a
    silhouette has no say. 0 everywhere where there is no such border.
    """
    import cv2
    import torch

    from engine.fill.membrane import membrane

    height, width = hidden.shape
    visible = ~hidden if side is None else ~hidden & side
    if not hidden.any() or not visible.any():
        return np.zeros_like(difference)
    scale = min(1.0, MEMBRANE_SIDE / max(height, width))
    size = (max(4, round(width * scale)), max(4, round(height * scale)))
    known = visible.astype(np.float32)
    share = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    values = cv2.resize(difference * known[..., None], size, interpolation=cv2.INTER_AREA)
    values /= np.maximum(share, 1e-3)[..., None]
    seen = torch.from_numpy(values).permute(2, 0, 1)[None]
    unknown = torch.from_numpy((share < KNOWN).astype(np.float32))[None, None]
    surface = membrane(seen, unknown)[0].permute(1, 2, 0).numpy()
    # Where the border is known the surface repeats its noise; only its slow part is a seam.
    surface = cv2.GaussianBlur(surface, (0, 0), 1.5)
    return cv2.resize(surface, (width, height), interpolation=cv2.INTER_LINEAR)


def _whole_face(frame: np.ndarray) -> Matte:
    """Where faces lie in their frame: the matte of one whose nodes are not known."""
    from engine.fill.crispness import face_area

    return Matte(face_area(MATTE_SIDE)[0, 0].numpy(), frame)
