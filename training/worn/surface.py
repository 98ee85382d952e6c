"""What things are made of: weaves, patterns, folds, print, in face coordinates."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.worn.scene import Scene

_WORDS = "open today until late please note that all of them will come in the morning and then "
_WORDS += "we said what was left is for you never before have so many people been here thank you "
_WORDS += "much see page seven the next train leaves at nine no smoking wet paint sale"
PATTERNS = ("dots", "stripes", "checks", "flowers", "patches")


def weave(scene: Scene, period: float = 0.022, depth: float = 0.05) -> np.ndarray:
    """Threads that cross, H x W about 1; none where the photo is too coarse to show them."""
    u, v = scene.grid
    shown = np.clip((period * scene.unit - 1.5) / 3, 0, 1) * depth
    across, down = np.sin(2 * np.pi * u / period), np.sin(2 * np.pi * v / period)
    return 1 + shown * across * down + 0.02 * scene.noise(0.03)


def knit(scene: Scene, along: np.ndarray, period: float = 0.11) -> np.ndarray:
    """Ribs of wool along lines of equal `along` (H x W, units): their height, H x W units."""
    _, v = scene.grid
    rib = np.abs(np.sin(np.pi * along / period))
    stitch = np.abs(np.sin(np.pi * (v / (0.7 * period) + 0.4 * rib)))
    return period * (0.35 * rib**0.7 + 0.1 * stitch).astype(np.float32)


def folds(scene: Scene, count: int, *, ends: np.ndarray, depth: float = 0.05) -> np.ndarray:
    """The height of `count` folds, H x W units, each along a line from near one of `ends` (N x 2
    face coordinates) towards the middle of the face."""
    u, v = scene.grid
    height = np.zeros_like(u)
    for _ in range(count):
        start = ends[scene.rng.integers(len(ends))] + scene.rng.normal(0, 0.06, 2)
        to = np.array([0.0, 0.95]) + scene.rng.normal(0, 0.3, 2) - start
        long = max(float(np.linalg.norm(to)), 1e-6) * scene.rng.uniform(0.5, 0.9)
        to /= np.linalg.norm(to)
        along = (u - start[0]) * to[0] + (v - start[1]) * to[1]
        aside = (v - start[1]) * to[0] - (u - start[0]) * to[1]
        wide = scene.rng.uniform(0.02, 0.05) * (1 + 0.8 * along.clip(0, 2))
        fade = np.clip(1 - along / long, 0, 1) * np.clip(1 + along / 0.1, 0, 1)
        height += scene.rng.uniform(0.5, 1) * depth * fade * np.exp(-np.square(aside / wide))
    return height.astype(np.float32)


def pattern(scene: Scene, name: str) -> np.ndarray:
    """One of PATTERNS in two or three colours, H x W x 3 under white light."""
    u, v = scene.grid
    rng = scene.rng
    base, first, second = (rng.integers(20, 245, 3).astype(np.float32) for _ in range(3))
    while np.abs(base - first).max() < 80:
        first = rng.integers(20, 245, 3).astype(np.float32)
    size = rng.uniform(0.1, 0.24)
    turn = rng.uniform(-0.6, 0.6)
    x, y = u * np.cos(turn) + v * np.sin(turn), v * np.cos(turn) - u * np.sin(turn)
    row = np.floor(y / size)
    a, b = (x / size + 0.5 * (row % 2)) % 1 - 0.5, (y / size) % 1 - 0.5
    if name == "dots":
        shares = [np.hypot(a, b) < rng.uniform(0.2, 0.36)]
    elif name == "stripes":
        shares = [b < 0, np.abs(b) > 0.44]
    elif name == "checks":
        return (base + (first - base) * (0.5 * (a > 0) + 0.5 * (b > 0))[..., None]) * np.float32(1)
    elif name == "flowers":
        petals = 0.3 + 0.13 * np.cos(5 * np.arctan2(b, a) + row)
        shares = [np.hypot(a, b) < petals, np.hypot(a, b) < 0.1]
    else:
        shares = [scene.noise(1.6 * size) > 0.3, scene.noise(1.3 * size) > 0.6]
    colour = np.broadcast_to(base, (*u.shape, 3)).copy()
    for share, ink in zip(shares, (first, second), strict=False):
        colour[share] = ink
    return colour


def words(rng: np.random.Generator, count: int) -> str:
    """So many words of writing."""
    return " ".join(rng.choice(_WORDS.split(), count))


def written(
    picture: np.ndarray,
    text: str,
    at: tuple[float, float],
    height: float,
    ink: tuple[int, ...],
    *,
    rim: int = 0,
) -> np.ndarray:
    """The picture (H x W x 3 or 4 uint8) with a line of text, `at` its left middle, letters
    `height` pixels high; rim: pixels of black around them."""
    image = Image.fromarray(picture)
    font = ImageFont.load_default(max(6.0, height))
    draw = ImageDraw.Draw(image)
    for stroke, colour in ((rim, (0, 0, 0, 255)), (2, ink)) if rim else ((0, ink),):
        colour = tuple(colour)[: picture.shape[2]]
        draw.text(at, text, colour, font, anchor="lm", stroke_width=stroke, stroke_fill=colour)
    return np.asarray(image).copy()


def set_down(
    scene: Scene,
    picture: np.ndarray,
    centre: np.ndarray,
    width: float,
    turn: float = 0.0,
    lean: tuple[float, float] = (0.0, 0.0),
    *,
    level: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A flat stiff thing in the photo: (its colours H x W x 3 float32, how much of each pixel it
    takes H x W, its corners 4 x 2 in pixels of the scene).

    picture: h x w x 4 uint8, RGBA. centre: face coordinates. width: units. turn: degrees against
    the face, or with `level` against the picture. lean: how much nearer its right and its lower
    edge are, shares of its size.
    """
    high, wide = picture.shape[:2]
    half = np.array([width / 2, width / 2 * high / wide]) * scene.unit
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    grown = 1 + corners[:, :1] * lean[0] / 2 + corners[:, 1:] * lean[1] / 2
    middle, right = scene.at(np.array([centre, np.add(centre, (0.2, 0))]))
    angle = 0.0 if level else float(np.arctan2(*(right - middle)[::-1]))
    angle += np.radians(turn)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    placed = (corners * half * grown) @ rotation + middle
    small = max(1.0, wide / max(4.0, 1.5 * width * scene.unit))
    if small > 1:
        size = (max(2, round(wide / small)), max(2, round(high / small)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        high, wide = picture.shape[:2]
    source = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(source, (placed - 0.5).astype(np.float32))
    laid = cv2.warpPerspective(
        picture, matrix, scene.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    share = scene.polygon(placed) * laid[..., 3] / 255
    return laid[..., :3].astype(np.float32), share.astype(np.float32), placed


def rounded(high: int, wide: int, radius: float) -> np.ndarray:
    """A rectangle with round corners, h x w uint8, 0 or 255 (4 pixels of rim left free)."""
    image = Image.new("L", (wide, high), 0)
    ImageDraw.Draw(image).rounded_rectangle((4, 4, wide - 5, high - 5), radius, 255)
    return np.asarray(image).copy()
