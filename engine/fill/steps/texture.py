"""Filling what no face owns: background, clothes, hair far from a face, by texture.

PatchMatch (Barnes et al. 2009, package PyPatchMatch) for areas; for holes a few pixels wide its
mean with Telea's fast marching (2004) and with Navier-Stokes (Bertalmio et al. 2001), of OpenCV.
Large holes are filled at a reduced size: texture that far from the border is a guess anyway, and
the cost stays bounded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np

from engine.base.errors import raise_if_cancelled
from engine.face.placement import TEXTURE
from engine.face.regions import Head, heads_of
from engine.fill.photo_fill import PaintedFill, Textured
from engine.fill.shares import backdrop
from engine.fill.silhouette import Silhouettes
from engine.fill.soft import seen_through
from engine.fill.sources import LEAST, no_neck, no_source
from engine.photo.patch import Patch

BARELY = 5  # of 255: less texture than this in a pixel is none
THIN = 6  # pixels: holes hardly wider than this
LARGEST = 600_000  # pixels of the working picture for PatchMatch
PATCH = 3  # radius: patches of 7 x 7
# A stroke is at most this share of its length wide. Its fill may be off its banks by so many levels
# and this share of what they vary, looking so many pixels further than the stroke is deep.
NARROW, STRAYS, VARIES, NEARBY = 0.25, 8.0, 0.35, 2
EDGE = 3.0  # pixels: how wide the edge of a silhouette is

NEARER = 3.0  # times as near to the tone behind a person as to its own: surely none of it
BESIDE = 0.04  # of a window: sigma within which a person and what is behind it have their tones
Box = tuple[int, int, int, int]


def fill_texture(
    rgb: np.ndarray,
    hole: np.ndarray,
    seed: int = 0,
    cancel: threading.Event | None = None,
    progress: Callable[[float], None] | None = None,
    heads: tuple[Head, ...] = (),
    whole: np.ndarray | None = None,
    people: Silhouettes | None = None,
) -> Iterator[tuple[Box, np.ndarray]]:
    """Fill each connected part of a hole.

    rgb: H x W x 3 uint8. hole: H x W bool. heads: those of the photo, whose faces are painted
    nowhere else. whole: H x W bool, the hole that this is the rest of, where faces have painted
    some: how deep it is tells strokes from the rest beside a face. people: what is behind them does
    not go on in them, nor the other way round. Yields (box, pixels) a part: (x, y, width, height)
    and height x width x 3 uint8, meant for the hole's pixels of that box only. Raises Cancelled.
    """
    import cv2

    if not hole.any():
        return
    # Nearby strokes are one part: each would else be filled from the other's unfilled pixels.
    # Only around the hole: labels of a whole large photo are larger than the photo.
    reach = 9
    rows, columns = (np.flatnonzero(hole.any(axis)) for axis in (1, 0))
    top, left = max(0, int(rows[0]) - reach), max(0, int(columns[0]) - reach)
    near = hole[top : int(rows[-1]) + reach + 1, left : int(columns[-1]) + reach + 1]
    joined = cv2.dilate(near.view(np.uint8), np.ones((reach, reach), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    for index in range(1, count):
        raise_if_cancelled(cancel)
        x, y, width, height = (int(v) for v in stats[index, :4])
        x, y = x + left, y + top
        if hole[y : y + height, x : x + width].any():
            given = hole if whole is None else whole
            yield _fill_part(rgb, hole, (x, y, width, height), seed, heads, given, people)
        if progress is not None:
            progress(index / (count - 1))


def _fill_part(
    rgb: np.ndarray,
    hole: np.ndarray,
    box: Box,
    seed: int,
    heads: tuple[Head, ...],
    whole: np.ndarray,
    people: Silhouettes | None,
) -> tuple[Box, np.ndarray]:
    import cv2

    x, y, width, height = box
    margin = max(48, int(0.75 * max(width, height)))
    x0, y0 = max(0, x - margin), max(0, y - margin)
    x1, y1 = min(rgb.shape[1], x + width + margin), min(rgb.shape[0], y + height + margin)
    picture = np.ascontiguousarray(rgb[y0:y1, x0:x1])
    missing = hole[y0:y1, x0:x1].astype(np.uint8)
    inside = (slice(y - y0, y - y0 + height), slice(x - x0, x - x0 + width))
    if missing.all():
        # Nothing to take texture from: the whole neighbourhood is hidden.
        return box, np.full((height, width, 3), 128, np.uint8)
    deep = whole[y0:y1, x0:x1].view(np.uint8)
    depths = cv2.distanceTransform(deep, cv2.DIST_L2, 3)[missing > 0]
    # Where thin strokes cross or run together, it is wider for a while.
    if np.percentile(depths, 90) <= 0.75 * THIN and depths.max() <= 1.5 * THIN:
        return box, _thin(picture, missing, seed)[inside]

    window = (x0, y0, x1 - x0, y1 - y0)
    person = None if people is None else people.over(window)
    shut = no_source(heads, missing.view(bool), window, parted=person is not None)
    shut_to_people = None
    if person is not None:
        shut_to_people = no_neck(heads, missing.view(bool) & (person > 0.5), window)
    gap, seen = (None, None) if people is None else people.narrow(window)
    scale = min(1.0, float(np.sqrt(LARGEST / missing.size)))
    size = (max(16, round(missing.shape[1] * scale)), max(16, round(missing.shape[0] * scale)))
    small, small_hole = picture, missing > 0
    if scale < 1:
        small_hole = cv2.resize(missing * 255, size, interpolation=cv2.INTER_AREA) > 0
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        shut, shut_to_people, gap, seen = (
            None
            if one is None
            else cv2.resize(one.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
            for one in (shut, shut_to_people, gap, seen)
        )
        if person is not None:
            person = cv2.resize(person, size, interpolation=cv2.INTER_AREA)
    if person is None:
        filled = patched(small, small_hole, seed, shut)
    else:
        filled = by_silhouette(small, small_hole, seed, (shut_to_people, shut), person)
    if gap is not None and seen is not None:
        filled = joined(filled, small_hole, gap, seen, seed, shut)
    across = 2 * float(np.percentile(depths, 95))
    if across <= NARROW * len(depths) / across:
        filled = _held(filled, small, small_hole, across * scale / 2)
    if scale == 1:
        return box, filled[inside]
    # The window is six times the part's box: of what is enlarged only that is kept.
    up = (missing.shape[1], missing.shape[0])
    filled = cv2.resize(filled, up, interpolation=cv2.INTER_CUBIC)[inside].copy()
    # The reduced fill meets the photo with its colour, not with its pixels: close the seam.
    soft = cv2.GaussianBlur(missing.astype(np.float32), (0, 0), 0.7 / scale)[inside]
    soft = np.clip(soft * 2, 0, 1)[..., None] * missing[inside][..., None]
    near = cv2.inpaint(small, small_hole.view(np.uint8), 3, cv2.INPAINT_TELEA)
    near = cv2.resize(near, up, interpolation=cv2.INTER_CUBIC)[inside].copy()
    return box, (filled * soft + near * (1 - soft)).round().astype(np.uint8)


def _held(filled: np.ndarray, picture: np.ndarray, hole: np.ndarray, deepest: float) -> np.ndarray:
    """A filled stroke held to what its banks show.

    PatchMatch takes a patch that fits one bank from wherever it is: letters on a chin become beard,
    and those at a jaw wall. Where its fill is off Telea's, which carries the banks' own colours in,
    by more than the photo varies right beside it, Telea's is taken. deepest: pixels from the middle
    of the stroke to a bank.
    """
    import cv2

    reach = int(np.ceil(deepest)) + NEARBY
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    known = (~hole).astype(np.float32)
    both = np.dstack([picture.astype(np.float32) * known[..., None], known])
    both = cv2.GaussianBlur(both, (0, 0), 1.0)  # grain is no colour of its own
    shown = (both[..., :3] / np.maximum(both[..., 3:], 1e-3)).astype(np.float32)
    highest = cv2.dilate(np.where(hole[..., None], 0, shown), disc)
    lowest = cv2.erode(np.where(hole[..., None], 255, shown), disc)
    carried = cv2.inpaint(picture, hole.view(np.uint8), 3, cv2.INPAINT_TELEA).astype(np.float32)
    off = filled.astype(np.float32) - carried
    off = np.abs(cv2.GaussianBlur(off, (0, 0), max(0.7, deepest / 3)))
    beyond = off - STRAYS - VARIES * (highest - lowest).clip(0)
    share = (beyond.max(-1, keepdims=True) / STRAYS).clip(0, 1)
    kept = filled + share * (carried - filled)
    return np.where(hole[..., None], kept + 0.5, picture).astype(np.uint8)


def _thin(picture: np.ndarray, missing: np.ndarray, seed: int) -> np.ndarray:
    """A picture whose thin strokes are filled: the mean of three ways, for they err differently.

    Over scratches on faces it is half a decibel nearer than any of them.
    """
    import cv2

    ways = [cv2.inpaint(picture, missing, 4, way) for way in (cv2.INPAINT_TELEA, cv2.INPAINT_NS)]
    if missing.size <= LARGEST:
        ways.append(patched(picture, missing.view(bool), seed, None))
    mean = np.mean([way.astype(np.float32) for way in ways], axis=0)
    return (mean + 0.5).astype(np.uint8)


def patched(
    picture: np.ndarray, hole: np.ndarray, seed: int, shut: np.ndarray | None
) -> np.ndarray:
    """A picture (H x W x 3 uint8) with its hole (H x W bool) filled by PatchMatch. shut: H x W
    bool, what is no source of texture."""
    import cv2
    import patchmatch

    if not patchmatch.patchmatch_available or min(picture.shape[:2]) < 4 * PATCH:
        return cv2.inpaint(picture, hole.astype(np.uint8), 5, cv2.INPAINT_TELEA)
    patchmatch.set_random_seed(seed)
    if shut is not None:
        shut = (shut & ~hole).astype(np.uint8)
    filled = patchmatch.inpaint(picture, hole.astype(np.uint8), global_mask=shut, patch_size=PATCH)
    return np.asarray(filled)


def by_silhouette(
    picture: np.ndarray,
    hole: np.ndarray,
    seed: int,
    shut: tuple[np.ndarray | None, np.ndarray | None],
    person: np.ndarray,
) -> np.ndarray:
    """As `patched`; what is behind people is taken from there, and people from people. person:
    H x W float32, how much of each pixel is one. shut: of `patched`, for people where that is
    another (None: the same), and for what is behind them."""
    import cv2

    share = edged(person)
    sides = []
    whole = shut[1]
    for side, no in ((share, whole if shut[0] is None else shut[0]), (1 - share, whole)):
        wanted = hole & (side > 0)
        if not wanted.any():
            sides.append(picture)
            continue
        theirs = side < 0.5
        no_use = theirs if no is None else theirs | no
        if (~hole & ~no_use).sum() < LEAST * wanted.sum():
            return patched(picture, hole, seed, whole)
        # What lies right beside the hole on the other side is no border of this one: it is painted
        # over for the while.
        ring = np.ones((4 * PATCH + 1, 4 * PATCH + 1), np.uint8)
        beside = theirs & (cv2.dilate(hole.view(np.uint8), ring) > 0)
        sides.append(patched(picture, hole | beside, seed, no_use).astype(np.float32))
    mixed = sides[0] * share[..., None] + sides[1] * (1 - share[..., None])
    return np.where(hole[..., None], mixed + 0.5, picture).astype(np.uint8)


def joined(
    filled: np.ndarray,
    hole: np.ndarray,
    gap: np.ndarray,
    person: np.ndarray,
    seed: int,
    shut: np.ndarray | None,
) -> np.ndarray:
    """A filled picture (H x W x 3 uint8) whose gaps between parts of a person go on as that person
    where they were filled with what is behind it. hole, gap, person (what is seen of one), shut
    (what is no source, or None): H x W bool."""
    import cv2

    picture, near = filled.astype(np.float32), max(2.0, BESIDE * len(filled))
    off = []
    for known in (person & ~hole, ~person & ~hole):
        weight = known.astype(np.float32)[..., None]
        both = cv2.GaussianBlur(np.dstack([picture * weight, weight]), (0, 0), near)
        tone = both[..., :3] / np.maximum(both[..., 3:], 1e-4)
        off.append(np.where(both[..., 3] > 1e-3, np.abs(picture - tone).sum(-1), np.inf))
    behind = (gap & hole & (NEARER * off[1] < off[0])).astype(np.uint8)
    reach = np.ones((PATCH, PATCH), np.uint8)
    again = cv2.dilate(cv2.morphologyEx(behind, cv2.MORPH_OPEN, reach), reach) > 0
    again &= gap & hole
    no_use = ~person if shut is None else ~person | shut
    if not again.any() or (~no_use & ~again).sum() < LEAST * again.sum():
        return filled
    return patched(filled, again, seed, no_use)


def edged(person: np.ndarray) -> np.ndarray:
    """A silhouette whose edge is EDGE pixels wide, H x W float32: under a hole it is as soft as the
    hole is wide."""
    import cv2

    down, across = (cv2.Sobel(person, cv2.CV_32F, *d, scale=1 / 8) for d in ((0, 1), (1, 0)))
    steep = np.maximum(np.hypot(down, across), 1e-4)
    return ((person - 0.5) / (EDGE * steep) + 0.5).clip(0, 1)


def left_over(fill: PaintedFill) -> np.ndarray | None:
    """What no face owns, and what lies behind the faces."""
    if fill.bounds is None:
        return None
    share_of = backdrop(fill.hole, fill.bounds, fill.shares, fill.behind)
    x, y, width, height = fill.bounds
    return share_of if (share_of[y : y + height, x : x + width] > BARELY).any() else None


def add_texture(fill: PaintedFill, share_of: np.ndarray) -> PaintedFill:
    """Reads faces, patches. Writes textured, and patches: with one for each part, in the 256 levels
    of 8 bit. share_of: H x W uint8, how much of each pixel of the hole is texture."""
    where, photo = share_of > BARELY, fill.photo.apply(*fill.patches)
    patches, begun = list(fill.patches), time.perf_counter()
    heads = heads_of(fill.faces, photo.size)
    silhouettes = Silhouettes(fill.loaded.people, photo.own8, where, heads, fill.hole)
    for box, pixels in fill_texture(
        photo.own8,
        where,
        fill.request.options.seed,
        fill.cancel,
        lambda done: fill.tell("texture", 0.85 + 0.13 * done),
        heads,
        fill.hole,
        silhouettes,
    ):
        x, y, width, height = box
        part = share_of[y : y + height, x : x + width].astype(np.float32) / 255
        mask = fill.request.mask.pixels[y : y + height, x : x + width]
        mask = seen_through(mask, fill.photo.own8[y : y + height, x : x + width], pixels)
        alpha = (mask * part + 0.5).astype(np.uint8)
        if photo.pixels.dtype == np.uint16:
            pixels = pixels.astype(np.uint16) * np.uint16(257)
        seconds, begun = time.perf_counter() - begun, time.perf_counter()
        patches.append(Patch(box, pixels, alpha, "texture", seconds, laid=TEXTURE))
    return fill.becomes(PaintedFill, patches=tuple(patches), textured=Textured(where, photo))
