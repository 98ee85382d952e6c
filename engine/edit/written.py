"""The parts of a session's zip: values as JSON has them, and the files beside it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.base.errors import MienError
from engine.edit.edit import Subject
from engine.edit.shelved import Shelved
from engine.edit.tiles import TiledMask


class Parts:
    """The files of a session. kept: those of the same layer from an earlier time."""

    def __init__(self, kept: dict[str, bytes] | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self._kept = kept or {}

    def add(self, name: str, encode: Callable[[], bytes]) -> str:
        """A file of the session, made unless it was kept; its name."""
        self.files[name] = self._kept[name] if name in self._kept else encode()
        return name


def mask_out(mask: TiledMask, name: str, parts: Parts) -> dict[str, Any] | None:
    """A mask by its painted box, None where nothing is painted."""
    box = mask.painted
    if box is None:
        return None
    return {"corner": [box[0], box[1]], "file": parts.add(name, lambda: png(mask.read(box)))}


def subject_out(subject: Subject, parts: Parts) -> dict[str, Any]:
    """A face and the frame it was drawn with."""
    frame = None if subject.frame is None else plain(subject.frame, parts)
    face = plain(subject.face, parts, f"faces/{subject.id}")
    return {"id": subject.id, "face": face, "frame": frame}


def shelved_out(one: Shelved, parts: Parts) -> dict[str, Any]:
    """A reference; its photo's file is written once, however many faces of it are references."""
    source = one.source
    file = f"references/{source.checksum}{Path(source.name).suffix.lower()}"
    return {
        "id": one.id,
        "name": source.name,
        "file": parts.add(file, lambda: source.data),
        "face": plain(one.face, parts, f"references/{one.id}"),
        "subject": one.subject,
        "sure": one.sure,
        "regions": list(one.regions),
        "strength": one.strength,
    }


def plain(value: Any, parts: Parts, folder: str = "layers") -> Any:
    """A value as JSON has it; arrays become files."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name), parts, folder) for f in fields(value)}
    if isinstance(value, np.ndarray):
        buffer = io.BytesIO()
        np.save(buffer, value, allow_pickle=False)
        name = f"{folder}/{hashlib.sha256(buffer.getvalue()).hexdigest()[:24]}.npy"
        return {"array": parts.add(name, buffer.getvalue)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {str(key): plain(one, parts, folder) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(one, parts, folder) for one in value]
    return value


def png(pixels: np.ndarray) -> bytes:
    """H x W, or H x W x 3 or 4 RGB(A), of 8 or 16 bit as PNG."""
    import cv2

    if pixels.ndim == 3:
        code = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        pixels = cv2.cvtColor(np.ascontiguousarray(pixels), code)
    done, encoded = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise MienError("The session could not be encoded; free some memory and save again.")
    return encoded.tobytes()
