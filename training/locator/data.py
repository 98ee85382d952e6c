"""Samples for the locator: photos as people take them, with something over the face.

A photo is cut, turned, or set into a wider picture; a hole is drawn over the face (or, for one
sample in seven, where no face is), with a rim of the thing that was in front of the face; and it is
looked at from an anchor, the hole's own box or somewhere around the face.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.base.hidden import LOOKED_FOR
from engine.face import geometry
from engine.face.locator import (
    CLOSE,
    FINE,
    SPANS,
    anchor_of_box,
    network_inputs,
    relative,
)
from training.locator.scenes import Scenes
from training.masks import MIXTURE, draw_hole

CANVAS = 128  # pixels a frame of a drawn hole
AROUND = 0.6  # how far a hole may reach beyond the frame, frame sides
WITHOUT_FACE = 0.14  # share of samples
FROM_HOLE = 0.55  # share of anchors that are the hole's box
WIDER = 0.4  # share of photos that are set into a wider picture
CUT = 0.3  # share of photos of which a part is cut away
RIM = 0.45  # share of samples around whose hole the thing itself still shows
# Beside what users brush (training.masks): how often each kind is drawn.
SHARES = {**MIXTURE, "left_half": 0.05, "right_half": 0.05}
EXTRA = {"large": 0.22, "bar": 0.12, "photo_centre": 0.12, "dot": 0.06}


@dataclass(frozen=True, eq=False)
class Batch:
    """windows: B x 3 x 5 x 64 x 64. answers: B x 4, the right ones (engine.face.locator.relative).
    face: B, 1 where there is a face."""

    windows: Tensor
    answers: Tensor
    face: Tensor


class LocatorSamples:
    """Batches of samples, each a function of its generator's state.

    holes: how many are drawn beforehand (following a mesh costs more than the rest).
    """

    def __init__(self, scenes: Scenes, holes: int = 4000, seed: int = 0) -> None:
        self.scenes = scenes
        rng = np.random.default_rng([seed, 11])
        side = round(CANVAS * (1 + 2 * AROUND))
        self._holes = np.zeros((holes, side, side), bool)
        for number in range(holes):
            self._holes[number] = self._draw(rng, side)

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """A batch of samples."""
        colours = np.empty((size, len(SPANS), FINE, FINE, 3), np.uint8)
        holes = np.empty((size, len(SPANS), FINE, FINE), bool)
        beyond = np.empty_like(holes)
        answers = np.zeros((size, 4), np.float32)
        face = np.ones(size, np.float32)
        for row in range(size):
            answers[row], face[row] = self._sample(rng, colours[row], holes[row], beyond[row])
        flat = torch.from_numpy(colours.reshape(-1, FINE, FINE, 3)).permute(0, 3, 1, 2)
        windows = network_inputs(
            flat.contiguous().float() / 127.5 - 1,
            torch.from_numpy(holes.reshape(-1, 1, FINE, FINE)).float(),
            torch.from_numpy(beyond.reshape(-1, 1, FINE, FINE)).float(),
        )
        windows = windows.view(size, len(SPANS), *windows.shape[1:])
        windows[:, :, :3] = _relit(windows[:, :, :3], rng)
        return Batch(windows, torch.from_numpy(answers), torch.from_numpy(face))

    def _sample(
        self, rng: np.random.Generator, colours: np.ndarray, holes: np.ndarray, beyond: np.ndarray
    ) -> tuple[np.ndarray, float]:
        scenes = self.scenes
        index = int(rng.choice(len(scenes), p=scenes.weights))
        picture, frame = scenes.pictures[index], scenes.frames[index]
        other = scenes.pictures[int(rng.integers(len(scenes)))]
        if rng.random() < 0.5:
            width = picture.shape[1]
            picture = picture[:, ::-1]
            # The frame of a mirrored photo is the mirrored frame's mirror image: upright again.
            swap = np.array([[-1, 0, 1], [0, 1, 0]], np.float64)
            frame = geometry.compose(
                swap, geometry.compose(frame, np.array([[-1, 0, width], [0, 1, 0]], np.float64))
            )
        to_photo, borders = _setting(rng, picture.shape, frame)
        frame = geometry.compose(frame, geometry.invert(to_photo))  # photo -> frame
        has_face = rng.random() >= WITHOUT_FACE
        hole, corner = self._hole(rng, frame, borders, has_face)
        anchor = self._anchor(rng, hole, corner, frame if has_face else None)
        if not has_face and (rng.random() < 0.4 or _near(frame, anchor)):
            picture, to_photo = other, _close_up(rng, other.shape, borders)
        rim = None
        if rng.random() < RIM:
            width = 1 + 2 * int(rng.integers(1, 8))
            rim = cv2.dilate(hole.view(np.uint8), np.ones((width, width), np.uint8))
        paint = _Paint(rng, other)
        for number, span in enumerate(SPANS):
            window = _window(anchor, span)
            colours[number], beyond[number] = _seen(picture, to_photo, borders, window, paint)
            # The canvas of the hole lies in the photo at `corner` (its matrix to photo units).
            matrix = geometry.compose(window, corner)
            coverage = cv2.warpAffine(
                hole.view(np.uint8) * np.uint8(255), _index(matrix), (FINE, FINE)
            )
            holes[number] = coverage > LOOKED_FOR
            if rim is not None:
                around = cv2.warpAffine(rim * np.uint8(255), _index(matrix), (FINE, FINE))
                colours[number][around > 127] = paint.of(window)[around > 127]
        answer = relative(frame, anchor).astype(np.float32)
        return answer, float(has_face)

    def _draw(self, rng: np.random.Generator, side: int) -> np.ndarray:
        """A hole over a face, on a canvas whose middle is the frame."""
        canvas = np.zeros((side, side), bool)
        kinds = {**SHARES, **EXTRA}
        values = np.array(list(kinds.values()))
        start = (side - CANVAS) // 2
        while not canvas.any():
            kind = str(rng.choice(list(kinds), p=values / values.sum()))
            if kind in EXTRA:
                canvas = _EXTRA_KINDS[kind](rng, side)
            else:
                index = int(rng.choice(len(self.scenes), p=self.scenes.weights))
                mesh = self.scenes.meshes[index].astype(np.float64) * CANVAS
                inner = draw_hole(kind, CANVAS, rng, mesh)
                canvas[start : start + CANVAS, start : start + CANVAS] = inner
        return canvas

    def _hole(
        self,
        rng: np.random.Generator,
        frame: np.ndarray,
        borders: np.ndarray,
        over_face: bool,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(canvas, its matrix from canvas pixels to photo coordinates)."""
        hole = self._holes[int(rng.integers(len(self._holes)))]
        side = hole.shape[0]
        unit = 1 + 2 * AROUND
        to_frame = np.array([[unit / side, 0, -AROUND], [0, unit / side, -AROUND]])
        if rng.random() < 0.12 and over_face:
            # A square around the photo's own middle, of half its side or so.
            return _photo_centre(rng, frame, borders, side, to_frame)
        if not over_face:
            # Anywhere in the photo, of any size.
            at = geometry.transform(frame, rng.uniform(borders[:2], borders[2:])[None])[0]
            scale = np.exp(rng.uniform(np.log(0.15), np.log(0.9)))
            to_frame = np.array(
                [
                    [scale * unit / side, 0, at[0] - scale * unit / 2],
                    [0, scale * unit / side, at[1] - scale * unit / 2],
                ]
            )
        return hole, geometry.compose(geometry.invert(frame), to_frame)

    def _anchor(
        self,
        rng: np.random.Generator,
        hole: np.ndarray,
        corner: np.ndarray,
        frame: np.ndarray | None,
    ) -> np.ndarray:
        if frame is None or rng.random() < FROM_HOLE:
            rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
            y0, y1, x0, x1 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
            places = geometry.transform(corner, np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]))
            low, high = places.min(0), places.max(0)
            return anchor_of_box(*low, *(high - low))
        side = geometry.frame_side(frame) * CLOSE * np.exp(rng.normal(0, 0.2))
        middle = geometry.transform(
            geometry.invert(frame), np.array([0.5, 0.5]) + rng.normal(0, 0.12, (1, 2))
        )[0]
        turn = np.arctan2(-frame[0, 1], frame[0, 0]) + np.radians(rng.normal(0, 7))
        linear = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) / side
        return np.column_stack([linear, 0.5 - linear @ middle])


