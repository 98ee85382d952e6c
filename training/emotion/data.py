"""Labelled grey faces out of zip files, read in place.

A set is a zip with pictures and an `index.json` of records {name, split, emotion}. FER2013 keeps
its official split. CK+ has three near-identical pictures a clip, so it is split by the subject in
the name; its contempt, which FER2013 lacks, is left out. Sets marked "test" (JAFFE) are never
trained on.
"""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.base.errors import MienError
from engine.face.emotion import EMOTIONS, SIDE

SPLITS = ("train", "validation", "test")
_SUBJECT = re.compile(r"/S(\d+)_")
_KEPT_ASIDE = 5  # every fifth CK+ subject is measured on


@dataclass(frozen=True, eq=False)
class LabelledFaces:
    """pixels: N x 48 x 48 uint8. labels: N int64, indices into EMOTIONS."""

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def load_faces(folder: Path, split: str, sources: tuple[str, ...] = ("fer2013",)) -> LabelledFaces:
    """One split of the named sets (`fer2013` is fer2013.zip in the folder), in the index's order.

    Raises MienError where a zip is missing or broken, or has nothing in that split.
    """
    if split not in SPLITS:
        raise MienError(f"'{split}' is not a split; choose one of {', '.join(SPLITS)}.")
    pixels: list[np.ndarray] = []
    labels: list[int] = []
    for source in sources:
        archive, records = open_set(folder, source)
        with archive:
            for record in records:
                if record["emotion"] not in EMOTIONS or _split_of(record) != split:
                    continue
                picture = decode(archive.read(record["name"]))
                if picture is None or (split == "train" and picture.std() < 1):
                    continue  # FER2013 holds a few blank squares
                if picture.shape != (SIDE, SIDE):
                    picture = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
                pixels.append(picture)
                labels.append(EMOTIONS.index(record["emotion"]))
    if not pixels:
        raise MienError(f"{folder} holds no {split} faces of {', '.join(sources)}.")
    return LabelledFaces(torch.from_numpy(np.stack(pixels)), torch.tensor(labels))


def open_set(folder: Path, source: str) -> tuple[zipfile.ZipFile, list[dict[str, Any]]]:
    """A set's zip and its index. Raises MienError where there is none."""
    path = folder / f"{source}.zip"
    if not path.is_file():
        raise MienError(
            f"There is no {path}; give the folder with the emotion sets (fer2013.zip and others)."
        )
    try:
        archive = zipfile.ZipFile(path)
        return archive, json.loads(archive.read("index.json"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise MienError(
            f"{path} is not a labelled set ({error}); it needs pictures and an index.json."
        ) from error


def decode(data: bytes) -> np.ndarray | None:
    """H x W uint8 grey, None where the bytes are no picture."""
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None


def _split_of(record: dict[str, Any]) -> str:
    subject = _SUBJECT.search(record["name"])
    if record["split"] == "train" and subject is not None:
        return "test" if int(subject[1]) % _KEPT_ASIDE == 0 else "train"
    return str(record["split"])
