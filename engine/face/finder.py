"""Finding faces: where they are, how they are turned, and their mesh.

Two detectors see different faces: full range finds small ones and misses tight portraits, short
range the other way round. Both run over a pyramid of the photo, in tiles where the photo is large;
what they find is merged and confirmed by the 478-point mesh on an upright crop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.base.errors import raise_if_cancelled
from engine.face import geometry
from engine.face import mesh as nodes
from engine.face.face_networks import FaceNetworks, OpenCvNetworks, Sighting
from engine.face.views import View, scaling, search_views

if TYPE_CHECKING:
    from engine.face.landmarks import LandmarkNetwork

MESH_SIDE = 384  # pixels of the upright crop that the mesh is looked for in
MESH_MARGIN = 1.7  # of the crop, around the face's box
SURE = 0.85  # a detection this sure is a face even where no mesh fits (mask, profile)
DOUBTFUL = 0.55  # a detection whose upright crop scores less is no face
GUESSED = 0.5  # score of a face whose mesh is the landmark network's
FEW_PIXELS = 20  # smallest side of a box worth a look
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class FaceFrame:
    """A face's box as the user draws it: brow to chin, ear to ear, photo pixels.

    angle: degrees clockwise about the box's centre.
    """

    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0


@dataclass(frozen=True, eq=False)
class Face:
    """One face of a photo.

    box: (x, y, width, height), photo pixels, of the mesh (or of the detection without one), not
    turned. score: 0..1. angle: roll in degrees, clockwise positive. mesh: 478 x 2 float32 photo
    pixels, None where no mesh fits.
    """

    box: Box
    score: float
    angle: float
    mesh: np.ndarray | None

    @classmethod
    def of_mesh(cls, mesh: np.ndarray, score: float = 1.0) -> Face:
        """The face whose mesh this is, 478 x 2 photo pixels."""
        return cls(_box_of(mesh), score, nodes.roll(mesh), mesh.astype(np.float32))


@dataclass(frozen=True)
class _Detection:
    box: Box
    angle: float
    score: float


class FaceFinder:
    """The face finder. Its networks are loaded at first use; calls are serialised by a lock.

    load: makes the networks; those of the catalogue's model by default.
    """

    def __init__(self, load: Callable[[], FaceNetworks] = OpenCvNetworks) -> None:
        self._lock = threading.Lock()
        self._load_networks = load
        self._loaded: FaceNetworks | None = None
        self._landmarks: LandmarkNetwork | None = None
        self._asked = False  # whether the catalogue was asked for a landmark network

    def find(
        self,
        rgb: np.ndarray,
        cancel: threading.Event | None = None,
        first: Callable[[tuple[Face, ...]], object] | None = None,
    ) -> tuple[Face, ...]:
        """Every face of an H x W x 3 uint8 RGB photo, largest first. Raises Cancelled.

        first: is told the faces that a copy of two megapixels shows, where there are any and
        smaller ones are still looked for; they stay what they are.
        """
        with self._lock:
            faces: list[Face] = []
            for turn in (0, 90, 270, 180):
                # Detectors know faces up to some 45 degrees; the rest only when nothing upright
                # is there, on a reduced copy.
                if turn and faces:
                    break
                for finer, views in enumerate(search_views(rgb, turn)):
                    if finer == 1 and faces and first is not None:
                        first(_largest_first(faces))
                    self._add(faces, rgb, self._detect(views, cancel), cancel)
            return _largest_first(faces)

    def mesh_in_frame(self, rgb: np.ndarray, frame: FaceFrame, *, guess: bool = False) -> Face:
        """The face in a frame that the user (or a data set) says holds one.

        guess: where no mesh is seen, believe the landmark network's mesh (score GUESSED), if
        one is installed and it settles. Off where the mesh is to be MediaPipe's: to train on, to
        judge by. Where no mesh fits the face keeps the frame's box and angle, score 0 and no mesh.
        """
        with self._lock:
            box = (frame.x, frame.y, frame.width, frame.height)
            for margin in (1.5, 2.1, 1.15):
                mesh = self._mesh(rgb, box, frame.angle, margin)
                if mesh is not None and _overlap(_box_of(mesh), box) > 0.15:
                    return Face(_box_of(mesh), 1.0, nodes.roll(mesh), mesh)
            mesh = self._guess(rgb, frame) if guess else None
            if mesh is not None and _overlap(_box_of(mesh), box) > 0.15 and _plausible(mesh, box):
                return Face(_box_of(mesh), GUESSED, nodes.roll(mesh), mesh)
            return Face(box, 0.0, frame.angle, None)

    def sightings(self, rgb: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """(score, 3 x 2 points in pixels: both eyes, the mouth) of whatever looks at all like a
        near face in an upright H x W x 3 uint8 crop."""
        with self._lock:
            return self._networks.sightings(rgb)

    def presence(self, rgb: np.ndarray) -> tuple[float, np.ndarray]:
        """How sure the mesh is that an upright 192 x 192 x 3 uint8 crop holds a face, a logit, and
        the 478 x 2 nodes (pixels) that it reads there, irises left at 0."""
        with self._lock:
            return self._networks.presence(rgb)

    def close(self) -> None:
        """Free the networks."""
        with self._lock:
            if self._loaded is not None:
                self._loaded.close()
            self._loaded = None
            self._landmarks, self._asked = None, False

    def _guess(self, rgb: np.ndarray, frame: FaceFrame) -> np.ndarray | None:
        from engine.catalogue.weights import load
        from engine.face import landmarks

        if not self._asked:
            self._landmarks, self._asked = load("landmarks", landmarks.LandmarkNetwork), True
        if self._landmarks is None:
            return None
        framed = geometry.frame_from_box(frame.x, frame.y, frame.width, frame.height, frame.angle)
        mesh = landmarks.settle(self._landmarks, rgb, framed)
        return None if mesh is None else mesh.astype(np.float32)

    @property
    def _networks(self) -> FaceNetworks:
        if self._loaded is None:
            self._loaded = self._load_networks()
        return self._loaded

    def _add(
        self,
        faces: list[Face],
        rgb: np.ndarray,
        detections: list[_Detection],
        cancel: threading.Event | None,
    ) -> None:
        """Add the faces that detections of others than these turn out to be."""
        for detection in detections:
            if any(_overlap(detection.box, face.box) > 0.4 for face in faces):
                continue
            raise_if_cancelled(cancel)
            face = self._confirm(rgb, detection)
            if face is not None and not any(_overlap(face.box, other.box) > 0.4 for other in faces):
                faces.append(face)

    def _detect(self, views: Iterable[View], cancel: threading.Event | None) -> list[_Detection]:
        """Merged detections of both detectors in all views, surest first."""
        found: list[_Detection] = []
        for picture, matrix in views:
            for near in (False, True):
                raise_if_cancelled(cancel)
                seen = self._networks.detect(picture, near=near)
                found.extend(_in_photo(sighting, matrix) for sighting in seen)
        found = [d for d in found if min(d.box[2], d.box[3]) >= FEW_PIXELS]
        kept: list[_Detection] = []
        for detection in sorted(found, key=lambda d: -d.score):
            if all(_overlap(detection.box, other.box) < 0.35 for other in kept):
                kept.append(detection)
        return kept

    def _confirm(self, rgb: np.ndarray, detection: _Detection) -> Face | None:
        upright = self._upright(rgb, detection)
        if upright is None:
            return None
        detection = upright
        for margin in (MESH_MARGIN, 1.3):
            mesh = self._mesh(rgb, detection.box, detection.angle, margin)
            if mesh is not None and _overlap(_box_of(mesh), detection.box) > 0.25:
                return Face(_box_of(mesh), detection.score, nodes.roll(mesh), mesh)
        if detection.score >= SURE:
            return Face(detection.box, detection.score, detection.angle, None)
        return None

    def _upright(self, rgb: np.ndarray, detection: _Detection) -> _Detection | None:
        """The detection with the quarter turn in which it looks most like a face, if any.

        Both detectors and the mesh see upright eyes in a face on its head; only the comparison of
        the four turns tells.
        """
        best, best_score = detection, -1.0
        for quarter in (0, 90, -90, 180):
            angle = detection.angle + quarter
            frame = _square(detection.box, angle, 2.0)
            crop = geometry.cut(rgb, frame, 192, border="edge")
            back = geometry.compose(geometry.invert(frame), scaling(1 / 192))
            for sighting in self._networks.detect(crop, near=True):
                score = sighting.score - 0.02 * abs(quarter) / 90
                found = _in_photo(sighting, back)
                astray = abs((found.angle - angle + 180) % 360 - 180)
                if score > best_score and astray < 50:
                    best_score = score
                    best = _Detection(detection.box, found.angle, detection.score)
        return best if best_score > DOUBTFUL or detection.score >= SURE else None

    def _mesh(self, rgb: np.ndarray, box: Box, angle: float, margin: float) -> np.ndarray | None:
        """The mesh in an upright crop around a box, photo pixels, refined once on its own crop."""
        mesh = None
        for attempt in range(2):
            frame = _square(box, angle, margin)
            crop = geometry.cut(rgb, frame, MESH_SIDE, border="edge")
            seen = self._networks.mesh(crop)
            if seen is None:
                return mesh
            found = geometry.transform(geometry.invert(frame), seen / MESH_SIDE)
            astray = abs((nodes.roll(found) - angle + 180) % 360 - 180)
            if astray > 50 or not _plausible(found, box):
                return mesh
            mesh = found.astype(np.float32)
            if attempt == 0 and astray < 8 and margin <= MESH_MARGIN:
                return mesh
            box, angle, margin = _upright_box(mesh), nodes.roll(mesh), 1.5
        return mesh


def _largest_first(faces: list[Face]) -> tuple[Face, ...]:
    return tuple(sorted(faces, key=lambda face: -face.box[2] * face.box[3]))


def _in_photo(sighting: Sighting, matrix: np.ndarray) -> _Detection:
    """What a detector sees in photo coordinates; the angle comes from the eyes."""
    x, y, w, h = sighting.box
    corners = geometry.transform(matrix, np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]]))
    across = np.diff(geometry.transform(matrix, sighting.eyes), axis=0)[0]
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    low, high = corners.min(0), corners.max(0)
    box = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    return _Detection(box, angle, sighting.score)


def _square(box: Box, angle: float, margin: float) -> np.ndarray:
    """The frame of an upright crop: a square of `margin` times the box's longer side, turned."""
    x, y, width, height = box
    side = max(width, height) * margin
    radians = np.radians(angle)
    linear = (
        np.array([[np.cos(radians), np.sin(radians)], [-np.sin(radians), np.cos(radians)]]) / side
    )
    centre = np.array([x + width / 2, y + height / 2])
    return np.column_stack([linear, np.array([0.5, 0.5]) - linear @ centre])


def _box_of(mesh: np.ndarray) -> Box:
    low, high = mesh.min(0), mesh.max(0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def _upright_box(mesh: np.ndarray) -> Box:
    """The box whose centre and size a turned mesh has in its own upright crop."""
    radians = np.radians(nodes.roll(mesh))
    turn = np.array([[np.cos(radians), np.sin(radians)], [-np.sin(radians), np.cos(radians)]])
    local = mesh @ turn.T
    low, high = local.min(0), local.max(0)
    centre, size = turn.T @ ((low + high) / 2), high - low
    return (
        float(centre[0] - size[0] / 2),
        float(centre[1] - size[1] / 2),
        float(size[0]),
        float(size[1]),
    )


def _plausible(mesh: np.ndarray, box: Box) -> bool:
    """Whether a mesh has a face's proportions and about the box's size."""
    left, right = nodes.eye_centres(mesh)
    eyes = np.linalg.norm(right - left)
    down = np.linalg.norm(nodes.mouth_centre(mesh) - (left + right) / 2)
    size = max(box[2], box[3])
    return bool(eyes > 0.08 * size and 0.4 < down / max(eyes, 1e-6) < 4.0)


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)