class _Paint:
    """What covers a part of the photo: an even colour with some noise, or another picture."""

    def __init__(self, rng: np.random.Generator, other: np.ndarray) -> None:
        dark = rng.random() < 0.4
        self._colour = rng.uniform(0, 60 if dark else 255, 3)
        if rng.random() < 0.4:
            self._colour[:] = self._colour.mean()
        self._noise = rng.normal(0, rng.uniform(0, 25), (32, 32, 1))
        self._other = other if rng.random() < 0.3 else None
        self._place = _close_up(rng, other.shape, np.array([0.0, 0, 200, 200]))

    def of(self, window: np.ndarray) -> np.ndarray:
        """FINE x FINE x 3 uint8 for a window (2 x 3, photo -> window units)."""
        if self._other is not None:
            matrix = geometry.compose(window, self._place)
            return cv2.warpAffine(
                self._other, _index(matrix), (FINE, FINE), borderMode=cv2.BORDER_REFLECT_101
            )
        noise = np.tile(self._noise, (FINE // 32, FINE // 32, 1))
        return (self._colour + noise).clip(0, 255).astype(np.uint8)


def _setting(
    rng: np.random.Generator, shape: tuple[int, ...], frame: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(picture -> photo, 2 x 3; the photo's borders x0, y0, x1, y1 in photo coordinates)."""
    height, width = shape[:2]
    turn = np.radians(rng.normal(0, 12) if rng.random() < 0.35 else rng.normal(0, 2))
    if rng.random() < 0.3:
        turn = 0.0
    linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.array([width, height]) / 2
    to_photo = np.column_stack([linear, middle - linear @ middle])
    borders = np.array([0.0, 0.0, width, height])
    side = geometry.frame_side(frame)
    fate = rng.random()
    if fate < WIDER:
        borders += np.array([-1, -1, 1, 1]) * side * rng.gamma(1.2, 1.0, 4)
    elif fate < WIDER + CUT:
        at = geometry.transform(geometry.invert(frame), np.array([[0.5, 0.5]]))[0]
        reach = side * rng.uniform(0.45, 1.1, 4)
        inner = np.array([at[0] - reach[0], at[1] - reach[1], at[0] + reach[2], at[1] + reach[3]])
        borders = np.concatenate(
            [np.maximum(borders[:2], inner[:2]), np.minimum(borders[2:], inner[2:])]
        )
    return to_photo, borders


def _seen(
    picture: np.ndarray,
    to_photo: np.ndarray,
    borders: np.ndarray,
    window: np.ndarray,
    paint: _Paint,
) -> tuple[np.ndarray, np.ndarray]:
    """(FINE x FINE x 3 uint8, FINE x FINE bool of what lies beyond the photo)."""
    matrix = geometry.compose(window, to_photo)
    scale = FINE * np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    level = picture
    while scale < 0.6 and min(level.shape[:2]) > 8:
        reduced = (max(1, level.shape[1] // 2), max(1, level.shape[0] // 2))
        zoom = np.array([[level.shape[1] / reduced[0], 0, 0], [0, level.shape[0] / reduced[1], 0]])
        level = cv2.resize(level, reduced, interpolation=cv2.INTER_AREA)
        matrix, scale = geometry.compose(matrix, zoom), 2 * scale
    colours = cv2.warpAffine(level, _index(matrix), (FINE, FINE), borderMode=cv2.BORDER_REFLECT_101)
    inside = np.full(level.shape[:2], 255, np.uint8)
    covered = cv2.warpAffine(inside, _index(matrix), (FINE, FINE))
    back = geometry.invert(window).astype(np.float32)
    places = ((np.arange(FINE) + 0.5) / FINE).astype(np.float32)
    x = back[0, 0] * places + back[0, 1] * places[:, None] + back[0, 2]
    y = back[1, 0] * places + back[1, 1] * places[:, None] + back[1, 2]
    beyond = (x < borders[0]) | (y < borders[1]) | (x >= borders[2]) | (y >= borders[3])
    away = covered < 250
    if (away & ~beyond).any() and paint is not None:
        colours[away] = paint.of(window)[away]
    return colours, beyond


def _window(anchor: np.ndarray, span: float) -> np.ndarray:
    """Photo -> units of the window that is `span` anchors wide."""
    return np.column_stack([anchor[:, :2] / span, (anchor[:, 2] - 0.5) / span + 0.5])


def _index(matrix: np.ndarray) -> np.ndarray:
    """A matrix from continuous pixels to window units -> OpenCV's, pixel index to pixel index."""
    linear, shift = matrix[:, :2] * FINE, matrix[:, 2] * FINE
    return np.column_stack([linear, shift + linear @ np.array([0.5, 0.5]) - 0.5])


def _close_up(rng: np.random.Generator, shape: tuple[int, ...], borders: np.ndarray) -> np.ndarray:
    """A matrix that lays a small part of a picture over much of the photo."""
    height, width = shape[:2]
    zoom = rng.uniform(1.5, 5)
    at = rng.uniform(0, 1, 2) * (width, height)
    middle = (borders[:2] + borders[2:]) / 2
    return np.column_stack([zoom * np.eye(2), middle - zoom * at])


def _photo_centre(
    rng: np.random.Generator,
    frame: np.ndarray,
    borders: np.ndarray,
    side: int,
    to_frame: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    corner = geometry.compose(geometry.invert(frame), to_frame)
    low, high = borders[:2], borders[2:]
    share = 0.5 if rng.random() < 0.5 else rng.uniform(0.3, 0.7)
    half, middle = (high - low) * share / 2, (low + high) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + middle
    canvas = np.zeros((side, side), np.uint8)
    places = geometry.transform(geometry.invert(corner), corners)
    cv2.fillPoly(canvas, [np.round(places - 0.5).astype(np.int32)], (1,))
    if not canvas.any():
        canvas[side // 4 : side - side // 4, side // 4 : side - side // 4] = 1
    return canvas.view(bool), corner


def _near(frame: np.ndarray, anchor: np.ndarray) -> bool:
    """Whether an anchor touches the face of a frame."""
    back = geometry.compose(frame, geometry.invert(anchor))
    middle = geometry.transform(back, np.array([[0.5, 0.5]]))[0]
    half = np.sqrt(abs(np.linalg.det(back[:, :2]))) / 2
    return bool(np.abs(middle - 0.5).max() < 0.5 + half)


def _large(rng: np.random.Generator, side: int) -> np.ndarray:
    """An ellipse or a box over 20 to 90 % of the face: a mask, a paper, another head."""
    canvas = np.zeros((side, side), np.uint8)
    middle = side / 2 + rng.normal(0, 0.12, 2) * CANVAS
    half = rng.uniform(0.22, 0.52, 2) * CANVAS
    if rng.random() < 0.5:
        cv2.ellipse(canvas, (tuple(middle), tuple(2 * half), float(rng.uniform(-40, 40))), (1,), -1)
    else:
        box = cv2.boxPoints((tuple(middle), tuple(2 * half), float(rng.normal(0, 8))))
        cv2.fillPoly(canvas, [box.astype(np.int32)], (1,))
    return canvas.view(bool)


def _bar(rng: np.random.Generator, side: int) -> np.ndarray:
    """A bar over the eyes or the mouth, beyond the face on both sides."""
    canvas = np.zeros((side, side), np.uint8)
    height = geometry.LEFT_EYE[1] if rng.random() < 0.65 else geometry.MOUTH[1]
    middle = (
        side / 2 + rng.normal(0, 0.05) * CANVAS,
        side / 2 + (height - 0.5 + rng.normal(0, 0.04)) * CANVAS,
    )
    size = (rng.uniform(0.6, 1.3) * CANVAS, rng.uniform(0.12, 0.32) * CANVAS)
    box = cv2.boxPoints((middle, size, float(rng.normal(0, 6))))
    cv2.fillPoly(canvas, [box.astype(np.int32)], (1,))
    return canvas.view(bool)


def _dot(rng: np.random.Generator, side: int) -> np.ndarray:
    """A few blemishes."""
    canvas = np.zeros((side, side), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        at = side / 2 + rng.uniform(-0.4, 0.4, 2) * CANVAS
        radius = max(1, int(rng.uniform(0.01, 0.06) * CANVAS))
        cv2.circle(canvas, (int(at[0]), int(at[1])), radius, (1,), -1)
    return canvas.view(bool)


_EXTRA_KINDS = {"large": _large, "photo_centre": _large, "bar": _bar, "dot": _dot}


def _relit(windows: Tensor, rng: np.random.Generator) -> Tensor:
    """Another exposure, contrast and colour balance a sample, some grey; in [-1, 1] as before and
    zero where nothing is seen. windows: B x n x 3 x S x S, n windows of one photo."""

    def draw(spread: float, channels: int) -> Tensor:
        values: Any = rng.normal(0, spread, (len(windows), 1, channels, 1, 1))
        return torch.from_numpy(values).float()

    seen = (windows.abs().sum(2, keepdim=True) > 0).float()
    grey = windows.mean(2, keepdim=True)
    share = torch.from_numpy((rng.random((len(windows), 1, 1, 1, 1)) < 0.12).astype(np.float32))
    lit = windows + share * (grey - windows)
    lit = lit * draw(0.18, 1).exp() + draw(0.12, 1) + draw(0.05, 3)
    return lit.clamp(-1, 1) * seen
