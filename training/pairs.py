"""Photos of people of whom there are two or more: one has a part hidden, one is the reference.

A folder of zips, each with an `index.json` of records with "name" and "person" (and "expression"
where it is known), becomes a folder of cases for every kind: `photos`, `masks`, `truth` and
`references` with pictures of equal names, as `training.evaluate_photos` reads them.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from engine.base.errors import MienError
from engine.face.finder import FaceFinder
from engine.face.lids import LIDS
from engine.face.mesh import LEFT_EYE, RIGHT_EYE, inter_ocular
from engine.face.parts import part_mask
from training.worn import Worn, wear

# Eye distances: above an eye, what an upper lid is made of, and what of it lashes hang over.
LID, LASHES = 0.13, 0.025
Draw = Callable[[np.ndarray, np.ndarray, np.random.Generator], Worn]


def closed_eyes(rgb: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    """A face whose eyes are open with its upper lids drawn down to the lower ones, lashes and all.

    rgb: H x W x 3 uint8, not turned far. mesh: 478 x 2 photo pixels.
    """
    out = rgb.copy()
    for eye, (top, _) in zip((LEFT_EYE, RIGHT_EYE), LIDS, strict=True):
        nodes = mesh[list(eye)]
        # The first nine of an eye's nodes go along the lower lid, the others along the upper one.
        upper = nodes[[0, *range(9, len(eye)), 8]]
        lower = nodes[:9]
        x = np.arange(int(nodes[:, 0].min()), int(nodes[:, 0].max()) + 1)
        above, below = (np.interp(x, *one[one[:, 0].argsort()].T) for one in (upper, lower))
        above = above - LASHES * inter_ocular(mesh)
        crease = np.minimum(above, mesh[top, 1]) - LID * inter_ocular(mesh)
        y = np.arange(int(crease.min()), int(nodes[:, 1].max()) + 2)[:, None]
        share = (above - crease) / np.maximum(below - crease, 1)
        source = np.where(y < below, crease + (y - crease) * share, y)
        source = np.where(y < crease, y, source)
        across = np.broadcast_to(x, source.shape)
        moved = cv2.remap(
            rgb, across.astype(np.float32), source.astype(np.float32), cv2.INTER_LINEAR
        )
        out[y[0, 0] : y[-1, 0] + 1, x[0] : x[-1] + 1] = moved
    return out


def _worn(thing: str) -> Draw:
    return lambda rgb, mesh, dice: wear(rgb, mesh, thing, dice)


def _flat(part: str) -> Draw:
    def hide(rgb: np.ndarray, mesh: np.ndarray, dice: np.random.Generator) -> Worn:
        mask = part_mask(mesh, part, (rgb.shape[1], rgb.shape[0]))
        shown = rgb.copy()
        shown[mask > 0] = dice.integers(0, 255, 3)
        return Worn(shown, mask)

    return hide


def _closed(rgb: np.ndarray, mesh: np.ndarray, dice: np.random.Generator) -> Worn:
    return Worn(closed_eyes(rgb, mesh), part_mask(mesh, "eyes", (rgb.shape[1], rgb.shape[0])))


KINDS: dict[str, Draw] = {
    "glasses": _worn("sunglasses"),
    "cloth": _worn("cloth_mask"),
    "mouth": _flat("mouth"),
    "eyes": _flat("eyes"),
    "one_eye": _flat("left_eye"),
    "half_a_face": _flat("left_half"),
    "closed_eyes": _closed,
}


def lay_over(
    pairs: Path,
    out: Path,
    kinds: Sequence[str] = (),
    *,
    limit: int | None = None,
    people: Sequence[str] = (),
) -> list[Path]:
    """Write cases of every kind (of KINDS, all where none is named) under `out`; their folders.

    limit: at most so many people. people: only these. Of each person one photo is hidden, the
    first and the last by name in turn, and the other is the reference. Raises MienError.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise MienError(f"'{kind}' is no kind; choose of {', '.join(KINDS)}.")
    finder, done = FaceFinder(), 0
    chosen = list(kinds or KINDS)
    for shots in _photos(pairs, people):
        if done == limit:
            break
        if len(shots) < 2:
            continue
        name, rgb = shots[0] if done % 2 else shots[-1]
        other = shots[-1][1] if done % 2 else shots[0][1]
        faces = [face.mesh for face in finder.find(rgb) if face.mesh is not None]
        if not faces:
            continue
        done += 1
        for kind in chosen:
            dice = np.random.default_rng(zlib.crc32(f"{name}{kind}".encode()))
            shown, mask = KINDS[kind](rgb, faces[0][:, :2].astype(np.float64), dice)
            written = {"photos": shown, "masks": mask, "truth": rgb, "references": other}
            for part, picture in written.items():
                _write(out / kind / part / f"{name}.png", picture)
    if not done:
        raise MienError(
            f"{pairs} holds no person with two photos; give zips with an index.json that names the "
            "person of each."
        )
    return [out / kind for kind in chosen]


def _photos(pairs: Path, people: Sequence[str]) -> Iterator[list[tuple[str, np.ndarray]]]:
    """The photos of each person (of `people`, where some are named) by name, H x W x 3 uint8."""
    places: dict[str, list[tuple[str, Path]]] = {}
    zips = sorted(pairs.glob("*.zip")) if pairs.is_dir() else [pairs]
    for path in zips:
        try:
            with zipfile.ZipFile(path) as archive:
                for record in json.loads(archive.read("index.json")):
                    if "person" in record:
                        places.setdefault(str(record["person"]), []).append((record["name"], path))
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise MienError(
                f"{path} is no zip of photos with an index.json ({error}); give one that is."
            ) from None
    for person in sorted(places):
        if people and person not in people:
            continue
        shots = []
        for name, path in sorted(places[person]):
            with zipfile.ZipFile(path) as archive:
                bgr = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_COLOR)
            if bgr is not None:
                shots.append((Path(name).stem, np.ascontiguousarray(bgr[..., ::-1])))
        yield shots


def _write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    bgr = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(path), bgr):
        raise MienError(f"{path} could not be written; check the disk.")
