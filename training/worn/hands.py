"""Hands and fingers in the face's own skin: round, lit as the face is, with joints and nails.

A finger is a chain of tapering capsules; where several overlap the highest one is seen, and the
light on it follows from the common height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.worn.scene import Scene


@dataclass(frozen=True, eq=False)
class Digit:
    """One finger, or a palm. way: N x 2, its bones' ends in pixels of the scene; radii: N, pixels;
    flat: how flat its cross-section is, 1 is round; lift: units that it lies higher than others;
    nail: whether its tip shows one."""

    way: np.ndarray
    radii: np.ndarray
    flat: float = 1.0
    lift: float = 0.0
    nail: bool = False


def hand(scene: Scene) -> None:
    """A hand laid over mouth and nose, an eye, or the middle of the face."""
    rng = scene.rng
    side = rng.choice([-1, 1])
    goal = ((0.0, 1.0), (0.0, 0.55), (-0.35 * side, 0.15), (0.1 * side, 1.15))[rng.integers(4)]
    knuckles_before = rng.uniform(0.15, 0.4)
    _hand(scene, np.array(goal), np.radians(rng.uniform(18, 65)) * side, side, knuckles_before, 4)


def fingers(scene: Scene) -> None:
    """One to four fingers of a hand beside the face, over an eye or the mouth."""
    rng = scene.rng
    side = rng.choice([-1, 1])
    goal = ((0.5 * side, 0.0), (0.3 * side, 0.05), (0.0, 1.08), (0.2 * side, 0.7))[rng.integers(4)]
    angle = np.radians(rng.uniform(35, 95)) * side
    _hand(scene, np.array(goal), angle, side, rng.uniform(0.75, 0.95), int(rng.integers(1, 5)))


def _hand(
    scene: Scene, goal: np.ndarray, angle: float, side: int, before: float, count: int
) -> None:
    """A hand that points along `angle` (radians from upwards), its knuckles `before` units short of
    `goal`, with so many fingers stretched out, the others bent away."""
    rng = scene.rng
    along = np.array([-np.sin(angle), -np.cos(angle)])
    aside = np.array([along[1], -along[0]]) * side
    knuckles = goal - along * before
    digits = [_palm(scene, knuckles, along)]
    spread = rng.uniform(0.02, 0.16)
    shapes = ((0.98, 0.145), (1.1, 0.15), (1.02, 0.145), (0.8, 0.125))
    for number, (long, thick) in enumerate(shapes):
        root = knuckles + aside * (number - 1.5) * 0.315
        turn = (number - 1.5) * spread + rng.normal(0, 0.03)
        lift = 0.02 * (number % 2)
        if number >= count:  # bent: one sees its first bone
            long, lift = 0.42 * long, 0.06 + lift
        digits.append(_finger(scene, root, along, aside, turn, long, thick, lift))
    root = knuckles - along * 0.75 - aside * 0.55
    turn = -rng.uniform(0.35, 0.9)
    digits.append(_finger(scene, root, along, aside, turn, 0.95, 0.165, 0.05))
    lay_digits(scene, digits)
    if rng.random() < 0.6:
        _sleeve(scene, knuckles - along * 2.3, along, aside)


def grip(scene: Scene, left: np.ndarray, down: np.ndarray, side: float, count: int = 4) -> None:
    """Fingertips that hold a thing's edge from behind. left: a place on the edge in pixels of the
    scene; down: the edge's direction; side: 1 where the thing lies to the right of it, else -1."""
    rng = scene.rng
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    inwards = np.array([down[1], -down[0]]) * side
    behind = left - inwards * 0.8 * scene.unit
    away = rng.uniform(0.4, 1.6) * np.array([0.0, 1.0]) - inwards
    wrist = behind + away / np.linalg.norm(away) * 1.1 * scene.unit
    way = np.stack(
        [wrist + (wrist - behind) * 5, wrist, behind, behind + inwards * 0.25 * scene.unit]
    )
    radii = np.array([0.5, 0.36, 0.16 * count - 0.06, 0.15 * count - 0.06]) * scene.unit
    digits = [Digit(way, radii, 0.42, -0.1)]
    for number in range(count):
        middle = left + down * (number - (count - 1) / 2) * 0.29 * scene.unit
        deep = rng.uniform(0.3, 0.42) * scene.unit
        way = np.stack([middle - inwards * 0.55 * scene.unit, middle, middle + inwards * deep])
        radii = np.array([0.15, 0.145, 0.12]) * scene.unit
        digits.append(Digit(way, radii, 1.0, 0.01 * number, True))
    lay_digits(scene, digits)


