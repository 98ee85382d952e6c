"""The photo that is timed, and a plain timer: shared by the benchmarks and their processes."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np

from engine.mask import Mask
from engine.photo import Photo, photo_from_array

# Of the astronaut, 512 pixels wide: an eye, a cheek and the mouth.
SPOTS = (((205, 102), 11), ((200, 132), 9), ((224, 147), 14))


def fastest(function: Callable[[], object], rounds: int = 3) -> float:
    """The least seconds of some calls after one that warms up."""
    function()
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def portrait(astronaut: np.ndarray, width: int, height: int) -> tuple[Photo, Mask]:
    """The astronaut as a photo of that size (at least as wide as high), a hole in the face."""
    picture = cv2.resize(astronaut, (height, height), interpolation=cv2.INTER_CUBIC)
    picture = cv2.copyMakeBorder(picture, 0, 0, 0, width - height, cv2.BORDER_REPLICATE)
    mask, scale = np.zeros((height, width), np.uint8), height / 512
    for (x, y), radius in SPOTS:
        cv2.circle(mask, (round(x * scale), round(y * scale)), round(radius * scale), 255, -1)
    return photo_from_array(picture), Mask(mask)
