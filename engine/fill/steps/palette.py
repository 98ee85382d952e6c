"""Scans of one bit and drawings of few colours, filled in their own (engine.photo.palette)."""

from __future__ import annotations

from dataclasses import replace

from engine.fill.photo_fill import PaintedFill, PhotoFill
from engine.photo import Photo
from engine.photo.palette import Palette


def dotted(fill: PhotoFill) -> Photo | None:
    """A scan of one bit whose dots stand for greys."""
    smooth = fill.photo.without_dots
    return None if smooth is fill.photo else smooth


def smooth_dots(fill: PhotoFill, smooth: Photo) -> PhotoFill:
    """Reads and writes request: its photo has greys for its dots. Writes palette: the photo's."""
    request = replace(fill.request, photo=smooth)
    return fill.becomes(PhotoFill, request=request, palette=fill.photo.palette)


def few_colours(fill: PaintedFill) -> Palette | None:
    """A photo of few colours."""
    return fill.palette or fill.photo.palette


def keep_palette(fill: PaintedFill, palette: Palette) -> PaintedFill:
    """Reads patches. Writes patches: in the photo's colours alone."""
    patches = tuple(replace(p, pixels=palette.kept(p.pixels)) for p in fill.patches)
    return fill.becomes(PaintedFill, patches=patches)
