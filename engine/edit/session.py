"""Sessions: an edit written down as a `.mien` file, and read again.

A zip: `session.json` (a version, what the photo is, layers, faces, frames, nodes), masks as grey
PNG of their painted box, patches as PNG of the photo's depth, meshes as NPY. The photo itself is
named with its checksum; one that never was a file (pasted) is put in. So are the files of the
references' photos, each once: no tab and no file has to stay for them.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from engine.base.atomic import write_atomically
from engine.base.device import FLOAT32, TORCH
from engine.base.errors import MienError
from engine.edit.edit import Edit, Layer, PlacedNode, Snapshot, Subject, framed
from engine.edit.shelved import Shelved, ShelvedPhoto, shelved_file
from engine.edit.tiles import TiledMask
from engine.edit.written import Parts, mask_out, plain, png, shelved_out, subject_out
from engine.face.finder import Face, FaceFrame
from engine.face.frames import held_in
from engine.inpaint import FillOptions, FillResult, Patch
from engine.photo import Photo, open_photo, photo_from_array
from engine.readings import DraggedNode, FaceReading
from engine.reference import EXPRESSIONS, Taken

SUFFIX = ".mien"
VERSION = 1
_MANIFEST, _PIXELS = "session.json", "photo.png"


@dataclass(frozen=True)
class PhotoReference:
    """Which photo a session is of. path: where it was; None for one that was pasted. checksum:
    SHA-256 of its file, hexadecimal. size: (width, height)."""

    path: Path | None
    checksum: str
    size: tuple[int, int]

    @property
    def name(self) -> str:
        return "" if self.path is None else self.path.name


class PhotoMissing(MienError):  # noqa: N818 - said to the user as a question
    """The session's photo is not where it was, or is another one now; ask for it."""

    def __init__(self, reference: PhotoReference, sentence: str) -> None:
        super().__init__(sentence)
        self.reference = reference


def reference_of(photo: Photo) -> PhotoReference:
    """What a session writes of a photo; reads the photo's file."""
    checksum = "" if photo.path is None else checksum_of(photo.path)
    return PhotoReference(photo.path, checksum, photo.size)


def checksum_of(path: Path) -> str:
    """SHA-256 of a file, "" for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


class SessionWriter:
    """Writes one photo's edits. What was encoded once is kept: layers do not change, so writing
    every few seconds costs what is new. Not thread-safe: one worker owns it."""

    def __init__(self, reference: PhotoReference) -> None:
        self._reference = reference
        self._encoded: dict[str, dict[str, bytes]] = {}

    def write(self, edit: Edit, path: Path) -> Path:
        """Write a session whole or not at all. Raises MienError."""
        edits = (edit, *(one.edit for one in edit.snapshots))
        used = {layer.id for one in edits for layer in one.layers}
        self._encoded = {key: kept for key, kept in self._encoded.items() if key in (*used, "")}
        parts = Parts()
        manifest = {
            "version": VERSION,
            "photo": self._photo(edit.photo, parts, path),
            **self._edit(edit, parts, "mask.png"),
            "snapshots": [
                {"name": one.name, **self._edit(one.edit, parts, f"snapshots/{n}.png")}
                for n, one in enumerate(edit.snapshots)
            ],
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()

        def write(file: BinaryIO) -> None:
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr(_MANIFEST, text, zipfile.ZIP_DEFLATED)
                for name, data in parts.files.items():
                    packed = name.endswith(".npy")
                    archive.writestr(
                        name, data, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
                    )

        write_atomically(path, write)
        return path

    def _edit(self, edit: Edit, parts: Parts, mask: str) -> dict[str, Any]:
        """mask: the name of its file."""
        faces = edit.faces
        return {
            "mask": mask_out(edit.mask, mask, parts),
            "layers": [self._layer(layer, parts) for layer in edit.layers],
            "frames": [subject_out(subject, parts) for subject in edit.frames],
            "faces": None if faces is None else [subject_out(one, parts) for one in faces],
            "nodes": [plain(node, parts) for node in edit.nodes],
            "shelf": [shelved_out(one, parts) for one in edit.shelf],
            "expression": edit.expression,
        }

    def _photo(self, photo: Photo, parts: Parts, session: Path) -> dict[str, Any]:
        reference = self._reference
        made: dict[str, Any] = {"size": list(reference.size), "checksum": reference.checksum}
        if reference.path is None:
            if "" not in self._encoded:
                self._encoded[""] = {_PIXELS: png(photo.pixels)}
            parts.files.update(self._encoded[""])
            return made
        place = reference.path.absolute()
        made["path"] = str(place)
        # Where both were moved together the photo is found beside the session.
        if place.is_relative_to(session.absolute().parent):
            made["beside"] = place.relative_to(session.absolute().parent).as_posix()
        return made

    def _layer(self, layer: Layer, parts: Parts) -> dict[str, Any]:
        kept = self._encoded.get(layer.id)
        own = Parts(kept)
        folder = f"layers/{layer.id}"
        fill = layer.fill
        made = {
            "id": layer.id,
            "hole": layer.hole,
            "visible": layer.visible,
            "opacity": layer.opacity,
            "name": layer.name,
            "subjects": list(layer.subjects),
            "options": plain(layer.options, own),
            "wishes": plain(layer.wishes, own),
            "references": plain(fill.references, own),
            "mask": mask_out(layer.mask, f"{folder}/mask.png", own),
            "model": fill.model,
            "device": fill.device,
            "precision": fill.precision,
            "backend": fill.backend,
            "seconds": fill.seconds,
            "faces": [plain(face, own) for face in fill.faces],
            "readings": [plain(reading, own, folder) for reading in fill.readings],
            "patches": [
                {
                    "box": list(patch.box),
                    "kind": patch.kind,
                    "seconds": patch.seconds,
                    "readings": plain(patch.readings, own),
                    "pixels": own.add(f"{folder}/{n}.png", lambda p=patch: png(p.pixels)),
                    "alpha": own.add(f"{folder}/{n}-alpha.png", lambda p=patch: png(p.alpha)),
                }
                for n, patch in enumerate(fill.patches)
            ],
        }
        self._encoded[layer.id] = own.files
        parts.files.update(own.files)
        return made


def write_session(edit: Edit, path: Path, reference: PhotoReference | None = None) -> Path:
    """Write one session; see SessionWriter."""
    return SessionWriter(reference or reference_of(edit.photo)).write(edit, path)


def read_session(path: Path, photo: Path | None = None) -> Edit:
    """The edit of a session with its photo, opened and checked.

    photo: where the photo is now, as the user says; it must have the size of the old one. Raises
    PhotoMissing where the photo has to be asked for, MienError for a file that is no session.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(_MANIFEST))
            if manifest["version"] > VERSION:
                raise MienError(f"{path.name} was made by a newer Mien; update this one.")
            return _Reader(archive, path).edit(manifest, photo)
    except MienError:
        raise
    except FileNotFoundError:
        raise MienError(f"There is no file {path}; check the name.") from None
    except Exception as error:  # a zip, a JSON, a PNG, an array: each fails in its own way
        raise MienError(
            f"{path.name} is damaged or no Mien session ({type(error).__name__})."
        ) from error


