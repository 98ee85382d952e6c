"""Finding faces: where they are, how they are turned, and their mesh.

MediaPipe 0.10.21, the last release that carries its models, offline. Its two detectors see
different faces: full-range finds small ones and misses tight portraits, short-range the other way
round. Both run over a pyramid of the photo, in tiles where the photo is large; what they find is
merged and confirmed by the 478-point mesh on an upright crop.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.base.errors import Cancelled
from engine.base.notices import without_notices
from engine.face import geometry
from engine.face import mesh as nodes

if TYPE_CHECKING:
    from engine.face.landmarks import LandmarkNetwork

MESH_SIDE = 384  # pixels of the upright crop that the mesh is looked for in
MESH_MARGIN = 1.7  # of the crop, around the face's box
SURE = 0.85  # a detection this sure is a face even where no mesh fits (mask, profile)
DOUBTFUL = 0.55  # a detection whose upright crop scores less is no face
GUESSED = 0.5  # score of a face whose mesh is the landmark network's
FEW_PIXELS = 20  # smallest side of a box worth a look
TILE = 560  # pixels; the detectors see 192 of them
LARGEST_SIDE = 6400  # pixels: faces from 48 pixels on in a photo of this width
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


@dataclass(frozen=True)
class _Detection:
    box: Box
    angle: float
    score: float


class MediaPipeFinder:
    """The face finder. Its networks are made at first use; calls are serialised by a lock."""

    _met = False  # whether this process has met a face

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._detectors: list[Any] = []
        self._mesher: Any = None
        self._landmarks: LandmarkNetwork | None = None
        self._asked = False  # whether the catalogue was asked for a landmark network

    def find(self, rgb: np.ndarray, cancel: threading.Event | None = None) -> tuple[Face, ...]:
        """Every face of an H x W x 3 uint8 RGB photo, largest first. Raises Cancelled."""
        with self._lock:
            self._load()
            faces: list[Face] = []
            for turn in (0, 90, 270, 180):
                # Detectors know faces up to some 45 degrees; the rest only when nothing upright
                # is there, on a reduced copy.
                if turn and faces:
                    break
                for detection in self._detect(rgb, turn, cancel):
                    if any(_overlap(detection.box, face.box) > 0.4 for face in faces):
                        continue
                    _raise_if(cancel)
                    face = self._confirm(rgb, detection)
                    if face is not None and not any(
                        _overlap(face.box, other.box) > 0.4 for other in faces
                    ):
                        faces.append(face)
            return tuple(sorted(faces, key=lambda face: -face.box[2] * face.box[3]))

    def mesh_in_frame(self, rgb: np.ndarray, frame: FaceFrame, *, guess: bool = False) -> Face:
        """The face in a frame that the user (or a data set) says holds one.

        guess: where MediaPipe sees none, believe the landmark network's mesh (score GUESSED), if
        one is installed and it settles. Off where the mesh is to be MediaPipe's: to train on, to
        judge by. Where no mesh fits the face keeps the frame's box and angle, score 0 and no mesh.
        """
        with self._lock:
            self._load()
            box = (frame.x, frame.y, frame.width, frame.height)
            for margin in (1.5, 2.1, 1.15):
                mesh = self._mesh(rgb, box, frame.angle, margin)
                if mesh is not None and _overlap(_box_of(mesh), box) > 0.15:
                    return Face(_box_of(mesh), 1.0, nodes.roll(mesh), mesh)
            mesh = self._guess(rgb, frame) if guess else None
            if mesh is not None and _overlap(_box_of(mesh), box) > 0.15 and _plausible(mesh, box):
                return Face(_box_of(mesh), GUESSED, nodes.roll(mesh), mesh)
            return Face(box, 0.0, frame.angle, None)

    def close(self) -> None:
        """Free the networks."""
        with self._lock:
            for network in [*self._detectors, *([self._mesher] if self._mesher else [])]:
                network.close()
            self._detectors, self._mesher = [], None
            self._landmarks, self._asked = None, False

    def _guess(self, rgb: np.ndarray, frame: FaceFrame) -> np.ndarray | None:
        from engine.face import landmarks

        if not self._asked:
            self._landmarks, self._asked = landmarks.load_landmarks(), True
        if self._landmarks is None:
            return None
        laid = geometry.frame_from_box(frame.x, frame.y, frame.width, frame.height, frame.angle)
        mesh = landmarks.settle(self._landmarks, rgb, laid)
        return None if mesh is None else mesh.astype(np.float32)

    def _load(self) -> None:
        if self._mesher is not None:
            return
        with without_notices():
            from mediapipe.python.solutions import face_detection, face_mesh

            self._detectors = [
                face_detection.FaceDetection(model_selection=m, min_detection_confidence=0.4)
                for m in (1, 0)
            ]
            self._mesher = face_mesh.FaceMesh(
                static_image_mode=True,
                refine_landmarks=True,
                max_num_faces=1,
                min_detection_confidence=0.3,
            )
            # A network speaks when it first runs: let that be now.
            for network in (*self._detectors, self._mesher):
                network.process(np.zeros((MESH_SIDE, MESH_SIDE, 3), np.uint8))

    def _detect(
        self, rgb: np.ndarray, turn: int, cancel: threading.Event | None
    ) -> list[_Detection]:
        """Merged detections of both detectors over scales and tiles, surest first."""
        found: list[_Detection] = []
        for picture, matrix in _views(rgb, turn):
            for detector in self._detectors:
                _raise_if(cancel)
                result = detector.process(picture)
                for raw in result.detections or ():
                    found.append(_in_photo(raw, picture.shape, matrix))
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
            back = geometry.compose(geometry.invert(frame), _scaling(1 / 192))
            for raw in self._detectors[1].process(crop).detections or ():
                score = float(raw.score[0]) - 0.02 * abs(quarter) / 90
                found = _in_photo(raw, crop.shape, back)
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
            result = self._first_or_later(crop)
            if not result.multi_face_landmarks:
                return mesh
            points = [(p.x, p.y) for p in result.multi_face_landmarks[0].landmark]
            found = geometry.transform(geometry.invert(frame), np.array(points))
            astray = abs((nodes.roll(found) - angle + 180) % 360 - 180)
            if astray > 50 or not _plausible(found, box):
                return mesh
            mesh = found.astype(np.float32)
            if attempt == 0 and astray < 8 and margin <= MESH_MARGIN:
                return mesh
            box, angle, margin = _upright_box(mesh), nodes.roll(mesh), 1.5
        return mesh

    def _first_or_later(self, crop: np.ndarray) -> Any:
        """The mesher's answer; at the first face of a process it has a notice to give."""
        if MediaPipeFinder._met:
            return self._mesher.process(crop)
        with without_notices():
            result = self._mesher.process(crop)
        MediaPipeFinder._met = bool(result.multi_face_landmarks)
        return result


