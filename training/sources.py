"""Where photographs come from: a folder of pictures, or zip files that hold them.

A zip may carry an `index.json`, a list of records with a `name` each; what it says about a
picture (source, race, age ...) travels along.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from engine.base.errors import MienError
from engine.photo import OPEN_SUFFIXES, photo_of

PICTURES = frozenset(OPEN_SUFFIXES)
_QUICK = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}  # read by OpenCV as well


class Source(NamedTuple):
    """One picture that can be read: its name, what is known of it, and where it lies."""

    name: str
    record: dict[str, Any]
    archive: Path | None
    path: str

    def data(self) -> bytes:
        """The picture's file; empty where it cannot be read."""
        try:
            if self.archive is None:
                return Path(self.path).read_bytes()
            return _archive(self.archive).read(self.path)
        except (OSError, zipfile.BadZipFile):
            return b""

    def read(self) -> np.ndarray | None:
        """H x W x 3 uint8 RGB, upright; None where the picture cannot be decoded."""
        data = self.data()
        quick = data and Path(self.name).suffix.lower() in _QUICK
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if quick else None
        if pixels is not None:
            return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        try:
            return photo_of(data, Path(self.name)).rgb8
        except MienError:
            return None


_archives: dict[Path, zipfile.ZipFile] = {}


def _archive(path: Path) -> zipfile.ZipFile:
    if path not in _archives:
        _archives[path] = zipfile.ZipFile(path)
    return _archives[path]


def find_sources(place: Path) -> list[Source]:
    """Every picture in a zip, in a folder (below it too), or in the zips of a folder, by name.

    Raises MienError when there is no such place or no picture in it.
    """
    if not place.exists():
        raise MienError(f"There is no folder or zip file {place}; give one that holds photos.")
    if place.is_file():
        found = _in_zip(place)
    else:
        found = [s for archive in sorted(place.glob("*.zip")) for s in _in_zip(archive)]
        found += [
            Source(str(path.relative_to(place)), {}, None, str(path))
            for path in sorted(place.rglob("*"))
            if path.suffix.lower() in PICTURES and not path.is_dir()
        ]
    if not found:
        raise MienError(
            f"{place} holds no photos; give a folder or zip with JPEG, PNG, WebP or HEIC."
        )
    return found


def _in_zip(path: Path) -> list[Source]:
    try:
        names = set(_archive(path).namelist())
    except zipfile.BadZipFile:
        raise MienError(f"{path} is not a readable zip file; fetch or make it again.") from None
    records = {}
    if "index.json" in names:
        records = {r["name"]: r for r in json.loads(_archive(path).read("index.json"))}
    return [
        Source(name, records.get(name, {}), path, name)
        for name in sorted(names)
        if Path(name).suffix.lower() in PICTURES
    ]


def iter_photos(place: Path) -> Iterator[tuple[str, dict[str, Any], np.ndarray]]:
    """(name, record, RGB) of every readable picture of `find_sources(place)`."""
    for source in find_sources(place):
        rgb = source.read()
        if rgb is not None:
            yield source.name, source.record, rgb
