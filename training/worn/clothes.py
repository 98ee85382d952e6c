"""Scarves, collars and hats: cloth and wool around a face."""

from __future__ import annotations

import numpy as np

from training.worn.scene import Scene
from training.worn.surface import PATTERNS, folds, knit, pattern, weave
from training.worn.ways import mirrored


def scarf(scene: Scene) -> None:
    """A scarf wound around neck and chin, up to the mouth or the nose."""
    rng = scene.rng
    u, v = scene.grid
    colour = _cloth_colour(scene)
    top = rng.uniform(0.32, 0.85)
    wool = rng.random() < 0.6
    lean = rng.uniform(-0.12, 0.12)
    # Two or three turns, the upper one in front.
    for number in range(int(rng.integers(2, 4)))[::-1]:
        high = top + 0.5 * number
        wave = rng.normal(0, 0.03, 7)
        x = np.linspace(-1.5, 1.5, 7)
        edge = (
            high
            + 0.22 * np.square(x / 1.2).clip(0, 1.3) * (1 if number else -0.4)
            + lean * x
            + wave
        )
        low = max(high + 0.75, 1.95 + 0.3 * number)
        outline = np.vstack([np.stack([x, edge], 1), [(1.72, low - 0.4), (1.45, low + 0.25)]])
        outline = np.vstack([outline, [(0.8, low + 0.5), (0.1, low + 0.6), (-0.7, low + 0.5)]])
        share = scene.area(np.vstack([outline, [(-1.45, low + 0.2), (-1.72, low - 0.4)]]))
        scene.shadow(share, (0.0, -0.03), 0.05, 0.45)
        scene.shadow(share, (0.0, 0.1), 0.08, 0.35)
        turn = lean + rng.uniform(-0.2, 0.2)
        along = v - high - turn * u - 0.2 * np.square(u.clip(-1.6, 1.6) / 1.2)
        height = 0.5 * np.sqrt(np.clip(1 - np.square(u / 1.9), 0.05, 1))
        height += 0.09 * np.sqrt(np.clip(1 - np.square((along - 0.45) / 0.5), 0, 1))
        for _ in range(int(rng.integers(3, 6))):  # creases along the turn
            place, wide = rng.uniform(0.05, 0.9), rng.uniform(0.03, 0.08)
            bend = rng.normal(0, 0.15) * u + 0.05 * scene.noise(0.8)
            height += 0.05 * np.exp(-np.square((along + bend - place) / wide))
        height += 0.04 * scene.noise(0.7, 0.2)
        light = scene.relief(height.astype(np.float32))
        if wool:
            light = light * scene.relief(0.5 * knit(scene, along + 0.02 * scene.noise(0.5), 0.1))
        else:
            light = light * weave(scene, 0.03, 0.08)
        scene.lay(_lit(scene, colour, light), share)


def collar(scene: Scene) -> None:
    """A roll-neck or a jacket's collar pulled up over mouth or nose."""
    rng = scene.rng
    u, v = scene.grid
    top, wide = rng.uniform(0.4, 0.95), rng.uniform(1.12, 1.3)
    dip = rng.uniform(0.0, 0.2)
    half = [(0, top + dip), (0.45, top + 0.5 * dip), (0.85, top - 0.05), (wide, top - 0.02)]
    half += [(wide + 0.06, top + 0.6), (wide + 0.25, 2.1), (2.4, 2.75), (2.6, 4.0), (0, 4.2)]
    share = scene.area(mirrored(half) + rng.normal(0, 0.03, 2))
    scene.shadow(share, (0.0, -0.04), 0.06, 0.5)
    height = 0.9 * np.sqrt(np.clip(1 - np.square(u / (wide + 0.5)), 0.04, 1))
    height += 0.03 * scene.noise(0.5, 0.18) + folds(
        scene, 6, ends=np.array([(1.2, 2.2), (-1.2, 2.2), (0.5, 2.6), (-0.4, 2.5)]), depth=0.07
    )
    zip_ = rng.random() < 0.5
    if zip_:
        light = scene.relief(height.astype(np.float32)) * weave(scene, 0.02, 0.03)
    else:
        light = scene.relief(height.astype(np.float32)) * scene.relief(0.5 * knit(scene, u, 0.08))
        # A roll-neck is turned down: its upper part lies over the lower one.
        light *= 1 - 0.25 * np.exp(-np.square((v - top - 0.75) / 0.05))
    colour = _cloth_colour(scene)
    scene.lay(_lit(scene, colour, light), share)
    rim = np.array(
        [
            (-wide, top - 0.02),
            (-0.85, top - 0.05),
            (0, top + dip),
            (0.85, top - 0.05),
            (wide, top - 0.02),
        ]
    )
    scene.filter(1 - 0.25 * scene.line(np.add(rim, (0, 0.07)), 0.02) * share)
    if zip_:
        way = np.array([(0, top + dip), (0.02, 1.8), (0, 3.2)])
        scene.lay(scene.paint((40, 40, 44)), scene.line(way, 0.1) * share)
        teeth = (np.sin(2 * np.pi * v / 0.05) > 0) * scene.line(way, 0.05)
        scene.lay(scene.paint((170, 170, 172)), teeth.astype(np.float32) * share)


