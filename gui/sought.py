"""What a photo on the shelf shows: its faces, their expressions, and whose they are.

Found in the background. Who is who the engine tells as it fills: a preview of the shown photo with
the mouths of its faces hidden looks at every face of the other photo as a reference.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

import numpy as np
from PySide6.QtGui import QImage

from engine.base.errors import MienError, raise_if_cancelled
from engine.edit.edit import Edit
from engine.edit.shelved import ShelvedPhoto
from engine.face.finder import Face
from engine.face.parts import part_area
from engine.inpaint import FillOptions, FillRequest, Inpainter
from engine.mask import Mask
from engine.photo import Photo
from engine.reference import Reference, Taken, reference_in
from gui.qimage import image_from_rgb, resize

AROUND = 1.6  # a picture's side to that of the face in it
SIDE = 120  # pixels of a picture


@dataclass(frozen=True, eq=False)
class Candidate:
    """A face that may be a reference. picture: the photo around it. place: of the face in the
    picture, (x, y, width, height) from 0 to 1. expression: probabilities of EMOTIONS. alike: what
    the engine says of it as a reference of each face of the shown photo, by their ids."""

    face: Face
    picture: QImage
    place: tuple[float, float, float, float]
    expression: tuple[float, ...] | None = None
    alike: dict[str, Taken] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Sought:
    """A photo on the shelf. asked: the ids of the shown photo's faces it was compared with."""

    source: ShelvedPhoto
    candidates: tuple[Candidate, ...]
    asked: frozenset[str] = frozenset()

    def of(self, face: Face) -> Candidate | None:
        """What is known of a face: the one that lies where it lies."""
        return next((one for one in self.candidates if _same_place(one.face, face)), None)

    def best(self, subject: str) -> Candidate | None:
        """Of several the one that is most like a face of the shown photo, None where nothing is
        known of that."""
        known = [one for one in self.candidates if subject in one.alike]
        return max(known, key=lambda one: one.alike[subject].likeness, default=None)


def seek(
    inpainter: Inpainter,
    source: ShelvedPhoto,
    edit: Edit,
    options: FillOptions,
    cancel: threading.Event,
) -> Sought:
    """Look for the faces of a photo, and ask of each who it is. edit: of the shown photo. Raises
    MienError with one sentence where it shows no face, or none that is large enough."""
    photo, name = source.photo, source.name
    faces = inpainter.find_faces(photo, cancel)
    raise_if_cancelled(cancel)
    fit = [face for face in faces if _fits(photo, face, name)]
    if not fit:
        reference_in(photo, faces, name)  # says why
    request = FillRequest(photo, Mask.empty(photo.size), _plain(options), tuple(fit))
    read = {one.face: one.before for one in inpainter.preview(request).readings}
    raise_if_cancelled(cancel)
    found = tuple(_candidate(photo, face, read.get(n)) for n, face in enumerate(fit))
    return compare(inpainter, Sought(source, found), edit, options)


def compare(inpainter: Inpainter, sought: Sought, edit: Edit, options: FillOptions) -> Sought:
    """Ask of each face of a photo that was looked at who it is in the shown one."""
    ids = [one.id for one in edit.subjects]
    photo, name = sought.source.photo, sought.source.name
    hole = edit.hole
    for subject in edit.subjects:
        mesh = subject.face.mesh
        area = None if mesh is None else part_area(mesh, "mouth", hole.size)
        if area is not None:
            box, pixels = area
            hole = hole.with_part(box[:2], np.maximum(hole.read(box), pixels))
    alike: dict[int, dict[str, Taken]] = {}
    if ids and not hole.is_blank:
        references = tuple(Reference(photo, one.face, name) for one in sought.candidates)
        asked = edit.options(_plain(options))
        known = edit.known_faces() or ()
        request = FillRequest(edit.photo, hole.to_mask(), asked, known, references)
        for taken in inpainter.preview(request).references:
            if taken.face < len(ids):
                alike.setdefault(taken.number, {})[ids[taken.face]] = taken
    told = tuple(
        replace(one, alike=alike.get(number, {})) for number, one in enumerate(sought.candidates)
    )
    return replace(sought, candidates=told, asked=frozenset(ids))


def meant(sought: Sought, chosen: str | None) -> list[tuple[str, Face]]:
    """Which faces of a photo are references of which of the shown one (by its id): each gets that
    of its own person. Where nobody is in both, the chosen face gets the one most like it."""
    pairs = []
    for one in sought.candidates:
        subject = max(one.alike, key=lambda name: one.alike[name].likeness, default="")
        if subject and one.alike[subject].same and sought.best(subject) is one:
            pairs.append((subject, one.face))
    if pairs:
        return pairs
    best = (sought.best(chosen) if chosen else None) or sought.candidates[0]
    return [(chosen or "", best.face)]


def _plain(options: FillOptions) -> FillOptions:
    """The prior alone and nothing asked for: what is there is looked at."""
    return FillOptions(model="prior", device=options.device, precision=options.precision)


def _fits(photo: Photo, face: Face, name: str) -> bool:
    try:
        reference_in(photo, (face,), name)
    except MienError:
        return False
    return True


def _candidate(photo: Photo, face: Face, expression: tuple[float, ...] | None) -> Candidate:
    x, y, width, height = face.box
    side = min(round(AROUND * max(width, height)), *photo.size)
    left = min(max(round(x + width / 2 - side / 2), 0), photo.size[0] - side)
    top = min(max(round(y + height / 2 - side / 2), 0), photo.size[1] - side)
    part = np.ascontiguousarray(photo.own8[top : top + side, left : left + side])
    small = resize(np.ascontiguousarray(photo.to_srgb(part)), (SIDE, SIDE))
    place = ((x - left) / side, (y - top) / side, width / side, height / side)
    return Candidate(face, image_from_rgb(small).copy(), place, expression)


def _same_place(one: Face, other: Face) -> bool:
    return one is other or all(abs(a - b) < 0.5 for a, b in zip(one.box, other.box, strict=True))
