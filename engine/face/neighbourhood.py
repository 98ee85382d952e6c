"""The neighbourhood of a hole, reduced to what finding a face needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.base.hidden import LOOKED_FOR
from engine.face.finder import Box
from engine.face.mesh import mirror_permutation

WORKING = 640  # longest side, pixels
REACH = 4.0  # sides of a hole that its neighbourhood reaches beyond it
SMALLEST = 12  # pixels: a smaller hole hides no face
MOST = 12  # groups of holes that are looked at
NEAR = 1.0  # sides of a hole up to which another one belongs to the same face
BORDER = 0.5  # of the longer side: how far a view is continued beyond its borders
REDUCED = 1024  # longest side, pixels, of the hole whose parts are told apart


@dataclass(frozen=True, eq=False)
class View:
    """rgb: h x w x 3 uint8; hole: h x w bool, what has no say; asked: h x w bool, what of it the
    user wants gone; to_photo: 2 x 3, view pixels -> photo pixels; scale: view pixels a photo
    pixel."""

    rgb: np.ndarray
    hole: np.ndarray
    to_photo: np.ndarray
    scale: float
    asked: np.ndarray

    @property
    def inpainted(self) -> np.ndarray:
        """The view with its hole filled from the borders inwards (Telea 2004): nothing of what was
        hidden is left, and detectors see a face where most of one is there."""
        import cv2

        if not self.hole.any():
            return self.rgb
        return cv2.inpaint(self.rgb, self.hole.astype(np.uint8), 3, cv2.INPAINT_TELEA)


IDENTITY = np.array([[1.0, 0, 0], [0, 1, 0]])


def with_border(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(a picture (H x W x 3) with its mirror image all around; 2 x 3, old pixels -> new)."""
    import cv2

    width = round(BORDER * max(picture.shape[:2]))
    wide = cv2.copyMakeBorder(picture, width, width, width, width, cv2.BORDER_REFLECT_101)
    return wide, np.array([[1.0, 0, width], [0, 1, width]])


def mirrored(mesh: np.ndarray, width: int, height: int) -> list[np.ndarray]:
    """The mirror images of a mesh (478 x 2) at those borders of a picture that cut it: of a face
    that a border cuts the detectors may have seen the mirrored half."""
    low, high = mesh.min(0), mesh.max(0)
    images = []
    for axis, line in ((0, 0), (0, width), (1, 0), (1, height)):
        if low[axis] < line < high[axis]:
            image = mesh.copy()
            image[:, axis] = 2 * line - image[:, axis]
            images.append(image[mirror_permutation()])
    return images


def view_of(
    rgb: np.ndarray,
    hole: np.ndarray,
    boxes: tuple[Box, ...],
    reach: float = REACH,
    front: np.ndarray | None = None,
) -> View:
    """The view around some boxes (x, y, width, height) of a photo (H x W x 3 uint8, H x W bool) and
    `reach` times the longer side of all of them beyond. front: H x W bool, what else has no say: a
    head in front of the one that is looked for."""
    import cv2

    corners = np.array([(x, y, x + w, y + h) for x, y, w, h in boxes])
    low, high = corners[:, :2].min(0), corners[:, 2:].max(0)
    beyond = reach * max(high - low)
    size = np.array([rgb.shape[1], rgb.shape[0]])
    x0, y0 = np.clip(np.floor(low - beyond), 0, size - 1).astype(int)
    x1, y1 = np.clip(np.ceil(high + beyond), (x0 + 1, y0 + 1), size).astype(int)
    scale = min(1.0, WORKING / max(x1 - x0, y1 - y0))
    reduced = (max(8, round((x1 - x0) * scale)), max(8, round((y1 - y0) * scale)))
    colour = cv2.resize(rgb[y0:y1, x0:x1], reduced, interpolation=cv2.INTER_AREA)

    def seen(area: np.ndarray) -> np.ndarray:
        covered = area[y0:y1, x0:x1].view(np.uint8) * np.uint8(255)
        return cv2.resize(covered, reduced, interpolation=cv2.INTER_AREA) > LOOKED_FOR

    asked = seen(hole)
    hidden = asked if front is None else asked | seen(front)
    # What is mixed with hidden pixels at the hole's border is emptied as well.
    colour[hidden] = 0
    zoom_x, zoom_y = (x1 - x0) / reduced[0], (y1 - y0) / reduced[1]
    to_photo = np.array([[zoom_x, 0, x0], [0, zoom_y, y0]], np.float64)
    return View(colour, hidden, to_photo, 1 / zoom_x, asked)


def groups(hole: np.ndarray) -> list[tuple[Box, ...]]:
    """The parts of a hole (H x W bool) that may hide a face each, the largest first.

    A group is a few boxes (x, y, width, height) in photo pixels to look from: the one around the
    whole group and, where it has several parts, the largest of them. Parts too small to hide a face
    are left out.
    """
    import cv2

    scale = min(1.0, REDUCED / max(hole.shape))
    size = (max(1, round(hole.shape[1] * scale)), max(1, round(hole.shape[0] * scale)))
    covered = cv2.resize(hole.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    count, _, stats, _ = cv2.connectedComponentsWithStats((covered > LOOKED_FOR).astype(np.uint8))
    order = 1 + np.argsort(-stats[1:count, cv2.CC_STAT_AREA])[:64]
    zoom = np.array([hole.shape[1] / size[0], hole.shape[0] / size[1]] * 2)
    boxes = [stats[i, :4] * zoom for i in order]
    boxes = [b for b in boxes if max(b[2:]) >= SMALLEST]
    clusters: list[list[np.ndarray]] = []
    for box in boxes:
        near = [c for c in clusters if any(_near(box, other) for other in c)]
        merged = [box, *(b for c in near for b in c)]
        clusters = [c for c in clusters if not any(c is n for n in near)] + [merged]
    result: list[tuple[Box, ...]] = []
    for cluster in sorted(clusters, key=lambda c: -max(max(b[2:]) for b in c))[:MOST]:
        ordered = sorted(cluster, key=lambda b: -b[2] * b[3])
        low = np.min([b[:2] for b in ordered], 0)
        high = np.max([b[:2] + b[2:] for b in ordered], 0)
        whole = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
        parts = [tuple(float(v) for v in b) for b in ordered[:2]] if len(ordered) > 1 else []
        result.append((whole, *parts))  # pyright: ignore[reportArgumentType]
    return result


def _near(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two boxes are closer than NEAR sides of the larger one."""
    gap = NEAR * max(*one[2:], *other[2:])
    apart = np.maximum(one[:2], other[:2]) - np.minimum(one[:2] + one[2:], other[:2] + other[2:])
    return bool((apart < gap).all())
