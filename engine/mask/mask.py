"""Masks: what to fill, one byte a pixel of the photo.

0 keeps a pixel, 255 fills it, values between let the fill show by that much. The arithmetic of a
stroke works on the touched box only, so that painting on 40 megapixels costs what the brush costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.base.errors import MienError
from engine.base.hidden import PAINTED

# A mask that is so many times as large as what of it is opaque was breathed on; it hides nothing
# where it is fainter (both of 255).
BREATHED, OPAQUE, FAINT = 10, 200, 64


def least_of_hole(painted: int, opaque: int) -> int:
    """The value from which on a pixel of a mask is filled, by how many pixels have at least
    PAINTED and at least OPAQUE.

    Under the wide faint rim of a mask that was breathed on with a soft brush the photo itself is
    seen, and tells more of the face than a fill could.
    """
    return FAINT if opaque and painted > BREATHED * opaque else PAINTED


Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Stroke:
    """One press, drag and release of a round brush.

    points: N x 2 photo coordinates (a pixel's centre is at + 0.5). radius: pixels. hardness: 0
    falls off from the centre to the rim, 1 is solid with an anti-aliased rim. erase: take away.
    """

    points: np.ndarray
    radius: float
    hardness: float = 1.0
    erase: bool = False


@dataclass(frozen=True, eq=False)
class Mask:
    """pixels: H x W uint8, read-only."""

    pixels: np.ndarray

    def __post_init__(self) -> None:
        pixels = np.ascontiguousarray(self.pixels)
        if pixels.ndim != 2 or pixels.dtype != np.uint8:
            raise MienError("A mask is height x width of 8 bit.")
        if pixels.flags.writeable:
            pixels = pixels.view()
            pixels.flags.writeable = False
        object.__setattr__(self, "pixels", pixels)

    @classmethod
    def empty(cls, size: tuple[int, int]) -> Mask:
        """A mask of (width, height) that fills nothing."""
        return cls(np.zeros((size[1], size[0]), np.uint8))

    @classmethod
    def from_strokes(cls, size: tuple[int, int], strokes: Iterable[Stroke]) -> Mask:
        """A mask of (width, height) painted by strokes in their order."""
        buffer = np.zeros((size[1], size[0]), np.uint8)
        for stroke in strokes:
            points = np.atleast_2d(np.asarray(stroke.points, np.float64))
            for start, end in zip(points, [*points[1:], points[-1]], strict=True):
                paint_segment(
                    buffer, tuple(start), tuple(end), stroke.radius, stroke.hardness, stroke.erase
                )
        return cls(buffer)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @cached_property
    def hole(self) -> np.ndarray:
        """H x W bool: where something is to be filled."""
        import cv2

        hole = np.zeros(self.pixels.shape, bool)  # takes memory where it is written to alone
        x, y, width, height = cv2.boundingRect(self.pixels)
        part = self.pixels[y : y + height, x : x + width]
        opaque = int(np.count_nonzero(part >= OPAQUE))
        least = least_of_hole(int(np.count_nonzero(part >= PAINTED)), opaque)
        hole[y : y + height, x : x + width] = part >= least
        return hole

    @cached_property
    def bounds(self) -> Box | None:
        """The tight box (x, y, width, height) of the hole, None without one."""
        import cv2

        x, y, width, height = cv2.boundingRect(self.hole.view(np.uint8))
        return (x, y, width, height) if width else None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to fill."""
        return self.bounds is None

    def grow(self, px: float) -> Mask:
        """The mask with a rim of `px` pixels more, soft values carried along."""
        return self._morphed(px, grow=True)

    def shrink(self, px: float) -> Mask:
        """The mask without a rim of `px` pixels; the photo's own border is no rim."""
        return self._morphed(px, grow=False)

    def feather(self, px: float) -> Mask:
        """The mask's edge softened over about `px` pixels to both sides."""
        import cv2

        box = _around(self.bounds, int(np.ceil(3 * px)) + 1, self.size)
        if box is None or px <= 0:
            return self
        pixels = self.pixels.copy()
        inside = _slices(box)
        pixels[inside] = cv2.GaussianBlur(
            pixels[inside], (0, 0), px / 2, borderType=cv2.BORDER_REPLICATE
        )
        return Mask(pixels)

    def invert(self) -> Mask:
        """Fill what was kept and keep what was filled."""
        return Mask(255 - self.pixels)

    def union(self, other: Mask) -> Mask:
        """What either fills."""
        self._check(other)
        return Mask(np.maximum(self.pixels, other.pixels))

    def subtract(self, other: Mask) -> Mask:
        """What this fills and the other does not."""
        self._check(other)
        return Mask(np.minimum(self.pixels, 255 - other.pixels))

    def _check(self, other: Mask) -> None:
        if self.size != other.size:
            raise MienError(sizes_differ(other.size, self.size))

    def _morphed(self, px: float, grow: bool) -> Mask:
        import cv2

        radius = round(px)
        box = _around(self.bounds, radius + 1, self.size)
        if box is None or radius <= 0:
            return self
        pixels = self.pixels.copy()
        inside = _slices(box)
        if self._is_hard(inside):
            # A true disc of any radius in one pass.
            part = pixels[inside] > 0
            measured = (~part if grow else part).astype(np.uint8)
            if not grow:
                measured = np.pad(measured, radius + 1, mode="edge")
            distance = cv2.distanceTransform(measured, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            if not grow:
                distance = distance[radius + 1 : -radius - 1, radius + 1 : -radius - 1]
            pixels[inside] = ((distance <= radius) if grow else (distance > radius)) * np.uint8(255)
        else:
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
            operation = cv2.dilate if grow else cv2.erode
            pixels[inside] = operation(pixels[inside], disc)
        return Mask(pixels)

    def _is_hard(self, inside: tuple[slice, slice]) -> bool:
        part = self.pixels[inside]
        return bool(((part == 0) | (part == 255)).all())


def paint_segment(
    buffer: np.ndarray,
    start: tuple[float, float],
    end: tuple[float, float],
    radius: float,
    hardness: float = 1.0,
    erase: bool = False,
) -> Box | None:
    """Paint a straight piece of a stroke into a mask's buffer, in place.

    buffer: H x W uint8, writable. start, end: photo coordinates. Painting keeps the larger value,
    erasing the smaller. Returns the touched box (x, y, width, height), None when it misses.
    """
    height, width = buffer.shape
    reach = radius + 1
    x0 = max(0, int(np.floor(min(start[0], end[0]) - reach)))
    y0 = max(0, int(np.floor(min(start[1], end[1]) - reach)))
    x1 = min(width, int(np.ceil(max(start[0], end[0]) + reach)))
    y1 = min(height, int(np.ceil(max(start[1], end[1]) + reach)))
    if x0 >= x1 or y0 >= y1:
        return None
    stamp = _capsule((x0, y0, x1, y1), start, end, radius, hardness)
    part = buffer[y0:y1, x0:x1]
    if erase:
        np.minimum(part, 255 - stamp, out=part)
    else:
        np.maximum(part, stamp, out=part)
    return x0, y0, x1 - x0, y1 - y0


def _capsule(
    corners: tuple[int, int, int, int],
    start: tuple[float, float],
    end: tuple[float, float],
    radius: float,
    hardness: float,
) -> np.ndarray:
    """Coverage 0..255 of a round brush drawn from start to end, by distance to the segment."""
    import cv2

    x0, y0, x1, y1 = corners
    x = np.arange(x0, x1, dtype=np.float32) + np.float32(0.5 - start[0])
    y = (np.arange(y0, y1, dtype=np.float32) + np.float32(0.5 - start[1]))[:, None]
    dx, dy = np.float32(end[0] - start[0]), np.float32(end[1] - start[1])
    length2 = dx * dx + dy * dy
    if length2 > 0:
        along = np.clip((x * dx + y * dy) / length2, 0, 1)
        distance = cv2.magnitude(x - along * dx, y - along * dy)
    else:
        distance = np.sqrt(x * x + y * y)
    # Solid up to the core, then linear to the rim; a hard brush's rim is one pixel wide.
    rim = max(1.0, radius * (1 - hardness))
    return (np.clip((radius + 0.5 - distance) / np.float32(rim), 0, 1) * 255 + 0.5).astype(np.uint8)


def sizes_differ(mask: tuple[int, int], photo: tuple[int, int]) -> str:
    """The sentence for a mask and a photo of two sizes."""
    return (
        f"the mask is {mask[0]} x {mask[1]} pixels and the photo {photo[0]} x {photo[1]}; "
        "make them the same size."
    )


def _around(box: Box | None, by: int, size: tuple[int, int]) -> Box | None:
    if box is None:
        return None
    x0, y0 = max(0, box[0] - by), max(0, box[1] - by)
    x1, y1 = min(size[0], box[0] + box[2] + by), min(size[1], box[1] + box[3] + by)
    return x0, y0, x1 - x0, y1 - y0


def _slices(box: Box) -> tuple[slice, slice]:
    x, y, width, height = box
    return slice(y, y + height), slice(x, x + width)
