"""Photos: the only place that decodes or encodes a picture file.

Pixels are RGB or RGBA at 8 or 16 bit, upright, in the photo's own colours; metadata is carried
beside them and written back where the format has room for it. Nothing here changes an existing
file unless told to.
"""

from __future__ import annotations

import errno
import os
import zlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine import colour
from engine.atomic import check_writable, write_atomically
from engine.compositing import lay
from engine.errors import MienError
from engine.photo_decode import decode, kind_of
from engine.photo_encode import JPEG_QUALITY, check_size, eight_bit, encode, losses
from engine.photo_metadata import Metadata
from engine.photo_source import Source, grey_of
from engine.photo_unpack import EndsEarly, NeedsPackage

if TYPE_CHECKING:
    from engine.inpaint import Patch

__all__ = ["JPEG_QUALITY", "Metadata", "Photo"]

FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".avif": "AVIF",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".dib": "BMP",
}
RAW_SUFFIXES = (
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".orf", ".rw2"),
    *(".raf", ".pef", ".srw", ".3fr", ".iiq", ".rwl", ".x3f"),
)
SAVE_SUFFIXES = tuple(FORMATS)
OPEN_SUFFIXES = (*FORMATS, ".apng", ".gif", ".mpo", ".heic", ".heif", ".hif", *RAW_SUFFIXES)
LARGEST_SUMMED = 32 * 2**20  # bytes; opening should cost what decoding costs
LARGEST = 400_000_000  # pixels; beyond, a small file that unpacks to gigabytes is more likely


