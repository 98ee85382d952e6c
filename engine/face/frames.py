"""From a face, or from what the user says of one, to its frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.base.errors import MienError
from engine.face import geometry
from engine.face.finder import Face, FaceFrame


def parse_frame(text: str) -> FaceFrame:
    """A face frame from "X,Y,WIDTH,HEIGHT" or "X,Y,WIDTH,HEIGHT,ANGLE" (pixels, degrees clockwise).

    Raises MienError when it is not that.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
        if len(numbers) not in (4, 5) or not np.isfinite(numbers).all():
            raise ValueError
    except ValueError:
        raise MienError(
            f"'{text}' is not a face frame; write X,Y,WIDTH,HEIGHT or X,Y,WIDTH,HEIGHT,ANGLE."
        ) from None
    if numbers[2] < 8 or numbers[3] < 8:
        raise MienError(f"The face frame '{text}' is smaller than 8 pixels; give a larger one.")
    return FaceFrame(*numbers)


def held_in(frame: FaceFrame, size: tuple[int, int]) -> FaceFrame:
    """The frame of a photo of `size` (width, height), moved until its centre lies in the photo:
    a face may be cut off by the photo's border, but not lie beyond it."""
    x = min(max(frame.x, -frame.width / 2), size[0] - frame.width / 2)
    y = min(max(frame.y, -frame.height / 2), size[1] - frame.height / 2)
    return frame if (x, y) == (frame.x, frame.y) else replace(frame, x=x, y=y)


def meets(frame: FaceFrame, size: tuple[int, int]) -> bool:
    """Whether any of a frame lies in a photo of `size` (width, height)."""
    return (
        frame.x < size[0]
        and frame.y < size[1]
        and frame.x + frame.width > 0
        and frame.y + frame.height > 0
    )


def matrix_of(face: Face) -> np.ndarray:
    """The 2 x 3 frame of a face (see engine.face.geometry): by its mesh, or by box and angle."""
    if face.mesh is not None:
        return geometry.frame_from_mesh(face.mesh)
    return geometry.frame_from_box(*face.box, face.angle)


def mesh_in_crop(face: Face, frame: np.ndarray) -> np.ndarray | None:
    """The mesh of a face in units of a frame's crop, None for a face without."""
    return None if face.mesh is None else geometry.transform(frame, face.mesh)


def box_frame(frame: np.ndarray) -> FaceFrame:
    """The face's box that a user would draw for a frame (2 x 3); the inverse of
    `geometry.frame_from_box`."""
    side = geometry.frame_side(frame)
    x, y, width, height = geometry.FACE_BOX
    middle = np.array([[x + width / 2, y + height / 2]])
    at = geometry.transform(geometry.invert(frame), middle)[0]
    wide, high = width * side, height * side
    angle = float(np.degrees(np.arctan2(frame[0, 1], frame[0, 0])))
    return FaceFrame(float(at[0] - wide / 2), float(at[1] - high / 2), wide, high, angle)


def overlaps(frame: FaceFrame, face: Face) -> bool:
    """Whether a face found by the finder is the one the user framed: its centre lies inside."""
    x, y, width, height = face.box
    centre = np.array([[x + width / 2, y + height / 2]])
    matrix = geometry.frame_from_box(frame.x, frame.y, frame.width, frame.height, frame.angle)
    u, v = geometry.transform(matrix, centre)[0]
    return 0 <= u <= 1 and 0 <= v <= 1
