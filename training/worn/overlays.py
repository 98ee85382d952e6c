"""What lies over the picture itself: bars, mosaic, blur, rain on the lens, subtitles.

Under a mosaic and a blur the hidden pixels are there, but they lie.
"""

from __future__ import annotations

import cv2
import numpy as np

from training.worn.scene import Scene
from training.worn.surface import set_down, words, written


def censor_bar(scene: Scene) -> None:
    """A bar of one colour over the eyes or the mouth."""
    rng = scene.rng
    eyes = rng.random() < 0.65
    middle = np.array([0.0, 0.02 if eyes else 1.08]) + rng.normal(0, 0.05, 2)
    half = np.array([rng.uniform(0.85, 1.3), rng.uniform(0.2, 0.36)])
    turn = np.radians(rng.normal(0, 4))
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    shade = float(rng.choice([0, 0, 0, 255, 128]))
    scene.lay(np.full(3, shade), scene.area(middle + corners @ rotation, smooth=False), soft=0.4)


def pixelation(scene: Scene) -> None:
    """A mosaic over a part of the face or all of it."""
    cell = max(2.0, scene.rng.uniform(0.1, 0.32) * scene.unit)
    width, height = scene.size
    small = cv2.resize(
        scene.photo,
        (max(1, round(width / cell)), max(1, round(height / cell))),
        interpolation=cv2.INTER_AREA,
    )
    blocks = cv2.resize(small, scene.size, interpolation=cv2.INTER_NEAREST)
    scene.lay(blocks, _hidden_part(scene), soft=0.4, smooth=False)


def blur(scene: Scene) -> None:
    """A part of the face or all of it out of focus, its rim hard or soft."""
    rng = scene.rng
    soft = rng.uniform(0.0, 0.08) if rng.random() < 0.6 else 0.0
    blurred = scene.blurred(scene.photo, rng.uniform(0.1, 0.3))
    scene.lay(blurred, _hidden_part(scene), soft=max(0.5, soft * scene.unit))


def rain(scene: Scene) -> None:
    """Drops on the lens: each shows the scene upside down, dark above and light below."""
    rng = scene.rng
    out_of_focus = scene.blurred(scene.photo, 0.04)
    width, height = scene.size
    for _ in range(int(rng.integers(20, 45))):
        u, v = rng.uniform(-1.4, 1.4), rng.uniform(-1.0, 2.0)
        radius = float(rng.choice([0.05, 0.08, 0.12, 0.2, 0.3], p=[0.3, 0.28, 0.22, 0.14, 0.06]))
        radius *= rng.uniform(0.8, 1.25) * scene.unit
        middle = scene.at(np.array([(u, v)]))[0]
        reach = 1.6 * radius + 2
        low = np.floor(middle - reach).clip(0, (width, height)).astype(int)
        up = np.ceil(middle + reach).clip(0, (width, height)).astype(int)
        if (up - low < 2).any():
            continue
        here = np.s_[low[1] : up[1], low[0] : up[0]]
        x, y = np.meshgrid(np.arange(low[0], up[0]) + 0.5, np.arange(low[1], up[1]) + 0.5)
        dx, dy = (x - middle[0]) / radius, (y - middle[1]) / (radius * rng.uniform(1.0, 1.3))
        angle = np.arctan2(dy, dx)
        wobble = (
            1
            + 0.07 * np.sin(2 * angle + rng.uniform(0, 6))
            + 0.05 * np.sin(3 * angle + rng.uniform(0, 6))
        )
        away = np.hypot(dx, dy) / wobble
        # A ball lens: it gathers a wide piece of the scene and turns it over.
        bent = 2.6 * radius * (1 + np.square(away))
        mx = (middle[0] - dx * bent).astype(np.float32)
        my = (middle[1] - dy * bent).astype(np.float32)
        seen = cv2.remap(out_of_focus, mx, my, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        light = (
            1
            + 0.45 * dy.clip(-1, 1) * away.clip(0, 1)
            - 0.35 * np.exp(-np.square((away - 0.97) / 0.1))
        )
        spot = 0.8 * np.exp(-(np.square(dx + 0.3) + np.square(dy + 0.45)) / 0.02)
        colour = seen * light[..., None] + (spot[..., None] * scene.white)
        share = np.zeros(scene.photo.shape[:2], np.float32)
        share[here] = np.clip((1 - away) * radius + 0.5, 0, 1)
        full = np.zeros_like(scene.photo)
        full[here] = colour.clip(0, 252)
        scene.lay(full, share, soft=max(scene.edge, 0.03 * radius), smooth=False)


def subtitles(scene: Scene) -> None:
    """One or two lines of a film's text over mouth, chin or neck."""
    rng = scene.rng
    lines = int(rng.integers(1, 3))
    text = [words(rng, int(rng.integers(3, 7))) for _ in range(lines)]
    text[0] = text[0].capitalize()
    ink = (255, 255, 255) if rng.random() < 0.7 else (250, 225, 60)
    size = 64
    wide = int(size * 0.56 * max(len(line) for line in text)) + 60
    picture = np.zeros((int(1.5 * size * lines), wide, 4), np.uint8)
    picture[..., :3] = 0
    if rng.random() < 0.25:  # on a bar
        picture[..., 3] = 190
    for number, line in enumerate(text):
        start = (wide - 0.5 * size * len(line)) / 2
        place = (max(8.0, start), size * (0.75 + 1.5 * number))
        picture = written(picture, line, place, size, (*ink, 255), rim=6)
    high = rng.uniform(0.28, 0.5)  # units a line
    width = wide / (1.5 * size) * high
    colour, share, _ = set_down(
        scene, picture, np.array([rng.normal(0, 0.2), rng.uniform(0.95, 1.5)]), width, level=True
    )
    scene.lay(colour, share, soft=0.4, smooth=False)


def _hidden_part(scene: Scene) -> np.ndarray:
    """What is made unrecognisable: the whole face, its eyes or its mouth; a box or an ellipse."""
    rng = scene.rng
    parts = (((0, 0.5), (1.3, 1.45)), ((0, 0.02), (1.0, 0.36)), ((0, 1.08), (0.65, 0.42)))
    middle, half = parts[rng.choice(3, p=[0.5, 0.25, 0.25])]
    half = np.array(half) * rng.uniform(0.9, 1.15)
    if rng.random() < 0.5:
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
        return scene.area(middle + corners, smooth=False)
    around = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return scene.area(middle + np.stack([np.cos(around), np.sin(around)], 1) * half)
