"""A face of a photo as it is seen in the mean shape, several times finer than the networks' crop.

There an eyelid lies where every eyelid lies, so a small network can hold what lids look like.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from engine.face import geometry
from engine.prior.warp import MeanShape

SIDE = 768  # pixels of the mean shape's pictures: three times the crop's
# A place whose triangle is folded is given up, and so is what lies so near it (crop units).
GIVEN_UP = 6 / 768
BETWEEN = 2  # pixels beside a hole's border, where both are seen

Box = tuple[int, int, int, int]


class MeanView:
    """The way of one face to the mean shape and back.

    mesh: 478 x 2, crop units. frame: 2 x 3, photo -> crop units.
    """

    def __init__(self, shape: MeanShape, mesh: np.ndarray, frame: np.ndarray) -> None:
        self._shape = shape
        self._mesh = np.asarray(mesh, np.float32)
        self._frame = frame

    @cached_property
    def _places(self) -> np.ndarray:
        return self._shape.to_mean(self._mesh, SIDE)

    def brought(self, picture: np.ndarray, at: tuple[int, int] = (0, 0)) -> np.ndarray:
        """A part of the photo in the mean shape, SIDE x SIDE (x C) of its own depth.

        picture: h x w or h x w x C, uint8 or float32, whose first pixel lies at `at` in the photo.
        """
        frame = self._frame.copy()
        frame[:, 2] += frame[:, :2] @ np.asarray(at, np.float64)
        crop = geometry.cut(picture, frame, SIDE, border="edge")
        return _looked_up(crop, self._places, cv2.BORDER_REPLICATE)

    def put_back(self, change: np.ndarray, box: Box) -> np.ndarray:
        """A change of the mean shape's picture (SIDE x SIDE x 3 float32, 0 where nothing changes)
        at the photo's pixels of a box (x, y, width, height): height x width x 3 float32. Where the
        mesh is folded nothing changes."""
        there, weight = self._back
        crop = _looked_up(change, there, cv2.BORDER_CONSTANT)
        return geometry.put_back(crop * weight[..., None], self._frame, box)

    @cached_property
    def _back(self) -> tuple[np.ndarray, np.ndarray]:
        """Where each pixel of the crop lies in the mean shape, and how much it is known."""
        places, found = self._shape.from_mean(self._mesh, SIDE)
        near = round(GIVEN_UP * SIDE)
        known = cv2.erode(found.astype(np.uint8), np.ones((2 * near + 1, 2 * near + 1), np.uint8))
        weight = cv2.blur(known.astype(np.float32), (near, near)) * known
        return (places * SIDE - 0.5).astype(np.float32), weight


@dataclass(frozen=True, eq=False)
class InMeanView:
    """A face in the mean view, SIDE x SIDE. picture: x 3 uint8 or float32 in 0..255, with the fill
    as far as it is. hole: bool, what of the face is filled. inside: float32 in 0..1, how far within
    the face's outline a pixel lies; at its edge detail draws dark lines, as the generator does."""

    picture: np.ndarray
    hole: np.ndarray
    inside: np.ndarray
    view: MeanView

    @cached_property
    def seen(self) -> np.ndarray:
        """What is visible of the face, SIDE x SIDE bool."""
        away = np.ones((2 * BETWEEN + 1, 2 * BETWEEN + 1), np.uint8)
        return (self.inside > 0) & (cv2.dilate(self.hole.view(np.uint8), away) == 0)

    def changed(self, change: np.ndarray) -> InMeanView:
        """The same with a change of the picture (SIDE x SIDE x 3 float32 of 255)."""
        return replace(self, picture=(self.picture + change).clip(0, 255))


def _looked_up(picture: np.ndarray, places: np.ndarray, border: int) -> np.ndarray:
    x, y = places[..., 0], places[..., 1]
    return cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=border)
