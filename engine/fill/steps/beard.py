"""Beards, stubble and moustaches go on where they were hidden.

A mean of faces is shaven: in a hole across a beard it paints smooth skin, or a dark smooth patch.
How much hair grows around the hole is seen in the skin of the lower face: there is more fine
contrast all over than on the cheeks and the forehead above. Where it is so, the hole is filled with
texture of that skin and no other (PatchMatch, see engine.fill.steps.texture); lips, nose and eyes
stay what the face's networks painted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from engine.base.brightness import LUMA
from engine.face import geometry
from engine.face.mesh import FEATURES, OVAL
from engine.fill.photo_fill import FullShare
from engine.fill.shares import Box, meet, part_of
from engine.fill.steps.crop import nodes_of as mesh_of
from engine.fill.steps.stubble import (
    DARK,
    DARKER,
    GREYER,
    STRENGTH,
    beard_area,
    stubble,
    surely,
    throat,
)
from engine.fill.steps.texture import patched

SIDE = 384  # pixels of the crop on which hair is looked for
FINE = 3.0  # of those: sigma of what is coarser than stubble
AROUND = 6.0  # of those: sigma of the surroundings that are hairy or not
# Of those: so near to a feature or to a face's edge no hair is looked for, and none grows.
LOOKED, GROWN = 9, 2
FARTHER = (10.0, 24.0, 60.0)  # of those: sigmas over which hair is carried into the hole
# Of the contrast of a beard: shares of the light, and times that of the upper face. Of 25 people on
# studio portraits eight had stubble, by eye; the others had at most 1.3 times and 0.014.
LEAST, SURE = 0.012, 0.02
TIMES, SURELY = 1.6, 2.6
THICK = 0.05, 0.1  # contrast of stubble and of a full beard
SMOOTH = 0.008  # contrast of an upper face of which nothing is seen
TONE = 5.0  # of SIDE pixels: sigma of what is a fill's tone, and not texture
SHADES = (0.4, 2.5)  # how far texture may be darkened and lightened
BARELY = 0.05  # less of a beard than this is none
HAIRY = 0.4  # from where on hair is a source, or worth a fill
ENOUGH = 250_000  # pixels of photo that are worked on
SURELY_ON_A_NECK = 0.6  # one of 60 clean necks had 0.41
HARDLY = 0.2  # of the lower face's skin: less is next to nothing
SOURCES = 300  # pixels of SIDE**2 that are seen to be hairy: fewer tell nothing


@dataclass(frozen=True, eq=False)
class Beard:
    """On the face's crop, SIDE x SIDE: grows, float32 in [0, 1], how much of a hidden pixel is
    beard. seen: bool, where beard is seen. thick: from 0, stubble that skin shines through, to 1.
    on_neck: whether that is on the neck alone."""

    grows: np.ndarray
    seen: np.ndarray
    thick: float
    on_neck: bool = False


def bearded(fill: FullShare) -> Beard | None:
    """A beard that is seen beside the hole."""
    nodes = mesh_of(fill)
    if nodes is None:
        return None
    photo, frame = fill.whole.photo, fill.share.frame
    hole = geometry.cut(fill.whole.hole, frame, SIDE) > 0
    if not (hole & (lower_skin(nodes, GROWN) > 0)).any():
        return None
    light = geometry.cut(photo.own8, frame, SIDE).astype(np.float32) @ np.array(LUMA, np.float32)
    return beard_in(light / 255, hole, nodes)


def beard_in(light: np.ndarray, hole: np.ndarray, nodes: np.ndarray) -> Beard | None:
    """The beard of a face's crop: light SIDE x SIDE float32 in [0, 1], hole SIDE x SIDE bool, nodes
    478 x 2 in crop units. None where none is seen."""
    skin, upper = lower_skin(nodes), upper_skin(nodes)
    known = cv2.erode((~hole).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(np.float32)
    contrast = _contrast(light, known)
    shown = (skin > 0) & (known > 0)
    above = (upper > 0) & (known > 0)
    smooth = float(np.median(contrast[above])) if above.sum() >= SOURCES else SMOOTH
    hairy = _ramp(contrast, LEAST, SURE) * _ramp(contrast / max(smooth, 1e-4), TIMES, SURELY)
    seen = shown & (hairy >= HAIRY)
    if seen.sum() < SOURCES:
        if shown.sum() > HARDLY * (skin > 0).sum():
            return None  # a chin that is seen tells more of its beard than the neck below
        return _on_neck(contrast, known > 0, smooth, hole, nodes)
    grows = _carried(hairy, shown.astype(np.float32))
    open_to = lower_skin(nodes, GROWN).astype(np.float32)
    grows = grows * cv2.GaussianBlur(open_to, (0, 0), 1.5) * hole
    thick = float(_ramp(np.median(contrast[seen]), *THICK))
    return Beard(grows, seen, thick) if (grows >= HAIRY).any() else None


def _on_neck(
    contrast: np.ndarray, known: np.ndarray, smooth: float, hole: np.ndarray, nodes: np.ndarray
) -> Beard | None:
    """The stubble of a face whose lower half is hidden, by that of the neck below."""
    seen = throat(nodes, hole) & known
    sure = surely(contrast, seen, smooth) if seen.sum() >= SOURCES else 0.0
    if sure < SURELY_ON_A_NECK:
        return None
    grows = np.float32(sure) * beard_area(nodes, SIDE) * hole
    return Beard(grows, seen, 0.0, on_neck=True) if (grows >= HAIRY).any() else None


def grow_beard(fill: FullShare, beard: Beard) -> FullShare:
    """Reads pixels, seen. Writes pixels: texture of the beard, where it goes on."""
    photo, frame = fill.whole.photo, fill.share.frame
    window = geometry.bounds(frame, photo.size)
    picture, filled = fill.painted_in(window)
    x, y, width, height = window
    hidden = fill.whole.hole[y : y + height, x : x + width]
    grows = geometry.put_back(beard.grows, frame, window).clip(0, 1) * filled
    source = geometry.put_back(beard.seen.astype(np.float32), frame, window) > 0.5
    if not (grows > BARELY).any() or not (source & ~hidden).any():
        return fill
    if beard.on_neck:
        return _with_stubble(fill, picture, grows, source & ~hidden, window)
    texture = _texture(picture, grows > BARELY, source & ~hidden, fill.whole.request.options.seed)
    sigma = TONE / SIDE * geometry.frame_side(frame)
    texture = _toned(texture, picture, grows > BARELY, sigma, beard.thick)
    both = meet(window, fill.box)
    inside, ours = part_of(both, window), part_of(both, fill.box)
    pixels = fill.pixels.copy()
    pixels[ours] += grows[inside][..., None] * (texture[inside] - pixels[ours])
    return fill.becomes(FullShare, pixels=pixels)


def _with_stubble(
    fill: FullShare, picture: np.ndarray, grows: np.ndarray, source: np.ndarray, window: Box
) -> FullShare:
    sigma = FINE / SIDE * geometry.frame_side(fill.share.frame)
    fine = stubble(picture, source, sigma, fill.whole.request.options.seed)
    if fine is None:
        return fill
    both = meet(window, fill.box)
    inside, ours = part_of(both, window), part_of(both, fill.box)
    repeats = [-(-length // len(fine)) for length in grows.shape]
    fine = np.tile(fine, repeats)[: grows.shape[0], : grows.shape[1]]
    share, pixels = grows[inside], fill.pixels.copy()
    skin = pixels[ours]
    light = (skin @ np.array(LUMA, np.float32))[..., None]
    change = np.exp(STRENGTH * share * (fine[inside] - DARKER * fine.std()))[..., None] - 1
    # Hair is greyer than the skin it grows on.
    skin = skin + GREYER * share[..., None] * (light - skin)
    pixels[ours] = skin + (light + DARK) * change
    return fill.becomes(FullShare, pixels=pixels)


def _toned(
    texture: np.ndarray, fill: np.ndarray, where: np.ndarray, sigma: float, own: float
) -> np.ndarray:
    """A texture in the tones of a fill, both h x w x 3 uint8: float32, 1 is white. A fill meets its
    border; texture that comes from elsewhere does not. where: h x w bool, what is textured. own:
    share of the texture's own tones that is kept."""
    known = where.astype(np.float32)[..., None]
    planes = [p.astype(np.float32) / 255 * known for p in (fill, texture)]
    weight = np.maximum(cv2.GaussianBlur(known, (0, 0), sigma), 1e-3)[..., None]
    tones, shades = (cv2.GaussianBlur(p, (0, 0), sigma) / weight + DARK for p in planes)
    return texture.astype(np.float32) / 255 * (tones / shades).clip(*SHADES) ** (1 - own)


