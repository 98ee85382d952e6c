"""Masks before mouth and nose: surgical, cloth, printed cloth, FFP."""

from __future__ import annotations

import numpy as np

from training.worn.scene import Scene
from training.worn.surface import PATTERNS, folds, pattern, weave
from training.worn.ways import mirrored

_SURGICAL = (
    (168, 205, 228),
    (168, 205, 228),
    (236, 240, 243),
    (228, 190, 200),
    (48, 49, 54),
    (150, 200, 180),
)
_CLOTH = (
    (36, 37, 42),
    (60, 72, 105),
    (222, 216, 205),
    (132, 52, 58),
    (96, 110, 96),
    (190, 195, 205),
    (235, 235, 230),
)
_FFP = ((238, 240, 240), (238, 240, 240), (46, 47, 50))


def surgical_mask(scene: Scene) -> None:
    """Three pleats, a wire over the nose, welded rims, loops around the ears."""
    rng = scene.rng
    outline, (top, low) = _outline(scene, flat=True)
    u, v = scene.grid
    _loops(scene, top, low, scene.paint((235, 235, 235)), 0.035)
    share = _cast(scene, outline)
    height = _bulge(scene)
    for middle in (0.74, 0.98, 1.22):
        # A pleat is a step that lies open in the middle and is welded shut at the sides.
        step = (v - middle - 0.05 * np.square(u) * (1 if middle > 0.9 else -1)) / 0.09
        open_ = np.clip(1.15 - np.abs(u) / 1.02, 0, 1)
        height += 0.03 * open_ * np.where(np.abs(step) < 1, (1 + step) / 2, 0)
    height += folds(scene, 6, ends=np.array([top, low, top * (-1, 1), low * (-1, 1)]), depth=0.03)
    light = scene.relief(height) * (1 + 0.03 * scene.noise(0.02) * (scene.unit > 60))
    scene.lay(_tinted(scene, _SURGICAL[rng.integers(len(_SURGICAL))], light), share)
    for inside, dark in ((0.05, 0.9), (0.1, 0.94)):
        for lower in (False, True):
            rim = np.add(_rim(outline, lower), (0, -inside if lower else inside))
            scene.filter(1 - (1 - dark) * scene.line(rim, 0.016) * share)
    wire = np.array([[-0.42, 0.47], [-0.2, 0.37], [0, 0.33], [0.2, 0.37], [0.42, 0.47]])
    scene.filter(
        1
        + (0.07 * scene.line(wire, 0.05) - 0.1 * scene.line(np.add(wire, (0, 0.03)), 0.02)) * share
    )


def cloth_mask(scene: Scene) -> None:
    """Plain woven cloth with a seam down the middle and a hem."""
    colour = _CLOTH[scene.rng.integers(len(_CLOTH))]
    _sewn(scene, np.asarray(colour, np.float32))


def patterned_mask(scene: Scene) -> None:
    """Printed cloth."""
    _sewn(scene, pattern(scene, PATTERNS[scene.rng.integers(len(PATTERNS))]))


def ffp_mask(scene: Scene) -> None:
    """A stiff half mask: seams, mostly a valve, straps around the head."""
    rng = scene.rng
    outline, (top, low) = _outline(scene, flat=False)
    strap = scene.paint(((238, 236, 228), (232, 205, 90), (90, 130, 190))[rng.integers(3)])
    for side in filter(scene.sees, (-1, 1)):
        for way in ([top, (1.11, 0.24), (1.17, -0.16)], [low, (1.06, 0.98), (1.09, 0.86)]):
            line = np.array(way) * (side, 1)
            scene.shadow(scene.line(line, 0.06), (0.0, 0.03), 0.02, 0.35)
            scene.lay(strap * 0.92, scene.line(line, 0.06))
    share = _cast(scene, outline, 0.5)
    u, v = scene.grid
    height = 1.5 * _bulge(scene) + 0.1 * np.exp(-np.square(u / 0.5) - np.square((v - 1) / 0.5))
    folded = rng.random() < 0.5
    seam = (
        np.exp(-np.square((v - 1.0 - 0.1 * np.square(u)) / 0.02))
        if folded
        else np.exp(-np.square(u / 0.02))
    )
    light = scene.relief(height.astype(np.float32) - 0.02 * seam.astype(np.float32))
    light *= 1 + 0.02 * scene.noise(0.025)
    scene.lay(_tinted(scene, _FFP[rng.integers(len(_FFP))], light), share)
    for inside in (0.06, 0.085):  # welded dots along the rim
        middle = outline.mean(0)
        rim = middle + (outline - middle) * (1 - inside)
        scene.filter(1 - 0.1 * scene.line(np.vstack([rim, rim[:1]]), 0.02) * share)
    if rng.random() < 0.6:
        _valve(scene, np.array([rng.choice([0.0, 0.42, -0.42]), 1.08]))


