"""Printed pictures: scans whose colours are rows of dots (halftone screens).

In each channel the dots lie on a lattice of two waves; how large a dot is says how bright the
picture is there. Where a scan is such a picture is told by its spectrum, which has these waves and
little else. Greys instead of dots are a blur; dots instead of greys are looked up in what the scan
shows: how bright it is at each place of a lattice where the picture is so bright.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

SIDE = 256  # pixels of the windows beside the hole whose spectrum is looked at
LEAST = 96  # of a picture that has room for one
SLOW = 4.0  # pixels: sigma of what is no dot
PERIODS = (2.6, 12.0)  # pixels from dot to dot
CONTRAST = 0.3  # of white, between dots and paper where most; waves of a photograph have a tenth
WIDTH = 2  # bins of a spectrum that a wave's peak is wide, to each side
# Share of what is finer than SLOW that two waves have, of all windows together and of most of them:
# of a picture printed in three inks 0.85 in each channel.
SHARE, EACH = 0.22, 0.1
ONE = 0.05  # share of the weaker of both: lines of a shirt are one wave
SQUARE = 0.1  # how far from equally long and from perpendicular the two waves may be
TILE = 8  # pixels a side of what a wave's place is told in
REACH = 12  # TILEs: sigma over which it is told; paper is not quite even
LEVELS, PLACES = 24, 24  # of the table: how bright a picture is, and where on the lattice
SOFT = 0.45  # dots' distances: sigma of the blur that makes greys of them
MARGIN = 192  # pixels beside the hole that the table is made of

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Dots:
    """The dots of one channel. waves: 2 x 2, cycles a pixel (x, y). places: 2 x h x w complex64 of
    TILEs of the box, where each wave is highest. table: LEVELS x PLACES in 0..1, how bright the
    scan is where the picture is so bright and a place of the lattice so far from a dot's middle."""

    waves: np.ndarray
    places: np.ndarray
    table: np.ndarray


