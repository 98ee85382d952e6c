"""A patch: what a fill paints, and what is laid on a photo."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Patch:
    """A filled rectangle of the photo, to be composited by `Photo.apply`.

    box: (x, y, width, height) in photo pixels. pixels: height x width x 3, the photo's dtype, RGB.
    alpha: height x width uint8, 0 keeps the photo's pixel bit for bit, 255 takes the patch's.
    kind: "face" or "texture". readings: plain figures for `--json` and the inspector. laid: how the
    face came to its place, "found" (seen by the detectors), "located" (told by what surrounds the
    hole), "framed" (by the user) or "texture"; confidence: 0..1 that a face lies there.
    """

    box: tuple[int, int, int, int]
    pixels: np.ndarray
    alpha: np.ndarray
    kind: str
    seconds: float
    readings: dict[str, Any] = field(default_factory=dict)
    laid: str = ""
    confidence: float = 0.0
