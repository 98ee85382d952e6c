"""What was dropped on the window: the photos, and a sentence about everything else."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData

from engine.edit.session import SUFFIX
from engine.photo import OPEN_SUFFIXES
from gui.translation import tr

OPENED = (*OPEN_SUFFIXES, SUFFIX)


def dropped(data: QMimeData) -> tuple[list[Path], str]:
    """(photos in their order, one sentence on what is not opened, "" where all is)."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    photos = [p for p in paths if p.is_file() and p.suffix.lower() in OPENED]
    others = [p for p in paths if p not in photos]
    if others:
        name = others[0].name
        if others[0].is_dir():
            return photos, tr("{name} is a folder; Tools, Batch fills all its photos.").format(
                name=name
            )
        sentence = tr("{name} is no photo Mien opens; it reads JPEG, PNG, WebP, TIFF and BMP.")
        return photos, sentence.format(name=name)
    if data.hasUrls() and not paths:
        return [], tr("Save the picture to this computer first, then drop its file.")
    return photos, ""