@dataclass(frozen=True, eq=False)
class Screen:
    """A printed picture's dots, of red, green and blue, in a box (x, y, width, height) of it."""

    dots: tuple[Dots, Dots, Dots]
    box: Box

    @property
    def sigma(self) -> float:
        """Pixels: of the blur that makes greys of all dots."""
        return SOFT * max(1 / float(np.hypot(*wave)) for d in self.dots for wave in d.waves)

    def smoothed(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (H x W x 3 or 4) with greys for the dots."""
        out = pixels.copy()
        out[..., :3] = cv2.GaussianBlur(np.ascontiguousarray(pixels[..., :3]), (0, 0), self.sigma)
        return out

    def kept(self, pixels: np.ndarray, at: tuple[int, int]) -> np.ndarray:
        """Greys (h x w x 3, uint8 or uint16, whose first pixel lies at `at`) as dots. What lies
        beyond the box stays as it is."""
        x, y, width, height = self.box
        (left, top), most = at, np.iinfo(pixels.dtype).max
        right, bottom = left + pixels.shape[1], top + pixels.shape[0]
        x0, y0, x1, y1 = max(left, x), max(top, y), min(right, x + width), min(bottom, y + height)
        out = pixels.copy()
        if x0 >= x1 or y0 >= y1:
            return out
        part = out[y0 - top : y1 - top, x0 - left : x1 - left]
        for channel, dots in enumerate(self.dots):
            place = _place(dots.waves, dots.places, (x, y), (x0, y0, x1 - x0, y1 - y0))
            bright = _looked_up(dots.table, part[..., channel] / most, place)
            part[..., channel] = (bright.clip(0, 1) * most).round().astype(pixels.dtype)
        return out


def screen_of(pixels: np.ndarray, hole: np.ndarray) -> Screen | None:
    """The dots of a printed picture around a hole; None of any other picture.

    pixels: H x W x 3 or 4, uint8 or uint16. hole: H x W bool, what is not to be looked at.
    """
    rows, columns = (np.flatnonzero(hole.any(axis)) for axis in (1, 0))
    if not len(rows) or min(hole.shape) < LEAST:
        return None
    spans = [
        _grown(int(n[0]), int(n[-1]) + 1, size)
        for n, size in zip((columns, rows), hole.shape[::-1], strict=True)
    ]
    (left, right), (top, bottom) = spans
    here = np.s_[top:bottom, left:right]
    known = (~hole[here]).astype(np.float32)
    own = pixels[here][..., :3].astype(np.float32) / np.iinfo(pixels.dtype).max
    found = []
    for channel in range(3):
        light = np.ascontiguousarray(own[..., channel])
        waves = _waves(light, known)
        if waves is None:  # as of nearly every photo at the first look
            return None
        found.append((light, waves))
    box = (left, top, right - left, bottom - top)
    dots = [_dots(light, waves, known, box) for light, waves in found]
    if any(np.ptp(one.table, 1).max() < CONTRAST for one in dots):
        return None
    return Screen((dots[0], dots[1], dots[2]), box)


def _grown(low: int, high: int, size: int) -> tuple[int, int]:
    """A span with room beside it, whole TILEs where the picture has them."""
    low, high = max(0, low - MARGIN), min(size, high + MARGIN)
    return low, max(low + 1, high)


def _fine(light: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What is finer than SLOW, 0 in the hole."""
    weight = cv2.GaussianBlur(known, (0, 0), SLOW)
    slow = cv2.GaussianBlur(light * known, (0, 0), SLOW) / np.maximum(weight, 1e-3)
    return (light - slow) * known


def _waves(light: np.ndarray, known: np.ndarray) -> np.ndarray | None:
    """The two waves of a lattice of dots, 2 x 2 cycles a pixel; None where there is none."""
    side = min(SIDE, *light.shape)
    if side < LEAST:
        return None
    window = np.hanning(side)[:, None] * np.hanning(side)
    starts = [np.unique(np.linspace(0, size - side, 2).round().astype(int)) for size in light.shape]
    parts = [np.s_[y : y + side, x : x + side] for y in starts[0] for x in starts[1]]
    powers = [
        np.square(np.abs(np.fft.rfft2(_fine(light[part], known[part]) * window))) for part in parts
    ]
    down, across = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    length = np.hypot(down, across)
    band = (length > 1 / PERIODS[1]) & (length < 1 / PERIODS[0])
    band &= (across > 0) | (down > 0)
    power = np.sum(powers, 0)
    first = _highest(power * band, down, across)
    turned = np.abs(across * first[0] + down * first[1]) / np.maximum(length, 1e-6)
    size = float(np.hypot(*first))
    beside = band & (turned < SQUARE * size) & (np.abs(length - size) < SQUARE * size)
    if not beside.any():
        return None
    second = _highest(power * beside, down, across)
    waves = np.array([first, second])
    near = [np.zeros_like(band) for _ in waves]
    for wave, around in zip(waves, near, strict=True):
        for sign in (1, -1):  # a wave on the border of a half spectrum is there twice
            off = np.maximum(np.abs(across - sign * wave[0]), np.abs(down - sign * wave[1]))
            around |= off <= (WIDTH + 0.5) / side
    whole, *each = ([_share(p, around) for around in near] for p in (power, *powers))
    found = sorted((sum(shares) for shares in each), reverse=True)
    if sum(whole) < SHARE or min(whole) < ONE or found[len(found) // 2] < EACH:
        return None
    return waves


def _share(power: np.ndarray, where: np.ndarray) -> float:
    return float(power[where].sum() / max(power.sum(), 1e-9))


def _highest(power: np.ndarray, down: np.ndarray, across: np.ndarray) -> tuple[float, float]:
    row, column = np.unravel_index(int(power.argmax()), power.shape)
    return float(across[0, column]), float(down[row, 0])


def _dots(light: np.ndarray, waves: np.ndarray, known: np.ndarray, box: Box) -> Dots:
    """What a channel's dots are like. waves: to a bin of the spectrum; they are told finer here."""
    fine = _fine(light, known)
    ys, xs = np.mgrid[: fine.shape[0], : fine.shape[1]].astype(np.float32)
    finer, places = [], []
    for wave in waves:
        turns = np.exp(-2j * np.pi * (wave[0] * xs + wave[1] * ys)).astype(np.complex64)
        tiles = _tiled(fine * turns)
        off = _off(tiles, WIDTH / min(SIDE, *fine.shape))
        finer.append(wave + off)
        ty, tx = (np.arange(n) * TILE + TILE / 2 - 0.5 for n in tiles.shape)
        rest = tiles * np.exp(-2j * np.pi * (off[0] * tx[None] + off[1] * ty[:, None]))
        places.append(_even(rest))
    sharper, where = np.array(finer), np.array(places, np.complex64)
    place = _place(sharper, where, box[:2], box)
    sigma = SOFT / float(np.hypot(*sharper[0]))
    weight = cv2.GaussianBlur(known, (0, 0), sigma)
    grey = cv2.GaussianBlur(light * known, (0, 0), sigma) / np.maximum(weight, 1e-3)
    return Dots(sharper, where, _table(grey, place, light, (known > 0) & (weight > 0.9)))


def _tiled(values: np.ndarray) -> np.ndarray:
    """Means of TILEs, the last ones smaller."""
    rows, columns = (-(-n // TILE) for n in values.shape)
    padded = np.zeros((rows * TILE, columns * TILE), values.dtype)
    padded[: values.shape[0], : values.shape[1]] = values
    return padded.reshape(rows, TILE, columns, TILE).mean((1, 3))


def _off(tiles: np.ndarray, most: float) -> np.ndarray:
    """How far the true wave is from the one that tiles were taken by, cycles a pixel (x, y)."""
    size = tuple(4 * n for n in tiles.shape)
    down, across = np.fft.fftfreq(size[0])[:, None] / TILE, np.fft.fftfreq(size[1])[None] / TILE
    near = (np.abs(down) <= most) & (np.abs(across) <= most)
    return np.array(_highest(np.abs(np.fft.fft2(tiles, size)) * near, down, across))


def _even(tiles: np.ndarray) -> np.ndarray:
    """Where a wave is highest, of length 1, carried smoothly into the hole."""
    parts = [
        cv2.GaussianBlur(np.ascontiguousarray(p), (0, 0), REACH, borderType=cv2.BORDER_CONSTANT)
        for p in (tiles.real.astype(np.float32), tiles.imag.astype(np.float32))
    ]
    smooth = parts[0] + 1j * parts[1]
    # Deep in a hole too little is left of what surrounds it: there what holds for all.
    smooth = smooth + 1e-2 * tiles.mean()
    return (smooth / np.maximum(np.abs(smooth), 1e-9)).astype(np.complex64)


def _place(waves: np.ndarray, places: np.ndarray, start: tuple[int, int], part: Box) -> np.ndarray:
    """How far on the lattice each pixel of a part lies from where the dots are brightest, h x w in
    0 (there) to 1. start: of the places' box; part: in the same coordinates."""
    x, y, width, height = part[0] - start[0], part[1] - start[1], part[2], part[3]
    xs, ys = np.arange(x, x + width, dtype=np.float32), np.arange(y, y + height, dtype=np.float32)
    across = np.broadcast_to((xs + 0.5) / TILE - 0.5, (height, width)).astype(np.float32)
    down = np.broadcast_to(((ys + 0.5) / TILE - 0.5)[:, None], (height, width)).astype(np.float32)
    total = np.zeros((height, width), np.float32)
    for wave, place in zip(waves, places, strict=True):
        real, imaginary = (
            cv2.remap(
                np.ascontiguousarray(p),
                across,
                down,
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            for p in (place.real, place.imag)
        )
        turn = 2 * np.pi * (wave[0] * xs[None] + wave[1] * ys[:, None])
        total += np.cos(turn + np.arctan2(imaginary, real)).astype(np.float32)
    return 0.5 - total / 4


def _table(grey: np.ndarray, place: np.ndarray, light: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Mean brightness by level and place; what the scan does not have, as its neighbours have."""
    level = (grey[where].clip(0, 1) * (LEVELS - 1)).round().astype(int)
    spot = (place[where].clip(0, 1) * (PLACES - 1)).round().astype(int)
    index = level * PLACES + spot
    sums, counts = (
        np.bincount(index, w, LEVELS * PLACES).reshape(LEVELS, PLACES).astype(np.float32)
        for w in (light[where] - level / (LEVELS - 1), None)
    )
    told = np.zeros((LEVELS, PLACES), np.float32)
    share = np.zeros_like(told)
    for sigma in (0.5, 1.0, 2.0, 4.0, 8.0):
        near = cv2.GaussianBlur(counts, (0, 0), sigma)
        value = cv2.GaussianBlur(sums, (0, 0), sigma) / np.maximum(near, 1e-6)
        enough = (1 - share) * np.minimum(1, near / 8)
        told, share = told + enough * value, share + enough
    return told / np.maximum(share, 1e-6) + np.arange(LEVELS, dtype=np.float32)[:, None] / (
        LEVELS - 1
    )


def _looked_up(table: np.ndarray, level: np.ndarray, place: np.ndarray) -> np.ndarray:
    across = (place.clip(0, 1) * (PLACES - 1)).astype(np.float32)
    down = (level.clip(0, 1) * (LEVELS - 1)).astype(np.float32)
    return cv2.remap(table.astype(np.float32), across, down, cv2.INTER_LINEAR)
