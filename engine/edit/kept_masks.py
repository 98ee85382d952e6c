"""Masks that are kept under names, to be put on this or another photo.

A `.mask` file each, in a folder of the person's: a zip with `mask.json` (a version, the name, the
photo's size, the mesh of the face the mask lies on), the painted box as a grey PNG, and a small one
for lists. No picture of anybody is kept.
"""

from __future__ import annotations

import json
import os
import uuid
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from engine.base.atomic import write_atomically
from engine.base.errors import MienError
from engine.edit.tiles import Box, TiledMask
from engine.edit.written import Parts, mask_out, png
from engine.face.mesh import NODES

SUFFIX = ".mask"
VERSION = 1
SMALL = 112  # pixels of the longer side of the small picture
RIM = 0.12  # of mask and face, around them in the small picture
_MANIFEST, _MASK, _SMALL = "mask.json", "mask.png", "small.png"
_MOST_PIXELS = 2**31  # of a photo: more is no mask of ours


@dataclass(frozen=True, eq=False)
class KeptMask:
    """What a list shows of one. size: (width, height) of the photo it was made on. mesh: 478 x 2 of
    the face it lies on, in that photo's pixels; None where there was none. box: (x, y, width,
    height) of mask and face in the photo, of the whole photo without a face. small: the mask there,
    H x W uint8. trouble: why it cannot be used, a sentence; "" where it can."""

    path: Path
    name: str
    size: tuple[int, int] = (1, 1)
    mesh: np.ndarray | None = None
    box: Box = (0, 0, 1, 1)
    small: np.ndarray | None = None
    trouble: str = ""


def kept_masks_folder() -> Path:
    """Where they lie; MIEN_MASKS names another folder."""
    named = os.environ.get("MIEN_MASKS")
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("mien", appauthor=False) / "masks"


def kept_masks() -> list[KeptMask]:
    """All of them, by their names; those that are damaged come last."""
    try:
        paths = [path for path in kept_masks_folder().iterdir() if path.suffix == SUFFIX]
    except OSError:
        return []
    found = (_listed(path) for path in paths)
    return sorted(found, key=lambda one: (bool(one.trouble), one.name.casefold(), one.path.name))


def keep_mask(name: str, mask: TiledMask, mesh: np.ndarray | None) -> KeptMask:
    """Keep a mask under a name; one that has the name already is replaced. mesh: of the face it
    lies on, 478 x 2, or None. Raises MienError where there is nothing to keep, or no room."""
    name = name.strip()
    if not name:
        raise MienError("A kept mask needs a name.")
    if mask.is_blank:
        raise MienError("Nothing is masked; paint first.")
    there = next((one for one in kept_masks() if one.name == name and not one.trouble), None)
    folder = kept_masks_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MienError(f"There is no folder {folder}; choose one that exists.") from error
    path = folder / f"{uuid.uuid4().hex}{SUFFIX}" if there is None else there.path
    nodes = None if mesh is None else np.asarray(mesh, float)[:, :2]
    parts = Parts()
    told = {
        "version": VERSION,
        "name": name,
        "size": list(mask.size),
        "mask": mask_out(mask, _MASK, parts),
        "mesh": None if nodes is None else np.round(nodes, 3).tolist(),
    }
    box = _around(mask, nodes)
    small = _reduced(mask.read(box))
    parts.add(_SMALL, lambda: png(small))
    _write(path, told | {"box": box}, parts.files)
    return KeptMask(path, name, mask.size, nodes, box, small)


def read_mask(kept: KeptMask) -> TiledMask:
    """The mask itself. Raises MienError where its file is gone or damaged."""
    try:
        with zipfile.ZipFile(kept.path) as archive:
            told = json.loads(archive.read(_MANIFEST))
            x, y = told["mask"]["corner"]
            part = _png(archive.read(_MASK))
        if x < 0 or y < 0 or x + part.shape[1] > kept.size[0] or y + part.shape[0] > kept.size[1]:
            raise ValueError("a mask does not fit its photo")
        return TiledMask(kept.size).with_part((x, y), part)
    except FileNotFoundError:
        raise MienError(f"The mask '{kept.name}' is not there any more.") from None
    except Exception as error:  # a zip, a JSON, a PNG: each fails in its own way
        raise _damaged(kept.name, error) from error


