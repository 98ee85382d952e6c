"""Faces in striped light: filled as if evenly lit, then lit as what is around.

A prior of faces in even light takes a shadow for skin, and its fill meets light and shadow at its
border with one tone in between.
"""

from __future__ import annotations

from dataclasses import replace

from engine.fill.photo_fill import PaintedFill, PhotoFill
from engine.photo.stripes import Stripes, stripes_of


def striped(fill: PhotoFill) -> Stripes | None:
    """A hole that straight stripes of light cross."""
    return None if fill.palette else stripes_of(fill.photo.pixels, fill.hole)


def even_light(fill: PhotoFill, stripes: Stripes) -> PhotoFill:
    """Reads request, hole. Writes request: its photo is lit alike everywhere. Writes stripes."""
    photo = fill.photo.with_pixels(stripes.evened(fill.photo.pixels))
    return fill.becomes(PhotoFill, request=replace(fill.request, photo=photo), stripes=stripes)


def evened(fill: PaintedFill) -> Stripes | None:
    """A photo whose stripes of light were taken away."""
    return fill.stripes


def cast_stripes(fill: PaintedFill, stripes: Stripes) -> PaintedFill:
    """Reads patches. Writes patches: with the light of what is around them."""
    patches = tuple(replace(p, pixels=stripes.kept(p.pixels, p.box[:2])) for p in fill.patches)
    return fill.becomes(PaintedFill, patches=patches)
