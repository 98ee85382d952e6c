"""From a filled crop to pixels of the photo: back at full resolution, seam closed, grain matched.

Nothing outside the hole may change, so a seam cannot be feathered outwards; and the hidden
pixels are what the user wants gone, so they cannot be mixed in either. What is left is to carry
the border's colour difference into the hole (a membrane), and to give the fill the fine texture
of the skin around it, which no network of 256 pixels can paint on a face of two thousand.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from engine.base.errors import MienError
from engine.face import geometry
from engine.face.silhouette import Matte

MEMBRANE_SIDE = 256  # the difference at a border is smooth; its membrane needs no more pixels
GRAIN_SIDE = 512
OCTAVES = (0.75, 1.5, 3.0)  # blurs, in photo pixels
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
        fill += _grain(original, fill, hidden, seed)
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

    from engine.prior.membrane import membrane

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
    unknown = torch.from_numpy((share < 0.25).astype(np.float32))[None, None]
    surface = membrane(seen, unknown)[0].permute(1, 2, 0).numpy()
    # Where the border is known the surface repeats its noise; only its slow part is a seam.
    surface = cv2.GaussianBlur(surface, (0, 0), 1.5)
    return cv2.resize(surface, (width, height), interpolation=cv2.INTER_LINEAR)


def _grain(original: np.ndarray, fill: np.ndarray, hidden: np.ndarray, seed: int) -> np.ndarray:
    """The skin texture and sensor grain that a fill lacks, h x w x 3 float32.

    original: the photo, h x w x 3, looked at where it is not hidden. A random-phase texture
    (Galerne, Gousseau & Morel 2011) of the same spectrum and colour correlation is drawn from its
    flat parts: lashes and hair are structure, not texture, and stay out. Of each octave so much is
    added as the fill's own flat parts have less.
    """
    import cv2

    height, width = hidden.shape
    size = (min(GRAIN_SIDE, height), min(GRAIN_SIDE, width))
    shrink = np.ones((5, 5), np.uint8)
    clear = cv2.erode((~hidden).astype(np.uint8), shrink).astype(bool)
    inner = cv2.erode(hidden.astype(np.uint8), shrink).astype(bool)
    # What is hidden must not bleed into the texture around it.
    shown, painted = _octaves(np.where(hidden[..., None], fill, original)), _octaves(fill)
    flat, even = _flat(np.sum(shown, 0), clear), _flat(np.sum(painted, 0), inner)
    if flat.sum() < 128:
        return np.zeros_like(original)
    sample = np.zeros_like(original)
    for theirs, ours in zip(shown, painted, strict=True):
        wanted = float(np.square(theirs[flat]).mean())
        there = float(np.square(ours[even]).mean()) if even.any() else 0.0
        sample += theirs * np.sqrt(max(0.0, 1 - there / max(wanted, 1e-12)))
    sample *= flat[..., None]
    window = _densest_window(flat, size)
    sample, share = sample[window], flat[window].mean()
    if share < 0.02:
        return np.zeros_like(original)
    noise = np.random.default_rng(seed).standard_normal(size)
    phase = np.exp(1j * np.angle(np.fft.fft2(noise)))[..., None]
    # One phase shift for all channels keeps their correlation, so grey grain stays grey.
    texture = np.fft.ifft2(np.fft.fft2(sample, axes=(0, 1)) * phase, axes=(0, 1)).real
    texture /= np.sqrt(share)
    repeats = (-(-height // size[0]), -(-width // size[1]), 1)
    return np.tile(texture, repeats)[:height, :width].astype(np.float32)


def _octaves(picture: np.ndarray) -> list[np.ndarray]:
    """The finest octaves of a picture, finest first; their sum is what a blur of the last of
    OCTAVES would take."""
    import cv2

    blurs = [picture, *(cv2.GaussianBlur(picture, (0, 0), sigma) for sigma in OCTAVES)]
    return [finer - coarser for finer, coarser in pairwise(blurs)]


def _flat(fine: np.ndarray, within: np.ndarray) -> np.ndarray:
    """The calmer half of the pixels in `within` (h x w bool), by the energy of `fine` around."""
    import cv2

    energy = cv2.GaussianBlur(np.square(fine).sum(-1), (0, 0), 4)
    if not within.any():
        return within
    return within & (energy <= np.percentile(energy[within], 50))


def _densest_window(flat: np.ndarray, size: tuple[int, int]) -> tuple[slice, slice]:
    """The window of `size` (height, width) that holds the most flat pixels."""
    import cv2

    sums = cv2.integral(flat.astype(np.uint8))
    h, w = size
    counts = sums[h:, w:] - sums[:-h, w:] - sums[h:, :-w] + sums[:-h, :-w]
    top, left = np.unravel_index(int(counts.argmax()), counts.shape)
    return slice(int(top), int(top) + h), slice(int(left), int(left) + w)
