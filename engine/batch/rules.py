"""Holes from what a photo itself shows: transparency, a marker's colour, parts of faces and what
they wear, scratches."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.base.errors import MienError
from engine.batch.job import MaskRule
from engine.face.finder import Face
from engine.mask import Mask
from engine.mask.file import marked_values, parse_colour
from engine.mask.grow import grow_mask
from engine.photo import Photo
from engine.worn import THINGS

LARGEST_SHARE = 0.9  # of the photo; a rule that marks more has found something else


def hole_of(photo: Photo, rule: MaskRule, faces: Iterable[Face] = ()) -> tuple[Mask, int]:
    """(the hole a rule without mask files finds in a photo, by how many pixels it was made larger
    at most); it may be empty.

    faces: the photo's, for rules that need them. Raises MienError where the rule would fill
    nearly everything and that is not known to be meant.
    """
    pixels = np.zeros(photo.size[::-1], np.uint8)
    if rule.transparent:
        np.maximum(pixels, transparent_area(photo), out=pixels)
    if rule.marker is not None:
        np.maximum(pixels, marked_values(photo.rgb8, parse_colour(rule.marker)), out=pixels)
    if rule.parts:
        np.maximum(pixels, parts_of(photo.rgb8, faces, rule.parts), out=pixels)
    if rule.scratches:
        from engine.batch.scratches import find_scratches

        np.maximum(pixels, find_scratches(photo.rgb8, faces), out=pixels)
    share = float((pixels >= 128).mean())
    if share > LARGEST_SHARE and not rule.sure:
        raise MienError(
            f"The {rule.words} is {share:.0%} of the photo; too little is left to fill it from."
        )
    mask = Mask(pixels)
    # Transparency ends where it ends, and scratches are found with their rims.
    exact = rule.grow is None and (rule.transparent or rule.scratches)
    return (mask, 0) if exact else grow_mask(photo.rgb8, mask, rule.grow)


def transparent_area(photo: Photo) -> np.ndarray:
    """H x W uint8: 255 where the photo is transparent."""
    if photo.pixels.shape[2] < 4:
        return np.zeros(photo.size[::-1], np.uint8)
    alpha = photo.pixels[..., 3]
    if alpha.dtype == np.uint16:
        alpha = (alpha >> 8).astype(np.uint8)
    return 255 - alpha.astype(np.uint8)


def parts_of(rgb: np.ndarray, faces: Iterable[Face], parts: Iterable[str]) -> np.ndarray:
    """H x W uint8: 255 where one of the parts of a meshed face is, or a thing that it wears (of
    engine.worn.THINGS). rgb: H x W x 3 uint8 of the photo."""
    from engine.face.parts import part_mask
    from engine.worn.outline import worn_mask

    pixels = np.zeros(rgb.shape[:2], np.uint8)
    parts, size = tuple(parts), (rgb.shape[1], rgb.shape[0])
    for face in faces:
        if face.mesh is not None:
            for part in parts:
                worn = part in THINGS
                one = worn_mask(rgb, face.mesh, part) if worn else part_mask(face.mesh, part, size)
                np.maximum(pixels, one, out=pixels)
    return pixels


def made_opaque(photo: Photo, mask: Mask) -> Photo:
    """The photo with its transparency filled where the mask filled it."""
    if photo.pixels.shape[2] < 4:
        return photo
    pixels = photo.pixels.copy()
    pixels[..., 3][mask.hole] = np.iinfo(pixels.dtype).max
    return photo.with_pixels(pixels)
