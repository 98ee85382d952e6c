"""The fine texture of skin and sensor that a fill lacks, taken from what is visible of the face.

Texture measured on whatever surrounds a hole weaves a fringe into a chin and a flag's colours into
a cheek. So it is read off the visible skin of the same face: beside the hole, or elsewhere on the
face where something hangs over the skin there.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from engine.face import geometry
from engine.face.regions import Matte, aligned_face
from engine.fill.photo_fill import FullShare

Box = tuple[int, int, int, int]
Read = tuple[list[np.ndarray], np.ndarray]  # the octaves of some pixels, and which are flat

SIDE = 512  # pixels of photo that are looked at, and of texture that is repeated
LOOK = 256  # pixels of the map on which visible skin is looked for
OCTAVES = (0.75, 1.5, 3.0)  # blurs, in photo pixels
SKIN = 0.9  # share of a matte from which on a pixel is skin
FEWEST, ENOUGH = 128, 1024  # pixels of skin that tell its texture, and beside the hole
# Per cent of the skin, and of any surroundings, that are flat. Of grain the calmest parts are a
# little weaker than the whole; of half the skin, what is woven into a fill is brows and glasses.
CALM, CALMEST = 20, 10
MATTE_SIDE = 64  # of a face whose nodes are not known: an ellipse needs no more
WOVEN = 3.0  # times the energy of the whole face's: what is more than skin


def grain(
    photo: np.ndarray, fill: np.ndarray, hole: np.ndarray, box: Box, face: Matte, seed: int
) -> np.ndarray:
    """The texture that a fill lacks beside the skin of its face, height x width x 3 float32.

    photo: H x W x C uint8 or uint16, looked at where hole (H x W bool) is not. fill: height x width
    x 3 float32 in [0, 1], the pixels of `box` (x, y, width, height). A random-phase texture
    (Galerne, Gousseau and Morel 2011) of the spectrum and the colour correlation of the face's flat
    parts: lashes and brows are structure, not texture, and stay out. Of each octave so much is
    added as the fill's own flat parts have less. Where no skin is visible, the calmest parts of the
    surroundings stand in for it: they have the sensor's grain.
    """
    x, y, width, height = box
    shown, flat = _calm_skin(photo, hole, box, face)
    if flat.sum() < FEWEST:
        return np.zeros((height, width, 3), np.float32)

    ours = _densest(hole[_slices(box)], box)
    inside = (slice(ours[1] - y, ours[1] - y + ours[3]), slice(ours[0] - x, ours[0] - x + ours[2]))
    painted = _octaves(fill[inside], np.ones(fill[inside].shape[:2], bool))
    even = _flat(np.sum(painted, 0), _eroded(hole[_slices(ours)]), CALM)
    sample = np.zeros_like(shown[0])
    for theirs, own in zip(shown, painted, strict=True):
        wanted = float(np.square(theirs[flat]).mean())
        there = float(np.square(own[even]).mean()) if even.any() else 0.0
        sample += theirs * np.sqrt(max(0.0, 1 - there / max(wanted, 1e-12)))
    sample *= flat[..., None]
    noise = np.random.default_rng(seed).standard_normal(flat.shape)
    phase = np.exp(1j * np.angle(np.fft.fft2(noise)))[..., None]
    # One phase shift for all channels keeps their correlation, so grey grain stays grey.
    texture = np.fft.ifft2(np.fft.fft2(sample, axes=(0, 1)) * phase, axes=(0, 1)).real
    texture /= np.sqrt(flat.mean())
    repeats = (-(-height // flat.shape[0]), -(-width // flat.shape[1]), 1)
    return np.tile(texture, repeats)[:height, :width].astype(np.float32)


def _calm_skin(photo: np.ndarray, hole: np.ndarray, box: Box, face: Matte) -> Read:
    """What is read of a photo's texture: beside the hole, since a chin is not a forehead, or where
    a fringe or glasses hang over the skin there, on the whole face."""
    found: list[Read] = []
    whole = geometry.bounds(face.frame, (hole.shape[1], hole.shape[0]))
    for place, least in ((box, ENOUGH), (whole, FEWEST)):
        window = _skin_in(place, hole, face, least)
        if window is not None:
            skin = face.over(window) > SKIN
            found.append(_read(photo, window, skin & ~hole[_slices(window)], CALM))
    if not found:
        window = _densest(~hole[_slices(box)], box)
        return _read(photo, window, ~hole[_slices(window)], CALMEST)
    return found[0] if _energy(found[0]) <= WOVEN * _energy(found[-1]) else found[-1]


def _read(photo: np.ndarray, window: Box, clear: np.ndarray, percent: float) -> Read:
    shown = _octaves(_pixels(photo, window), clear)
    return shown, _flat(np.sum(shown, 0), _eroded(clear), percent)


def _energy(read: Read) -> float:
    shown, flat = read
    return float(np.square(np.sum(shown, 0)[flat]).mean()) if flat.any() else np.inf


def _skin_in(box: Box, hole: np.ndarray, face: Matte, least: int) -> Box | None:
    """The part of a box with most visible skin; None with fewer than `least` pixels of it."""
    import cv2

    x, y, width, height = box
    step = max(1, -(-max(width, height) // LOOK))
    size = (width // step, height // step)
    if min(size) < 1:
        return None
    # The same matte on a photo that is `step` times smaller and begins at the box.
    frame = face.frame.copy()
    frame[:, 2] += frame[:, :2] @ (x, y)
    frame[:, :2] *= step
    skin = Matte(face.values, frame).over((0, 0, *size)) > SKIN
    hidden = hole[y : y + height, x : x + width].view(np.uint8) * np.uint8(255)
    skin &= cv2.resize(hidden, size, interpolation=cv2.INTER_AREA) == 0
    if _eroded(skin, 3 if step > 1 else 5).sum() * step**2 < least:
        return None
    left, top, wide, high = _densest(skin, (0, 0, *size), max(1, SIDE // step))
    return x + left * step, y + top * step, wide * step, high * step


def _densest(where: np.ndarray, box: Box, side: int = SIDE) -> Box:
    """The part of a box, at most `side` wide and high, that holds most of `where` (its pixels)."""
    import cv2

    x, y, width, height = box
    w, h = min(side, width), min(side, height)
    sums = cv2.integral(where.astype(np.uint8))
    counts = sums[h:, w:] - sums[:-h, w:] - sums[h:, :-w] + sums[:-h, :-w]
    top, left = np.unravel_index(int(counts.argmax()), counts.shape)
    return x + int(left), y + int(top), w, h


def _slices(box: Box) -> tuple[slice, slice]:
    x, y, width, height = box
    return slice(y, y + height), slice(x, x + width)


def _pixels(photo: np.ndarray, box: Box) -> np.ndarray:
    """The pixels of a box, height x width x 3 float32 in [0, 1]."""
    return photo[_slices(box)][..., :3].astype(np.float32) / np.iinfo(photo.dtype).max


def _eroded(where: np.ndarray, by: int = 5) -> np.ndarray:
    import cv2

    return cv2.erode(where.astype(np.uint8), np.ones((by, by), np.uint8)).astype(bool)


def _octaves(picture: np.ndarray, known: np.ndarray) -> list[np.ndarray]:
    """The finest octaves of a picture, finest first; their sum is what a blur of the last of
    OCTAVES would take. What is not known (h x w bool) does not bleed into what is, and has none."""
    import cv2

    weight = known.astype(np.float32)
    both = np.dstack([picture * weight[..., None], weight])
    blurs = [cv2.GaussianBlur(both, (0, 0), sigma) for sigma in OCTAVES]
    means = [blur[..., :3] / np.maximum(blur[..., 3:], 1e-3) for blur in blurs]
    return [(a - b) * weight[..., None] for a, b in pairwise([picture, *means])]


def _flat(fine: np.ndarray, within: np.ndarray, percent: float) -> np.ndarray:
    """The calmest `percent` of the pixels in `within` (h x w bool), by the energy of `fine`
    around."""
    import cv2

    if not within.any():
        return within
    energy = cv2.GaussianBlur(np.square(fine).sum(-1), (0, 0), 4)
    return within & (energy <= np.percentile(energy[within], percent))


def add_grain(fill: FullShare, _: bool) -> FullShare:
    """Reads pixels, matte. Writes pixels."""
    whole, box, frame = fill.whole, fill.box, fill.share.frame
    face = fill.matte or Matte(aligned_face(MATTE_SIDE)[0, 0].numpy(), frame)
    seed = whole.request.options.seed
    fine = grain(whole.photo.pixels, fill.pixels, whole.hole, box, face, seed)
    return fill.becomes(FullShare, pixels=fill.pixels + fine)
