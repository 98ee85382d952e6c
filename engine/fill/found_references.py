"""References that find themselves: for each face that a mask hides a part of, photos of the same
person out of an album (engine.reference.album)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.base.errors import MienError, raise_if_cancelled
from engine.face.finder import Face
from engine.inpaint import FillOptions, FillRequest, Inpainter
from engine.modules.emotion import asked_for
from engine.readings import EMOTIONS, KEEP
from engine.reference.album import Album, Match, look_through, reference_of
from engine.reference.reference import Reference

MOST = 4  # references of a face: each takes time, and what one does not show another mostly does
# Two photos whose expressions have nothing in common differ by 1 (total variation): what another
# expression is worth beside likeness.
OTHER = 0.4
SMALL = 0.5  # of the face's own side: a smaller one is taken where there is none larger
Open = Callable[[Match], Reference]


@dataclass(frozen=True, eq=False)
class FoundReferences:
    """references: of the faces that the mask hides a part of. faces: how many such faces there are.
    sentences: for people, on what was found and on photos that could not be read."""

    references: tuple[Reference, ...] = ()
    faces: int = 0
    sentences: tuple[str, ...] = ()


def references_in_folder(
    folder: Path,
    request: FillRequest,
    path: Path,
    inpainter: Inpainter,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[FillRequest, FoundReferences]:
    """A request with the references that a folder holds of it, and what there is to say of them.

    path: of the request's own photo. progress: takes how many photos were looked at, and how many
    there are. Raises MienError for a folder that cannot be read.
    """
    faces = request.faces or inpainter.find_faces(request.photo)
    request = replace(request, faces=faces)

    def tell(album: Album) -> None:
        if progress is not None:
            progress(album.looked, album.photos)

    album = look_through(folder, inpainter, near=path.name, progress=tell)
    found = find_references(inpainter, album, request, (path,))
    unread = tuple(one.sentence for one in album.unread)
    told = () if found.references else (f"{folder} holds no other photo of this person.",)
    found = replace(found, sentences=(*told, *found.sentences, *unread))
    return replace(request, references=(*request.references, *found.references)), found


def find_references(
    inpainter: Inpainter,
    album: Album,
    request: FillRequest,
    but: Iterable[Path] = (),
    *,
    open_match: Open | None = None,
    cancel: threading.Event | None = None,
) -> FoundReferences:
    """References for a request (whose faces are known) out of an album.

    but: photos that are left out, the request's own above all. open_match: makes a match a
    reference, `reference_of` by default. Of several photos those are taken that are most like the
    person and differ in expression; those that show an asked-for one come first. Raises Cancelled.
    """
    opened = open_match or (lambda match: reference_of(match, inpainter))
    out = [*but]
    found: list[Reference] = []
    gone: list[str] = []
    faces = hidden_faces(inpainter, request)
    for number, face in faces:
        (who,) = inpainter.portraits(request.photo, (face,), request.mask, request.options)
        if who is None:
            continue
        matches = chosen(album.others(who, out), who.side, request.options)
        for match in matches:
            raise_if_cancelled(cancel)
            try:
                found.append(replace(opened(match), of=number))
            except MienError as error:
                gone.append(str(error))
    return FoundReferences(tuple(found), len(faces), tuple(dict.fromkeys(gone)))


def hidden_faces(inpainter: Inpainter, request: FillRequest) -> list[tuple[int, Face]]:
    """The faces that a request's mask hides a part of, by their numbers in its fill, where their
    nodes are known; hidden nodes as they are expected."""
    asked = replace(request.options, emotion=KEEP, nodes=(), variant=0)
    plain = replace(request, options=asked, references=())
    return [
        (one.face, Face.of_mesh(one.mesh[:, :2]))
        for one in inpainter.preview(plain).readings
        if one.mesh is not None and one.hidden is not None and one.hidden.any()
    ]


def chosen(matches: list[Match], side: float, options: FillOptions) -> list[Match]:
    """At most MOST of matches: large enough beside a face whose frame is `side` pixels wide, like
    the person, and different in expression, so that one of them fits. The likeliest first; before
    it the one that shows an asked-for expression."""
    large = [match for match in matches if match.seen.portrait.side >= SMALL * side]
    left, taken = list(large or matches), list[Match]()
    asked = asked_for(options)
    if asked is not None and left:
        which = EMOTIONS.index(asked[0])
        left.sort(
            key=lambda match: -(match.seen.portrait.expression or (0,) * len(EMOTIONS))[which]
        )
        taken.append(left.pop(0))
        left.sort(key=lambda match: -match.likeness)
    while left and len(taken) < MOST:
        best = max(left, key=lambda match: match.likeness + OTHER * _apart(match, taken))
        taken.append(best)
        left.remove(best)
    return taken


def _apart(match: Match, others: list[Match]) -> float:
    """How far a match's expression is from the nearest of others', 0..1; 0 where there are none."""
    told = match.seen.portrait.expression
    read = [other.seen.portrait.expression for other in others]
    known = [np.abs(np.subtract(told, one)).sum() / 2 for one in read if told and one]
    return float(min(known, default=0.0))