def hat(scene: Scene) -> None:
    """A woollen cap or one with a peak, pulled down to the brows or over an eye."""
    rng = scene.rng
    u, v = scene.grid
    low, lean = rng.uniform(-0.42, 0.05), rng.uniform(-0.16, 0.16)
    half = [
        (0, -2.05),
        (0.7, -1.9),
        (1.2, -1.35),
        (1.34, -0.7),
        (1.26, low - 0.12),
        (0.8, low - 0.02),
    ]
    half += [(0.35, low + 0.02), (0, low + 0.03)]
    outline = mirrored(half)
    outline[:, 1] += lean * outline[:, 0]
    share = scene.area(outline)
    scene.shadow(share, (0.0, 0.09), 0.08, 0.55)
    height = 1.1 * np.sqrt(np.clip(1 - np.square(u / 1.42) - np.square((v + 0.5) / 2.0), 0.02, 1))
    colour = _cloth_colour(scene)
    peaked = rng.random() < 0.5
    if peaked:
        seams = np.exp(-np.square(np.abs(u + 0.25 * (v + 2)) % 0.75 / 0.02))
        light = (
            scene.relief(height.astype(np.float32)) * weave(scene, 0.02, 0.04) * (1 - 0.12 * seams)
        )
        scene.lay(_lit(scene, colour, light), share)
        _peak(scene, low, lean, colour)
        return
    height += 0.05 * scene.noise(0.4)
    fold = v - lean * u > low - 0.55  # the rim is turned up
    height += 0.07 * fold * np.sqrt(np.clip((v - lean * u - low + 0.55) / 0.3, 0, 1))
    light = scene.relief(height.astype(np.float32)) * scene.relief(0.7 * knit(scene, u, 0.1))
    rim = np.exp(-np.square((v - lean * u - low + 0.57) / 0.03))
    scene.lay(_lit(scene, colour, light * (1 - 0.3 * rim)), share)


def _peak(scene: Scene, low: float, lean: float, colour: np.ndarray) -> None:
    half = [
        (0, low - 0.12),
        (0.6, low - 0.08),
        (1.1, low + 0.06),
        (1.16, low + 0.2),
        (0.75, low + 0.3),
    ]
    outline = mirrored([*half, (0, low + 0.38)])
    outline[:, 1] += lean * outline[:, 0]
    share = scene.area(outline)
    scene.shadow(share, (0.0, 0.16), 0.12, 0.55)
    u, v = scene.grid
    height = 0.5 * np.sqrt(np.clip(1 - np.square(u / 1.4), 0.05, 1)) - 0.35 * (v - low)
    base = np.median(colour.reshape(-1, 3), 0) * scene.rng.uniform(0.7, 1.0)
    light = scene.relief(height.astype(np.float32)) * weave(scene, 0.02, 0.04)
    scene.lay(_lit(scene, base, light * (1 - 0.25 * np.clip((v - low) / 0.4, 0, 1))), share)
    middle = outline.mean(0)
    for inside in (0.06, 0.12):
        seam = middle + (outline - middle) * (1 - inside)
        scene.filter(1 - 0.12 * scene.line(np.vstack([seam, seam[:1]]), 0.014) * share)


def _cloth_colour(scene: Scene) -> np.ndarray:
    """One colour, or a pattern H x W x 3, under white light."""
    rng = scene.rng
    if rng.random() < 0.3:
        return pattern(scene, PATTERNS[rng.integers(len(PATTERNS))])
    dark = rng.uniform(0.25, 1)
    return (np.array([225, 225, 225]) * dark * rng.uniform(0.45, 1.0, 3)).astype(np.float32)


def _lit(scene: Scene, colour: np.ndarray, light: np.ndarray) -> np.ndarray:
    light = light * (0.75 + 0.25 * scene.shaded())
    return np.asarray(colour, np.float32) * (scene.white / 246) * light[..., None]
