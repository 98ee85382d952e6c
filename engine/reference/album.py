"""Who else is in a folder: references that find themselves.

Every photo of a folder is looked at once. What its faces are known by (engine.reference.portrait)
is kept in the user's cache, so that the next look takes milliseconds: by a digest of path, size and
time, hence neither names of files nor of people, and no pictures. `forget` deletes all of it.
Nothing leaves the computer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from engine.base.errors import Cancelled, MienError, raise_if_cancelled
from engine.face.finder import FaceFrame
from engine.mask import Mask
from engine.photo import Photo, open_photo
from engine.photo.names import is_picture, nearest_names
from engine.reference.album_file import AlbumFile, key_of_file
from engine.reference.likeness import FOUND, same_person
from engine.reference.portrait import Portrait, Portraitist
from engine.reference.reference import Reference, reference_in

MaskOf = Callable[[Photo], Mask]
SAVED_EVERY = 25  # photos that were looked at: so much is lost by a crash


@dataclass(frozen=True, eq=False)
class Seen:
    """A face in a photo of the folder."""

    path: Path
    portrait: Portrait


@dataclass(frozen=True)
class Unread:
    """A photo that could not be read, and one sentence why."""

    path: Path
    sentence: str


@dataclass(frozen=True, eq=False)
class Match:
    """A face that looks like the same person. likeness: 1 is the same picture."""

    seen: Seen
    likeness: float

    @property
    def path(self) -> Path:
        return self.seen.path


@dataclass(frozen=True, eq=False)
class Album:
    """The people of a folder, as far as it was looked through.

    photos: how many there are in it. looked: at how many of them. seen: their faces, photos in
    the order they were looked at. unread: those that could not be read.
    """

    folder: Path
    photos: int = 0
    looked: int = 0
    seen: tuple[Seen, ...] = ()
    unread: tuple[Unread, ...] = ()

    def others(self, who: Portrait, but: Iterable[Path] = ()) -> list[Match]:
        """The faces of the same person as `who` (of which parts may be hidden), of each photo the
        likeliest, the likeliest first. but: photos that are left out, the one `who` is in. Takes
        milliseconds for thousands."""
        real = cache(Path.resolve)  # of folders: one may be reached by a link
        out = {real(path.parent) / path.name for path in but}
        asked = [one for one in self.seen if real(one.path.parent) / one.path.name not in out]
        best: dict[Path, Match] = {}
        looks = who.likeness([one.portrait for one in asked]).tolist()
        for one, likeness, same in zip(asked, looks, same_person(looks, FOUND), strict=True):
            if same and (one.path not in best or best[one.path].likeness < likeness):
                best[one.path] = Match(one, likeness)
        return sorted(best.values(), key=lambda match: -match.likeness)


def look_through(
    folder: Path,
    by: Portraitist,
    *,
    near: str = "",
    masks: Mapping[Path, MaskOf] | None = None,
    progress: Callable[[Album], None] | None = None,
    cancel: threading.Event | None = None,
) -> Album:
    """Look at every photo of a folder (not of those in it) for faces; what was kept of an earlier
    time is not looked at again.

    near: the name of a photo; those whose names stand near are looked at first. masks: what of
    photos must not be looked at, by their resolved paths; they are looked at each time. progress:
    told the album as far as it is, after every photo; many are told quickly. by: is used in this
    thread.
    Raises Cancelled when `cancel` is set (what was found until then is kept), and MienError with
    one sentence for a folder that cannot be read. A cache that cannot be written is no failure: the
    folder is looked through again the next time.
    """
    try:
        paths = [path for path in folder.iterdir() if is_picture(path) and path.is_file()]
    except OSError as error:
        raise MienError(
            f"The folder {folder} could not be read ({error.strerror or error}); give one that "
            "holds photos of the people."
        ) from None
    kept = AlbumFile.of(folder)
    known = kept.read()
    album, new = Album(folder, len(paths)), 0
    now: dict[bytes, tuple[Portrait, ...]] = {}
    try:
        for path in nearest_names(near, paths):
            raise_if_cancelled(cancel)
            faces: tuple[Portrait, ...] = ()
            try:
                key, mask = key_of_file(path), (masks or {}).get(path.resolve())
                if mask is not None:
                    if key in known:
                        now[key] = known[key]  # without a mask it will be asked for again
                    faces = _faces(path, by, mask, cancel)
                elif key in known:
                    faces = now[key] = known[key]
                else:
                    faces = now[key] = _faces(path, by, None, cancel)
                    new += 1
            except (MienError, OSError) as error:
                unread = Unread(path, _sentence(path, error))
                album = replace(album, unread=(*album.unread, unread))
            seen = tuple(Seen(path, portrait) for portrait in faces)
            album = replace(album, looked=album.looked + 1, seen=(*album.seen, *seen))
            if new >= SAVED_EVERY:
                kept.write(known | now)
                new = 0
            if progress is not None:
                progress(album)
    except Cancelled:
        kept.write(known | now)
        raise
    if new or known.keys() != now.keys():
        kept.write(now)  # what is no longer in the folder is forgotten
    return album


def reference_of(match: Match, by: Portraitist, of: int | None = None) -> Reference:
    """A match as a reference: its photo opened, and the face found again. of: as of Reference.
    Raises MienError with one sentence where the photo is gone or no longer shows it."""
    photo = open_photo(match.path)
    box = FaceFrame(*match.seen.portrait.box)
    return reference_in(photo, by.find_faces(photo), match.path.name, box, of=of)


def _faces(
    path: Path, by: Portraitist, mask: MaskOf | None, cancel: threading.Event | None
) -> tuple[Portrait, ...]:
    photo = open_photo(path)
    hidden = None if mask is None else mask(photo)
    found = by.portraits(photo, by.find_faces(photo, cancel), hidden)
    return tuple(one for one in found if one is not None)


def _sentence(path: Path, error: Exception) -> str:
    if isinstance(error, MienError):
        return str(error)
    return f"{path.name} could not be read ({getattr(error, 'strerror', None) or error})."
