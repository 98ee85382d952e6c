"""What is read off faces: of a filled one before and after, of the others as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.face import geometry
from engine.face.finder import Face
from engine.face.frames import matrix_of, mesh_in_crop
from engine.fill.networks import Networks
from engine.fill.photo_fill import FilledShare, PaintedFill, ReadShare
from engine.fill.steps.crop import PREVIEW_SIDE
from engine.modules.guidance import Guidance
from engine.modules.registry import Wishes
from engine.photo import Photo
from engine.readings import FaceReading


def read_face(fill: FilledShare, _: bool) -> ReadShare:
    """Reads guidance, filled. Writes reading."""
    networks, frame = fill.whole.loaded.networks, fill.share.frame
    told = _told(networks, fill.guidance, fill.filled, frame)
    reading = FaceReading(fill.face, modules=fill.guidance.modules, **told)
    return fill.becomes(ReadShare, reading=reading)


def live(fill: PaintedFill) -> tuple[Face, ...] | None:
    """In a preview the faces that nothing is filled of: it tells of every face."""
    if not fill.live:
        return None
    filled = [share.face for share in fill.shares]
    return tuple(face for face in fill.faces if not any(face is other for other in filled))


def read_untouched(fill: PaintedFill, faces: tuple[Face, ...]) -> PaintedFill:
    """Writes readings: with those of the faces that nothing is filled of."""
    loaded, photo, readings = fill.loaded, fill.photo, list(fill.readings)
    for number, face in enumerate(fill.faces):
        if any(face is other for other in faces):

            def read(face: Face = face) -> FaceReading:
                return _as_it_is(loaded.networks, photo, face)

            readings.append(loaded.untouched.reading(photo, face, number, read))
    return fill.becomes(PaintedFill, readings=tuple(sorted(readings, key=lambda one: one.face)))


def _as_it_is(networks: Networks, photo: Photo, face: Face) -> FaceReading:
    """The reading of a face that nothing hides a part of."""
    frame = matrix_of(face)
    nothing = np.zeros((PREVIEW_SIDE, PREVIEW_SIDE), bool)
    crop = photo.to_srgb(geometry.cut(photo.own8, frame, PREVIEW_SIDE)).astype(np.float32) / 255
    guidance = networks.look(crop, nothing, mesh_in_crop(face, frame), Wishes())
    return FaceReading(0, **_told(networks, guidance, None, frame))


def _told(
    networks: Networks, guidance: Guidance, filled: np.ndarray | None, frame: np.ndarray
) -> dict[str, Any]:
    """What the modules read, with the nodes in pixels of the photo."""
    read = networks.read(guidance, filled)
    for name in ("mesh", "undragged"):
        if name in read:
            places = read[name].astype(np.float64)
            read[name] = geometry.transform(geometry.invert(frame), places).astype(np.float32)
    return read
