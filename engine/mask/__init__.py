"""Masks: `mask` is one and what paints it, `file` reads them from pictures, `grow` widens them."""

from engine.mask.mask import OPAQUE, Mask, Stroke, least_of_hole, paint_segment, sizes_differ

__all__ = ["OPAQUE", "Mask", "Stroke", "least_of_hole", "paint_segment", "sizes_differ"]
