"""The parts of a hole that their surroundings decide: thin strokes and even surfaces.

A scratch hides nothing that its two banks do not tell, and a hole in a painted wall is painted
wall, even where a face's frame reaches over it. What a face's networks would paint there is a
guess; they are not asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.base.hidden import HIDDEN_FEATURE
from engine.face import geometry
from engine.face.finder import Face
from engine.face.frames import matrix_of
from engine.face.mesh import FEATURES
from engine.fill.photo_fill import PlacedFill, PlainFill

Box = tuple[int, int, int, int]

THIN = 0.03  # width of a stroke in face frames; an open eye is twice as high
THINNEST, THICKEST = 3, 40  # pixels of the photo
SWOLLEN, CROSSING = 2.5, 6.0  # widths: as large as a place may be where strokes swell or cross
UNEVEN, MOSTLY = 1.6, 0.6  # times as wide in places; the share of a stroke that must be thin
WORKING = 6  # pixels that a thin stroke is wide where it is looked for
RING = 0.12  # of the shorter side of a part: how far it is asked about its surroundings
BEYOND = 8  # pixels around such a ring that are looked at
EVEN, EVEN_AT_WORST = 4.0, 14.0  # of 255, off a slanted plane: of 90 and of 99 % of the ring


def decided(
    rgb: np.ndarray, hole: np.ndarray, bounds: Box | None, faces: tuple[Face, ...]
) -> np.ndarray:
    """Which pixels of a hole its surroundings decide, H x W bool.

    rgb: H x W x 3 uint8. hole: H x W bool, lying inside `bounds`. faces: those that may paint it;
    their size says what is thin, and an even surface decides nothing where it may hide a feature
    of theirs.
    """
    result = np.zeros(hole.shape, bool)  # takes memory where it is written to alone
    if not faces or bounds is None:
        return result
    frames = [matrix_of(face) for face in faces]
    side = max(geometry.frame_side(frame) for frame in frames)
    x, y, width, height = bounds
    # Beyond the faces' frames nothing is theirs to paint.
    size = (hole.shape[1], hole.shape[0])
    reached = np.array([geometry.bounds(frame, size) for frame in frames])
    left, top = np.maximum((x, y), reached[:, :2].min(0))
    right, bottom = np.minimum((x + width, y + height), (reached[:, :2] + reached[:, 2:]).max(0))
    if left >= right or top >= bottom:
        return result
    inside = np.s_[top:bottom, left:right]
    result[inside] = _strokes(hole[inside], int(np.clip(round(THIN * side), THINNEST, THICKEST)))
    # As far as a part's ring reaches, and no further: a large photo would be labelled whole.
    grown = round(RING * min(width, height)) + BEYOND
    x0, y0 = max(0, x - grown), max(0, y - grown)
    near = np.s_[y0 : y + height + grown, x0 : x + width + grown]
    rest = hole[near] & ~result[near]
    meshes = [None if face.mesh is None else face.mesh[:, :2] - (x0, y0) for face in faces]
    result[near] |= _even(rgb[near], rest, hole[near], meshes)
    return result


def _strokes(hole: np.ndarray, width: int) -> np.ndarray:
    """The thin strokes of a hole, those too that are a little wider here and there: half a stroke
    painted by a face is a scar."""
    import cv2

    thin = _thin(hole, width)
    if not thin.any():
        return thin
    wider = _thin(hole, round(UNEVEN * width)) | thin
    count, labels = cv2.connectedComponents(wider.view(np.uint8), connectivity=8)
    share = np.bincount(labels[thin], minlength=count) / np.bincount(labels.ravel())
    return wider & (share >= MOSTLY)[labels]


def _thin(hole: np.ndarray, width: int) -> np.ndarray:
    """The strokes of a hole that are nowhere wider than `width` pixels, crossings apart."""
    import cv2

    # What is looked for is wide, so a large photo's hole needs no more than every few pixels.
    step = max(1, width // WORKING)
    if step > 1:
        height, across = hole.shape
        size = (-(-across // step), -(-height // step))
        small = cv2.resize(hole.view(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 0
        found = _thin(small, round(width / step)).view(np.uint8)
        return (
            cv2.resize(found, (across, height), interpolation=cv2.INTER_NEAREST).view(bool) & hole
        )
    part = np.pad(hole.astype(np.uint8), width + 2)
    core = _dilated(_depth(part) > (width + 1) / 2, width / 2)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(core)
    for number in range(1, count):
        # Where strokes cross or swell, a disc fits in that is hardly wider than they are.
        x, y, w, h = (int(v) for v in stats[number, :4])
        if max(w, h) > CROSSING * width:
            continue
        window = np.s_[
            max(0, y - width - 4) : y + h + width + 4, max(0, x - width - 4) : x + w + width + 4
        ]
        blob = labels[window] == number
        if _arms(part[window], blob, width) >= (2 if max(w, h) < SWOLLEN * width else 3):
            core[window][blob] = 0
    # A corner of a large hole is thin by itself; with a little more of the core it is not.
    thin = part & (1 - _dilated(core, width))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(thin, connectivity=8)
    # Long, or a dot by itself; not a bump on the edge of something large.
    kept = stats[:, 2:4].max(1) > 4 * width
    beside = np.zeros(count, bool)
    beside[np.unique(np.asarray(labels)[_dilated(core, 1.5 * width).view(bool)])] = True
    kept |= ~beside
    kept[0] = False
    inner = width + 2
    own = kept[np.asarray(labels, np.int32)]
    return own[inner : inner + hole.shape[0], inner : inner + hole.shape[1]]


def _depth(mask: np.ndarray) -> np.ndarray:
    """How far each pixel of a 0-or-1 mask lies from the nearest 0, float32 pixels."""
    import cv2

    return np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE))


def _dilated(mask: np.ndarray, reach: float) -> np.ndarray:
    """A mask and all within `reach` pixels of it, uint8; by distances, whatever the reach."""
    if not mask.any():
        return np.zeros(mask.shape, np.uint8)
    return (_depth(1 - mask.astype(np.uint8)) <= reach).view(np.uint8)


def _arms(part: np.ndarray, blob: np.ndarray, width: int) -> int:
    """How many strokes of `part`, of at most this width, leave a blob of it."""
    import cv2

    near = width // 2 + 2
    ring = _dilated(blob, near + 1) & (1 - _dilated(blob, near)) & part
    return cv2.connectedComponents(ring)[0] - 1


def _even(
    rgb: np.ndarray, part: np.ndarray, hole: np.ndarray, meshes: Sequence[np.ndarray | None]
) -> np.ndarray:
    """The connected parts of `part` that lie in one even or evenly shaded surface. meshes: of every
    face, 478 x 2 pixels of `rgb`; None of one that has none, which hides nobody knows what."""
    import cv2

    result = np.zeros_like(hole)
    if not part.any():
        return result
    known = [mesh for mesh in meshes if mesh is not None]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(part.view(np.uint8))
    height, width = hole.shape
    for number in range(1, count):
        x, y, w, h = (int(v) for v in stats[number, :4])
        reach = max(4, round(RING * min(w, h)))
        x0, y0, x1, y1 = max(0, x - reach - 1), max(0, y - reach - 1), x + w + reach, y + h + reach
        window = np.s_[y0 : min(y1 + 1, height), x0 : min(x1 + 1, width)]
        own = labels[window] == number
        if len(known) < len(meshes) or any(_hides(own, x0, y0, mesh) for mesh in known):
            continue
        around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        near = cv2.dilate(own.view(np.uint8), around).astype(bool)
        ring = near & ~cv2.dilate(hole[window].view(np.uint8), np.ones((5, 5))).astype(bool)
        if _is_even(rgb[window], ring):
            result[window] |= own
    return result


def _hides(own: np.ndarray, x0: int, y0: int, mesh: np.ndarray) -> bool:
    """Whether a feature of `mesh` (478 x 2 photo pixels) lies in `own`, whose corner is at
    (x0, y0)."""
    at = np.round(mesh[:, :2] - (x0, y0)).astype(int)
    inside = ((at >= 0) & (at < (own.shape[1], own.shape[0]))).all(1)
    hidden = np.zeros(len(mesh), bool)
    hidden[inside] = own[at[inside, 1], at[inside, 0]]
    return any(hidden[list(nodes)].mean() >= HIDDEN_FEATURE for nodes in FEATURES)


def _is_even(rgb: np.ndarray, ring: np.ndarray) -> bool:
    """Whether the ring's pixels lie on one slanted plane of colour."""
    import cv2

    if ring.sum() < 32:
        return False
    smooth = cv2.GaussianBlur(rgb, (0, 0), 1.0).astype(np.float32)  # grain is no unevenness
    rows, columns = np.nonzero(ring)
    plane = np.column_stack([np.ones(len(rows)), rows / ring.shape[0], columns / ring.shape[1]])
    colours = smooth[ring]
    fitted, *_ = np.linalg.lstsq(plane, colours, rcond=None)
    off = np.abs(colours - plane @ fitted).max(1)
    return bool(np.percentile(off, 90) <= EVEN and np.percentile(off, 99) <= EVEN_AT_WORST)


def leave_plain(fill: PlacedFill, _: bool) -> PlainFill:
    """Reads faces. Writes plain."""
    plain = decided(fill.photo.rgb8, fill.hole, fill.bounds, fill.faces)
    return fill.becomes(PlainFill, plain=plain)