def _views(rgb: np.ndarray, turn: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(picture, matrix to photo coordinates) for every scale and tile to search.

    The whole picture, bare and inside a border (in a tight portrait the face is larger than either
    detector expects), then tiles of a pyramid for small faces.
    """
    import cv2

    height, width = rgb.shape[:2]
    longest = max(height, width)
    scale = min(1.0, 640 / longest)
    whole = _reduced(rgb, scale)
    spin = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    back = _turned_back(turn, whole.shape)
    if turn:
        whole = np.ascontiguousarray(cv2.rotate(whole, spin[turn]))
    to_photo = geometry.compose(_scaling(1 / scale), back)
    yield whole, to_photo
    border = max(whole.shape[:2]) // 3
    padded = cv2.copyMakeBorder(whole, border, border, border, border, cv2.BORDER_REPLICATE)
    shift = np.array([[1, 0, -border], [0, 1, -border]], np.float64)
    yield padded, geometry.compose(to_photo, shift)
    if turn or longest <= 900:
        return
    # Each density shows faces from about 8 % of a tile on; together they leave no gap.
    for size in (1600, 3200, LARGEST_SIDE):
        if size >= 2 * longest:
            break
        reduced = _reduced(rgb, min(1.0, size / longest))
        factor = reduced.shape[1] / width
        for y, x, tile in _tiles(reduced, TILE, 96):
            offset = np.array([[1, 0, x], [0, 1, y]], np.float64)
            yield tile, geometry.compose(_scaling(1 / factor), offset)


def _tiles(picture: np.ndarray, side: int, overlap: int) -> Iterator[tuple[int, int, np.ndarray]]:
    height, width = picture.shape[:2]
    for y in _starts(height, side, overlap):
        for x in _starts(width, side, overlap):
            yield y, x, np.ascontiguousarray(picture[y : y + side, x : x + side])


def _starts(length: int, side: int, overlap: int) -> list[int]:
    if length <= side:
        return [0]
    count = -(-(length - overlap) // (side - overlap))
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


def _reduced(rgb: np.ndarray, scale: float) -> np.ndarray:
    import cv2

    if scale >= 1:
        return np.ascontiguousarray(rgb)
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def _scaling(factor: float) -> np.ndarray:
    return np.array([[factor, 0, 0], [0, factor, 0]], np.float64)


def _turned_back(turn: int, shape: tuple[int, ...]) -> np.ndarray:
    """Coordinates of a picture turned clockwise by `turn` -> coordinates before the turn."""
    height, width = shape[:2]
    matrices = {
        0: [[1, 0, 0], [0, 1, 0]],
        90: [[0, 1, 0], [-1, 0, height]],
        180: [[-1, 0, width], [0, -1, height]],
        270: [[0, -1, width], [1, 0, 0]],
    }
    return np.array(matrices[turn], np.float64)


def _in_photo(raw: Any, shape: tuple[int, ...], matrix: np.ndarray) -> _Detection:
    """A MediaPipe detection in photo coordinates; the angle comes from its eye points."""
    height, width = shape[:2]
    area = raw.location_data.relative_bounding_box
    x, y, w, h = area.xmin * width, area.ymin * height, area.width * width, area.height * height
    corners = geometry.transform(matrix, np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]]))
    eyes = np.array([(p.x * width, p.y * height) for p in raw.location_data.relative_keypoints[:2]])
    across = np.diff(geometry.transform(matrix, eyes), axis=0)[0]
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    low, high = corners.min(0), corners.max(0)
    box = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    return _Detection(box, angle, float(raw.score[0]))


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


def _raise_if(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled
