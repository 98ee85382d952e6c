"""What is held or stuck before a face: phone, cup, microphone, paper, sticker, balloon, a head."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from engine.face.mesh import OVAL
from training.worn.hands import grip
from training.worn.scene import Scene
from training.worn.surface import rounded, set_down, words, written


class Portrait(NamedTuple):
    """Somebody else: a photo (H x W x 3 uint8) and the mesh of the face in it (478 x 2 pixels)."""

    photo: np.ndarray
    mesh: np.ndarray


def phone(scene: Scene) -> None:
    """A telephone held before the face, its back with the cameras to us."""
    rng = scene.rng
    high, wide = 620, 300
    colour = rng.choice([(28, 29, 32), (225, 226, 228), (150, 60, 70), (70, 90, 120)])
    picture = np.empty((high, wide, 4), np.uint8)
    slope = np.linspace(1.12, 0.92, high)[:, None] * np.linspace(1.04, 0.96, wide)
    picture[..., :3] = (colour * slope[..., None]).clip(0, 255)
    picture[..., 3] = rounded(high, wide, 42)
    rim = cv2.morphologyEx(picture[..., 3], cv2.MORPH_GRADIENT, np.ones((7, 7), np.uint8)) > 0
    picture[rim, :3] = np.clip(np.array(colour) * 0.5 + 70, 0, 255)
    cv2.rectangle(picture, (26, 28), (142, 150), (*(int(v * 0.8) for v in colour), 255), -1)
    for x, y in ((58, 60), (110, 90), (58, 118)):
        cv2.circle(picture, (x, y), 24, (12, 12, 14, 255), -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y), 11, (40, 45, 70, 255), -1, cv2.LINE_AA)
        cv2.circle(picture, (x - 5, y - 5), 4, (170, 180, 200, 255), -1, cv2.LINE_AA)
    centre = np.array([rng.uniform(-0.5, 0.5), rng.uniform(0.1, 1.1)])
    turn = rng.choice([0, 90], p=[0.75, 0.25]) + rng.normal(0, 9)
    corners = _sheet(scene, picture, centre, rng.uniform(1.0, 1.5), turn, gloss=0.12)
    edge = 0 if rng.random() < 0.5 else 1
    start, end = corners[edge], corners[3 - edge]
    middle = start + (end - start) * rng.uniform(0.55, 0.75)
    grip(scene, middle, end - start, 1.0 if edge == 0 else -1.0)


def paper(scene: Scene) -> None:
    """A sheet with writing held up, over some of the face or all of it."""
    rng = scene.rng
    high, wide = int(rng.integers(420, 680)), 480
    picture = np.full((high, wide, 4), 255, np.uint8)
    picture[..., :3] = rng.integers(228, 255, 3)
    ink = tuple(int(v) for v in (rng.integers(20, 70, 3) if rng.random() < 0.8 else (170, 30, 40)))
    size = rng.uniform(14, 60)
    for y in np.arange(40 + size / 2, high - 30, 1.5 * size):
        text = words(rng, max(1, int(rng.uniform(0.6, 1) * 62 / size * 1.6)))
        picture = written(picture, text, (34, y), size, (*ink, 255))
    centre = np.array([rng.normal(0, 0.25), rng.uniform(0.2, 1.35)])
    corners = _sheet(scene, picture, centre, rng.uniform(1.7, 2.9), rng.normal(0, 7), bent=0.12)
    for edge in (0, 1) if rng.random() < 0.6 else ():
        start, end = corners[edge], corners[3 - edge]
        grip(scene, start + (end - start) * 0.75, end - start, (1.0, -1.0)[edge], 3)


def sticker(scene: Scene) -> None:
    """A drawn sticker of an application or of paper: round face, heart, star, flower."""
    rng = scene.rng
    side = 400
    share = np.zeros((side, side), np.uint8)
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    shape = int(rng.integers(4))
    if shape == 1:
        x, y = (
            16 * np.sin(angle) ** 3,
            -13 * np.cos(angle) + 5 * np.cos(2 * angle) + 2 * np.cos(3 * angle),
        )
        outline = np.stack([x, y + np.cos(4 * angle)], 1) / 17
    else:
        dents = ((0, 0), (0, 0), (0.28, 5), (0.16, 8))[shape]
        waves = 1 - dents[0] * (1 - np.cos(dents[1] * angle)) / 2 * 1.6
        outline = np.stack([np.sin(angle), -np.cos(angle)], 1) * waves[:, None]
    points = np.round(outline * 180 + 200).astype(np.int32)
    cv2.fillPoly(share, [points], (255,), cv2.LINE_AA)
    picture = np.empty((side, side, 4), np.uint8)
    picture[..., :3] = ((255, 210, 50), (230, 60, 90), (250, 190, 40), (240, 130, 190))[shape]
    fade = 1.06 - 0.14 * np.linspace(0, 1, side)[:, None, None]
    picture[..., :3] = (picture[..., :3] * fade).clip(0, 255)
    if shape == 0 or rng.random() < 0.3:
        for x in (140, 260):
            cv2.ellipse(picture, (x, 160), (22, 34), 0, 0, 360, (60, 40, 20, 255), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (200, 235), (90, 70), 0, 10, 170, (60, 40, 20, 255), 12, cv2.LINE_AA)
    white = rng.random() < 0.5
    rim = cv2.dilate(share, np.ones((17, 17), np.uint8)) if white else share
    picture[..., :3] = np.where(share[..., None] > 0, picture[..., :3], 255)
    picture[..., 3] = rim
    places = ((0.0, 0.5), (0.0, 1.1), (-0.5, 0.0), (0.5, 0.0), (0.4, 0.6))
    centre = np.array(places[rng.integers(5)]) + rng.normal(0, 0.08, 2)
    colour, shown, _ = set_down(scene, picture, centre, rng.uniform(0.9, 2.4), rng.normal(0, 12))
    scene.lay(colour, shown, soft=0.6)  # nothing that the camera saw: as sharp as a screen


def cup(scene: Scene) -> None:
    """A mug or a paper cup at the mouth, a hand around it."""
    rng = scene.rng
    u, v = scene.grid
    x, top = rng.normal(0, 0.15), rng.uniform(0.62, 0.95)
    wide, tall = rng.uniform(0.42, 0.62), rng.uniform(1.0, 1.4)
    taper = rng.uniform(0.78, 1.0)
    around = np.linspace(0, np.pi, 14)
    low = np.stack([x + taper * wide * np.cos(around), top + tall + 0.16 * np.sin(around)], 1)
    body = np.vstack([[(x - wide, top)], [(x + wide, top)], low])
    share = np.maximum(scene.area(body, smooth=False), _ellipse(scene, (x, top), wide, 0.14))
    scene.shadow(share, (0.02, 0.06), 0.08, 0.45)
    height = wide * np.sqrt(np.clip(1 - np.square((u - x) / wide), 0.02, 1))
    colour = np.broadcast_to(scene.paint(rng.integers(60, 250, 3)), scene.photo.shape).copy()
    if rng.random() < 0.6:  # a band or a print
        band = np.abs(v - top - rng.uniform(0.4, 0.7)) < rng.uniform(0.1, 0.3)
        colour[band] = scene.paint(rng.integers(30, 240, 3))
    light = scene.relief(height.astype(np.float32), 0.8)
    gloss = 0.35 * np.exp(-np.square((u - x + 0.45 * wide) / 0.06))
    scene.lay((colour * light[..., None] + (40 * gloss)[..., None]).clip(0, 250), share)
    lid = rng.random() < 0.5
    rim = _ellipse(scene, (x, top), wide * 1.04, 0.15)
    scene.lay(scene.paint((235, 235, 232) if lid else (215, 210, 205)), rim)
    inner = _ellipse(scene, (x, top), wide * 0.93, 0.11)
    scene.lay(scene.paint((205, 205, 203) if lid else (70, 45, 30)), inner)
    side = rng.choice([-1, 1])
    edge = scene.at(
        np.array([(x + side * wide * 0.95, top + 0.35), (x + side * wide * 0.9, top + 1.2)])
    )
    grip(scene, edge.mean(0), edge[1] - edge[0], -side)


def microphone(scene: Scene) -> None:
    """A singer's microphone at the mouth, a fist around it."""
    rng = scene.rng
    turn = np.radians(rng.uniform(-50, 50))
    down = np.array([np.sin(turn), np.cos(turn)])
    head = np.array([rng.normal(0, 0.15), rng.uniform(1.05, 1.4)])
    u, v = scene.grid
    size = rng.uniform(0.27, 0.4)
    foot = head + down * 4.0
    aside = np.array([down[1], -down[0]])
    shaft = [head + aside * 0.2, foot + aside * 0.13, foot - aside * 0.13, head - aside * 0.2]
    body, ball = scene.area(np.array(shaft), smooth=False), _ellipse(scene, head, size, size)
    scene.shadow(np.maximum(body, ball), (0.02, 0.07), 0.07, 0.5)
    across = (u - head[0]) * aside[0] + (v - head[1]) * aside[1]
    height = 0.2 * np.sqrt(np.clip(1 - np.square(across / 0.21), 0.02, 1))
    dark = scene.paint((44, 45, 48))
    scene.lay(dark * scene.relief(height.astype(np.float32))[..., None], body)
    dome = size * np.sqrt(np.clip(1 - np.hypot(u - head[0], v - head[1]) ** 2 / size**2, 0.01, 1))
    wire = max(0.035, 3.2 / scene.unit)
    mesh = np.sin(np.pi * (u + v) / wire) * np.sin(np.pi * (u - v) / wire)
    steel = scene.paint((150, 152, 156) if rng.random() < 0.6 else (60, 60, 64))
    light = scene.relief(dome.astype(np.float32)) * (1 + 0.28 * mesh)
    scene.lay(steel * light[..., None], ball)
    ring = np.abs((u - head[0]) * down[0] + (v - head[1]) * down[1] - 0.1 * size) < 0.05
    scene.lay(scene.paint((185, 186, 190)) * light[..., None], ball * ring)
    fist = scene.at(np.array([head + down * 0.75 - aside * 0.3, head + down * 1.6 - aside * 0.3]))
    grip(scene, fist.mean(0), fist[1] - fist[0], 1.0)


def balloon(scene: Scene) -> None:
    """A balloon before the face: glossy, a little light shines through its rim."""
    rng = scene.rng
    u, v = scene.grid
    centre = np.array([rng.normal(0, 0.35), rng.uniform(0.2, 1.1)])
    wide = rng.uniform(0.85, 1.4)
    high = wide * rng.uniform(1.1, 1.25)
    tip = centre + np.array([0, high * 1.04])
    scene.lay(
        scene.paint((230, 230, 230)),
        scene.line(np.add(tip, [(0, 0), (0.1, 1), (0, 2.5)]), 0.02),
    )
    around = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    narrow = 1 - 0.14 * np.clip(np.sin(around), 0, 1)
    outline = centre + np.stack([wide * narrow * np.cos(around), high * np.sin(around)], 1)
    share = scene.area(outline)
    knot = np.add(tip, [(0, -0.06), (0.08, 0.08), (-0.08, 0.08)])
    share = np.maximum(share, scene.area(knot, smooth=False))
    scene.shadow(share, (0.04, 0.1), 0.15, 0.4)
    away = np.hypot((u - centre[0]) / wide, (v - centre[1]) / high)
    dome = wide * np.sqrt(np.clip(1 - np.square(away), 0.01, 1))
    base = scene.paint(rng.integers(20, 240, 3))
    light = 0.55 + 0.45 * scene.relief(dome.astype(np.float32), 0.7)
    glow = 1 + 0.25 * np.clip(away - 0.7, 0, 0.3) / 0.3
    colour = base * (light * glow)[..., None]
    for dx, dy, size, strength in ((-0.38, -0.45, 0.16, 0.85), (0.4, 0.35, 0.3, 0.12)):
        spot = np.hypot((u - centre[0] - dx * wide) / 0.8, (v - centre[1] - dy * high) / 1.3) / (
            size * wide
        )
        shine = (strength * np.exp(-np.square(spot)))[..., None]
        colour = colour * (1 - shine) + scene.white * shine
    scene.lay(colour.clip(0, 252).astype(np.float32), share * 0.97)