def _texture(picture: np.ndarray, missing: np.ndarray, source: np.ndarray, seed: int) -> np.ndarray:
    """The picture with what is missing filled from `source` alone, as fine as ENOUGH allows."""
    asked = missing | source
    rows, columns = (np.flatnonzero(asked.any(axis)) for axis in (1, 0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = missing[part].shape
    scale = min(1.0, float(np.sqrt(ENOUGH / (height * width))))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    small, hole, open_to = (
        cv2.resize(p[part].astype(np.uint8), size, interpolation=how)
        for p, how in (
            (picture, cv2.INTER_AREA),
            (missing, cv2.INTER_NEAREST),
            (source, cv2.INTER_NEAREST),
        )
    )
    filled = patched(np.ascontiguousarray(small), hole > 0, seed, open_to == 0)
    out = picture.copy()
    out[part] = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC)
    return out


def lower_skin(nodes: np.ndarray, beside: int = LOOKED) -> np.ndarray:
    """Where a beard may grow: below the nose's base, SIDE x SIDE uint8. nodes: 478 x 2, crop
    units. beside: pixels around features and at a face's edge that are left out."""
    return _skin(nodes, beside) * (_rows() > _base(nodes))


def upper_skin(nodes: np.ndarray) -> np.ndarray:
    """The skin above: the same of cheeks and forehead."""
    return _skin(nodes, LOOKED) * (_rows() <= _base(nodes))


def _skin(nodes: np.ndarray, beside: int) -> np.ndarray:
    square = np.ones((2 * beside + 1, 2 * beside + 1), np.uint8)
    skin = cv2.erode(_outlined(nodes, OVAL), square)
    for feature in FEATURES:
        skin *= 1 - cv2.dilate(_outlined(nodes, feature), square)
    return skin


def _outlined(nodes: np.ndarray, of: tuple[int, ...]) -> np.ndarray:
    area = np.zeros((SIDE, SIDE), np.uint8)
    corners = np.round(nodes[list(of)] * SIDE - 0.5).astype(np.int32)
    cv2.fillConvexPoly(area, cv2.convexHull(corners), (1,))
    return area


def _rows() -> np.ndarray:
    return np.arange(SIDE)[:, None]


def _base(nodes: np.ndarray) -> float:
    return float(nodes[2, 1]) * SIDE


def _contrast(light: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Fine contrast around each place, a share of the light there. Roots are averaged: a fold or
    the edge of a collar is strong, but it is thin."""
    coarse = cv2.GaussianBlur(light * known, (0, 0), FINE)
    coarse /= np.maximum(cv2.GaussianBlur(known, (0, 0), FINE), 1e-3)
    root = np.sqrt(np.abs(light - coarse) / (coarse + DARK)) * known
    mean = cv2.GaussianBlur(root, (0, 0), AROUND)
    return np.square(mean / np.maximum(cv2.GaussianBlur(known, (0, 0), AROUND), 1e-3))


def _carried(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values carried from where they are known to everywhere, the nearest having most say."""
    out, weight = np.zeros_like(values), np.zeros_like(values)
    for sigma in FARTHER:
        near = cv2.GaussianBlur(known, (0, 0), sigma)
        mean = cv2.GaussianBlur(values * known, (0, 0), sigma) / np.maximum(near, 1e-4)
        share = (1 - weight) * np.minimum(1, near * 4)
        out, weight = out + share * mean, weight + share
    return (out / np.maximum(weight, 1e-3)).astype(np.float32)


def _ramp(values: Any, low: float, high: float) -> Any:
    return np.clip((values - low) / (high - low), 0, 1)
