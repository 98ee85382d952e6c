"""How far a mask must grow to take in the whole of what it hugs.

A mask drawn along the outline of glasses leaves their soft rim outside; the fill is then joined to
that rim and paints the glasses back. The border tells: if the pixels just outside still look like
those just inside and turn into the surroundings within a few pixels, the thing goes on.
"""

from __future__ import annotations

import numpy as np

from engine.base.errors import MienError
from engine.mask.mask import Mask

_FAR = 4  # pixels between the widest reach and where the surroundings are read
_INSIDE = 3  # pixels inside the border that show the thing
_CONTRAST = 36.0  # of 441 in RGB: less of a difference is no border of a thing
_COMMON = 0.4  # share of a ring where there is that much
# Of the way from the thing to its surroundings:
_STEEP = 0.45  # lies within two pixels to both sides of the border, or it is no border
_RIM = 0.1  # of the thing is outside at least, or nothing is left there
_FLAT = 0.04  # a pixel is no slope any more
_COARSE = 4  # pixels a side that are one where the widest blur is made


def auto_grow(rgb: np.ndarray, mask: Mask, touched: np.ndarray | None = None) -> tuple[Mask, int]:
    """(the mask grown where it hugs what it hides, by how many pixels at most).

    rgb: H x W x 3 uint8 of the photo. Each separate part of the mask is judged by itself; one
    whose border already lies in the surroundings stays exactly as it is. touched: H x W bool, only
    parts that hold one of these pixels are judged; None judges all.
    """
    import cv2

    hole = mask.hole
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(hole.view(np.uint8), connectivity=8)
    pixels, most = mask.pixels, 0
    judged = range(1, count) if touched is None else np.unique(labels[touched & hole]).tolist()
    for index in judged:
        x, y, width, height, area = (int(value) for value in boxes[index])
        if area < 16:
            continue
        part = np.pad(labels[y : y + height, x : x + width] == index, 1).astype(np.uint8)
        thickness = 2 * float(cv2.distanceTransform(part, cv2.DIST_L2, 5).max())
        reach = _reach(thickness)
        by = _growth(rgb, labels, hole, index, (x, y, width, height), reach)
        if by:
            part = Mask(np.where(labels == index, mask.pixels, 0).astype(np.uint8))
            pixels = np.maximum(pixels, part.grow(by).pixels)
            most = max(most, by)
    return (Mask(pixels), most) if most else (mask, 0)


def grow_mask(rgb: np.ndarray, mask: Mask, px: int | None) -> tuple[Mask, int]:
    """(the mask with `px` pixels more all around, how many at most). None looks for itself."""
    if px is None:
        return auto_grow(rgb, mask)
    return mask.grow(px), px


def parse_grow(text: str) -> int | None:
    """The pixels that 'auto' (None) or a whole number from 0 to 1000 stand for. Raises
    MienError."""
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) > 1000:
        raise MienError(f"--grow {text}: give auto, or whole pixels from 0 to 1000.")
    return int(text)


def _reach(thickness: float) -> int:
    """The most a part may grow, in pixels: a soft rim is a small part of what it surrounds."""
    return int(np.clip(round(0.3 * thickness), 3, 12))


def _growth(
    rgb: np.ndarray,
    labels: np.ndarray,
    hole: np.ndarray,
    index: int,
    box: tuple[int, int, int, int],
    reach: int,
) -> int:
    import cv2

    margin = 2 * (reach + _FAR) + 2
    x0, y0 = max(0, box[0] - margin), max(0, box[1] - margin)
    x1 = min(rgb.shape[1], box[0] + box[2] + margin)
    y1 = min(rgb.shape[0], box[1] + box[3] + margin)
    colours = rgb[y0:y1, x0:x1].astype(np.float32)
    own = labels[y0:y1, x0:x1] == index
    free = ~hole[y0:y1, x0:x1]
    outside = cv2.distanceTransform((~own).astype(np.uint8), cv2.DIST_L2, 5)
    inside = cv2.distanceTransform(own.astype(np.uint8), cv2.DIST_L2, 5)
    thing = _spread(colours, own & (inside <= _INSIDE), reach / 2 + 2)
    far = free & (outside > reach + _FAR) & (outside <= margin - 2)
    ground = _spread(colours, far, reach + _FAR)
    way = thing - ground
    contrast = np.linalg.norm(way, axis=2)
    telling = contrast > _CONTRAST
    along = ((colours - ground) * way).sum(axis=2) / np.maximum(contrast, 1.0) ** 2

    def likeness(distance: int) -> float:
        """How much a ring is the thing, 0 to 1 or so: its outer rim `distance` pixels outside."""
        if distance > 0:
            ring = free & (outside > distance - 1) & (outside <= distance)
        else:
            ring = own & (inside > -distance) & (inside <= 1 - distance)
        chosen = ring & telling
        if chosen.sum() < _COMMON * max(1, ring.sum()):
            return np.nan
        return float(along[chosen].clip(-0.5, 1.5).mean())

    curve = np.array([likeness(distance) for distance in range(1, reach + 2)])
    # NaN, where too little of the border tells, fails every comparison.
    if not likeness(-1) - curve[1] > _STEEP or not curve[0] - np.nanmin(curve) > _RIM:
        return 0
    # The surroundings are seldom even, so the curve's foot is not 0: the rim ends where it is flat.
    fall = -np.diff(curve)
    by = next((at for at, step in enumerate(fall) if not step > _FLAT), reach)
    # What changes all the way out is no rim: the mask ends in the middle of something.
    return by + 1 if by < reach else 0


def _spread(colours: np.ndarray, where: np.ndarray, sigma: float) -> np.ndarray:
    """The mean colour of the chosen pixels around every pixel, h x w x 3 float32."""
    import cv2

    weight = where.astype(np.float32)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)
    mean = cv2.GaussianBlur(colours * weight[..., None], (0, 0), sigma)
    # A wider look fills in where nothing is near.
    total_wide = _blurred_widely(weight, 4 * sigma) * 1e-3
    mean_wide = _blurred_widely(colours * weight[..., None], 4 * sigma) * 1e-3
    return (mean + mean_wide) / np.maximum(total + total_wide, 1e-9)[..., None]


def _blurred_widely(picture: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur of `sigma` pixels, made in a small picture: at its own size, that of a large
    mask would take most of the time."""
    import cv2

    height, width = picture.shape[:2]
    size = max(1, width // _COARSE), max(1, height // _COARSE)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / _COARSE)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
