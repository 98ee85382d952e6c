"""Where a face is. There are nine answers, each for its purpose, and all of them stand here.

- `owned_area`: what a face may paint, its frame with the corners rounded off.
- `aligned_face`: where faces lie in their frames, whatever the face; for reading light and
  sharpness off a crop without asking for its nodes.
- `outlined`: the hull of a mesh, hard; the others of a mesh are made of it. `outline_of` is the
  same on the photo's own pixels, for telling a head in front of another.
- `mattes`: that hull a little grown and softened. Under a hole that runs over a jaw or a temple
  both sides are hidden, and each must be closed with its own border only: a white wall must not
  tint a cheek. The mesh is partly predicted and may lie a little wrong, so the edge is soft.
- `interiors`: how far within that hull a pixel lies; on its edge nothing is sharpened.
- `Head.near`, `Head.skin` and `Head.features`: a head in the photo with its hair, the face itself
  with its ears, and what of it is no plain skin; for texture, which must not take an eye for a
  piece of wall.
- `Head.neck`: what is below its chin, as people hold their necks, whatever hides them.

Masks of parts of a face, which people choose, are no such areas: `engine.face.parts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.face import geometry
from engine.face.finder import Face
from engine.face.frames import matrix_of
from engine.face.mesh import FEATURES, OVAL

if TYPE_CHECKING:
    from torch import Tensor

LEAST_SEEN = 0.02  # share of a crop that must be visible face before anything is read off it
ALIGNED = ((0.5, 0.5), (0.35, 0.46))  # middle and half axes of an aligned face in crop units
BEYOND = 0.015  # frame sides that the face is taken to reach beyond its mesh
SOFT = 0.012  # frame sides: sigma of the matte's edge
CRISP = 0.006  # the same where the face is painted against what is behind it
WITHIN = 6 / 256  # frame sides inside the mesh's outline over which a face is none of the edge's
NEAR = 1.1  # frames: a hole within that may be of the head itself, of its hair or hat
FOREHEAD, CHIN = OVAL[0], OVAL[18]
BESIDE = 0.02  # frame sides around the features of a face that are none of its plain skin either
# Half a neck's width, and how far above the chin it begins beside it, in shares of a face's height.
NECK, BEGINS, BESIDE_NECK = 0.26, 0.22, 0.4  # and from where beside it there is none of it
EARS = 1.2  # meshes across: ears lie beyond it, forehead and neck go on above and below

Box = tuple[int, int, int, int]


def owned_area(frame: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Which pixels of `box` a face may paint: its frame with the corners rounded off.

    Corners of a frame hold background, which texture continues better than a face does.
    Returns height x width bool.
    """
    x, y, width, height = box
    across = np.arange(x, x + width, dtype=np.float32) + 0.5
    down = (np.arange(y, y + height, dtype=np.float32) + 0.5)[:, None]
    u = frame[0, 0] * across + frame[0, 1] * down + frame[0, 2]
    v = frame[1, 0] * across + frame[1, 1] * down + frame[1, 2]
    # A superellipse just inside the frame: |x|^4 + |y|^4 <= 1.
    u, v = (u - 0.5) / 0.49, (v - 0.5) / 0.49
    return np.square(np.square(u)) + np.square(np.square(v)) <= 1


def aligned_face(side: int) -> Tensor:
    """1 x 1 x side x side, 1 where an aligned face lies."""
    import torch

    (x, y), (width, height) = ALIGNED
    line = (torch.arange(side) + 0.5) / side
    across, down = ((line - x) / width) ** 2, ((line - y) / height) ** 2
    return (across.view(1, 1, 1, side) + down.view(1, 1, side, 1) < 1).float()


@dataclass(frozen=True, eq=False)
class Matte:
    """values: S x S float32, how much of each pixel is face; frame: 2 x 3, photo -> its square."""

    values: np.ndarray
    frame: np.ndarray

    def over(self, box: tuple[int, int, int, int]) -> np.ndarray:
        """The matte on the pixels of a box of the photo, height x width float32."""
        return geometry.put_back(self.values, self.frame, box).clip(0, 1)


