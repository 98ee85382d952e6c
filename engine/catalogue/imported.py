"""Models that come as a file: a generator's weights from anywhere become a model of the user's."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

from engine.base.errors import MienError
from engine.catalogue.weights import (
    MANIFEST,
    TENSORS,
    Manifest,
    check_name,
    import_model,
    installed,
    read_manifest,
    user_folder,
    write_model,
)

SUFFIX = ".safetensors"
FILLS = ("generator", "prior")  # kinds that can be chosen to fill with
_LARGEST_HEAD = 2**24  # bytes of a file's description of its tensors
_HALVES = {"F16": "F", "F32": "F", "BF16": "F"}  # types that a network is stored in alike

Shapes = dict[str, tuple[str, tuple[int, ...]]]


def import_file(path: Path, name: str = "") -> Manifest:
    """Take a safetensors file into the user's models: with the manifest that lies beside it and
    names it, or else as a generator of the same shape as an installed one, called `name` (or as the
    file). Its checksum is that of the manifest returned. Only tensors are read of it, never
    code. Raises MienError."""
    if path.suffix.lower() != SUFFIX:
        raise MienError(
            f"{path.name} is no .safetensors file; only those are imported, as no code can lie "
            "in them."
        )
    beside = path.parent / MANIFEST
    if beside.is_file() and read_manifest(beside).file == path.name:
        return import_model(path.parent)
    shapes = tensors_of(path)
    like = next((one for one in installed() if _is_like(one, shapes)), None)
    if like is None:
        raise MienError(
            f"{path.name} holds the weights of no network that Mien fills with; choose a file that "
            "`train export` wrote."
        )
    name = name or path.stem
    check_name(name)
    target = user_folder() / name
    if target.exists():
        raise MienError(f"A model '{name}' is installed already; rename one of the two.")
    card = f"# {name}\n\nImported from {path.name}. What it was trained on is not known.\n"
    facts = {"native_crop": like.native_crop, "input": like.input, "grid": like.grid}
    return write_model(
        target,
        path,
        card,
        name=name,
        title=name,
        kind=like.kind,
        format=TENSORS,
        notes=f"imported from {path.name}",
        **facts,
    )


def remove_model(manifest: Manifest) -> None:
    """Delete a model of the user's own. Raises MienError for one that came with the program."""
    if not is_own(manifest):
        raise MienError(f"'{manifest.name}' came with Mien and stays with it.")
    try:
        shutil.rmtree(manifest.folder)
    except OSError as error:
        raise MienError(
            f"{manifest.folder} could not be deleted ({error.strerror or error}); "
            "delete it by hand."
        ) from error


def is_own(manifest: Manifest) -> bool:
    """Whether it is the user's, and may be removed."""
    return manifest.folder.resolve().parent == user_folder().resolve()


def tensors_of(path: Path) -> Shapes:
    """{name: (kind of number, shape)} of a safetensors file, by its head alone. Raises MienError
    for a file that is none."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > _LARGEST_HEAD:
                raise ValueError("no head")
            told = json.loads(file.read(length))
        told.pop("__metadata__", None)
        return {
            name: (_HALVES.get(str(one["dtype"]), str(one["dtype"])), tuple(one["shape"]))
            for name, one in told.items()
        }
    except (OSError, ValueError, struct.error, KeyError, TypeError, AttributeError) as error:
        raise MienError(f"{path.name} is damaged or no .safetensors file.") from error


def _is_like(manifest: Manifest, shapes: Shapes) -> bool:
    """Whether an installed generator is of the same tensors."""
    if manifest.kind != "generator" or manifest.format != TENSORS:
        return False
    try:
        return tensors_of(manifest.path) == shapes
    except MienError:
        return False
