"""Other photos of the people in a photo, as they stand on its shelf of references."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from engine.face.finder import Face
from engine.photo import Photo, file_of, photo_of
from engine.reference import REGIONS, Reference

Wish = tuple[str, str, bool, tuple[str, ...], float]


@dataclass(frozen=True, eq=False)
class ShelvedPhoto:
    """A photo that references lie in. It is kept whole: data are the bytes of its file, so that
    neither the file nor the tab that showed it is needed any more."""

    photo: Photo
    name: str
    data: bytes

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the file, hexadecimal: equal ones are the same photo."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, eq=False)
class Shelved:
    """A face of another photo, and what it may give.

    face: with a mesh. subject: the id of the face that it is a reference of, None: of every face
    that looks like the same person. sure, regions, strength: as of engine.reference.Reference.
    """

    source: ShelvedPhoto
    face: Face
    subject: str | None = None
    sure: bool = False
    regions: tuple[str, ...] = REGIONS
    strength: float = 1.0
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def wish(self) -> Wish:
        """Plain values; equal wishes ask for the same of the same face. Of an id there is but one
        photo and face."""
        return self.id, self.subject or "", self.sure, self.regions, self.strength

    def may_give(self, region: str, may: bool) -> tuple[str, ...]:
        """Its regions with one more, or one less, in their order."""
        return tuple(name for name in REGIONS if (may if name == region else name in self.regions))

    def as_reference(self, number: int | None) -> Reference:
        """As a fill takes it. number: of its subject among the faces of the fill, None for every
        face: what the person is sure of for one holds for no other."""
        wishes = (self.sure and number is not None, self.regions, self.strength)
        return Reference(self.source.photo, self.face, self.source.name, number, *wishes)


def shelved_photo(photo: Photo, name: str) -> ShelvedPhoto:
    """A photo that was opened, to be kept; reads its file."""
    return ShelvedPhoto(photo, name, file_of(photo))


def shelved_file(data: bytes, name: str, path: Path) -> ShelvedPhoto:
    """The bytes of a file as the photo they are. path: where it lay. Raises MienError."""
    return ShelvedPhoto(photo_of(data, path), name, data)


def sources(shelf: Iterable[Shelved]) -> dict[str, ShelvedPhoto]:
    """The photos of a shelf by their checksums, each once."""
    return {one.source.checksum: one.source for one in shelf}
