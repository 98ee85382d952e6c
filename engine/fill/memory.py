"""What is kept from one preview to the next because it would come out the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.face.finder import Face
from engine.photo import Photo
from engine.readings import FaceReading

MOST_READINGS = 64


class Untouched:
    """The readings of faces that nothing is filled of: they follow every stroke, and do not change
    with it. Of one photo, and one photo alone: each is as large as all its readings are small."""

    def __init__(self) -> None:
        self._photo: Photo | None = None
        self._readings: dict[tuple, FaceReading] = {}

    def reading(
        self, photo: Photo, face: Face, number: int, read: Callable[[], FaceReading]
    ) -> FaceReading:
        """The reading of a face, the photo's `number`-th; `read` makes it where it is not known."""
        if self._photo is not photo or len(self._readings) > MOST_READINGS:
            self.forget()
            self._photo = photo
        key = (face.box, face.angle)
        if key not in self._readings:
            self._readings[key] = read()
        return replace(self._readings[key], face=number)

    def forget(self) -> None:
        """Keep nothing."""
        self._photo = None
        self._readings.clear()
