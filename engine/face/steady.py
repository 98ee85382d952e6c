"""The faces of a photo while someone paints over them: where they were placed, until the hole has
changed enough to say anything new of them.

Placing takes longer than solving a face, and a preview follows the brush. A fill places faces
anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.face import geometry
from engine.face.finder import Face, FaceFrame
from engine.face.frames import matrix_of
from engine.face.holes import touches
from engine.face.placement import FacePlacer, Placement
from engine.photo import Photo

LITTLE = 0.01  # of the smallest face's frame, the area that a hole may change by


@dataclass(frozen=True, eq=False)
class _Last:
    photo: Photo
    faces: tuple[Face, ...]
    frames: tuple[FaceFrame, ...]
    hole: np.ndarray
    placement: Placement


class SteadyPlacer:
    """Places the known faces of one photo after another. Not thread-safe."""

    def __init__(self, placer: FacePlacer) -> None:
        self._placer = placer
        self._last: _Last | None = None

    def place(
        self,
        photo: Photo,
        hole: np.ndarray,
        faces: tuple[Face, ...],
        frames: tuple[FaceFrame, ...] = (),
    ) -> Placement:
        """See `FacePlacer.place`, quickly: as it was last if the photo, its faces (the same
        objects) and the frames are the same, and the hole is nearly."""
        last = self._last
        if last is None or not _same(last, photo, faces, frames) or _differs(last, hole):
            placement = self._placer.place(photo.rgb8, hole, faces, frames, quick=True)
            self._last = last = _Last(photo, faces, frames, hole, placement)
        return last.placement


def _same(
    last: _Last, photo: Photo, faces: tuple[Face, ...], frames: tuple[FaceFrame, ...]
) -> bool:
    if last.photo is not photo or last.frames != frames or len(last.faces) != len(faces):
        return False
    return all(one is other for one, other in zip(last.faces, faces, strict=True))


def _differs(last: _Last, hole: np.ndarray) -> bool:
    if hole is last.hole:
        return False
    changed = np.count_nonzero(hole != last.hole)
    if not changed:
        return False
    placed = [entry.face for entry in last.placement.faces]
    smallest = min((geometry.frame_side(matrix_of(face)) for face in placed), default=0.0)
    if changed > LITTLE * smallest**2:
        return True
    return any(touches(face, hole) != touches(face, last.hole) for face in placed)