def without(matte: Matte, gone: np.ndarray, box: Box) -> Matte:
    """A matte less what is beside the face. gone: height x width float32 in [0, 1], how much of
    each pixel of a box (x, y, width, height) of the photo is."""
    there = geometry.compose(matte.frame, np.array([[1, 0, box[0]], [0, 1, box[1]]], np.float64))
    left = geometry.cut(gone, there, len(matte.values), border="zero").clip(0, 1)
    return Matte(matte.values * (1 - left), matte.frame)


def mattes(meshes: Tensor, side: int, soft: float = SOFT, beyond: float = BEYOND) -> Tensor:
    """`matte` of B x 478 x 2 nodes in crop units: B x 1 x side x side, float32 on the CPU."""
    import torch

    each = [
        matte(nodes, side, soft=soft, beyond=beyond)
        for nodes in meshes.detach().float().cpu().numpy()
    ]
    return torch.from_numpy(np.stack(each))[:, None]


def interiors(meshes: Tensor, side: int) -> Tensor:
    """How far inside the outline of B x 478 x 2 nodes (crop units) each pixel is, B x 1 x side x
    side float32: 0 on it and beyond, 1 from WITHIN on."""
    return (depths(meshes, side) / WITHIN).clamp(0, 1)


def depths(meshes: Tensor, side: int) -> Tensor:
    """How far inside the outline of B x 478 x 2 nodes (crop units) each pixel lies, in crop units:
    B x 1 x side x side float32 on the CPU, 0 on it and beyond."""
    import cv2
    import torch

    each = [
        cv2.distanceTransform((outlined(nodes, side) > 127).astype(np.uint8), cv2.DIST_L2, 3)
        for nodes in meshes.detach().float().cpu().numpy()
    ]
    return torch.from_numpy(np.stack(each))[:, None] / side


def matte(
    nodes: np.ndarray,
    side: int,
    margin: float = 1.0,
    soft: float = SOFT,
    beyond: float = BEYOND,
) -> np.ndarray:
    """How much of each pixel is face, side x side float32 in [0, 1].

    nodes: 478 x 2 in crop units. margin: how many frames wide the picture is, the frame in its
    middle (see `geometry.cut`). soft: sigma of the edge, in frames. Ears, hair and neck are behind
    the face.
    """
    import cv2

    inside = outlined((nodes - 0.5) / margin + 0.5, side)
    reach = max(1, round(beyond * side / margin))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    grown = cv2.dilate(inside, disc).astype(np.float32) / 255
    return cv2.GaussianBlur(grown, (0, 0), max(0.5, soft * side / margin))


def outlined(nodes: np.ndarray, side: int) -> np.ndarray:
    """The hull of a mesh's outline (478 x 2, crop units), side x side uint8, 255 inside."""
    import cv2

    hull = cv2.convexHull((nodes[list(OVAL)] * side * 16).astype(np.float32))
    inside = np.zeros((side, side), np.uint8)
    cv2.fillPoly(inside, [np.round(hull - 8).astype(np.int32)], (255,), cv2.LINE_AA, 4)
    return inside


