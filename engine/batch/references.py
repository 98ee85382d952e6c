"""Which other photos may show what is hidden in a photo of a batch.

They lie in one folder. For a photo those are taken that are named after it (`{stem}_ref.jpg`); else
those of the folder in it that is called as the photo or as the folder that the photo lies in, a
person's; else all that lie in it, and each face gets those of its own person. A photo that is
filled itself hides what it should show, and is none.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Lock

from engine.base.errors import MienError
from engine.batch.inputs import PhotoFile
from engine.inpaint import Inpainter
from engine.photo import open_photo
from engine.photo.names import is_picture, key_of, nearest_names
from engine.reference import Reference, references_in

ENDINGS = ("_ref", "-ref", ".ref", " ref")
MOST = 12  # photos that are looked at for one, those of the nearest names
KEPT = 24  # photos whose faces are kept, trimmed, from one photo to the next


class ReferenceFinder:
    """Finds the references of photos by name. Folders are read once.

    filled: photos that are filled themselves. Raises MienError for a folder that is none, or in
    which there is no photo but those.
    """

    def __init__(self, folder: Path, filled: Iterable[Path]) -> None:
        if not folder.is_dir():
            raise MienError(
                f"There is no folder {folder}; give one that holds photos of the people."
            )
        self._folder = folder
        self._filled = {path.resolve() for path in filled}
        self._listed: dict[Path, list[Path]] = {}
        if not any(self._in(folder)) and not any(self._in(one) for one in self._folders()):
            raise MienError(
                f"{folder} holds no photo but those that are filled; give a folder with others of "
                "the people."
            )

    def of(self, file: PhotoFile) -> tuple[Path, ...]:
        """The photos that may show what is hidden in one, the likeliest first; at most MOST."""
        named = {key_of(file.path.stem + ending) for ending in ENDINGS}
        here = self._in(self._folder)
        beside = [path for path in here if key_of(path.stem) in named]
        if beside:
            return tuple(beside[:MOST])
        persons = {key_of(file.path.stem), *(key_of(part) for part in file.name.parent.parts)}
        for folder in self._folders():
            if key_of(folder.name) in persons and self._in(folder):
                return self._nearest(file, self._in(folder))
        return self._nearest(file, here)

    def _folders(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if path.is_dir())

    def _in(self, folder: Path) -> list[Path]:
        if folder not in self._listed:
            self._listed[folder] = sorted(
                path
                for path in folder.iterdir()
                if path.is_file() and is_picture(path) and path.resolve() not in self._filled
            )
        return self._listed[folder]

    def _nearest(self, file: PhotoFile, paths: list[Path]) -> tuple[Path, ...]:
        """Those whose names stand nearest to the photo's: the next frames of a sitting."""
        others = [path for path in paths if path.resolve() != file.path.resolve()]
        return tuple(nearest_names(file.path.name, others)[:MOST])


class ReferenceReader:
    """Opens photos for their faces, and keeps those of the last KEPT photos. Thread-safe."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, int, int], tuple[Reference, ...]] = OrderedDict()
        self._lock = Lock()

    def read(
        self, paths: Iterable[Path], inpainter: Inpainter, stop: Event | None = None
    ) -> tuple[Reference, ...]:
        """The references that photos hold; one that shows no face or cannot be read has none."""
        return tuple(one for path in paths for one in self._of(path, inpainter, stop))

    def _of(self, path: Path, inpainter: Inpainter, stop: Event | None) -> tuple[Reference, ...]:
        try:
            status = path.stat()
            key = (path, status.st_mtime_ns, status.st_size)
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            photo = open_photo(path)
            faces = inpainter.find_faces(photo, stop)
            found = tuple(one.trimmed() for one in references_in(photo, faces, path.name))
        except (MienError, OSError):
            return ()
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found


reader = ReferenceReader()