def rename_mask(kept: KeptMask, name: str) -> KeptMask:
    """Call it otherwise. Raises MienError where another one is called so, or its file is gone."""
    name = name.strip()
    if not name:
        raise MienError("A kept mask needs a name.")
    if any(one.name == name and one.path != kept.path for one in kept_masks()):
        raise MienError(f"There is a mask called '{name}' already; choose another name.")
    try:
        with zipfile.ZipFile(kept.path) as archive:
            told = json.loads(archive.read(_MANIFEST))
            files = {one: archive.read(one) for one in archive.namelist() if one != _MANIFEST}
    except FileNotFoundError:
        raise MienError(f"The mask '{kept.name}' is not there any more.") from None
    except Exception as error:
        raise _damaged(kept.name, error) from error
    _write(kept.path, told | {"name": name}, files)
    return replace(kept, name=name)


def delete_mask(kept: KeptMask) -> None:
    """Delete its file. Raises MienError where the system does not let one."""
    try:
        kept.path.unlink(missing_ok=True)
    except OSError as error:
        raise MienError(f"The mask '{kept.name}' cannot be deleted: {error.strerror}.") from error


def _listed(path: Path) -> KeptMask:
    try:
        with zipfile.ZipFile(path) as archive:
            told = json.loads(archive.read(_MANIFEST))
            small = _png(archive.read(_SMALL))
        width, height = (int(side) for side in told["size"])
        name, mesh = told["name"], told["mesh"]
        if width < 1 or height < 1 or width * height > _MOST_PIXELS or not isinstance(name, str):
            raise ValueError("no photo has this size, or no mask this name")
        nodes = None if mesh is None else np.array(mesh, float)
        if nodes is not None and (nodes.shape != (NODES, 2) or not np.isfinite(nodes).all()):
            raise ValueError("no face has this mesh")
        x, y, wide, high = (int(value) for value in told["box"])
        if min(wide, high) < 1 or max(x, y, wide, high) > max(width, height):
            raise ValueError("no part of the photo lies there")
        return KeptMask(path, name, (width, height), nodes, (x, y, wide, high), small)
    except Exception as error:
        return KeptMask(path, path.stem, trouble=str(_damaged(path.name, error)))


def _damaged(name: str, error: Exception) -> MienError:
    return MienError(f"The mask '{name}' is damaged ({type(error).__name__}); delete it.")


def _write(path: Path, told: dict[str, Any], files: dict[str, bytes]) -> None:
    text = json.dumps(told, ensure_ascii=False).encode()

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(_MANIFEST, text, zipfile.ZIP_DEFLATED)
            for name, data in files.items():
                archive.writestr(name, data)

    write_atomically(path, write)


def _around(mask: TiledMask, nodes: np.ndarray | None) -> Box:
    """What is shown of the photo in a list."""
    if nodes is None or mask.painted is None:
        return (0, 0, *mask.size)
    corner, extent = np.array(mask.painted[:2]), np.array(mask.painted[2:])
    low = np.minimum(nodes.min(0), corner)
    high = np.maximum(nodes.max(0), corner + extent)
    rim = RIM * (high - low)
    left, top = np.floor(np.maximum(low - rim, 0)).astype(int).tolist()
    right, bottom = np.ceil(np.minimum(high + rim, mask.size)).astype(int).tolist()
    return left, top, right - left, bottom - top


def _reduced(pixels: np.ndarray) -> np.ndarray:
    import cv2

    height, width = pixels.shape
    share = min(1.0, SMALL / max(width, height))
    size = max(1, round(width * share)), max(1, round(height * share))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _png(data: bytes) -> np.ndarray:
    import cv2

    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if decoded is None:
        raise ValueError("a PNG cannot be read")
    return decoded