def _valve(scene: Scene, centre: np.ndarray) -> None:
    around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([np.cos(around), 0.9 * np.sin(around)], 1)
    body = scene.area(centre + 0.24 * ring)
    scene.shadow(body, (0.015, 0.03), 0.025, 0.4)
    u, v = scene.grid
    away = np.hypot(u - centre[0], (v - centre[1]) / 0.9) / 0.24
    height = 0.06 * np.clip((1 - away) * 5, 0, 1) - 0.03 * (np.abs(away - 0.55) < 0.06)
    colour = scene.paint((236, 236, 236) if scene.rng.random() < 0.7 else (90, 120, 170))
    scene.lay(colour * scene.relief(height.astype(np.float32))[..., None], body)
    for slit in (-0.08, 0.0, 0.08):
        line = centre + np.array([[-0.12, slit], [0.12, slit]])
        scene.lay(colour * 0.35, scene.line(line, 0.03, smooth=False))


def _sewn(scene: Scene, colour: np.ndarray) -> None:
    outline, (top, low) = _outline(scene, flat=False)
    loop = scene.paint(
        np.median(colour.reshape(-1, 3), 0) if scene.rng.random() < 0.5 else (30, 30, 33)
    )
    _loops(scene, top, low, loop, 0.05)
    share = _cast(scene, outline)
    u, _ = scene.grid
    height = _bulge(scene)
    ends = np.array([top, low, top * (-1, 1), low * (-1, 1), (0.6, 0.45), (-0.6, 0.45)])
    height += folds(scene, int(scene.rng.integers(6, 14)), ends=ends, depth=0.06)
    if scene.rng.random() < 0.7:
        height -= 0.02 * np.exp(-np.square(u / 0.015)).astype(np.float32)
    light = scene.relief(height) * weave(scene)
    scene.lay(_tinted(scene, colour, light), share)
    middle = outline.mean(0)
    hem = middle + (outline - middle) * 0.94
    scene.filter(1 - 0.16 * scene.line(np.vstack([hem, hem[:1]]), 0.014) * share)


def _outline(scene: Scene, *, flat: bool) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """(the outline, its right upper and right lower corner) in face coordinates; a little askew."""
    rng = scene.rng
    high, deep = rng.uniform(-0.08, 0.12), rng.uniform(-0.05, 0.12)
    top, low = (1.03, 0.55 + high), (0.99, 1.14)
    if flat:
        half = [(0, 0.26 + high), (0.22, 0.31 + high), (0.5, 0.42 + high), (0.82, 0.5 + high), top]
        half += [(1.02, 0.85), low, (0.84, 1.46), (0.5, 1.76 + deep), (0.2, 1.88 + deep)]
        half += [(0, 1.9 + deep)]
    else:
        half = [(0, 0.22 + high), (0.2, 0.29 + high), (0.42, 0.47 + high), (0.75, 0.52 + high), top]
        half += [(1.04, 0.85), low, (0.86, 1.4), (0.55, 1.72 + deep), (0.25, 1.9 + deep)]
        half += [(0, 1.95 + deep)]
    turn = rng.normal(0, 0.03)
    askew = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return mirrored(half) @ askew + rng.normal(0, 0.02, 2), (np.array(top), np.array(low))


def _rim(outline: np.ndarray, lower: bool) -> np.ndarray:
    """The upper or the lower edge of an outline, from left to right."""
    half = outline[: len(outline) // 2]
    part = half[6:] if lower else half[:5]
    part = part if lower else part[::-1]
    return np.vstack([part * (-1, 1), part[::-1]])


def _bulge(scene: Scene) -> np.ndarray:
    """How far a mask stands out: a cheek's round, the nose beneath it, H x W units."""
    u, v = scene.grid
    round_ = 0.55 * np.sqrt(np.clip(1 - np.square(u / 1.35), 0.05, 1))
    nose = 0.22 * np.exp(-np.square(u / 0.26) - np.square((v - 0.58) / 0.33))
    chin = 0.1 * np.exp(-np.square(u / 0.5) - np.square((v - 1.62) / 0.22))
    return (round_ + nose + chin).astype(np.float32)


def _cast(scene: Scene, outline: np.ndarray, strength: float = 0.4) -> np.ndarray:
    share = scene.area(outline)
    scene.shadow(share, (0.0, 0.03), 0.035, strength)
    return share


def _loops(
    scene: Scene, top: np.ndarray, low: np.ndarray, colour: np.ndarray, width: float
) -> None:
    for side in filter(scene.sees, (-1, 1)):
        for way in (
            [top - (0.06, 0), (1.1, 0.42), (1.17, 0.22)],
            [low - (0.05, 0), (1.08, 0.9), (1.15, 0.66)],
        ):
            line = scene.line(np.array(way) * (side, 1), width)
            scene.shadow(line, (0.0, 0.025), 0.015, 0.35)
            scene.lay(colour, line)


def _tinted(scene: Scene, colour: np.ndarray | tuple[float, ...], light: np.ndarray) -> np.ndarray:
    """A colour (3 or H x W x 3 under white light) in the photo's light and the thing's relief."""
    colour = np.asarray(colour, np.float32)
    gain = scene.white / 246
    across, down = scene.light
    u, v = scene.grid
    face = 1 + 0.7 * (across * u.clip(-1.3, 1.3) + down * (v - 0.7).clip(-1.2, 1.2))
    return colour * gain * (light * face.clip(0.55, 1.35))[..., None]
