"""Photos in, training set out: find the face, align it, drop duplicates, write shards.

Work goes in parts of a few hundred pictures, one file each, named by what it is made of; a run
that was cut off goes on with the parts that are missing. At the end the parts become shards of the
wanted size.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.base.errors import MienError
from engine.face import geometry
from engine.face.finder import FaceFinder, FaceFrame
from training.faces import FaceShards, write_shard
from training.sources import Source, find_sources

PART = 400
OPENCV, MEDIAPIPE = "opencv", "mediapipe"
FINDERS = (OPENCV, MEDIAPIPE)
UNREAD = ".unread"  # beside a part: which of its files are no photos
SAME_BITS = 10  # of 256
SMALLEST_FACE = 40  # pixels of frame side in the original below which a face teaches only blur


@dataclass(frozen=True)
class PrepareOptions:
    """side: frame side in pixels. margin: how much more than the frame is stored (room for zoom,
    shift and turn). quality: JPEG. shard_mib: largest shard file. limit: at most so many photos.
    part: photos a part of the work. least: fewer faces than this are an error. finder: what runs
    the networks that find faces, one of FINDERS."""

    side: int = 256
    margin: float = 1.25
    quality: int = 92
    shard_mib: float = 16.0
    workers: int = 0
    limit: int | None = None
    part: int = PART
    least: int = 1
    finder: str = OPENCV


@dataclass(frozen=True)
class PrepareReport:
    """What became of the photos. unreadable: the names of files that are no photo, or a damaged
    one; they are not among those without a face."""

    photos: int
    faces: int
    without_face: int
    duplicates: int
    shards: int
    unreadable: tuple[str, ...] = ()


def prepare(
    places: list[Path],
    out: Path,
    options: PrepareOptions | None = None,
    *,
    progress: bool = True,
    report: Callable[[float], None] | None = None,
) -> PrepareReport:
    """Prepare every photo of `places` (folders or zips) into shards in the folder `out`.

    One face a photo: the largest. progress: draw a bar. report: told how much is done, 0..1; what
    it raises ends the work, which can be gone on with. Raises MienError when nothing usable is
    found.
    """
    options = options or PrepareOptions()
    make_finder(options.finder).close()  # what is missing is said once, before the work
    sources = [source for place in places for source in find_sources(place)][: options.limit]
    parts_folder = out / "parts"
    parts_folder.mkdir(parents=True, exist_ok=True)
    chunks = [sources[n : n + options.part] for n in range(0, len(sources), options.part)]
    jobs = [(chunk, parts_folder / _part_name(chunk, options), options) for chunk in chunks]
    missing = [job for job in jobs if not job[1].exists()]
    workers = options.workers or os.cpu_count() or 1
    _run(missing, min(workers, max(1, len(missing))), len(jobs), progress, report)

    found = [face for _, part, _ in jobs for face in _read_part(part)]
    unreadable = tuple(name for _, part, _ in jobs for name in _unread_of(part))
    if len(unreadable) == len(sources):
        raise MienError(
            f"None of {len(sources)} files could be read, {unreadable[0]} among them; copy them "
            "again from their source."
        )
    if not found and options.least <= 1:
        raise MienError(f"No face was found in {len(sources)} photos; choose photos of faces.")
    kept = _without_duplicates([record["hash"] for record, _, _ in found])
    if len(kept) < options.least:
        raise MienError(
            f"Only {len(kept)} different faces were found in {len(sources)} photos, at least "
            f"{options.least} are needed; add more photos of faces."
        )
    shards, pending, size = 0, [], 0
    for index in kept:
        record, jpeg, mesh = found[index]
        if size + len(jpeg) > (options.shard_mib - 0.5) * 2**20 and pending:
            write_shard(out / f"faces-{shards:03d}.zip", options.side, options.margin, pending)
            shards, pending, size = shards + 1, [], 0
        record = {key: value for key, value in record.items() if key not in ("hash", "file")}
        pending.append((record, jpeg, mesh))
        size += len(jpeg) + mesh.size * 2 + 400
    write_shard(out / f"faces-{shards:03d}.zip", options.side, options.margin, pending)
    written = {f"faces-{number:03d}.zip" for number in range(shards + 1)}
    for old in out.glob("faces-*.zip"):
        if old.name not in written:  # of an earlier, larger set
            old.unlink()
    shutil.rmtree(parts_folder)
    return PrepareReport(
        photos=len(sources),
        faces=len(kept),
        without_face=len(sources) - len(found) - len(unreadable),
        duplicates=len(found) - len(kept),
        shards=shards + 1,
        unreadable=unreadable,
    )


def _part_name(sources: list[Source], options: PrepareOptions) -> str:
    """A part's file: the same for the same pictures prepared alike, and for nothing else."""
    facts = [options.side, options.margin, options.quality, options.finder]
    pictures = [[s.name, s.path, str(s.archive or ""), _changed(s)] for s in sources]
    digest = hashlib.sha256(json.dumps([facts, pictures]).encode()).hexdigest()
    return f"part-{digest[:16]}.zip"


def _changed(source: Source) -> int:
    """When a picture's file was last written, nanoseconds."""
    return Path(source.archive or source.path).stat().st_mtime_ns