def other_head(scene: Scene, other: Portrait | None) -> None:
    """Somebody in front: another portrait's head, or the back of one where none is given."""
    if other is None or scene.rng.random() < 0.2:
        _back_of_head(scene)
        return
    rng = scene.rng
    colour, share = _cut_out(other)
    outline = other.mesh[list(OVAL)]
    size = float(np.ptp(outline[:, 1])) / 2.6  # a face is 2.6 units long
    zoom = rng.uniform(0.95, 1.5) * scene.unit / max(size, 1e-6)
    goal = scene.at(
        np.array([(rng.choice([-1, 1]) * rng.uniform(0.25, 0.95), rng.uniform(0.9, 1.9))])
    )[0]
    turn = np.radians(rng.normal(0, 6))
    linear = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = np.column_stack([linear, goal - linear @ outline.mean(0)])
    if zoom < 0.6:
        colour = cv2.GaussianBlur(colour, (0, 0), 0.4 / zoom)
    laid = cv2.warpAffine(colour, matrix, scene.size, borderMode=cv2.BORDER_REPLICATE)
    shown = cv2.warpAffine(share, matrix, scene.size)
    scene.shadow(shown, (0.05, 0.08), 0.18, 0.35)
    scene.lay(laid, shown)


def _back_of_head(scene: Scene) -> None:
    rng = scene.rng
    u, v = scene.grid
    centre = np.array([rng.choice([-1, 1]) * rng.uniform(0.2, 0.9), rng.uniform(0.9, 1.7)])
    size = rng.uniform(1.1, 1.7)
    hair = scene.paint(
        ((30, 26, 24), (70, 48, 34), (140, 105, 70), (160, 158, 155))[rng.integers(4)]
    )
    body = [
        (-0.5, 0.8),
        (-0.55, 1.4),
        (-2.4, 2.0),
        (-2.6, 5),
        (2.6, 5),
        (2.4, 2.0),
        (0.55, 1.4),
        (0.5, 0.8),
    ]
    neck, head = (
        scene.area(centre + size * np.array(body)),
        _ellipse(scene, centre, size, 1.25 * size),
    )
    scene.shadow(np.maximum(neck, head), (0.03, 0.06), 0.15, 0.4)
    shirt = v > centre[1] + 1.55 * size
    cloth = scene.paint(rng.integers(30, 200, 3))
    lower = (
        np.where(shirt[..., None], cloth, scene.skin * 0.92)
        * (1 + 0.06 * scene.noise(0.5))[..., None]
    )
    scene.lay(lower.astype(np.float32), neck)
    along = np.arctan2(u - centre[0], v - centre[1] + 1.6 * size)
    strands = 1 + 0.14 * scene.noise(0.015, 1.2) + 0.1 * scene.noise(0.05, 1.6)
    strands += 0.05 * np.sin(along * 110 + 6 * scene.noise(0.3))
    away = np.hypot((u - centre[0]) / size, (v - centre[1]) / (1.25 * size))
    dome = size * np.sqrt(np.clip(1 - np.square(away), 0.01, 1))
    light = scene.relief(dome.astype(np.float32), 0.8) * strands
    rough = np.clip((1.03 + 0.03 * scene.noise(0.06, 0.12) - away) / 0.02, 0, 1)
    scene.lay(hair * light[..., None], (np.maximum(head, away < 1.06) * rough).astype(np.float32))


