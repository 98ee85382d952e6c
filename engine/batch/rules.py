"""Holes from what a photo itself shows: transparency, a marker's colour, face parts, scratches."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.batch.job import MaskRule
from engine.errors import MienError
from engine.face.finder import Face
from engine.mask import Mask
from engine.mask_file import parse_colour
from engine.photo import Photo

_NEAR, _FAR = 48.0, 130.0  # RGB distances: the marker itself, its blurred or compressed rim
LARGEST_SHARE = 0.9  # of the photo; a rule that marks more has found something else


def hole_of(photo: Photo, rule: MaskRule, faces: Iterable[Face] = ()) -> Mask:
    """The hole a rule without mask files finds in a photo; it may be empty.

    faces: the photo's, for rules that need them. Raises MienError where the rule would fill
    nearly everything.
    """
    pixels = np.zeros(photo.size[::-1], np.uint8)
    if rule.transparent:
        np.maximum(pixels, transparent_area(photo), out=pixels)
    if rule.marker is not None:
        np.maximum(pixels, marked_area(photo.rgb8, rule.marker), out=pixels)
    if rule.parts:
        np.maximum(pixels, parts_of(faces, rule.parts, photo.size), out=pixels)
    if rule.scratches:
        from engine.batch.scratches import find_scratches

        np.maximum(pixels, find_scratches(photo.rgb8, faces), out=pixels)
    share = float((pixels >= 128).mean())
    if share > LARGEST_SHARE:
        raise MienError(
            f"The {rule.words} is {share:.0%} of the photo; too little is left to fill it from."
        )
    return Mask(pixels).grow(rule.grow)


def transparent_area(photo: Photo) -> np.ndarray:
    """H x W uint8: 255 where the photo is transparent."""
    if photo.pixels.shape[2] < 4:
        return np.zeros(photo.size[::-1], np.uint8)
    alpha = photo.pixels[..., 3]
    if alpha.dtype == np.uint16:
        alpha = (alpha >> 8).astype(np.uint8)
    return 255 - alpha.astype(np.uint8)


def marked_area(rgb: np.ndarray, colour: str) -> np.ndarray:
    """H x W uint8: 255 where a marker of this colour was painted, its soft rim included.

    rgb: H x W x 3 uint8. The rim is what lies near the colour and touches it, so that compression
    and anti-aliasing leave no coloured border.
    """
    import cv2

    marker = np.array(parse_colour(colour), np.float32)
    offset = rgb.astype(np.float32) - marker
    distance = np.sqrt(np.einsum("hwc,hwc->hw", offset, offset))
    near, far = (distance <= _NEAR).astype(np.uint8), (distance <= _FAR).astype(np.uint8)
    # Single pixels are the photo's own.
    near = cv2.morphologyEx(near, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    if not near.any():
        return near
    reach = max(2, round(0.004 * min(rgb.shape[:2])))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    rim = cv2.dilate(near, disc) & far
    small = np.ones((3, 3), np.uint8)
    return cv2.dilate(near | rim, small) * np.uint8(255)


def parts_of(faces: Iterable[Face], parts: Iterable[str], size: tuple[int, int]) -> np.ndarray:
    """H x W uint8: 255 where one of the parts of a meshed face is. size: (width, height)."""
    from engine.face.parts import part_mask

    pixels = np.zeros(size[::-1], np.uint8)
    parts = tuple(parts)
    for face in faces:
        if face.mesh is not None:
            for part in parts:
                np.maximum(pixels, part_mask(face.mesh, part, size), out=pixels)
    return pixels


def made_opaque(photo: Photo, mask: Mask) -> Photo:
    """The photo with its transparency filled where the mask filled it."""
    if photo.pixels.shape[2] < 4:
        return photo
    pixels = photo.pixels.copy()
    pixels[..., 3][mask.hole] = np.iinfo(pixels.dtype).max
    return photo.with_pixels(pixels)
