"""The face networks run by the `mediapipe` package itself (`pip install -e .[mediapipe]`).

Version 0.10.21, the last whose wheel carries its models; it exists for Python 3.11 and 3.12 and
holds NumPy below 2. The program does without it: the same networks run on OpenCV
(engine.face.face_networks). It is there to prepare faces with (`prepare --finder mediapipe`) and to
compare with. It takes no thresholds: whatever `min_detection_confidence` says, its graphs keep 0.5
(near) and 0.6 (far).
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

from __future__ import annotations

from typing import Any

import numpy as np

from engine.base.errors import MienError
from engine.base.notices import without_notices
from engine.face.face_networks import Sighting


class MediaPipePackage:
    """As of `engine.face.face_networks.FaceNetworks`."""

    _met = False  # whether this process has met a face

    def __init__(self) -> None:
        """Raises MienError where the package is missing."""
        with without_notices():
            try:
                from mediapipe.python.solutions import face_detection, face_mesh
            except ImportError as error:
                raise MienError(
                    "The mediapipe package is not installed; install it on Python 3.11 or 3.12 "
                    "(pip install -e .[mediapipe]), or leave '--finder mediapipe' out."
                ) from error
            self._detectors = [face_detection.FaceDetection(model_selection=m) for m in (1, 0)]
            self._mesher = face_mesh.FaceMesh(
                static_image_mode=True, refine_landmarks=True, max_num_faces=1
            )
            # A network speaks when it first runs: let that be now.
            for network in (*self._detectors, self._mesher):
                network.process(np.zeros((384, 384, 3), np.uint8))

    def detect(self, rgb: np.ndarray, *, near: bool) -> list[Sighting]:
        """As of the protocol."""
        height, width = rgb.shape[:2]
        seen = self._detectors[1 if near else 0].process(rgb).detections or ()
        return [_sighting(raw, width, height) for raw in seen]

    def mesh(self, rgb: np.ndarray) -> np.ndarray | None:
        """As of the protocol."""
        result = self._first_or_later(rgb)
        if not result.multi_face_landmarks:
            return None
        points = [(p.x, p.y) for p in result.multi_face_landmarks[0].landmark]
        return np.array(points) * rgb.shape[1::-1]

    def _first_or_later(self, rgb: np.ndarray) -> Any:
        """The mesher's answer; at the first face of a process it has a notice to give."""
        if MediaPipePackage._met:
            return self._mesher.process(rgb)
        with without_notices():
            result = self._mesher.process(rgb)
        MediaPipePackage._met = bool(result.multi_face_landmarks)
        return result

    def sightings(self, rgb: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """As of the protocol, but of faces that the package is sure of: it tells of no others."""
        height, width = rgb.shape[:2]
        seen = self._detectors[1].process(rgb).detections or ()
        told = []
        for raw in seen:
            points = [raw.location_data.relative_keypoints[n] for n in (0, 1, 3)]
            told.append(
                (float(raw.score[0]), np.array([(p.x * width, p.y * height) for p in points]))
            )
        return told

    def presence(self, rgb: np.ndarray) -> tuple[float, np.ndarray]:
        """As of the protocol; the package says no more than yes or no."""
        nodes = self.mesh(rgb)
        return (-10.0, np.zeros((478, 2))) if nodes is None else (10.0, nodes)

    def close(self) -> None:
        """As of the protocol."""
        for network in (*self._detectors, self._mesher):
            network.close()


def _sighting(raw: Any, width: int, height: int) -> Sighting:
    area = raw.location_data.relative_bounding_box
    box = (area.xmin * width, area.ymin * height, area.width * width, area.height * height)
    eyes = [(p.x * width, p.y * height) for p in raw.location_data.relative_keypoints[:2]]
    return Sighting(box, np.array(eyes), float(raw.score[0]))
