"""Masks: `mask` is one and what paints it, `file` reads them from pictures, `grow` widens them."""

from engine.mask.mask import Mask, Stroke, paint_segment, sizes_differ

__all__ = ["Mask", "Stroke", "paint_segment", "sizes_differ"]
