"""Samples that are no RGB of 8 or 16 bit: inks, Lab, floats, multiplied transparency, infrared.

A photo shows and changes RGB; the file's own samples wait beside it. When it is saved in a format
that can hold them, every pixel that was not changed gets its own samples back, bit for bit, and
only the changed ones are converted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.base.brightness import LUMA
from engine.photo import colour

GREY, RGB, CMYK, LAB, ICC_LAB = "grey", "rgb", "cmyk", "lab", "icclab"
COLOURS = {GREY: 1, RGB: 3, CMYK: 4, LAB: 3, ICC_LAB: 3}
_PIXELS_AT_ONCE = 2_000_000
UNKNOWN, MULTIPLIED, ALPHA = 0, 1, 2  # TIFF's words for what an extra channel is


@dataclass(frozen=True, eq=False)
class Source:
    """samples: H x W x C, upright, as the file has them: COLOURS[space] channels, then one for
    each of `extras`. icc: the samples' profile. white: the float value that is white."""

    samples: np.ndarray
    space: str
    extras: tuple[int, ...] = ()
    icc: bytes | None = None
    white: float = 1.0

    @property
    def is_plain(self) -> bool:
        """Whether RGB(A) of 8 or 16 bit says all of it."""
        return (
            self.space in (GREY, RGB)
            and self.extras in ((), (ALPHA,))
            and self.samples.dtype in (np.uint8, np.uint16)
        )

    @property
    def is_float(self) -> bool:
        return self.samples.dtype.kind == "f"

    def develop(self) -> np.ndarray:
        """H x W x 3 or 4, uint8 or uint16: what is shown and edited.

        RGB and grey stay in their own profile; inks and Lab become sRGB.
        """
        # In strips: the arithmetic takes many times what the pixels do.
        rows = max(1, _PIXELS_AT_ONCE // max(1, self.samples.shape[1]))
        if self.is_plain or len(self.samples) <= rows:
            return self._developed(self.samples)
        result = None
        for top in range(0, len(self.samples), rows):
            part = self._developed(self.samples[top : top + rows])
            if result is None:
                result = np.empty((len(self.samples), *part.shape[1:]), part.dtype)
            result[top : top + rows] = part
        assert result is not None
        return result

    def _developed(self, samples: np.ndarray) -> np.ndarray:
        count = COLOURS[self.space]
        if self.space in (LAB, ICC_LAB):
            colours = _lab_as_rgb(samples[..., :count], self.space == LAB)
        else:
            colours = self._levels(samples[..., :count])
        place = self._alpha()
        alpha = None if place is None else self._levels(samples[..., place : place + 1], alpha=True)
        if alpha is not None and self.extras[place - count] == MULTIPLIED:  # type: ignore[operator]
            colours = _divided(colours, alpha)
        if self.space == GREY:
            colours = np.repeat(colours, 3, axis=2)
        elif self.space == CMYK:
            colours = _inks_as_rgb(colours, self.icc)
        if alpha is None:
            return np.ascontiguousarray(colours)
        if alpha.dtype != colours.dtype:
            alpha = alpha.astype(np.uint16) * 257
        return np.concatenate([colours, alpha], axis=2)

    def with_changes(self, pixels: np.ndarray) -> np.ndarray:
        """The samples of edited pixels (of `develop`'s shape and depth)."""
        changed = (pixels[..., :3] != self.develop()[..., :3]).any(axis=2)
        samples = self.samples.copy()
        if not changed.any():
            return samples
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        count = COLOURS[self.space]
        colours = self._undeveloped(pixels[box], samples[box])
        part = samples[box]
        part[..., :count][changed[box]] = colours[changed[box]]
        return samples

    def _undeveloped(self, pixels: np.ndarray, samples: np.ndarray) -> np.ndarray:
        colours = pixels[..., :3]
        if self.space in (LAB, ICC_LAB):
            return _rgb_as_lab(colours, self.samples.dtype, self.space == LAB)
        if self.space == GREY:
            colours = grey_of(colours)[..., None]
        elif self.space == CMYK:
            colours = _rgb_as_inks(colours, self.icc)
        place = self._alpha()
        if place is not None and self.extras[place - COLOURS[self.space]] == MULTIPLIED:
            alpha = self._levels(samples[..., place : place + 1], alpha=True)
            top = np.uint64(np.iinfo(colours.dtype).max)
            product = colours.astype(np.uint64) * alpha.astype(np.uint64)
            colours = ((product + top // np.uint64(2)) // top).astype(colours.dtype)
        if self.is_float:
            return (colours.astype(np.float64) / 65535 * self.white).astype(self.samples.dtype)
        if self.samples.dtype == np.uint32:
            return colours.astype(np.uint32) * np.uint32(65537)
        return colours

    def _alpha(self) -> int | None:
        """The place of the transparency among the channels."""
        for place, kind in enumerate(self.extras):
            if kind in (MULTIPLIED, ALPHA):
                return COLOURS[self.space] + place
        return None

    def _levels(self, values: np.ndarray, alpha: bool = False) -> np.ndarray:
        """Samples as uint8 or uint16 levels."""
        if values.dtype.kind == "f":
            scaled = np.nan_to_num(values.astype(np.float32), posinf=np.inf)
            scaled = scaled / np.float32(1.0 if alpha else self.white)
            return (scaled.clip(0, 1) * np.float32(65535) + np.float32(0.5)).astype(np.uint16)
        if values.dtype == np.uint32:
            return (values >> np.uint32(16)).astype(np.uint16)
        return values


def white_of(samples: np.ndarray) -> float:
    """The value that is white in float samples: 1, or the top of the integers they hold.

    Light brighter than white stays in the samples; on screen it is white.
    """
    finite = samples[np.isfinite(samples)]
    if not finite.size or float(np.median(finite)) <= 1.5:
        return 1.0
    return 255.0 if float(finite.max()) <= 256 else 65535.0


def eight_bit(pixels: np.ndarray) -> np.ndarray:
    """uint16 pixels as uint8, uint8 ones as they are."""
    import cv2

    if pixels.dtype == np.uint8:
        return pixels
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=1 / 257)).reshape(pixels.shape)


def grey_of(rgb: np.ndarray) -> np.ndarray:
    """... x 3 of any depth as grey (Rec. 601); equal channels stay exactly what they are."""
    if rgb.dtype.kind == "f":
        return rgb @ np.array(LUMA, rgb.dtype)
    weighed = rgb.astype(np.uint32) @ np.array([299, 587, 114], np.uint32)
    return ((weighed + 500) // 1000).astype(rgb.dtype)


def _divided(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    top = np.iinfo(colours.dtype).max
    weight = alpha.astype(np.uint64)
    whole = (colours.astype(np.uint64) * np.uint64(top) + weight // 2) // np.maximum(weight, 1)
    return np.where(alpha > 0, np.minimum(whole, top), 0).astype(colours.dtype)


def _inks_as_rgb(inks: np.ndarray, icc: bytes | None) -> np.ndarray:
    if colour.space_of(icc) == "CMYK" and colour.usable(icc):
        assert icc is not None
        return colour.to_srgb(inks, icc, deep=inks.dtype == np.uint16)
    top = np.uint32(np.iinfo(inks.dtype).max)
    light = top - inks.astype(np.uint32)
    product = light[..., :3].astype(np.uint64) * light[..., 3:].astype(np.uint64)
    return ((product + top // 2) // top).astype(inks.dtype)


def _rgb_as_inks(rgb: np.ndarray, icc: bytes | None) -> np.ndarray:
    if colour.space_of(icc) == "CMYK" and colour.usable(icc):
        assert icc is not None
        return colour.from_srgb(np.ascontiguousarray(rgb), icc)
    top = np.iinfo(rgb.dtype).max
    light = rgb.astype(np.int64)
    brightest = light.max(axis=2, keepdims=True)
    inks = top - (light * top + brightest // 2) // np.maximum(brightest, 1)
    inks = np.where(brightest > 0, inks, 0)
    return np.concatenate([inks, top - brightest], axis=2).astype(rgb.dtype)


def _lab_as_rgb(samples: np.ndarray, signed: bool) -> np.ndarray:
    depth = samples.dtype.itemsize * 8
    unit = float(2 ** (depth - 8))
    values = samples.astype(np.float64)
    lab = np.empty(samples.shape)
    lab[..., 0] = values[..., 0] / (2**depth - 1) * 100
    turns = values[..., 1:]
    if signed:  # two's complement
        lab[..., 1:] = np.where(turns >= 2 ** (depth - 1), turns - 2**depth, turns) / unit
    else:
        lab[..., 1:] = turns / unit - 128
    rgb = colour.lab_to_rgb(lab)
    return rgb if depth == 16 else ((rgb.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _rgb_as_lab(rgb: np.ndarray, dtype: np.dtype, signed: bool) -> np.ndarray:
    depth = dtype.itemsize * 8
    unit = float(2 ** (depth - 8))
    lab = colour.rgb_to_lab(rgb / float(np.iinfo(rgb.dtype).max))
    result = np.empty(rgb.shape, np.int64)
    result[..., 0] = np.round(lab[..., 0].clip(0, 100) / 100 * (2**depth - 1))
    turns = np.round(lab[..., 1:] * unit).clip(-(2 ** (depth - 1)), 2 ** (depth - 1) - 1)
    result[..., 1:] = turns % 2**depth if signed else turns + 2 ** (depth - 1)
    return result.astype(dtype)