def lay_digits(scene: Scene, digits: list[Digit]) -> None:
    """Lay fingers and a palm with their shadow."""
    height, share, creases, nails = _raised(scene, digits)
    if not share.any():
        return
    scene.shadow(share, (0.03, 0.07), 0.07, 0.5)
    rough = 1 + 0.035 * scene.noise(0.09) + 0.03 * scene.noise(0.3)
    light = scene.relief(scene.blurred(height, 0.012)) ** 0.85
    # Where two fingers touch, and at a round edge, little light comes.
    low = scene.blurred(height, 0.1) - height
    light *= (1 - 1.1 * low.clip(0, 0.25)) * rough
    skin = scene.skin * scene.rng.uniform(0.9, 1.06)
    light /= max(float(np.median(light[share > 0.5])), 0.3) if (share > 0.5).any() else 1
    colour = skin * light[..., None]
    warm = scene.blurred(creases, 0.05)[..., None]
    colour = colour * (1 + warm * np.array([0.03, -0.06, -0.06], np.float32))
    colour = colour * (1 - 0.22 * creases[..., None] * np.array([0.8, 1, 1], np.float32))
    pale = np.clip(skin * np.array([1.04, 1.0, 1.02]) + 14, 0, 250)
    gloss = 1 + 0.12 * scene.noise(0.2).clip(0, 1)
    colour = colour * (1 - 0.75 * nails[..., None]) + (pale * (light * gloss)[..., None]) * (
        0.75 * nails[..., None]
    )
    rim = (scene.blurred(nails, 0.008) - nails).clip(0, 1)
    colour = colour * (1 - 0.7 * rim[..., None])
    scene.lay(colour, share)


def _palm(scene: Scene, knuckles: np.ndarray, along: np.ndarray) -> Digit:
    way = np.array([knuckles - along * far for far in (7.0, 2.6, 1.55, 1.0, 0.5, 0.05)])
    radii = np.array([0.55, 0.38, 0.36, 0.52, 0.6, 0.58]) * scene.unit
    return Digit(scene.at(way), radii, 0.42, -0.05)


def _finger(
    scene: Scene,
    root: np.ndarray,
    along: np.ndarray,
    aside: np.ndarray,
    turn: float,
    long: float,
    thick: float,
    lift: float,
) -> Digit:
    """A finger of three bones from `root` on (face coordinates), `turn` radians from `along`."""
    bend = scene.rng.normal(0, 0.05)
    way, place = [root], root
    for number, share in enumerate((0.46, 0.3, 0.24)):
        angle = turn + bend * number
        place = place + (along * np.cos(angle) + aside * np.sin(angle)) * long * share
        way.append(place)
    radii = thick * np.array([1.08, 1.0, 0.93, 0.72]) * scene.unit
    return Digit(scene.at(np.array(way)), radii, 1.0, lift, True)


def _raised(scene: Scene, digits: list[Digit]) -> tuple[np.ndarray, ...]:
    """Of fingers that overlap: (height in units, share of every pixel, creases, nails), H x W."""
    width, high = scene.size
    top = np.full((high, width), -1.0, np.float32)
    share, creases, nails = (np.zeros((high, width), np.float32) for _ in range(3))
    for digit in digits:
        margin = digit.radii.max() + 2
        low = np.floor(digit.way.min(0) - margin).clip(0, (width, high)).astype(int)
        up = np.ceil(digit.way.max(0) + margin).clip(0, (width, high)).astype(int)
        if (low >= up).any():
            continue
        here = np.s_[low[1] : up[1], low[0] : up[0]]
        x, y = np.meshgrid(np.arange(low[0], up[0]) + 0.5, np.arange(low[1], up[1]) + 0.5)
        raised, covered = _capsules(x, y, digit)
        raised = raised / scene.unit + digit.lift
        over = (covered > 0) & (raised > top[here])
        top[here] = np.where(over, raised, top[here])
        share[here] = np.maximum(share[here], covered)
        marks = _marks(scene, x, y, digit) if digit.flat == 1.0 else np.zeros((2, *x.shape))
        creases[here] = np.where(over, marks[0], creases[here])
        nails[here] = np.where(over, marks[1], nails[here])
    return np.where(top < -0.5, 0, top), share, creases, nails