class IncompletePhotoError(MienError):
    """A photo's file ends before its picture does; `open_photo(..., partial=True)` opens what is
    there."""


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
    "TIFF", "BMP", "AVIF", "HEIF", "GIF" or "RAW". single: its file has one colour channel. grey:
    nothing in it has colour. source: the file's own samples where RGB(A) is not all of them.
    stamp: of the file when it was opened.
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
        rgb = self.own8 if self.profile is None else self.to_srgb(self.own8)
        rgb.flags.writeable = False
        return rgb

    def to_srgb(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels of this photo (h x w x 3 or 4, its depth or 8 bit) as sRGB, h x w x 3."""
        if self.profile is None:
            return pixels[..., :3]
        count = 1 if colour.space_of(self.profile) == "GRAY" else 3
        return colour.to_srgb(pixels[..., :count], self.profile, deep=pixels.dtype == np.uint16)

    def from_srgb(self, rgb: np.ndarray) -> np.ndarray:
        """sRGB (h x w x 3: float32 in 0..1, or 8 or 16 bit) in this photo's colours; a photo
        without colour gets none."""
        if self.grey:
            rgb = np.repeat(grey_of(rgb)[..., None], 3, axis=2)
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
    return Photo(rgb.copy(), None, "PNG", grey=_has_no_colour(rgb))


def open_photo(path: Path | str, *, partial: bool = False) -> Photo:
    """Open a photo, upright. Of an animation or a multi-page file the first picture.

    partial: of a file that ends early, what is there; the rest is grey. Raises
    IncompletePhotoError for such a file otherwise, and MienError with one sentence for anything
    else that cannot be opened.
    """
    path = Path(path)
    data, stamp = _read(path)

    def check(width: int, height: int) -> None:
        if width * height > LARGEST:
            raise MienError(
                f"{path.name} is {width} x {height} pixels, more than Mien can hold "
                f"({LARGEST // 10**6} megapixels); reduce it first."
            )

    kind = "RAW" if path.suffix.lower() in RAW_SUFFIXES else kind_of(data)
    if kind is None:
        raise MienError(
            f"{path.name} is not a photo Mien can read; use JPEG, PNG, WebP, TIFF, BMP, AVIF, "
            "HEIC or GIF."
        )
    try:
        decoded = decode(data, kind, check, partial)
    except MienError:
        raise
    except EndsEarly as error:
        raise IncompletePhotoError(
            f"{path.name} is incomplete: the file ends before its picture does; copy it again from "
            "its source, or open the part that is there."
        ) from error
    except NeedsPackage as error:
        what, package = error.args
        raise MienError(
            f"{path.name} is a {what} file, and {package} is not installed; install it with "
            f"'pip install {package}', or save the photo as JPEG or TIFF elsewhere."
        ) from error
    except MemoryError:
        raise MienError(f"{path.name} does not fit into memory; close other programs.") from None
    except Exception as error:  # decoders raise whatever their library raises
        raise MienError(
            f"{path.name} is damaged or of an unusual kind ({_first_line(error)}); copy it again "
            "from its source, or save it as PNG elsewhere."
        ) from error
    grey = decoded.single or _has_no_colour(decoded.pixels)
    return Photo(
        decoded.pixels,
        path,
        decoded.format,
        decoded.metadata,
        decoded.single,
        grey,
        decoded.source,
        stamp,
    )


def _has_no_colour(pixels: np.ndarray) -> bool:
    """Whether red, green and blue are equal everywhere; most photos show at a glance."""
    for part in (pixels[::37, ::41], pixels):
        red, green, blue = (part[..., channel] for channel in range(3))
        if not (np.array_equal(red, green) and np.array_equal(red, blue)):
            return False
    return True


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0].rstrip(".") if text else type(error).__name__


def _read(path: Path) -> tuple[bytes, Stamp]:
    try:
        with path.open("rb") as file:
            data = file.read()
            status = os.fstat(file.fileno())
    except FileNotFoundError:
        raise MienError(f"There is no file {path}; check the name.") from None
    except IsADirectoryError:
        raise MienError(f"{path} is a folder; give a photo.") from None
    except OSError as error:
        if path.is_dir():
            raise MienError(f"{path} is a folder; give a photo.") from None
        if error.errno in (errno.EACCES, errno.EPERM):
            raise MienError(f"{path} may not be read; check its permissions.") from None
        raise MienError(f"{path} could not be read ({error.strerror}).") from error
    if not data:
        raise MienError(f"{path.name} is empty; copy it again from its source.")
    checksum = zlib.crc32(data) if len(data) <= LARGEST_SUMMED else None
    return data, Stamp(status.st_mtime_ns, status.st_size, checksum)


def stamp_of(path: Path | str) -> Stamp | None:
    """What a file is now, None where there is none to read: to be kept after saving it."""
    try:
        return _read(Path(path))[1]
    except MienError:
        return None


def changed_on_disk(stamp: Stamp | None, path: Path | str) -> bool:
    """Whether a file is another than when `stamp` was taken; one that is gone is not.

    Cheap where its time and size are the same; else its bytes decide, so that a file that was
    only touched is not reported.
    """
    if stamp is None:
        return False
    try:
        status = Path(path).stat()
    except OSError:
        return False
    if status.st_size != stamp.size:
        return True
    if status.st_mtime_ns == stamp.time:
        return False
    if stamp.checksum is None:
        return True
    now = stamp_of(path)
    return now is not None and now.checksum != stamp.checksum


def check_destination(path: Path, *, overwrite: bool = False) -> str:
    """The format a path stands for, after checking that it can be written.

    Raises MienError for an unknown ending, a missing folder, a protected file or one that must
    not be replaced.
    """
    if path.suffix.lower() not in FORMATS:
        raise MienError(
            f"'{path.name}' does not say its format; end it in .jpg, .png, .webp, .tif, .bmp or "
            ".avif."
        )
    if not path.parent.is_dir():
        raise MienError(f"There is no folder {path.parent}; create it or choose another.")
    check_writable(path)
    if path.exists() and not overwrite:
        raise MienError(f"{path} exists; choose another name or allow overwriting.")
    return FORMATS[path.suffix.lower()]


def check_room(photo: Photo, path: Path) -> None:
    """Raises MienError where the format of this name cannot hold the photo at all."""
    check_size(photo.size, FORMATS.get(path.suffix.lower(), "PNG"))


def save_losses(photo: Photo, path: Path) -> list[str]:
    """What saving under this name would lose, one short clause each; empty when nothing."""
    return losses(photo, FORMATS.get(path.suffix.lower(), "PNG"))


def save_photo(
    photo: Photo, path: Path | str, *, overwrite: bool = False, quality: int | None = None
) -> Path:
    """Save a photo whole or not at all; the ending of `path` chooses the format.

    quality: 1..100 for JPEG, WebP and AVIF; None keeps a JPEG's own tables and a WebP's
    losslessness. Transparency falls on white where the format has none. Raises MienError.
    """
    path = Path(path)
    format_ = check_destination(path, overwrite=overwrite)
    try:
        data = encode(photo, format_, quality)
    except MienError:
        raise
    except MemoryError:
        raise MienError(f"{path.name} does not fit into memory; close other programs.") from None
    except Exception as error:  # encoders raise whatever their library raises
        raise MienError(
            f"{path.name} could not be encoded ({_first_line(error)}); save as PNG."
        ) from error
    write_atomically(path, lambda file: file.write(data))
    return path
