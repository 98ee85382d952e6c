"""Which other photos may show what is hidden in a photo of a batch.

They lie in one folder. For a photo those are taken that are named after it (`{stem}_ref.jpg`); else
those of the person, found by their faces (engine.reference.album), in the folder in it that is
called as the photo or as the folder that the photo lies in, a person's; else in itself. A photo
that is filled itself hides something: under a mask it is known where, and the rest of it is shown;
where a rule says what is hidden it is no reference.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event, Lock

import numpy as np

from engine.base.errors import MienError
from engine.batch.inputs import PhotoFile
from engine.batch.job import MaskRule
from engine.batch.masks import open_hole
from engine.fill.found_references import find_references
from engine.inpaint import FillRequest, Inpainter
from engine.photo import open_photo
from engine.photo.names import is_picture, key_of
from engine.reference import Reference, references_in
from engine.reference.album import Album, MaskOf, Match, look_through
from engine.reference.portrait import Box

ENDINGS = ("_ref", "-ref", ".ref", " ref")
KEPT = 24  # photos whose faces are kept, trimmed, from one photo to the next


@dataclass(frozen=True)
class Sources:
    """Where what is hidden in a photo may be seen. named: photos that are named after it. folder:
    where there are none, the folder in which its people are looked for. out: photos that show
    nothing because they are filled themselves. holes: the masks of others that are."""

    named: tuple[Path, ...] = ()
    folder: Path | None = None
    out: frozenset[Path] = frozenset()
    holes: Mapping[Path, Path] = field(default_factory=dict)


class ReferenceFinder:
    """Finds by name where references of photos may be. Folders are read once.

    filled: photos that are filled themselves, and their masks; None where a rule says what is
    hidden. Raises MienError for a folder that is none, or in which there is no photo but those.
    """

    def __init__(self, folder: Path, filled: Mapping[Path, Path | None]) -> None:
        if not folder.is_dir():
            raise MienError(
                f"There is no folder {folder}; give one that holds photos of the people."
            )
        self._folder = folder
        self._holes = {path.resolve(): mask for path, mask in filled.items() if mask is not None}
        self._out = frozenset(path.resolve() for path, mask in filled.items() if mask is None)
        self._listed: dict[Path, list[Path]] = {}
        if not any(self._in(folder)) and not any(self._in(one) for one in self._folders()):
            raise MienError(
                f"{folder} holds no photo but those that are filled; give a folder with others of "
                "the people."
            )

    def of(self, file: PhotoFile) -> Sources:
        """Where what is hidden in a photo may be seen."""
        whole = Sources(folder=self._folder, out=self._out, holes=self._holes)
        named = {key_of(file.path.stem + ending) for ending in ENDINGS}
        beside = [path for path in self._in(self._folder) if key_of(path.stem) in named]
        if beside:
            return replace(whole, named=tuple(beside))
        persons = {key_of(file.path.stem), *(key_of(part) for part in file.name.parent.parts)}
        for folder in self._folders():
            if key_of(folder.name) in persons and self._in(folder):
                return replace(whole, folder=folder)
        return whole

    def _folders(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if path.is_dir())

    def _in(self, folder: Path) -> list[Path]:
        if folder not in self._listed:
            self._listed[folder] = sorted(
                path
                for path in folder.iterdir()
                if path.is_file() and is_picture(path) and path.resolve() not in self._out
            )
        return self._listed[folder]


class ReferenceReader:
    """Opens photos for their faces, and keeps those of the last KEPT photos and the albums of
    folders. Thread-safe."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple, tuple[tuple[Box, Reference], ...]] = OrderedDict()
        self._albums: dict[tuple, Album] = {}
        self._lock, self._looking = Lock(), Lock()

    def read(
        self,
        sources: Sources,
        rule: MaskRule,
        photo: Path,
        request: FillRequest,
        inpainter: Inpainter,
        stop: Event | None = None,
    ) -> tuple[Reference, ...]:
        """The references of a request, whose photo lies at `photo` and whose faces are known. One
        that shows no face or cannot be read has none. Raises Cancelled."""

        def faces(path: Path) -> tuple[tuple[Box, Reference], ...]:
            return self._faces(path, sources.holes.get(path.resolve()), rule, inpainter, stop)

        def opened(match: Match) -> Reference:
            found = faces(match.path)
            if not found:
                raise MienError(f"{match.path.name} shows no face any more; look for another.")
            box = np.array(match.seen.portrait.box)
            return min(found, key=lambda one: float(np.abs(one[0] - box).sum()))[1]

        if sources.named:
            return tuple(one for path in sources.named for _, one in faces(path))
        if sources.folder is None:
            return ()
        masks = {path: partial(open_hole, mask, rule=rule) for path, mask in sources.holes.items()}
        key = (sources.folder, rule, *masks)  # under other masks it shows other things
        album = self._album(key, sources.folder, photo.name, masks, inpainter, stop)
        out = (photo, *(path for path in sources.out if path.parent == sources.folder.resolve()))
        found = find_references(inpainter, album, request, out, open_match=opened, cancel=stop)
        return found.references

    def _album(
        self,
        key: tuple,
        folder: Path,
        near: str,
        masks: Mapping[Path, MaskOf],
        inpainter: Inpainter,
        stop: Event | None,
    ) -> Album:
        """Of a folder, looked through once under this key: one thread looks, the others wait."""
        with self._looking:
            if key not in self._albums:
                self._albums[key] = look_through(
                    folder, inpainter, near=near, masks=masks, cancel=stop
                )
            return self._albums[key]

    def _faces(
        self,
        path: Path,
        mask: Path | None,
        rule: MaskRule,
        inpainter: Inpainter,
        stop: Event | None,
    ) -> tuple[tuple[Box, Reference], ...]:
        """The faces of a photo: where each lies in it, and its reference, trimmed."""
        try:
            status = path.stat()
            key = (path, status.st_mtime_ns, status.st_size, mask)
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            photo = open_photo(path)
            hidden = None if mask is None else open_hole(mask, photo, rule).hole
            held = references_in(photo, inpainter.find_faces(photo, stop), path.name, hidden=hidden)
            found = tuple((one.face.box, one.trimmed()) for one in held)
        except (MienError, OSError):
            return ()
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found


reader = ReferenceReader()
