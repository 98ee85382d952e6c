"""Sessions: an edit written down as a `.mien` file, and read again.

A zip: `session.json` (a version, what the photo is, layers, faces, frames, nodes), masks as grey
PNG of their painted box, patches as PNG of the photo's depth, meshes as NPY. The photo itself is
named with its checksum; one that never was a file (pasted) is put in.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from engine.base.atomic import write_atomically
from engine.base.device import FLOAT32, TORCH
from engine.base.errors import MienError
from engine.edit.edit import Edit, Layer, PlacedNode, Subject
from engine.edit.tiles import TiledMask
from engine.face.finder import Face, FaceFrame
from engine.inpaint import FillOptions, FillResult, Patch
from engine.photo import Photo, open_photo, photo_from_array
from engine.readings import DraggedNode, FaceReading

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
        used = {layer.id for layer in edit.layers}
        self._encoded = {key: kept for key, kept in self._encoded.items() if key in (*used, "")}
        parts = _Parts()
        manifest = {
            "version": VERSION,
            "photo": self._photo(edit.photo, parts, path),
            "mask": _mask_out(edit.mask, "mask.png", parts),
            "layers": [self._layer(layer, parts) for layer in edit.layers],
            "frames": [_subject_out(subject, parts) for subject in edit.frames],
            "faces": None if edit.faces is None else [_subject_out(s, parts) for s in edit.faces],
            "nodes": [_plain(node, parts) for node in edit.nodes],
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

    def _photo(self, photo: Photo, parts: _Parts, session: Path) -> dict[str, Any]:
        reference = self._reference
        made: dict[str, Any] = {"size": list(reference.size), "checksum": reference.checksum}
        if reference.path is None:
            if "" not in self._encoded:
                self._encoded[""] = {_PIXELS: _png(photo.pixels)}
            parts.files.update(self._encoded[""])
            return made
        place = reference.path.absolute()
        made["path"] = str(place)
        # Where both were moved together the photo is found beside the session.
        if place.is_relative_to(session.absolute().parent):
            made["beside"] = place.relative_to(session.absolute().parent).as_posix()
        return made

    def _layer(self, layer: Layer, parts: _Parts) -> dict[str, Any]:
        kept = self._encoded.get(layer.id)
        own = _Parts(kept)
        folder = f"layers/{layer.id}"
        fill = layer.fill
        made = {
            "id": layer.id,
            "hole": layer.hole,
            "visible": layer.visible,
            "opacity": layer.opacity,
            "subjects": list(layer.subjects),
            "options": _plain(layer.options, own),
            "mask": _mask_out(layer.mask, f"{folder}/mask.png", own),
            "model": fill.model,
            "device": fill.device,
            "precision": fill.precision,
            "backend": fill.backend,
            "seconds": fill.seconds,
            "faces": [_plain(face, own) for face in fill.faces],
            "readings": [_plain(reading, own, folder) for reading in fill.readings],
            "patches": [
                {
                    "box": list(patch.box),
                    "kind": patch.kind,
                    "seconds": patch.seconds,
                    "readings": _plain(patch.readings, own),
                    "pixels": own.add(f"{folder}/{n}.png", lambda p=patch: _png(p.pixels)),
                    "alpha": own.add(f"{folder}/{n}-alpha.png", lambda p=patch: _png(p.alpha)),
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

    def edit(self, manifest: dict[str, Any], given: Path | None) -> Edit:
        photo = self._photo(manifest["photo"], given)
        faces = manifest["faces"]
        return Edit(
            photo,
            self._mask(manifest["mask"], photo.size),
            tuple(self._layer(one, photo) for one in manifest["layers"]),
            tuple(self._subject(one) for one in manifest["frames"]),
            None if faces is None else tuple(self._subject(one) for one in faces),
            tuple(self._made(PlacedNode, one) for one in manifest["nodes"]),
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
        import cv2

        data = np.frombuffer(self._archive.read(name), np.uint8)
        decoded = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if decoded is None:
            raise ValueError(f"{name} cannot be read")
        codes = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
        return cv2.cvtColor(decoded, codes[decoded.shape[2]]) if decoded.ndim == 3 else decoded


class _Parts:
    """The files of a session. kept: those of the same layer from an earlier time."""

    def __init__(self, kept: dict[str, bytes] | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self._kept = kept or {}

    def add(self, name: str, encode: Callable[[], bytes]) -> str:
        self.files[name] = self._kept[name] if name in self._kept else encode()
        return name


def _mask_out(mask: TiledMask, name: str, parts: _Parts) -> dict[str, Any] | None:
    box = mask.painted
    if box is None:
        return None
    return {"corner": [box[0], box[1]], "file": parts.add(name, lambda: _png(mask.read(box)))}


def _subject_out(subject: Subject, parts: _Parts) -> dict[str, Any]:
    frame = None if subject.frame is None else _plain(subject.frame, parts)
    face = _plain(subject.face, parts, f"faces/{subject.id}")
    return {"id": subject.id, "face": face, "frame": frame}


def _plain(value: Any, parts: _Parts, folder: str = "layers") -> Any:
    """A value as JSON has it; arrays become files."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name), parts, folder) for f in fields(value)}
    if isinstance(value, np.ndarray):
        buffer = io.BytesIO()
        np.save(buffer, value, allow_pickle=False)
        name = f"{folder}/{hashlib.sha256(buffer.getvalue()).hexdigest()[:24]}.npy"
        return {"array": parts.add(name, buffer.getvalue)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {str(key): _plain(one, parts, folder) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(one, parts, folder) for one in value]
    return value


def _png(pixels: np.ndarray) -> bytes:
    """H x W, or H x W x 3 or 4 RGB(A), of 8 or 16 bit as PNG."""
    import cv2

    if pixels.ndim == 3:
        code = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        pixels = cv2.cvtColor(np.ascontiguousarray(pixels), code)
    done, encoded = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise MienError("The session could not be encoded; free some memory and save again.")
    return encoded.tobytes()


def sessions_folder() -> Path:
    """Where the editor keeps what it writes by itself; MIEN_SESSIONS names another folder."""
    named = os.environ.get("MIEN_SESSIONS")
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("mien", appauthor=False) / "sessions"


def photo_name(path: Path) -> str:
    """The name of a session's photo, "" for a pasted one or a file that cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return Path(json.loads(archive.read(_MANIFEST))["photo"].get("path", "")).name
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return ""
