"""Where texture may be taken from: a person's face is nobody's background.

The texture of a wall is looked for in all that surrounds a hole. Where a face stands near, an eye
of it fits the border as well as anything, and would be painted on the wall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.face import geometry
from engine.face.finder import Face
from engine.face.frames import matrix_of, owned_area

Box = tuple[int, int, int, int]

NEAR = 1.1  # frames: a hole within that may be of the head itself, of its hair or hat
EARS = 1.2  # meshes across: ears lie beyond it, forehead and neck go on above and below
ON_IT = 0.5  # of a hole's pixels lie on the face
LEAST = 0.5  # of a hole's pixels must be left to take texture from


@dataclass(frozen=True, eq=False)
class Head:
    """A face in the photo: the box (x, y, width, height) around its frame, and of that box the
    pixels near the face and those of the face itself (both height x width bool)."""

    box: Box
    near: np.ndarray
    skin: np.ndarray


def heads_of(faces: tuple[Face, ...], size: tuple[int, int]) -> tuple[Head, ...]:
    """The heads of a photo of this size (width, height); those outside of it are left out."""
    heads = (_head(face, size) for face in faces)
    return tuple(head for head in heads if head.near.any())


def _head(face: Face, size: tuple[int, int]) -> Head:
    import cv2

    frame = geometry.grown(matrix_of(face), NEAR)
    x, y, width, height = box = geometry.bounds(frame, size)
    skin = np.zeros((max(0, height), max(0, width)), np.uint8)
    near = np.zeros(skin.shape, bool)
    if skin.size:
        near = owned_area(frame, box)
        if face.mesh is not None:
            upright = geometry.transform(frame, face.mesh[:, :2].astype(np.float64))
            upright[:, 0] += (EARS - 1) * (upright[:, 0] - upright[:, 0].mean())
            nodes = geometry.transform(geometry.invert(frame), upright) - (x, y)
            outline = cv2.convexHull(np.round(nodes).astype(np.int32))
            cv2.fillConvexPoly(skin, outline, (1,))
        else:
            left, top, wide, high = face.box
            middle = (round(left + wide / 2 - x), round(top + high / 2 - y))
            axes = (round(wide / 2), round(high / 2))
            cv2.ellipse(skin, middle, axes, face.angle, 0, 360, (1,), -1)
    return Head(box, near, skin.view(bool) & near)


def no_source(heads: tuple[Head, ...], hole: np.ndarray, window: Box) -> np.ndarray | None:
    """The pixels of a window that give no texture to a hole in it, height x width bool.

    hole: height x width bool, the window's. window: (x, y, width, height) in the photo. Of a head
    that the hole reaches only the face itself is none, for hair and neck go on there; of any
    other, all that is near the face. A hole that lies on a face goes on with that face. None where
    the rest would be too little, or all is one.
    """
    shut = np.zeros(hole.shape, bool)
    for head in heads:
        x, y = max(head.box[0], window[0]), max(head.box[1], window[1])
        right = min(head.box[0] + head.box[2], window[0] + window[2])
        bottom = min(head.box[1] + head.box[3], window[1] + window[3])
        if x >= right or y >= bottom:
            continue
        theirs = np.s_[
            y - head.box[1] : bottom - head.box[1], x - head.box[0] : right - head.box[0]
        ]
        ours = np.s_[y - window[1] : bottom - window[1], x - window[0] : right - window[0]]
        if (hole[ours] & head.skin[theirs]).sum() > ON_IT * hole.sum():
            continue
        reached = bool((hole[ours] & head.near[theirs]).any())
        shut[ours] |= (head.skin if reached else head.near)[theirs]
    shut &= ~hole
    if not shut.any() or (~hole & ~shut).sum() < LEAST * hole.sum():
        return None
    return shut
