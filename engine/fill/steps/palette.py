"""Scans of one bit and drawings of few colours, filled in their own (engine.photo.palette)."""

from __future__ import annotations

from dataclasses import replace

from engine.fill.photo_fill import PaintedFill, PhotoFill
from engine.photo.palette import Palette, palette_of


def dotted(fill: PhotoFill) -> Palette | None:
    """A scan of one bit whose dots stand for greys."""
    palette = palette_of(fill.photo)
    return palette if palette is not None and palette.dotted else None


def smooth_dots(fill: PhotoFill, palette: Palette) -> PhotoFill:
    """Reads and writes request: its photo has greys for its dots. Writes palette."""
    smooth = replace(fill.request, photo=palette.smoothed(fill.photo))
    return fill.becomes(PhotoFill, request=smooth, palette=palette)


def few_colours(fill: PaintedFill) -> Palette | None:
    """A photo of few colours."""
    return fill.palette or palette_of(fill.photo)


def keep_palette(fill: PaintedFill, palette: Palette) -> PaintedFill:
    """Reads patches. Writes patches: in the photo's colours alone."""
    patches = tuple(replace(p, pixels=palette.kept(p.pixels)) for p in fill.patches)
    return fill.becomes(PaintedFill, patches=patches)