def _capsules(x: np.ndarray, y: np.ndarray, digit: Digit) -> tuple[np.ndarray, np.ndarray]:
    raised, covered = np.full(x.shape, -1e3, np.float32), np.zeros(x.shape, np.float32)
    for a, b, ra, rb in zip(digit.way, digit.way[1:], digit.radii, digit.radii[1:], strict=False):
        bone = b - a
        t = ((x - a[0]) * bone[0] + (y - a[1]) * bone[1]) / max(float(bone @ bone), 1e-6)
        t = t.clip(0, 1)
        away = np.hypot(x - a[0] - t * bone[0], y - a[1] - t * bone[1])
        radius = ra + (rb - ra) * t
        dome = np.sqrt(np.clip(1 - np.square(away / radius), 0, 1)) * radius * digit.flat
        raised = np.maximum(raised, dome)
        covered = np.maximum(covered, (radius - away + 0.5).clip(0, 1))
    return raised, covered


def _marks(scene: Scene, x: np.ndarray, y: np.ndarray, digit: Digit) -> np.ndarray:
    """Creases over the joints, and the nail: 2 x h x w in 0..1."""
    creases, nail = np.zeros(x.shape), np.zeros(x.shape)
    ends = digit.way
    for number in range(1, len(ends) - 1):
        bone = ends[number + 1] - ends[number - 1]
        bone = bone / max(float(np.linalg.norm(bone)), 1e-6)
        along = (x - ends[number][0]) * bone[0] + (y - ends[number][1]) * bone[1]
        aside = (y - ends[number][1]) * bone[0] - (x - ends[number][0]) * bone[1]
        near = np.exp(-np.square(aside / (0.8 * digit.radii[number])))
        for off in (-0.3, 0.0, 0.28):
            arc = along - off * digit.radii[number] - 0.12 * np.square(aside) / digit.radii[number]
            creases += 0.7 * near * np.exp(-np.square(arc / max(0.6, 0.012 * scene.unit)))
    if digit.nail:
        bone = ends[-1] - ends[-2]
        bone = bone / max(float(np.linalg.norm(bone)), 1e-6)
        middle = ends[-1] + bone * 0.25 * digit.radii[-1]
        along = ((x - middle[0]) * bone[0] + (y - middle[1]) * bone[1]) / (0.72 * digit.radii[-1])
        aside = ((y - middle[1]) * bone[0] - (x - middle[0]) * bone[1]) / (0.58 * digit.radii[-1])
        nail = (1.15 - (np.abs(along) ** 3 + np.abs(aside) ** 3)).clip(0, 0.15) / 0.15
    return np.stack([creases.clip(0, 1), nail])


def _sleeve(scene: Scene, wrist: np.ndarray, along: np.ndarray, aside: np.ndarray) -> None:
    """The sleeve that a hand comes out of."""
    corners = ((-0.5, 0), (0.5, 0), (0.95, -5), (-0.95, -5))
    share = scene.area(np.array([wrist + aside * w + along * a for w, a in corners]), smooth=False)
    u, v = scene.grid
    across = (u - wrist[0]) * aside[0] + (v - wrist[1]) * aside[1]
    height = 0.4 * np.sqrt(np.clip(1 - np.square(across / 0.75), 0.05, 1))
    height += 0.03 * scene.noise(0.3, 0.15)
    colour = scene.paint(scene.rng.integers(25, 220, 3))
    scene.shadow(share, (0.0, -0.05), 0.05, 0.4)
    scene.lay(colour * scene.relief(height.astype(np.float32))[..., None], share)
