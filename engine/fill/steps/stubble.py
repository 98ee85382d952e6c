"""Stubble goes on under a mask, if the neck below it has some.

Where the lower half of a face is hidden nothing of a beard is seen but what of it grows on the
neck. Hair there is hair on the jaw, the chin and the lip, as men's beards go; how it looks is told
by the neck's own fine texture. Its tones are not: a neck lies in the shade of its jaw.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.base.brightness import LUMA
from engine.face.mesh import LIPS, OVAL

CHIN, NOSE = 152, 2  # nodes: of the chin, and of the nose's base
# Nodes that the edge of a beard runs along, from the right ear over cheeks and lip to the left one.
EDGE = (132, 207, 216, 206, 98, 2, 327, 426, 436, 427, 361)
SOFT, BESIDE = 6.0, 5  # of a crop of 384: sigma of that edge, and around lips where none grows
ABOVE, BELOW, WIDE = 8, 30, 0.2  # of those: how far about a hole's lower edge a neck is looked at
# Fine contrast (a share of the light) of the calmest fourth of that neck, and times that of the
# upper face, from which on and surely from which on there is stubble. Of 16 people two had some,
# 0.021 and 0.027, 1.6 and 3.1 times; the others 0.005 to 0.017, at most 1.2 times from 0.015 on.
LEAST, TIMES, CALM = (0.016, 0.02), (1.25, 1.5), 0.25
DARK = 20 / 255  # added to the brightness that a contrast is a share of
EVEN = 1.5  # times the median energy around: more is an edge, not hair
TILE = 512  # pixels: of texture that is repeated
STRENGTH = 0.6  # of the neck's: cheeks and chins are shorter shorn
# What grows makes skin darker, by so much of its own contrast, and takes so much of its colour.
DARKER, GREYER = 0.6, 0.2


def throat(nodes: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """The skin of a neck right below a hole over a chin, S x S bool. nodes: 478 x 2, crop units.
    hole: S x S bool."""
    side = len(hole)
    square = np.ones((2 * BELOW + 1, 2 * BELOW + 1), np.uint8)
    near = (cv2.dilate(hole.astype(np.uint8), square) > 0) & ~hole
    chin, across = nodes[CHIN] * side, np.arange(side)[None]
    wide = WIDE * float(np.ptp(nodes[list(OVAL), 0])) * side
    return near & (np.arange(side)[:, None] > chin[1] - ABOVE) & (np.abs(across - chin[0]) < wide)


def surely(contrast: np.ndarray, where: np.ndarray, smooth: float) -> float:
    """How surely stubble grows on a neck, 0..1. contrast: S x S float32, fine, a share of the
    light. where: S x S bool, of `throat`. smooth: the contrast of the upper face."""
    fine = float(np.quantile(contrast[where], CALM))
    ramps = ((fine, LEAST), (fine / max(smooth, 1e-4), TIMES))
    return float(np.prod([np.clip((v - low) / (high - low), 0, 1) for v, (low, high) in ramps]))


def beard_area(nodes: np.ndarray, side: int) -> np.ndarray:
    """Where beards grow, side x side float32 in [0, 1]: from a line over cheeks and lip down.
    nodes: 478 x 2, crop units."""
    area = np.zeros((side, side), np.uint8)
    oval = nodes[list(OVAL)]
    jaw = oval[oval[:, 1] > nodes[EDGE[0], 1]]
    jaw = jaw[np.argsort(np.arctan2(jaw[:, 1] - nodes[NOSE, 1], jaw[:, 0] - nodes[NOSE, 0]))]
    ring = np.concatenate([nodes[list(EDGE)], jaw])
    cv2.fillPoly(area, [np.round(ring * side).astype(np.int32)], (255,))
    lips = np.zeros_like(area)
    corners = cv2.convexHull(np.round(nodes[list(LIPS)] * side).astype(np.int32))
    cv2.fillConvexPoly(lips, corners, (1,))
    grown = cv2.dilate(lips, np.ones((2 * BESIDE + 1, 2 * BESIDE + 1), np.uint8))
    soft = cv2.GaussianBlur(area.astype(np.float32) / 255, (0, 0), SOFT * side / 384)
    clear = cv2.GaussianBlur(1 - grown.astype(np.float32), (0, 0), 2.0 * side / 384)
    return soft * clear


def stubble(picture: np.ndarray, source: np.ndarray, sigma: float, seed: int) -> np.ndarray | None:
    """The fine contrast of a neck with stubble as an endless texture, TILE x TILE float32: natural
    logarithms, to be added to those of the light.

    picture: h x w x 3 uint8. source: h x w bool, the neck. sigma: pixels of what is coarser than
    stubble. A random-phase texture (Galerne, Gousseau and Morel 2011): dense stubble has no phase
    that is worth keeping, and patches of a narrow strip of neck would show as a pattern. None where
    too little is seen.
    """
    if np.count_nonzero(source) < 400:
        return None
    rows, columns = (np.flatnonzero(source.any(axis)) for axis in (1, 0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    light = picture[part].astype(np.float32) @ np.array(LUMA, np.float32) / 255 + DARK
    known = source[part].astype(np.float32)
    near = np.maximum(cv2.GaussianBlur(known, (0, 0), sigma), 1e-3)
    fine = np.log(light / (cv2.GaussianBlur(light * known, (0, 0), sigma) / near + 1e-6)) * known
    known = cv2.erode(known, np.ones((5, 5)))
    if not known.any():
        return None
    # The edge of a chin, of its shade or of a collar is a line, and would be drawn all over.
    energy = cv2.GaussianBlur(np.square(fine) * known, (0, 0), 2 * sigma)
    energy /= np.maximum(cv2.GaussianBlur(known, (0, 0), 2 * sigma), 1e-3)
    fine *= known * (energy < EVEN * np.median(energy[known > 0]))
    sample = np.zeros((TILE, TILE), np.float32)
    height, width = min(TILE, fine.shape[0]), min(TILE, fine.shape[1])
    sample[:height, :width] = fine[:height, :width]
    share = np.count_nonzero(sample) / sample.size
    noise = np.random.default_rng(seed).standard_normal(sample.shape)
    phase = np.exp(1j * np.angle(np.fft.fft2(noise)))
    texture = np.fft.ifft2(np.fft.fft2(sample) * phase).real / np.sqrt(max(share, 1e-6))
    return texture.astype(np.float32)
