"""What is measured: faces kept aside, each with a hole, as the program or as a network meets it.

A whole case is what a user has: a photo with something over the face; where the face lies is the
program's to find out. An aligned case is a bare crop placed by the untouched face. Both are
compared on the same aligned crop, so their figures can be set side by side.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.face import geometry
from training.faces import FaceShards
from training.masks import KINDS, draw_hole
from training.sources import iter_photos
from training.worn import KINDS as WEARABLE
from training.worn import WORN, Portrait, cover, wear

PHOTO_CENTRE = "photo_centre"  # a square of half the photo's sides, in its middle
THINGS = (*WEARABLE, WORN)  # holes that are what somebody wears
WHOLE_KINDS = (*KINDS, PHOTO_CENTRE, *THINGS)


@dataclass(frozen=True, eq=False)
class Face:
    """A face kept aside: its untouched photo (H x W x 3 uint8), frame (2 x 3) and mesh (478 x 2) in
    photo pixels, and what is known of it."""

    name: str
    record: dict[str, Any]
    photo: np.ndarray
    frame: np.ndarray
    mesh: np.ndarray

    def crop(self, side: int) -> np.ndarray:
        """The aligned crop, side x side x 3 uint8."""
        return geometry.cut(self.photo, self.frame, side)

    def mesh_in_crop(self) -> np.ndarray:
        """The mesh in crop units, 478 x 2."""
        return geometry.transform(self.frame, self.mesh)


@dataclass(frozen=True, eq=False)
class Case:
    """One face with one hole. target: S x S x 3 uint8, the untouched crop; hole: S x S bool; mesh:
    478 x 2 in crop units. Of a whole case also shown: the photo with something over the face
    (H x W x 3 uint8), and photo_hole: H x W bool."""

    face: Face
    target: np.ndarray
    hole: np.ndarray
    mesh: np.ndarray
    shown: np.ndarray | None = None
    photo_hole: np.ndarray | None = None

    @property
    def name(self) -> str:
        return self.face.name

    @property
    def input(self) -> np.ndarray:
        """The crop as it is shown, S x S x 3 uint8; white in the hole of an aligned case."""
        if self.shown is None:
            return np.where(self.hole[..., None], np.uint8(255), self.target)
        crop = geometry.cut(self.shown, self.face.frame, len(self.hole))
        return np.where(self.hole[..., None], crop, self.target)


def aligned_case(face: Face, kind: str, number: int, side: int, seed: int) -> Case:
    """A face's crop with a hole of a kind; `number` and `seed` decide the hole."""
    mesh = face.mesh_in_crop()
    rng = np.random.default_rng((seed, KINDS.index(kind), number))
    return Case(face, face.crop(side), draw_hole(kind, side, rng, mesh * side), mesh)


def whole_case(
    face: Face, kind: str, number: int, side: int, seed: int, inside: str, other: Face
) -> Case:
    """A face's photo with the same hole as the aligned case, covered as `inside` says; or, where
    `kind` is one of training.worn, with that thing, whose mask is the hole."""
    height, width = face.photo.shape[:2]
    somebody = Portrait(other.photo, other.mesh)
    if kind in THINGS:
        rng = np.random.default_rng((seed, 78, number))
        worn = wear(face.photo, face.mesh, kind, rng, somebody)
        return _whole(face, worn.photo, worn.mask > 0, side)
    if kind == PHOTO_CENTRE:
        hole = np.zeros((height, width), bool)
        hole[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    else:
        drawn = aligned_case(face, kind, number, side, seed).hole
        box = (0, 0, width, height)
        covered = geometry.put_back(drawn.astype(np.uint8) * np.uint8(255), face.frame, box)
        # Beyond the frame `put_back` repeats the crop's border.
        within = np.zeros((height, width), np.uint8)
        corners = geometry.frame_corners(face.frame)
        cv2.fillPoly(within, [np.round(corners - 0.5).astype(np.int32)], (1,))
        hole = (covered > 127) & (within > 0)
    rng = np.random.default_rng((seed, 77, number))
    shown = cover(face.photo, hole, face.mesh, inside, rng, somebody)
    return _whole(face, shown, hole, side)


def _whole(face: Face, shown: np.ndarray, hole: np.ndarray, side: int) -> Case:
    share = geometry.cut(hole.astype(np.uint8) * np.uint8(255), face.frame, side, border="zero")
    return Case(face, face.crop(side), share > 0, face.mesh_in_crop(), shown, hole)


def faces_of(place: Path, source: str | None = None, limit: int | None = None) -> Iterator[Face]:
    """The faces of a folder or zip of photos or of prepared shards, those of one source, up to a
    limit. Of prepared faces the stored picture, a little wider than the frame, is the photo."""
    found = 0
    for name, record, photo, mesh in _all(place):
        if source and record.get("source") != source:
            continue
        frame = geometry.frame_from_mesh(mesh)
        yield Face(f"{found:05d}-{Path(name).stem}", record, photo, frame, mesh)
        found += 1
        if limit is not None and found >= limit:
            return


def _all(place: Path) -> Iterator[tuple[str, dict[str, Any], np.ndarray, np.ndarray]]:
    shards = _prepared(place)
    if shards is not None:
        for index, record in enumerate(shards.records):
            picture, _ = shards.decode(index)
            yield record.get("name", str(index)), record, picture, shards.mesh_in_picture(index)
        return
    from engine.face.finder import FaceFinder
    from training.prepare import locate

    finder = FaceFinder()
    for name, record, rgb in iter_photos(place):
        mesh = locate(rgb, finder)
        if mesh is not None:
            yield name, record, rgb, mesh.astype(np.float64)


def _prepared(place: Path) -> FaceShards | None:
    """The prepared faces in a folder or shard, None where it holds plain photos."""
    paths = sorted(place.glob("*.zip")) if place.is_dir() else [place]
    paths = [p for p in paths if p.suffix == ".zip" and p.is_file() and _is_shard(p)]
    return FaceShards(paths) if paths else None


def _is_shard(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "meshes.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