def outline_of(mesh: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The same hull of a mesh (478 x 2) on the photo's own pixels (of this shape), H x W bool."""
    import cv2

    outline = np.zeros(shape[:2], np.uint8)
    hull = cv2.convexHull(mesh[list(OVAL)].astype(np.float32))
    cv2.fillConvexPoly(outline, np.round(hull).astype(np.int32), (1,))
    return outline.view(bool)


@dataclass(frozen=True, eq=False)
class Head:
    """A face in the photo: the box (x, y, width, height) around its frame, and of that box the
    pixels near the face, those of the face itself, and those of its brows, eyes, nose and mouth
    (all height x width bool). ends: 2 x 2, the forehead's top and the chin in photo pixels; None
    where the nodes are not known."""

    box: Box
    near: np.ndarray
    skin: np.ndarray
    features: np.ndarray
    ends: np.ndarray | None

    def under_chin(self, at: tuple[float, float]) -> bool:
        """Whether a place of the photo lies below the chin, as the face stands."""
        if self.ends is None:
            return False
        top, chin = self.ends
        return bool((np.asarray(at) - chin) @ (chin - top) > 0)

    def neck(self, window: Box) -> np.ndarray:
        """Where its neck is, height x width bool of a window (x, y, width, height) of the photo, as
        people hold their necks; nowhere where the nodes are not known."""
        x, y, width, height = window
        if self.ends is None:
            return np.zeros((height, width), bool)
        side, below = self.beside(x + np.arange(width) + 0.5, y + np.arange(height) + 0.5)
        return (np.abs(side) < BESIDE_NECK) & (below > -BEGINS)

    def above_chin(self, window: Box) -> np.ndarray:
        """What of a window lies above its chin as the face stands, height x width bool; nothing
        where the nodes are not known."""
        x, y, width, height = window
        if self.ends is None:
            return np.zeros((height, width), bool)
        return self.beside(x + np.arange(width) + 0.5, y + np.arange(height) + 0.5)[1] < 0

    def beside(self, across: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far places lie beside the line from forehead to chin and below the chin, in shares of
        the face's height: two arrays, rows x across. across, rows: photo pixels. Only where `ends`
        are known."""
        assert self.ends is not None
        top, chin = self.ends
        tall = max(float(np.linalg.norm(chin - top)), 1e-6)
        down = (chin - top) / tall
        off = np.dstack(np.meshgrid(across, rows)) - chin
        return off @ np.array([down[1], -down[0]]) / tall, off @ down / tall


def heads_of(faces: tuple[Face, ...], size: tuple[int, int]) -> tuple[Head, ...]:
    """The heads of a photo of this size (width, height); those outside of it are left out."""
    heads = (_head(face, size) for face in faces)
    return tuple(head for head in heads if head.near.any())


def _head(face: Face, size: tuple[int, int]) -> Head:
    import cv2

    frame = geometry.grown(matrix_of(face), NEAR)
    x, y, width, height = box = geometry.bounds(frame, size)
    skin = np.zeros((max(0, height), max(0, width)), np.uint8)
    features = np.zeros_like(skin)
    near = np.zeros(skin.shape, bool)
    ends = None if face.mesh is None else face.mesh[[FOREHEAD, CHIN], :2]
    if skin.size:
        near = owned_area(frame, box)
        if face.mesh is not None:
            upright = geometry.transform(frame, face.mesh[:, :2].astype(np.float64))
            upright[:, 0] += (EARS - 1) * (upright[:, 0] - upright[:, 0].mean())
            nodes = geometry.transform(geometry.invert(frame), upright) - (x, y)
            outline = cv2.convexHull(np.round(nodes).astype(np.int32))
            cv2.fillConvexPoly(skin, outline, (1,))
            nodes = face.mesh[np.concatenate(FEATURES), :2] - (x, y)
            cv2.fillConvexPoly(features, cv2.convexHull(np.round(nodes).astype(np.int32)), (1,))
            reach = 2 * round(BESIDE * geometry.frame_side(frame)) + 1
            features = cv2.dilate(features, np.ones((reach, reach), np.uint8))
        else:
            left, top, wide, high = face.box
            middle = (round(left + wide / 2 - x), round(top + high / 2 - y))
            axes = (round(wide / 2), round(high / 2))
            cv2.ellipse(skin, middle, axes, face.angle, 0, 360, (1,), -1)
            features = skin
    return Head(box, near, skin.view(bool) & near, features.view(bool) & near, ends)
