"""Names of files in folders of photos: which are photos, how names are compared, which are near."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from engine.photo.file import OPEN_SUFFIXES

# What other systems leave among photos.
SIDE_NAMES = {"thumbs.db", "ehthumbs.db", "desktop.ini", ".ds_store", "__macosx", "@eadir"}


def key_of(name: str) -> str:
    """A name as it is compared: one normal form, any case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def is_side_file(path: Path) -> bool:
    """Whether another system or program keeps this file beside photos (`._a.jpg`, `Thumbs.db`)."""
    return path.name.startswith(".") or path.name.lower() in SIDE_NAMES


def is_picture(path: Path) -> bool:
    """Whether the name is that of a picture Mien reads, and no side file's."""
    return path.suffix.lower() in OPEN_SUFFIXES and not is_side_file(path)


def nearest_names(name: str, paths: Iterable[Path]) -> list[Path]:
    """Paths in the order in which their names stand beside a name: the next frames of a sitting
    first."""
    own = key_of(name)
    others = sorted(paths, key=lambda path: key_of(path.name))
    place = sum(key_of(path.name) < own for path in others)
    order = sorted(range(len(others)), key=lambda n: abs(n - place + 0.5))
    return [others[n] for n in order]
