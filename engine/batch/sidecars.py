"""What other programs keep beside photos: development settings, ratings, places (`--sidecars`).

Lightroom's and darktable's XMP, RawTherapee's PP3, DxO's DOP, and the JSON of a Google Takeout.
They are copied beside the result under its name; an XMP that says how its photo lies says it of
the result, which stands upright.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from engine.base.atomic import write_atomically
from engine.base.errors import MienError
from engine.photo.names import key_of
from engine.photo.xmp import clean_packet

BY_STEM = (".xmp",)  # a.xmp of a.jpg
BY_NAME = (".xmp", ".pp3", ".dop", ".json")  # a.jpg.xmp of a.jpg
_TAKEOUT = ".supplemental-metadata"
_TAKEOUT_LENGTH = 46  # of a name before ".json": Takeout cuts it there
_NUMBERED = re.compile(r"(.+)(\(\d+\))(\.[^.]+)")  # a(1).jpg, whose JSON is a.jpg(1).json


def sidecars_of(photo: Path, target: Path) -> list[tuple[Path, Path]]:
    """(a file that belongs to a photo, where it goes beside the photo's result) of each."""
    try:
        names = _names(str(photo.parent), photo.parent.stat().st_mtime_ns)
    except OSError:
        return []
    found: dict[str, Path] = {}
    for name, ending in _wanted(photo):
        there = names.get(key_of(name))
        if there is not None:
            result = target.with_name(ending.format(stem=target.stem, name=target.name))
            found.setdefault(there, result)
    return [(photo.with_name(name), result) for name, result in found.items()]


def _wanted(photo: Path) -> Iterator[tuple[str, str]]:
    """(a name that a side file may have, how it is called beside a result)."""
    for suffix in BY_NAME:
        yield photo.name + suffix, "{name}" + suffix
    for suffix in BY_STEM:
        yield photo.stem + suffix, "{stem}" + suffix
    whole = [photo.name + _TAKEOUT[:length] for length in range(len(_TAKEOUT) + 1)]
    for name in whole:
        yield name[:_TAKEOUT_LENGTH] + ".json", "{name}.json"
    numbered = _NUMBERED.fullmatch(photo.name)
    if numbered:
        first, number, suffix = numbered.groups()
        for more in ("", _TAKEOUT):
            yield f"{first}{suffix}{more}{number}.json", "{name}.json"


@lru_cache(maxsize=64)
def _names(folder: str, _changed: int) -> dict[str, str]:
    """The files of a folder by their names however they are spelt, as it was at some time."""
    return {key_of(path.name): path.name for path in Path(folder).iterdir() if path.is_file()}


def copy_sidecar(source: Path, target: Path, turned: list[int], lying: bool) -> None:
    """Copy a side file whole or not at all. turned: (orientation, width, height) of a photo that
    was turned to be upright, as it lay; empty where it was not. lying: the result lies as the photo
    does. Raises MienError."""
    try:
        data = source.read_bytes()
    except OSError as error:
        raise MienError(f"{source} could not be read ({error.strerror}).") from error
    if source.suffix.lower() == ".xmp" and not lying:
        orientation, width, height = turned or (1, 0, 0)
        data = clean_packet(data, orientation, (width, height)).packet or data
    write_atomically(target, lambda file: file.write(data))
