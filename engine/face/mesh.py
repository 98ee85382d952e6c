"""The face mesh: which of MediaPipe's 478 nodes are what, and the points a frame is laid by.

The node numbers are facts of MediaPipe's canonical face model, written down here so that nothing
has to import MediaPipe for them; `edges` alone reads its tessellation. Left and right are the
picture's: the left eye is the one on the left of an upright, unmirrored photo.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

NODES = 478

# Contours in drawing order, picture left first.
LEFT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
RIGHT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
LEFT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
RIGHT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
LEFT_IRIS = (468, 469, 470, 471, 472)
RIGHT_IRIS = (473, 474, 475, 476, 477)
# fmt: off
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80,
              191)
NOSE = (168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 326, 97, 48, 278, 115, 344, 220, 440, 45, 275, 129,
        358)
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
# fmt: on

_MOUTH = (61, 291, 13, 14)  # the corners and the middle of both lips


def eye_centres(mesh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centroids of the left and the right eye's contour, two points; mesh: 478 x 2."""
    return mesh[list(LEFT_EYE)].mean(0), mesh[list(RIGHT_EYE)].mean(0)


def mouth_centre(mesh: np.ndarray) -> np.ndarray:
    """The middle of the mouth, by its corners and the lips' inner middle."""
    return mesh[list(_MOUTH)].mean(0)


def inter_ocular(mesh: np.ndarray) -> float:
    """Distance of the eye centres, in the mesh's units."""
    left, right = eye_centres(mesh)
    return float(np.linalg.norm(right - left))


def roll(mesh: np.ndarray) -> float:
    """The face's turn in the picture plane in degrees, clockwise positive, 0 upright."""
    left, right = eye_centres(mesh)
    return float(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0])))


@lru_cache(maxsize=1)
def edges() -> np.ndarray:
    """The tessellation with the irises, E x 2 node numbers (each edge once, lower number first)."""
    from mediapipe.python.solutions import face_mesh_connections as connections

    pairs = {
        tuple(sorted(pair))
        for pair in connections.FACEMESH_TESSELATION | connections.FACEMESH_IRISES
    }
    return np.array(sorted(pairs), np.int32)
