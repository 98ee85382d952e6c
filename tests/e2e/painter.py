"""An inpainter for tests of what is around a fill: files, masks, names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.inpaint import FillRequest, FillResult, Patch


class Painter:
    """Paints the hole's box in one sRGB colour, as the real inpainter hands it over."""

    def __init__(self, before: Callable[[FillRequest], object] = lambda _: None) -> None:
        self.before, self.requests = before, []

    def find_faces(self, photo, cancel=None, first=None):
        return ()

    def fill(self, request: FillRequest, progress=None, cancel=None) -> FillResult:
        self.before(request)
        self.requests.append(request)
        assert request.mask.bounds is not None
        x, y, width, height = request.mask.bounds
        colour = request.photo.from_srgb(np.full((height, width, 3), 0.5, np.float32))
        dtype = request.photo.pixels.dtype
        pixels = (colour * np.iinfo(dtype).max + 0.5).astype(dtype)
        alpha = request.mask.pixels[y : y + height, x : x + width]
        patch = Patch((x, y, width, height), pixels, alpha, "face", 0.0)
        return FillResult((patch,), (), "none", "cpu", 0.0)
