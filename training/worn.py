"""Things people have in front of their faces, drawn over a photo: what a hole hides in real life.

An evaluation that hides a face under one flat colour is kind to every finder; dark glasses, cloth,
a hand or another face are not. Each thing is drawn inside the hole (H x W bool), seeded.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.face import geometry
from engine.face.mesh import eye_centres, inter_ocular, mouth_centre

INSIDES = ("flat", "worn")


def cover(
    photo: np.ndarray,
    hole: np.ndarray,
    mesh: np.ndarray,
    inside: str,
    rng: np.random.Generator,
    other: np.ndarray | None = None,
) -> np.ndarray:
    """The photo with its hole covered, a new H x W x 3 uint8 array; outside it is the photo.

    mesh: 478 x 2 in photo pixels. inside: "flat", one colour, or "worn", what fits the place.
    other: another photo, whose face may be what is in front.
    """
    thing = np.empty_like(photo)
    thing[:] = rng.integers(0, 256, 3)
    if inside == "worn":
        unit = inter_ocular(mesh)
        eyes = [_holds(hole, point) for point in eye_centres(mesh)]
        mouth = _holds(hole, mouth_centre(mesh))
        if any(eyes) and not mouth:
            thing = _glasses(photo, mesh, unit, rng)
        elif mouth and not any(eyes):
            thing = _cloth(photo, mesh, unit, rng)
        elif other is not None and rng.random() < 0.35:
            thing = _other_face(photo, mesh, other)
        else:
            thing = _hand(photo, mesh, unit, rng) if rng.random() < 0.5 else _paper(photo, rng)
    return np.where(hole[..., None], thing, photo)


def _holds(hole: np.ndarray, point: np.ndarray) -> bool:
    x, y = np.floor(point).astype(int)
    return bool(0 <= x < hole.shape[1] and 0 <= y < hole.shape[0] and hole[y, x])


def _glasses(
    photo: np.ndarray, mesh: np.ndarray, unit: float, rng: np.random.Generator
) -> np.ndarray:
    """Dark glasses: two lenses that mirror a little of the sky, a bridge, arms."""
    thing = photo.copy()
    frame = tuple(int(v) for v in rng.integers(0, 70, 3))
    left, right = eye_centres(mesh)
    angle = float(np.degrees(np.arctan2(*(right - left)[::-1])))
    size = (unit * rng.uniform(0.7, 0.95), unit * rng.uniform(0.5, 0.75))
    across = (right - left) / max(unit, 1e-6)
    ends = (left - 0.9 * unit * across, right + 0.9 * unit * across)
    width = max(1, round(0.06 * unit))
    cv2.line(thing, _pixel(ends[0]), _pixel(ends[1]), frame, width, cv2.LINE_AA)
    for eye in (left, right):
        shape = (tuple(float(v) for v in eye), size, angle)
        cv2.ellipse(thing, shape, frame, -1, cv2.LINE_AA)
        shine = (eye[0] - 0.15 * unit, eye[1] - 0.12 * unit)
        cv2.ellipse(
            thing,
            (shine, (0.22 * unit, 0.1 * unit), angle - 20),
            tuple(int(v) for v in rng.integers(90, 200, 3)),
            -1,
            cv2.LINE_AA,
        )
    return thing


def _cloth(
    photo: np.ndarray, mesh: np.ndarray, unit: float, rng: np.random.Generator
) -> np.ndarray:
    """A cloth mask: one pale or dark colour with folds across."""
    colour = rng.choice(np.array([[235, 240, 245], [150, 190, 215], [40, 40, 45], [225, 200, 205]]))
    height, width = photo.shape[:2]
    left, right = eye_centres(mesh)
    across = (right - left) / max(unit, 1e-6)
    down = np.array([-across[1], across[0]])
    y = np.arange(height, dtype=np.float32)[:, None] * down[1]
    x = np.arange(width, dtype=np.float32)[None] * down[0]
    folds = 14 * np.sin((x + y) / max(unit, 1e-6) * rng.uniform(9, 16)) + rng.normal(
        0, 3, (height, width)
    )
    return (colour + folds[..., None]).clip(0, 255).astype(np.uint8)


def _hand(photo: np.ndarray, mesh: np.ndarray, unit: float, rng: np.random.Generator) -> np.ndarray:
    """Fingers in the colour of the face's own skin, as a hand before a face has."""
    skin = np.median(photo[_around(mesh, photo.shape)], axis=0)
    thing = np.empty_like(photo)
    thing[:] = skin
    middle = mesh.mean(0)
    turn = rng.uniform(-0.5, 0.5)
    along = np.array([np.sin(turn), -np.cos(turn)])
    aside = np.array([along[1], -along[0]])
    for finger in range(-2, 3):
        root = middle + aside * finger * 0.55 * unit - along * 1.5 * unit
        tip = root + along * unit * rng.uniform(2.4, 3.2)
        shade = (skin * rng.uniform(0.8, 1.1)).clip(0, 255)
        line = tuple(float(v) for v in shade)
        cv2.line(thing, _pixel(root), _pixel(tip), line, max(2, round(0.5 * unit)), cv2.LINE_AA)
        dark = tuple(float(v) for v in skin * 0.6)
        edge = aside * 0.27 * unit
        cv2.line(thing, _pixel(root + edge), _pixel(tip + edge), dark, 1, cv2.LINE_AA)
    return thing


def _paper(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A sheet with lines of writing."""
    thing = np.full_like(photo, int(rng.integers(205, 250)))
    step = max(4, photo.shape[0] // 24)
    for y in range(step, photo.shape[0], step):
        for x in range(0, photo.shape[1], 2 * step):
            end = x + int(rng.uniform(0.5, 1.6) * step)
            cv2.line(thing, (x, y), (end, y), (60, 60, 70), max(1, step // 5))
    return thing


def _other_face(photo: np.ndarray, mesh: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Another photo in front, as large as the face: what misleads a finder most."""
    side = geometry.frame_side(geometry.frame_from_mesh(mesh))
    zoom = 1.3 * side / max(other.shape[:2])
    middle = mesh.mean(0) + 0.12 * side
    half = np.array([other.shape[1], other.shape[0]]) / 2
    matrix = np.column_stack([zoom * np.eye(2), middle - zoom * half])
    return cv2.warpAffine(
        other, matrix, (photo.shape[1], photo.shape[0]), borderMode=cv2.BORDER_REFLECT_101
    )


def _around(mesh: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    places = np.floor(mesh).astype(int).clip(0, (shape[1] - 1, shape[0] - 1))
    return places[:, 1], places[:, 0]


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
