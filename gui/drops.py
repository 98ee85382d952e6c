"""What was dropped on the window, by its content: photos, a mask for the shown photo, folders for a
batch, and a sentence about everything else."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImageReader

from engine.edit.session import SUFFIX
from engine.photo import OPEN_SUFFIXES
from engine.photo.decode import kind_of
from gui.translation import tr

OPENED = (*OPEN_SUFFIXES, SUFFIX)
HEAD = 4096  # bytes that say what a file is


@dataclass
class Dropped:
    """photos: in their order, sessions among them. folders: for a batch. sentence: on what is
    neither, "" without such."""

    photos: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    sentence: str = ""


def dropped(data: QMimeData) -> Dropped:
    """What hangs at the pointer, or was copied as files."""
    found = Dropped()
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    others = []
    for path in paths:
        if path.is_dir():
            found.folders.append(path)
        else:
            (found.photos if is_opened(path) else others).append(path)
    if others:
        sentence = tr("{name} is no photo Mien opens; it reads JPEG, PNG, WebP, TIFF and BMP.")
        found.sentence = sentence.format(name=others[0].name)
    elif data.hasUrls() and not paths:
        found.sentence = tr("Save the picture to this computer first, then drop its file.")
    return found


def is_mask_for(path: Path, size: tuple[int, int]) -> bool:
    """Whether a picture is a mask for a photo of `size` (width, height): of that size, and grey in
    two tones or a cut-out."""
    from engine.batch.inputs import looks_like_mask

    return QImageReader(str(path)).size().toTuple() == size and looks_like_mask(path)


def is_opened(path: Path) -> bool:
    """Whether a file is a photo or a session: by what it holds, whatever its name ends in."""
    suffix = path.suffix.lower()
    if not path.is_file():
        return False
    if suffix in OPENED:
        return True  # where it is damaged, opening it says how
    try:
        with path.open("rb") as file:
            return kind_of(file.read(HEAD)) is not None
    except OSError:
        return False