class _Reader:
    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive, self._path = archive, path
        self._sources: dict[str, ShelvedPhoto] = {}
        self._pngs: dict[str, np.ndarray] = {}

    def edit(self, manifest: dict[str, Any], given: Path | None) -> Edit:
        photo = self._photo(manifest["photo"], given)
        kept = manifest.get("snapshots", ())
        snapshots = tuple(Snapshot(one["name"], self._edit(one, photo)) for one in kept)
        return replace(self._edit(manifest, photo), snapshots=snapshots)

    def _edit(self, told: dict[str, Any], photo: Photo) -> Edit:
        faces = told["faces"]
        return Edit(
            photo,
            self._mask(told["mask"], photo.size),
            tuple(self._layer(one, photo) for one in told["layers"]),
            tuple(_within(self._subject(one), photo) for one in told["frames"]),
            None if faces is None else tuple(self._subject(one) for one in faces),
            tuple(self._made(PlacedNode, one) for one in told["nodes"]),
            tuple(self._shelved(one) for one in told.get("shelf", ())),
            told.get("expression", EXPRESSIONS[0]),
        )

    def _photo(self, told: dict[str, Any], given: Path | None) -> Photo:
        size = tuple(told["size"])
        if "path" not in told:
            return photo_from_array(self._png(_PIXELS))
        reference = PhotoReference(Path(told["path"]), told["checksum"], size)
        if given is not None:
            photo = open_photo(given)
            if photo.size != size:
                raise PhotoMissing(
                    reference,
                    f"{given.name} is {photo.size[0]} x {photo.size[1]} pixels and the session's "
                    f"photo {size[0]} x {size[1]}; choose the photo the session was made of.",
                )
            return photo
        places = [reference.path]
        if "beside" in told:
            places.append(self._path.absolute().parent / told["beside"])
        there = [place for place in places if place is not None and place.is_file()]
        for place in there:
            if checksum_of(place) == reference.checksum:
                return open_photo(place)
        why = "has changed since" if there else "is not where it was"
        raise PhotoMissing(
            reference, f"The photo {reference.name} of this session {why}; say where it is now."
        )

    def _layer(self, told: dict[str, Any], photo: Photo) -> Layer:
        patches = tuple(self._patch(one, photo) for one in told["patches"])
        fill = FillResult(
            patches,
            tuple(self._made(Face, face) for face in told["faces"]),
            told["model"],
            told["device"],
            told["seconds"],
            tuple(self._made(FaceReading, reading) for reading in told["readings"]),
            precision=told.get("precision", FLOAT32),
            backend=told.get("backend", TORCH),
            references=tuple(self._made(Taken, one) for one in told.get("references", ())),
        )
        options = dict(told["options"])
        frames = tuple(self._made(FaceFrame, one) for one in options.pop("frames", ()))
        nodes = tuple(self._made(DraggedNode, one) for one in options.pop("nodes", ()))
        return Layer(
            told["hole"],
            fill,
            self._mask(told["mask"], photo.size),
            replace(self._made(FillOptions, options), frames=frames, nodes=nodes),
            tuple(told["subjects"]),
            told["visible"],
            told["opacity"],
            told["id"],
            self._value(told.get("wishes", [])),
            told.get("name", ""),
        )

    def _patch(self, told: dict[str, Any], photo: Photo) -> Patch:
        x, y, width, height = told["box"]
        pixels, alpha = self._png(told["pixels"]), self._png(told["alpha"])
        inside = x >= 0 and y >= 0 and x + width <= photo.size[0] and y + height <= photo.size[1]
        if not inside or pixels.shape != (height, width, 3) or alpha.shape != (height, width):
            raise ValueError("a patch does not fit the photo")
        if pixels.dtype != photo.pixels.dtype:
            raise MienError(f"The photo has another depth than when {self._path.name} was saved.")
        return Patch(
            (x, y, width, height), pixels, alpha, told["kind"], told["seconds"], told["readings"]
        )

    def _mask(self, told: dict[str, Any] | None, size: tuple[int, int]) -> TiledMask:
        mask = TiledMask(size)
        if told is None:
            return mask
        x, y = told["corner"]
        part = self._png(told["file"])
        if x < 0 or y < 0 or x + part.shape[1] > size[0] or y + part.shape[0] > size[1]:
            raise ValueError("a mask does not fit the photo")
        return mask.with_part((x, y), part)

    def _subject(self, told: dict[str, Any]) -> Subject:
        frame = told["frame"]
        return Subject(
            told["id"],
            self._made(Face, told["face"]),
            None if frame is None else self._made(FaceFrame, frame),
        )

    def _shelved(self, told: dict[str, Any]) -> Shelved:
        file, name = told["file"], told["name"]
        if file not in self._sources:
            self._sources[file] = shelved_file(self._archive.read(file), name, Path(name))
        return Shelved(
            self._sources[file],
            self._made(Face, told["face"]),
            told["subject"],
            told["sure"],
            tuple(told["regions"]),
            told["strength"],
            told["id"],
        )

    def _made(self, kind: Callable[..., Any], told: dict[str, Any]) -> Any:
        """A dataclass of what is known of its fields; a field from another version is left out."""
        known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
        return kind(**{name: self._value(v) for name, v in told.items() if name in known})

    def _value(self, told: Any) -> Any:
        if isinstance(told, dict) and set(told) == {"array"}:
            return np.load(io.BytesIO(self._archive.read(told["array"])), allow_pickle=False)
        if isinstance(told, list):
            return tuple(self._value(one) for one in told)
        return told

    def _png(self, name: str) -> np.ndarray:
        if name in self._pngs:  # of a layer that snapshots have too
            return self._pngs[name]
        import cv2

        data = np.frombuffer(self._archive.read(name), np.uint8)
        decoded = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if decoded is None:
            raise ValueError(f"{name} cannot be read")
        codes = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
        if decoded.ndim == 3:
            decoded = cv2.cvtColor(decoded, codes[decoded.shape[2]])
        self._pngs[name] = decoded
        return decoded


def sessions_folder() -> Path:
    """Where the editor keeps what it writes by itself; MIEN_SESSIONS names another folder."""
    named = os.environ.get("MIEN_SESSIONS")
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("mien", appauthor=False) / "sessions"


def photo_name(path: Path) -> str:
    """The name of a session's photo, "" for a pasted one or a file that cannot be read."""
    place = photo_path(path)
    return "" if place is None else place.name


def photo_path(path: Path) -> Path | None:
    """Where a session's photo lay, None for a pasted one or a file that cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            told = json.loads(archive.read(_MANIFEST))["photo"].get("path")
            return None if told is None else Path(told)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _within(subject: Subject, photo: Photo) -> Subject:
    """A framed face; frames beyond the photo were written before they were held in it."""
    frame = subject.frame
    if frame is None or held_in(frame, photo.size) == frame:
        return subject
    return replace(framed(frame, photo.size), id=subject.id)
