"""Scans of printed pictures, filled in their own dots (engine.photo.screen)."""

from __future__ import annotations

from dataclasses import replace

from engine.fill.photo_fill import PaintedFill, PhotoFill
from engine.photo.screen import Screen, screen_of


def printed(fill: PhotoFill) -> Screen | None:
    """A scan of a printed picture, whose colours are rows of dots."""
    return None if fill.palette else screen_of(fill.photo.pixels, fill.hole)


def smooth_print(fill: PhotoFill, screen: Screen) -> PhotoFill:
    """Reads request, hole. Writes request: its photo has greys for its dots. Writes screen: the
    photo's."""
    photo = fill.photo.with_pixels(screen.smoothed(fill.photo.pixels))
    return fill.becomes(PhotoFill, request=replace(fill.request, photo=photo), screen=screen)


def of_dots(fill: PaintedFill) -> Screen | None:
    """A photo whose printed dots have been smoothed."""
    return fill.screen


def print_dots(fill: PaintedFill, screen: Screen) -> PaintedFill:
    """Reads patches. Writes patches: in rows of dots that go on from those around."""
    patches = tuple(replace(p, pixels=screen.kept(p.pixels, p.box[:2])) for p in fill.patches)
    return fill.becomes(PaintedFill, patches=patches)