def _cut_out(other: Portrait) -> tuple[np.ndarray, np.ndarray]:
    """Another portrait's person by graph cuts (Rother et al. 2004) from the face outwards, at 160
    pixels: (colours 2H x W x 3 float32, share 2H x W)."""
    high, wide = other.photo.shape[:2]
    scale = 160 / max(high, wide)
    size = (max(8, round(wide * scale)), max(8, round(high * scale)))
    small = cv2.resize(other.photo, size, interpolation=cv2.INTER_AREA)
    oval = other.mesh[list(OVAL)] * (np.array(size) / (wide, high))
    middle, (across, down) = oval.mean(0), np.ptp(oval, axis=0)
    marks = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    head = (tuple(middle - (0, 0.12 * down)), (1.75 * across, 1.8 * down), 0.0)
    cv2.ellipse(marks, head, (cv2.GC_PR_BGD,), -1)
    inner = (tuple(middle - (0, 0.12 * down)), (1.2 * across, 1.35 * down), 0.0)
    cv2.ellipse(marks, inner, (cv2.GC_PR_FGD,), -1)
    marks[min(size[1] - 1, int(middle[1] + 0.62 * down)) :] = cv2.GC_PR_FGD
    cv2.fillPoly(marks, [np.round(oval).astype(np.int32)], (cv2.GC_FGD,))
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(np.ascontiguousarray(small), marks, (0, 0, 1, 1), *models, 3, cv2.GC_INIT_WITH_MASK)
    share = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    share = cv2.GaussianBlur(share, (0, 0), 1.0)
    share = ((share - 0.35) / 0.3).clip(0, 1)
    # Bodies go on where the portrait ends.
    body = (0, high, 0, 0, cv2.BORDER_REPLICATE)
    colour = cv2.copyMakeBorder(other.photo, *body).astype(np.float32)
    return colour, cv2.copyMakeBorder(cv2.resize(share, (wide, high)), *body)


def _sheet(
    scene: Scene,
    picture: np.ndarray,
    centre: np.ndarray,
    width: float,
    turn: float,
    *,
    gloss: float = 0.0,
    bent: float = 0.04,
) -> np.ndarray:
    """Lay a flat thing (h x w x 4 uint8) that is not quite flat; returns its corners."""
    rng = scene.rng
    lean = tuple(rng.normal(0, 0.08, 2))
    colour, share, corners = set_down(scene, picture, centre, width, turn, lean)
    scene.shadow(share, (0.04, 0.09), 0.1, 0.45)
    light = 1 + bent * scene.noise(1.1) + 0.25 * scene.light[0] * scene.grid[0].clip(-1.5, 1.5)
    shine = gloss * scene.noise(0.9).clip(0, 1)
    colour = colour * (scene.white / 246) * light[..., None] + (255 * shine)[..., None] * 0.6
    scene.lay(colour.clip(0, 250).astype(np.float32), share)
    return corners


def _ellipse(scene: Scene, centre: tuple | np.ndarray, wide: float, high: float) -> np.ndarray:
    around = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    return scene.area(
        np.asarray(centre) + np.stack([wide * np.cos(around), high * np.sin(around)], 1)
    )
