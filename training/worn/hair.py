"""Hair before a face: loose strands across it, bangs over brows and eyes."""

from __future__ import annotations

import cv2
import numpy as np

from engine.face.parts import part_mask
from training.worn.scene import Scene
from training.worn.ways import walked

_COLOURS = (
    (28, 24, 22),
    (52, 38, 30),
    (84, 58, 40),
    (130, 94, 60),
    (176, 142, 96),
    (120, 56, 32),
    (150, 148, 146),
)


def loose_hair(scene: Scene) -> None:
    """Locks from one side of the head across the face, down to cheek and mouth."""
    rng = scene.rng
    side = rng.choice([-1, 1])
    ways = []
    for _ in range(int(rng.integers(2, 5))):
        root = np.array([side * rng.uniform(0.1, 1.0), rng.uniform(-1.25, -0.85)])
        over = np.array([side * rng.uniform(-0.1, 0.75), rng.uniform(-0.15, 0.35)])
        end = np.array([side * rng.uniform(0.0, 1.1), rng.uniform(0.9, 1.9)])
        mid = (over + end) / 2 + (side * rng.uniform(-0.25, 0.2), 0)
        wide = rng.uniform(0.08, 0.3)
        for _ in range(int(160 * wide / 0.2)):
            off = rng.normal(0, 0.5) * wide
            loose = rng.normal(0, 0.03, (4, 2))
            line = (
                np.stack([root, over, mid, end]) + loose + np.outer((0.5, 0.9, 1.0, 0.7), (off, 0))
            )
            ways.append(line)
    _strands(scene, ways)


def bangs(scene: Scene) -> None:
    """A fringe from the top of the head down over the brows, and often the eyes."""
    rng = scene.rng
    low, parting = rng.uniform(-0.15, 0.35), rng.uniform(-0.5, 0.5)
    uneven = rng.uniform(0.03, 0.14)
    ways = []
    for _ in range(520):
        place = rng.uniform(-1.12, 1.12)
        bow = 0.2 * np.square(place)
        root = np.array([parting + (place - parting) * 0.62, -1.5 + 0.35 * np.square(place)])
        mid = np.array([parting + (place - parting) * 0.95, -0.85])
        end = np.array([place + rng.normal(0, 0.05), low + bow + rng.normal(0, uneven)])
        ways.append(np.stack([root, mid, (mid + end) / 2 + rng.normal(0, 0.03, 2), end]))
    _strands(scene, ways)


def _strands(scene: Scene, ways: list[np.ndarray]) -> None:
    """Lay many hairs (N x 2 face coordinates each, from root to tip)."""
    rng = scene.rng
    base = _colour(scene)
    canvas = np.zeros((*scene.photo.shape[:2], 3), np.uint8)
    alpha = np.zeros(scene.photo.shape[:2], np.uint8)
    # All ways at once through the spline, which costs by the call.
    curves = np.stack([walked(way) for way in ways])
    places = scene.at(curves.reshape(-1, 2)).reshape(curves.shape)
    thick = 0.011 * scene.unit
    for way in places[rng.permutation(len(places))]:
        tone = base * (0.6 + 0.75 * rng.random())
        points = np.round((way - 0.5) * 16).astype(np.int32)
        width = max(1, round(thick * rng.uniform(0.6, 1.5)))
        # Smooth hair shines in a band around the head, where it bends towards the light.
        bend = np.linspace(0, 1, len(points))
        for start in range(0, len(points) - 1, 6):
            shine = 1 + 0.35 * np.exp(-np.square((bend[start] - 0.35) / 0.14)) - 0.15 * bend[start]
            ink = tuple(float(v) for v in (tone * shine).clip(0, 255))
            part = points[start : start + 8]
            cv2.polylines(canvas, [part], False, ink, width, cv2.LINE_AA, 4)
            cv2.polylines(alpha, [part], False, (255,), width, cv2.LINE_AA, 4)
    share = alpha.astype(np.float32) / 255 * min(1.0, max(0.8, thick / 1.2))
    scene.shadow(share, (0.02, 0.06), 0.06, 0.35)
    # Beside a hair the canvas is black; its colour goes on under the soft edge.
    known = cv2.GaussianBlur((alpha > 100).astype(np.float32), (0, 0), 1.2)[..., None]
    spread = cv2.GaussianBlur(canvas.astype(np.float32) * (alpha > 100)[..., None], (0, 0), 1.2)
    colour = np.where((alpha > 100)[..., None], canvas, spread / np.maximum(known, 1e-3))
    scene.lay(colour.astype(np.float32), share)


def _colour(scene: Scene) -> np.ndarray:
    """The person's own hair where it can be told from skin, else one of what people have."""
    own = part_mask(scene.mesh, "hair", scene.size) > 0
    if own.any():
        pixels = scene.photo[own]
        dark = pixels[pixels.mean(-1) <= np.percentile(pixels.mean(-1), 50)]
        colour = np.median(dark, 0) * 1.15
        if colour.mean() < 0.75 * scene.skin.mean():
            return colour
    return scene.paint(_COLOURS[scene.rng.integers(len(_COLOURS))])