def _run(
    missing: list,
    workers: int,
    total: int,
    progress: bool,
    report: Callable[[float], None] | None,
) -> None:
    from rich.progress import track

    if not missing:
        return
    # Spawn: forked networks hang on their thread pools. Ctrl-C is the parent's to answer.
    ignore = (signal.SIGINT, signal.SIG_IGN)
    with multiprocessing.get_context("spawn").Pool(workers, signal.signal, ignore) as pool:
        done = pool.imap_unordered(_prepare_part, missing)
        parts = track(
            done,
            description=f"Aligning faces ({total - len(missing)} of {total} parts were done)",
            total=len(missing),
            disable=not progress,
        )
        for number, _ in enumerate(parts, total - len(missing) + 1):
            if report is not None:
                report(number / total)


_finder: FaceFinder | None = None


def make_finder(name: str) -> FaceFinder:
    """The face finder on one of FINDERS. Raises MienError for another word, and where the
    mediapipe package is asked for and missing."""
    if name not in FINDERS:
        raise MienError(f"'{name}' is no face finder; choose one of {', '.join(FINDERS)}.")
    if name == OPENCV:
        return FaceFinder()
    from engine.face.mediapipe_package import MediaPipePackage

    networks = MediaPipePackage()
    return FaceFinder(lambda: networks)


def _prepare_part(job: tuple[list[Source], Path, PrepareOptions]) -> None:
    global _finder
    sources, part, options = job
    cv2.setNumThreads(1)
    _finder = _finder or make_finder(options.finder)
    faces, unread = [], []
    for source in sources:
        rgb = source.read()
        if rgb is None:
            unread.append(source.name)
            continue
        face = prepare_face(rgb, _finder, options)
        if face is not None:
            jpeg, mesh, more = face
            record = {**source.record, "name": source.name, **more}
            faces.append((record, jpeg, mesh))
    # Before the part: that it is there says that all of it is done.
    part.with_suffix(UNREAD).write_text(json.dumps(unread), encoding="utf-8")
    write_shard(part, options.side, options.margin, faces)


def prepare_face(
    rgb: np.ndarray, finder: FaceFinder, options: PrepareOptions
) -> tuple[bytes, np.ndarray, dict[str, Any]] | None:
    """(JPEG, mesh in frame units, facts) of the main face of a photo, None without one.

    facts: "hash", a fingerprint; "corners", the photo's own corners in frame units (4 x 2), since
    what lies outside them is reflection, not photograph.
    """
    mesh = locate(rgb, finder)
    if mesh is None:
        return None
    frame = geometry.frame_from_mesh(mesh)
    if geometry.frame_side(frame) < SMALLEST_FACE:
        return None
    picture = geometry.cut(
        rgb, frame, round(options.side * options.margin), margin=options.margin, border="reflect"
    )
    _, jpeg = cv2.imencode(
        ".jpg",
        cv2.cvtColor(picture, cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_JPEG_QUALITY, options.quality],
    )
    height, width = rgb.shape[:2]
    corners = geometry.transform(
        frame, np.array([[0, 0], [width, 0], [width, height], [0, height]])
    )
    facts = {"hash": _fingerprint(picture), "corners": corners.round(4).tolist()}
    return jpeg.tobytes(), geometry.transform(frame, mesh), facts


def locate(rgb: np.ndarray, finder: FaceFinder) -> np.ndarray | None:
    """The mesh (478 x 2, photo pixels) of a photo's main face.

    Most training pictures are tight crops of one face, so the whole picture is tried as the
    face's frame first; the full search is ten times slower and only needed for the rest.
    """
    height, width = rgb.shape[:2]
    if max(height, width) <= 512:
        face = finder.mesh_in_frame(rgb, FaceFrame(0, 0, width, height))
        if face.mesh is not None:
            return face.mesh
    faces = finder.find(rgb)
    return next((face.mesh for face in faces if face.mesh is not None), None)


def _fingerprint(picture: np.ndarray) -> str:
    """A 256-bit difference hash of the aligned face (Krawetz 2013), hexadecimal."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, (17, 16), interpolation=cv2.INTER_AREA)
    return np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes().hex()


def _without_duplicates(fingerprints: list[str]) -> list[int]:
    """Indices to keep: the first of every group within SAME_BITS of each other.

    Aligned faces share much of their layout, so the tolerance is small: re-encoded and resized
    copies differ by a few bits, different people by a hundred.
    """
    packed = np.frombuffer(bytes.fromhex("".join(fingerprints)), np.uint8).reshape(-1, 32)
    signs = np.unpackbits(packed, axis=1).astype(np.float32) * 2 - 1
    kept: list[int] = []
    dropped = np.zeros(len(signs), bool)
    for start in range(0, len(signs), 1024):
        block = signs[start : start + 1024]
        same = (block @ signs.T) >= 256 - 2 * SAME_BITS
        for row, index in enumerate(range(start, start + len(block))):
            if not dropped[index]:
                kept.append(index)
                dropped[index + 1 :] |= same[row, index + 1 :]
    return kept


def _unread_of(part: Path) -> list[str]:
    """The names of a part's files that could not be read."""
    try:
        return json.loads(part.with_suffix(UNREAD).read_text(encoding="utf-8"))
    except FileNotFoundError:  # of a part that an earlier version made
        return []


def _read_part(part: Path) -> Iterator[tuple[dict[str, Any], bytes, np.ndarray]]:
    shards = FaceShards([part])
    for index, record in enumerate(shards.records):
        yield record, shards.jpeg(index), shards.meshes[index]
