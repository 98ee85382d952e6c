"""The prepared training set: aligned crops with their meshes, in compact zip shards.

A shard is a stored zip: `index.json` ({"side", "margin", "faces": [record, ...]}), `meshes.npy`
(n x 478 x 2 float16, frame units) and one JPEG a face. It needs neither MediaPipe nor the
originals, so it can travel to a machine that has neither.
"""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.base.errors import MienError
from engine.face import geometry
from engine.face.mesh import NODES

# Asian faces are a sixth of the public data this was built for and many more of the people in
# front of the cameras; they are drawn this much more often.
ASIAN_WEIGHT = 2.5


class FaceShards:
    """Random access to the faces of one or more shards; the JPEGs stay compressed in memory.

    side: the frame's side in pixels. margin: the stored picture is `margin` times as wide, the
    frame in its middle. Raises MienError for shards that differ in them: no face would be where
    its mesh says.
    """

    def __init__(self, place: Path | Sequence[Path], limit: int | None = None) -> None:
        paths = sorted(place.glob("*.zip")) if isinstance(place, Path) else list(place)
        if not paths:
            raise MienError(f"{place} holds no prepared faces; run 'main.py prepare' first.")
        self.records: list[dict[str, Any]] = []
        self._pictures: list[bytes] = []
        meshes = []
        for path in paths:
            try:
                with zipfile.ZipFile(path) as archive:
                    index = json.loads(archive.read("index.json"))
                    kind = int(index["side"]), float(index["margin"])
                    pictures = [archive.read(r["file"]) for r in index["faces"]]
                    part = np.load(BytesIO(archive.read("meshes.npy")))
            except (KeyError, ValueError, zipfile.BadZipFile) as error:
                raise MienError(
                    f"{path} is not a shard of prepared faces ({error}); run 'main.py prepare'."
                ) from error
            if part.shape != (len(pictures), NODES, 2):
                raise MienError(
                    f"{path} holds {len(pictures)} faces and meshes of the shape {part.shape}; "
                    "run 'main.py prepare' again."
                )
            if not meshes:
                self.side, self.margin = kind
            elif kind != (self.side, self.margin):
                raise MienError(
                    f"{path} holds faces of {kind[0]} pixels and margin {kind[1]:g}, "
                    f"{paths[0].name} of {self.side} and {self.margin:g}; prepare all of them "
                    "alike, or keep them in two folders."
                )
            self.records += index["faces"]
            self._pictures += pictures
            meshes.append(part)
            if limit is not None and len(self.records) >= limit:
                break
        self.meshes = np.concatenate(meshes)
        if limit is not None:
            self.records, self._pictures = self.records[:limit], self._pictures[:limit]
            self.meshes = self.meshes[:limit]

    def __len__(self) -> int:
        return len(self.records)

    def jpeg(self, index: int) -> bytes:
        """The stored picture as it lies in the shard."""
        return self._pictures[index]

    def decode(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """(picture, mesh): P x P x 3 uint8 RGB with P = round(side * margin); 478 x 2 float32
        in frame units (0..1 spans the frame; the picture reaches (margin - 1) / 2 beyond)."""
        pixels = cv2.imdecode(np.frombuffer(self._pictures[index], np.uint8), cv2.IMREAD_COLOR)
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), self.meshes[index].astype(np.float32)

    def frame_of(self, index: int) -> np.ndarray:
        """The frame of a face inside its stored picture, 2 x 3 (see engine.face.geometry).

        Taken from the mesh, so shards outlive a change of the framing's definition.
        """
        return geometry.frame_from_mesh(self.mesh_in_picture(index))

    def mesh_in_picture(self, index: int) -> np.ndarray:
        """The mesh of a face in pixels of its stored picture, 478 x 2 float64."""
        return (self.meshes[index].astype(np.float64) + (self.margin - 1) / 2) * self.side

    def crop(self, index: int, side: int) -> np.ndarray:
        """The bare frame of a face, side x side x 3 uint8."""
        picture, _ = self.decode(index)
        return geometry.cut(picture, self.frame_of(index), side)

    def mesh_in_crop(self, index: int, side: int) -> np.ndarray:
        """The mesh of a face in pixels of `crop(index, side)`, 478 x 2 float64."""
        return geometry.transform(self.frame_of(index), self.mesh_in_picture(index)) * side

    def weights(self) -> np.ndarray:
        """How often to draw each face, n float64 summing to 1.

        Sources count by the root of their size, so that fourteen thousand tight crops do not
        drown eight hundred portraits; Asian faces are drawn ASIAN_WEIGHT times as often.
        """
        sizes = Counter(record.get("source") for record in self.records)
        weights = np.array(
            [
                sizes[r.get("source")] ** -0.5 * (ASIAN_WEIGHT if is_asian(r) else 1.0)
                for r in self.records
            ]
        )
        return weights / weights.sum()


def is_asian(record: dict[str, Any]) -> bool:
    """Whether a record says that the face is Asian (two spellings occur)."""
    return bool(record.get("asian")) or record.get("race") == "asian"


def write_shard(
    path: Path,
    side: int,
    margin: float,
    faces: list[tuple[dict[str, Any], bytes, np.ndarray]],
) -> None:
    """Write (record, JPEG, mesh) triples as one shard, whole or not at all."""
    temporary = path.with_suffix(".tmp")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        index = {"side": side, "margin": margin, "faces": []}
        for number, (record, jpeg, _) in enumerate(faces):
            name = f"{number:05d}.jpg"
            index["faces"].append({**record, "file": name})
            archive.writestr(name, jpeg)
        buffer = BytesIO()
        meshes = [mesh.astype(np.float16) for *_, mesh in faces]
        np.save(buffer, np.stack(meshes) if meshes else np.empty((0, NODES, 2), np.float16))
        archive.writestr("meshes.npy", buffer.getvalue())
        archive.writestr("index.json", json.dumps(index, ensure_ascii=False))
    temporary.replace(path)
