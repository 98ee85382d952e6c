"""Whole photos with the frame of their face: what the locator learns in.

The pictures come from the original sources; where the face lies in them is told by the prepared
faces, whose records keep the photo's corners in frame units.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from engine.base.errors import MienError
from engine.face import geometry
from training.faces import FaceShards
from training.sources import Source, find_sources

LONGEST = 176  # pixels of a photo in memory


class Scenes:
    """Photos, each with one known face.

    photos: folders or zips of the original pictures. faces: their prepared faces. pictures: uint8
    RGB, the longer side LONGEST at most. frames: n x 2 x 3, in pixels of `pictures`. meshes: n x
    478 x 2 in frame units. weights: how often to draw each. Raises MienError where no photo of the
    prepared faces is found.
    """

    def __init__(self, photos: list[Path], faces: FaceShards) -> None:
        wanted = {record.get("name"): index for index, record in enumerate(faces.records)}
        found: dict[int, Source] = {}
        for place in photos:
            for source in find_sources(place):
                index = wanted.get(source.name)
                if index is not None and "corners" in faces.records[index]:
                    found[index] = source
        self.index = np.array(sorted(found), int)
        if len(self.index) == 0:
            raise MienError(
                "None of the photos belongs to the prepared faces; name the folder that they were "
                "prepared from."
            )
        self.records = [faces.records[i] for i in self.index]
        self.meshes = faces.meshes[self.index].astype(np.float32)
        weights = faces.weights()[self.index]
        self.weights = weights / weights.sum()
        self.pictures: list[np.ndarray] = [np.empty(0, np.uint8)] * len(self.index)
        self.frames = np.empty((len(self.index), 2, 3))

        def read(number: int) -> None:
            index = int(self.index[number])
            rgb = _pixels(found[index])
            height, width = rgb.shape[:2]
            frame = _frame_of(np.array(faces.records[index]["corners"]), width, height)
            scale = min(1.0, LONGEST / max(height, width))
            size = (max(8, round(width * scale)), max(8, round(height * scale)))
            self.pictures[number] = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
            zoom = np.array([[width / size[0], 0, 0], [0, height / size[1], 0]])
            self.frames[number] = geometry.compose(frame, zoom)

        # One archive is one file handle: it is read by one thread, decoding is what takes time.
        with ThreadPoolExecutor(1) as pool:
            list(pool.map(read, range(len(self.index))))

    def __len__(self) -> int:
        return len(self.index)


def _pixels(source: Source) -> np.ndarray:
    rgb = source.read()
    if rgb is None:
        raise MienError(f"{source.name} cannot be read any more; prepare the photos again.")
    return rgb


def _frame_of(corners: np.ndarray, width: int, height: int) -> np.ndarray:
    """The frame (2 x 3) in photo pixels, from the photo's corners (4 x 2, clockwise from the upper
    left) in frame units."""
    right = (corners[1] - corners[0]) / width
    down = (corners[3] - corners[0]) / height
    return np.column_stack([right, down, corners[0]])
