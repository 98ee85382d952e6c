"""How often each face is drawn: by skin and origin as much as by source.

Public collections hold few dark-skinned and few East-Asian faces, and what is rare is filled
worst. Skin is measured as the individual typology angle (Chardin et al. 1991) of cheeks and
forehead; photos are not colour-managed, so that is the skin as the photo shows it, and a label of
the record has the first word.
"""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np

from training.faces import FaceShards, is_asian

DARK, ASIAN = 0.24, 0.24  # share of the samples of each group
COARSE, COARSE_SHARE = "utk", 0.15  # the one source of soft, tight crops, and its share of a group
DARK_ANGLE = 5.0  # degrees: below, skin counts as dark
# Nodes of both cheeks and of the forehead, on bare skin in most photos.
SKIN = (50, 280, 101, 330, 205, 425, 151, 108, 337)
_LABELS = {"black": True, "white": False, "asian": False}


def typology_angle(picture: np.ndarray, mesh: np.ndarray) -> float:
    """The individual typology angle of a face in degrees: above 55 very light, below -30 dark.

    picture: H x W x 3 uint8 RGB. mesh: 478 x 2 in its pixels.
    """
    height, width = picture.shape[:2]
    places = np.clip(mesh[list(SKIN)].astype(int), 0, (width - 1, height - 1))
    samples = picture[places[:, 1], places[:, 0]][None].astype(np.float32) / 255
    lightness, _, yellow = np.median(cv2.cvtColor(samples, cv2.COLOR_RGB2LAB)[0], axis=0)
    return float(np.degrees(np.arctan2(lightness - 50, max(float(yellow), 1.0))))


def skin_angles(faces: FaceShards) -> np.ndarray:
    """The typology angle of every face, n float32; JPEGs are decoded at a quarter of their size."""
    angles = np.zeros(len(faces), np.float32)
    for index in range(len(faces)):
        data = np.frombuffer(faces.jpeg(index), np.uint8)
        small = cv2.imdecode(data, cv2.IMREAD_REDUCED_COLOR_4)
        mesh = faces.mesh_in_picture(index) / (faces.side * faces.margin) * small.shape[1]
        angles[index] = typology_angle(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), mesh)
    return angles


def balanced_weights(faces: FaceShards) -> np.ndarray:
    """How often to draw each face, n float64 summing to 1.

    Dark-skinned and Asian faces get DARK and ASIAN of the samples where there are any. In each
    group sources count by the root of their size, and COARSE for at most COARSE_SHARE.
    """
    angles = skin_angles(faces)
    groups = np.array(
        [
            "asian" if is_asian(record) else "dark" if _dark(record, angle) else "other"
            for record, angle in zip(faces.records, angles, strict=True)
        ]
    )
    sources = np.array([record.get("source", "") for record in faces.records])
    weights = np.zeros(len(faces))
    for group, share in {"asian": ASIAN, "dark": DARK, "other": 1 - ASIAN - DARK}.items():
        chosen = groups == group
        sizes = Counter(sources[chosen])
        for coarse, part in ((True, COARSE_SHARE), (False, 1 - COARSE_SHARE)):
            members = chosen & ((sources == COARSE) == coarse)
            if members.any():
                within = np.array([sizes[source] ** -0.5 for source in sources[members]])
                weights[members] = share * part * within / within.sum()
    return weights / weights.sum()


def _dark(record: dict, angle: float) -> bool:
    known = _LABELS.get(record.get("race") or "")
    if known is None:
        known = True if record.get("origin") == "Nigeria" else None
    return angle < DARK_ANGLE if known is None else known
