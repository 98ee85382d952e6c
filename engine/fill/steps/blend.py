"""From a filled crop to a patch of the photo: at full resolution, seam closed, in its depth.

Nothing outside the hole may change, so a seam cannot be feathered outwards; and the hidden
pixels are what the user wants gone, so they cannot be mixed in either. What is left is to carry
the border's colour difference into the hole (a membrane). The fine texture of the skin around it,
which no network of 256 pixels can paint on a face of two thousand, is `grain`'s.
"""

from __future__ import annotations

import time

import cv2
import numpy as np
import torch

from engine.base.errors import MienError
from engine.base.hidden import KNOWN
from engine.face import geometry
from engine.face.regions import Matte, without
from engine.fill.membrane import membrane
from engine.fill.photo_fill import DoneShare, FullShare, ReadShare
from engine.fill.shares import Box
from engine.fill.soft import seen_through
from engine.photo.patch import Patch

MEMBRANE_SIDE = 256  # the difference at a border is smooth; its membrane needs no more pixels
RING = 0.06  # frame sides around a share that are looked at: a membrane and grain need a border
# Where the fill's face and the photo beside it differ by more, at both of these scales (of a
# matte's side), the photo shows no face: the crop's seam is closed, so what is left is grain.
SAME, SCALES = 0.1, (0.4 / 256, 1.6 / 256)
WRONG = 0.04  # of a matte's side: so far a predicted outline may lie off
ENDS = 0.003  # of a matte's side: over so much it ends beside what is no face
LARGEST_FACE = 12_000  # pixels of frame side


def to_photo(fill: ReadShare, _: bool) -> FullShare:
    """Reads filled. Writes box, pixels: the fill resampled to the photo's pixels. Raises
    MienError for a face that memory would not hold."""
    photo, frame, box = fill.whole.photo, fill.share.frame, fill.share.box
    if not fill.whole.live and geometry.frame_side(frame) > LARGEST_FACE:
        raise MienError(
            f"A face wider than {LARGEST_FACE} pixels is too large to fill; reduce the photo first."
        )
    if not fill.whole.live or fill.laid:
        box = _grown(box, max(4, int(RING * geometry.frame_side(frame))), photo.size)
    own = np.ascontiguousarray(photo.from_srgb(fill.filled), np.float32)
    return fill.becomes(FullShare, box=box, pixels=geometry.put_back(own, frame, box))


def close_photo_seam(fill: FullShare, _: bool) -> FullShare:
    """Reads seen, pixels, matte. Writes pixels: face and background each meet the photo's own
    pixels; and matte, which ends where the photo shows that the face has."""
    pixels, matte = fill.pixels, fill.matte
    if matte is not None:
        matte = ended(fill.seen, pixels, fill.hidden_there, matte, fill.box)
    pixels = closed(fill.seen, pixels, fill.hidden_there, fill.matte, fill.box)
    return fill.becomes(FullShare, pixels=pixels, matte=matte)


def ended(
    seen: np.ndarray, pixels: np.ndarray, hidden: np.ndarray, matte: Matte, box: Box
) -> Matte:
    """A matte that has ended where the photo shows something else than a face right beside the
    hole: a predicted jaw may reach beyond it, and the hole's own border, with all its steps, would
    be the jaw's outline. Arguments as of `closed`."""
    side, facing = geometry.frame_side(matte.frame), (matte.values > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(facing, cv2.DIST_L2, 3) / len(facing)
    rim = Matte(((depth > 0) & (depth < WRONG)).astype(np.float32), matte.frame).over(box) > 0.5
    other = rim & ~hidden & ~_alike(seen - pixels, hidden, side, SAME)
    if not other.any():
        return matte
    away = cv2.distanceTransform((~other).astype(np.uint8), cv2.DIST_L2, 3)
    return without(matte, np.clip(1.5 - away / max(1.0, ENDS * side), 0, 1), box)


def closed(
    seen: np.ndarray,
    pixels: np.ndarray,
    hidden: np.ndarray,
    matte: Matte | None,
    box: Box,
    same: float = SAME,
) -> np.ndarray:
    """A fill (height x width x 3 float32) that meets what is seen around its hole (height x width
    bool) without a step. matte: of the face; each of its sides is closed with its own border only.
    box: where all this lies in the photo. same: of white, what differs by less shows the same."""
    difference = seen - pixels
    if matte is None:
        return pixels + _border_membrane(difference, hidden)
    facing, out = matte.over(box), pixels.copy()
    own = (facing > 0.5) & _alike(difference, hidden, geometry.frame_side(matte.frame), same)
    for share, side in ((facing, own), (1 - facing, facing <= 0.5)):
        if (side & hidden).any():
            out += share[..., None] * _border_membrane(difference, hidden, side)
    return out


def _alike(difference: np.ndarray, hidden: np.ndarray, side: float, same: float) -> np.ndarray:
    """Where the visible photo has what the fill has, h x w bool: of what a wall shows beside a jaw
    nothing is carried into the jaw, nor of hair before it, though both together may be as bright
    as skin. side: of the matte, pixels."""
    height, width = hidden.shape
    known = (~hidden).astype(np.float32)
    values = np.dstack([difference * known[..., None], known])
    alike = np.ones(hidden.shape, bool)
    for scale in SCALES:
        sigma = scale * side
        step = max(1, int(sigma / 2))  # what is blurred that much needs no more pixels
        size = (max(1, width // step), max(1, height // step))
        both = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
        both = cv2.GaussianBlur(both, (0, 0), max(0.5, sigma / step))
        off = np.abs(both[..., :3] / np.maximum(both[..., 3:], 1e-3)).max(-1)
        alike &= cv2.resize(off, (width, height), interpolation=cv2.INTER_LINEAR) < same
    return alike


def keep_seen(fill: FullShare, _: bool) -> FullShare:
    """Reads seen, pixels. Writes pixels: outside the hole the photo itself."""
    hidden = fill.hidden_there[..., None]
    return fill.becomes(FullShare, pixels=np.where(hidden, fill.pixels, fill.seen))


def make_patch(fill: FullShare, _: bool) -> DoneShare:
    """Reads pixels, reading. Writes patch: in the photo's depth, as opaque as the mask is."""
    whole, share = fill.whole, fill.share
    x, y, width, height = share.box
    left, top = x - fill.box[0], y - fill.box[1]
    inner = fill.pixels[top : top + height, left : left + width]
    kind = whole.photo.pixels.dtype
    mask = whole.request.mask.pixels[y : y + height, x : x + width]
    pixels = (inner.clip(0, 1) * np.iinfo(kind).max + 0.5).astype(kind)
    if not whole.live:
        mask = seen_through(mask, whole.photo.pixels[y : y + height, x : x + width, :3], pixels)
    placed = whole.placement.faces[fill.face]
    patch = Patch(
        box=share.box,
        pixels=pixels,
        alpha=np.where(share.owned, mask, 0).astype(np.uint8),
        kind="preview" if whole.live else "face",
        seconds=time.perf_counter() - fill.begun,
        readings={"hidden": round(float(fill.hidden.mean()), 4), "face": fill.face},
        laid=placed.how,
        confidence=placed.confidence,
    )
    return fill.becomes(DoneShare, patch=patch)


def _grown(box: Box, by: int, size: tuple[int, int]) -> Box:
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
