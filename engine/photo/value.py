"""What an open photo is: pixels that never change, with what its file said of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from engine.base.errors import MienError
from engine.photo import colour, hdr
from engine.photo.compositing import lay
from engine.photo.metadata import Metadata
from engine.photo.palette import Palette, palette_of
from engine.photo.patch import Patch
from engine.photo.source import Source, eight_bit, grey_of


@dataclass(frozen=True)
class Stamp:
    """What a file was when it was read: enough to notice that it is another by now.

    checksum: None of a large file, whose time has to do.
    """

    time: int
    size: int
    checksum: int | None


@dataclass(frozen=True, eq=False)
class Photo:
    """An open photo.

    pixels: H x W x 3 or 4, uint8 or uint16, RGB(A), C-contiguous, read-only, in the colours of
    `profile`. path: where it came from, None for a pasted one. format: "JPEG", "PNG", "WEBP",
    "TIFF", "BMP", "AVIF", "HEIF", "JXL", "PSD", "LAYERS" (OpenRaster, Krita), "GIF" or "RAW".
    single: its file has one colour channel. grey: nothing in it has colour. source: the file's own
    samples where RGB(A) is not all of them. stamp: of the file when it was opened.
    """

    pixels: np.ndarray
    path: Path | None
    format: str
    metadata: Metadata = field(default_factory=Metadata)
    single: bool = False
    grey: bool = False
    source: Source | None = None
    stamp: Stamp | None = None

    def __post_init__(self) -> None:
        pixels = np.ascontiguousarray(self.pixels)
        if pixels.flags.writeable:
            pixels = pixels.view()
            pixels.flags.writeable = False
        object.__setattr__(self, "pixels", pixels)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @cached_property
    def profile(self) -> bytes | None:
        """The ICC profile the pixels are in, None where that is sRGB (or nothing is known)."""
        icc = self.metadata.icc
        if icc is not None:
            return icc if colour.is_other_than_srgb(icc) else None
        if not self.metadata.colour:
            return None
        made = colour.profile_of_png(dict(self.metadata.colour), self.single)
        return made if colour.is_other_than_srgb(made) else None

    @cached_property
    def hdr(self) -> bytes | None:
        """The code points (a PNG's cICP) of pixels in PQ or HLG, which no profile describes."""
        points = dict(self.metadata.colour).get(b"cICP", b"")
        known = self.metadata.icc is None and not self.single and hdr.is_hdr(points)
        return points if known else None

    @cached_property
    def palette(self) -> Palette | None:
        """Its colours where it has few: a drawing, a scan of one bit."""
        return palette_of(self.pixels)

    @cached_property
    def without_dots(self) -> Photo:
        """The photo with greys for the dots of a scan of one bit; itself where it is none."""
        palette = self.palette
        if palette is None or not palette.dotted:
            return self
        return replace(self, pixels=palette.smoothed(self.pixels))

    @cached_property
    def own8(self) -> np.ndarray:
        """H x W x 3 uint8 in the photo's own colours, read-only; the pixels themselves where they
        are that already."""
        own = eight_bit(self.pixels)
        if own.shape[2] == 4:
            own = np.ascontiguousarray(own[..., :3])
        own.flags.writeable = False
        return own

    @cached_property
    def rgb8(self) -> np.ndarray:
        """H x W x 3 uint8 sRGB, read-only: what is shown and what the networks see."""
        if self.hdr is not None:
            rgb = eight_bit(self.to_srgb(self.pixels))
        else:
            rgb = self.own8 if self.profile is None else self.to_srgb(self.own8)
        rgb.flags.writeable = False
        return rgb

    def to_srgb(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels of this photo (h x w x 3 or 4, its depth or 8 bit) as sRGB, h x w x 3."""
        if self.hdr is not None:
            return hdr.to_srgb(pixels, self.hdr)
        if self.profile is None:
            return pixels[..., :3]
        count = 1 if colour.space_of(self.profile) == "GRAY" else 3
        return colour.to_srgb(pixels[..., :count], self.profile, deep=pixels.dtype == np.uint16)

    def from_srgb(self, rgb: np.ndarray) -> np.ndarray:
        """sRGB (h x w x 3: float32 in 0..1, or 8 or 16 bit) in this photo's colours; a photo
        without colour gets none."""
        if self.grey:
            rgb = np.repeat(grey_of(rgb)[..., None], 3, axis=2)
        if self.hdr is not None:
            return hdr.from_srgb(rgb, self.hdr)
        if self.profile is None:
            return rgb
        own = colour.from_srgb(np.ascontiguousarray(rgb), self.profile)
        return np.repeat(own[..., None], 3, axis=2) if own.ndim == 2 else own

    def with_pixels(self, pixels: np.ndarray) -> Photo:
        """The same photo with other pixels of the same shape and depth."""
        return replace(self, pixels=pixels)

    def apply(self, *patches: Patch) -> Photo:
        """The photo with patches composited on it, one after the other, on one copy.

        Where a patch's alpha is 0 the pixel stays bit for bit, where it is 255 it is the
        patch's; the photo's own transparency is kept.
        """
        if not patches:
            return self
        pixels = self.pixels.copy()
        for patch in patches:
            lay(pixels, (0, 0), patch)
        return self.with_pixels(pixels)


def photo_from_array(rgb: np.ndarray) -> Photo:
    """A photo without a file from H x W x 3|4 uint8 or uint16 pixels (a copy)."""
    if rgb.ndim != 3 or rgb.shape[2] not in (3, 4) or rgb.dtype not in (np.uint8, np.uint16):
        raise MienError("A photo needs height x width x 3 or 4 pixels of 8 or 16 bit.")
    return Photo(rgb.copy(), None, "PNG", grey=has_no_colour(rgb))


def has_no_colour(pixels: np.ndarray) -> bool:
    """Whether red, green and blue are equal everywhere; most photos show at a glance."""
    for part in (pixels[::37, ::41], pixels):
        red, green, blue = (part[..., channel] for channel in range(3))
        if not (np.array_equal(red, green) and np.array_equal(red, blue)):
            return False
    return True
