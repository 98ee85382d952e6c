"""Before the eyes and on the head: sunglasses, glasses with glare, headsets."""

from __future__ import annotations

import numpy as np

from training.worn.scene import Scene
from training.worn.ways import mirrored


def sunglasses(scene: Scene) -> None:
    """Dark lenses that mirror the sky and the ground, rims, a bridge, arms, pads' shadows."""
    rng = scene.rng
    lens, outlines, rims = _frame(scene)
    frame = scene.paint(
        ((18, 18, 20), (70, 45, 30), (150, 120, 60), (200, 200, 205))[rng.integers(4)]
    )
    scene.shadow(np.maximum(lens, rims), (0.0, 0.07), 0.06, 0.45)
    _, v = scene.grid
    tint = rng.uniform(0, 40) + rng.uniform(-8, 8, 3)
    fade = np.clip((v + 0.25) / 0.6, 0, 1)[..., None]
    sky, ground = rng.uniform(20, 170), rng.uniform(0, 60)
    horizon = _step((0.25 * scene.noise(0.35) - v) / rng.uniform(0.015, 0.08))
    mirrored_ = (horizon * sky + (1 - horizon) * ground)[..., None] * rng.uniform(0.6, 1.0, 3)
    colour = (tint + 45 * fade + rng.uniform(0.15, 0.9) * mirrored_) * (scene.white / 246)
    scene.lay(colour.clip(0, 250).astype(np.float32), lens * rng.uniform(0.93, 1.0))
    for outline in outlines:  # a highlight along the upper rim
        middle = outline.mean(0)
        part = middle + (outline[: len(outline) // 3] - middle) * 0.8
        glow = scene.blurred(scene.line(part, 0.03, smooth=False), 0.02) * rng.uniform(0, 0.6)
        scene.lay(scene.white, glow)
    _rims(scene, rims, frame)


def clear_glasses(scene: Scene) -> None:
    """Glasses one sees through, mostly with glare; often the lenses darken and bend a little."""
    rng = scene.rng
    lens, outlines, rims = _frame(scene)
    frame = scene.paint(
        ((25, 24, 24), (95, 60, 35), (160, 130, 80), (190, 60, 60))[rng.integers(4)]
    )
    if rng.random() < 0.5:
        scene.filter(1 - lens[..., None] * rng.uniform(0.04, 0.12, 3).astype(np.float32))
    u, v = scene.grid
    for outline in outlines:
        if rng.random() < 0.25:
            continue
        middle = outline.mean(0) + rng.normal(0, 0.08, 2)
        turn = rng.uniform(-0.7, 0.7)
        across = (u - middle[0]) * np.cos(turn) + (v - middle[1]) * np.sin(turn)
        down = (v - middle[1]) * np.cos(turn) - (u - middle[0]) * np.sin(turn)
        wide, high = rng.uniform(0.1, 0.38), rng.uniform(0.06, 0.2)
        window = _step((1 - np.maximum(np.abs(across) / wide, np.abs(down) / high)) / 0.06)
        glare = lens * scene.area(outline) * window * rng.uniform(0.35, 0.98)
        scene.lay(scene.white * rng.uniform(0.85, 1.05) * rng.uniform(0.9, 1.0, 3), glare)
    scene.shadow(rims, (0.0, 0.05), 0.025, 0.45)
    _rims(scene, rims, frame)


def headset(scene: Scene) -> None:
    """A headset for virtual reality over the eyes, or one with a microphone before the mouth."""
    if scene.rng.random() < 0.5:
        _goggles(scene)
    else:
        _telephonist(scene)


def _goggles(scene: Scene) -> None:
    rng = scene.rng
    colour = scene.paint((238, 238, 240) if rng.random() < 0.4 else (38, 39, 42))
    for side in filter(scene.sees, (-1, 1)):
        strap = scene.line(np.array([(0.95, -0.05), (1.2, -0.15), (1.35, -0.25)]) * (side, 1), 0.3)
        scene.lay(colour * 0.6, strap)
    half = [(0, -0.5), (0.6, -0.52), (1.02, -0.38), (1.08, 0.0), (1.02, 0.34), (0.6, 0.47)]
    share = scene.area(mirrored([*half, (0.25, 0.42), (0, 0.3)]))
    scene.shadow(share, (0.0, 0.1), 0.1, 0.6)
    u, v = scene.grid
    inside = scene.blurred(share, 0.07)
    height = 0.5 * np.clip(2 * inside - 1, 0, 1) ** 0.6 + 0.25 * np.sqrt(
        np.clip(1 - np.square(u / 1.2), 0.05, 1)
    )
    light = scene.relief(height.astype(np.float32))
    gloss = np.exp(-np.square((v + 0.25 + 0.06 * np.square(u)) / 0.05)) * 0.18
    body = colour * light[..., None] + scene.white * (gloss * (np.abs(u) < 0.8))[..., None]
    scene.lay(body.clip(0, 250).astype(np.float32), share)
    for x in rng.choice([-0.75, -0.4, 0.0, 0.4, 0.75], 2, replace=False):  # its cameras
        eye = np.array([x, rng.uniform(-0.2, 0.25)])
        around = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        ring = np.stack([np.cos(around), np.sin(around)], 1)
        scene.lay(colour * 0.25, scene.area(eye + 0.055 * ring))


def _telephonist(scene: Scene) -> None:
    rng = scene.rng
    side = 1 if scene.sees(1) and (not scene.sees(-1) or rng.random() < 0.5) else -1
    dark = scene.paint((36, 37, 40))
    band = np.array([(1.22, 0.2), (1.32, -0.6), (1.05, -1.45), (0.4, -1.9), (0, -1.97)])
    for one in filter(scene.sees, (-1, 1)):
        line = scene.line(band * (one, 1), 0.13)
        scene.shadow(line, (0.0, 0.04), 0.04, 0.4)
        scene.lay(dark * 1.15, line)
        around = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        cup = np.array([1.2 * one, 0.35]) + np.stack(
            [0.24 * np.cos(around), 0.42 * np.sin(around)], 1
        )
        share = scene.area(cup)
        scene.shadow(share, (-0.05 * one, 0.05), 0.06, 0.5)
        height = 0.4 * scene.blurred(share, 0.1)
        scene.lay(dark * scene.relief(height)[..., None], share)
    end = np.array([side * rng.uniform(0.05, 0.45), rng.uniform(1.05, 1.3)])
    boom = scene.line(
        np.array([(1.15 * side, 0.6), (1.0 * side, 1.1), (0.7 * side, 1.3), end]), 0.045
    )
    scene.shadow(boom, (0.02, 0.07), 0.04, 0.4)
    scene.lay(dark, boom)
    around = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    foam = scene.area(end + np.stack([0.2 * np.cos(around), 0.14 * np.sin(around)], 1))
    scene.shadow(foam, (0.02, 0.07), 0.06, 0.5)
    height = 0.5 * scene.blurred(foam, 0.06) + 0.012 * scene.noise(0.03)
    scene.lay(dark * 0.9 * scene.relief(height.astype(np.float32))[..., None], foam)


def _frame(scene: Scene) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """(share of the lenses, the two lenses' outlines in face coordinates, share of the rims)."""
    rng = scene.rng
    wide, high = rng.uniform(0.33, 0.46), rng.uniform(0.22, 0.36)
    power, drop = rng.uniform(2.0, 4.0), rng.uniform(0.0, 0.1)
    around = np.linspace(-np.pi, np.pi, 28, endpoint=False)
    cosine, sine = np.cos(around), np.sin(around)
    lens = np.stack(
        [
            wide * np.sign(cosine) * np.abs(cosine) ** (2 / power),
            high * np.sign(sine) * np.abs(sine) ** (2 / power),
        ],
        1,
    )
    lens[:, 0] *= 1 + 0.12 * lens[:, 1] / high * rng.uniform(-1, 0.3)  # wider above, as a pilot's
    outlines = [
        np.add(one, (side * 0.51, 0.05 + drop)) for side, one in ((-1, lens * (-1, 1)), (1, lens))
    ]
    share = np.maximum(*(scene.area(outline) for outline in outlines))
    thick = rng.uniform(0.025, 0.085)
    rims = np.zeros_like(share)
    for outline in outlines:
        rims = np.maximum(rims, scene.line(np.vstack([outline, outline[:1]]), thick))
    inner = 0.51 - wide
    bridge = np.array([(-inner, 0.02 + drop), (0, -0.05 + drop), (inner, 0.02 + drop)])
    rims = np.maximum(rims, scene.line(bridge, thick))
    for side in filter(scene.sees, (-1, 1)):
        arm = np.array([(0.51 + 0.97 * wide, -0.05 + drop), (1.02, 0.0), (1.15, 0.03)])
        rims = np.maximum(rims, scene.line(arm * (side, 1), max(0.03, thick)))
    return share, outlines, rims


def _rims(scene: Scene, rims: np.ndarray, colour: np.ndarray) -> None:
    height = 0.05 * scene.blurred(rims, 0.012)
    scene.lay(colour * scene.relief(height, 2.0)[..., None], rims)


def _step(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x.clip(-30, 30)))
