"""A photo for somewhere else: another format or quality, smaller, with less said of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from engine.base.atomic import write_atomically
from engine.base.errors import MienError
from engine.photo.encode import encode
from engine.photo.exif import resized
from engine.photo.file import FORMATS, check_destination
from engine.photo.metadata import Metadata
from engine.photo.source import eight_bit
from engine.photo.value import Photo
from engine.photo.xmp import OF_THIS_SIZE, clean_packet

ALL, COPYRIGHT, NONE = "all", "copyright", "none"
KEPT = (ALL, COPYRIGHT, NONE)
_ARTIST, _COPYRIGHT = 0x013B, 0x8298  # EXIF tags
_MOST_METADATA = 60_000  # bytes of a block of EXIF that every format takes
BEST = 100


@dataclass(frozen=True)
class Export:
    """What is written. suffix: ".jpg", ".png", ".webp", ".tif", ".avif", ".jxl", the format.
    quality: 1 .. 100 for JPEG, WebP, AVIF and JPEG XL, None for the photo's own. longest: pixels of
    the longer side at most, None for the photo's; nothing is enlarged. metadata: of KEPT. lying:
    a turned JPEG is left on its side, so that its blocks can be kept (`may_lie`). depth: 8 bits a
    sample, None for as many as the photo has and the format holds; of an HDR photo, whose curve
    needs them all, every bit stays. Raises MienError for values that are none of these."""

    suffix: str = ".jpg"
    quality: int | None = 92
    longest: int | None = None
    metadata: str = ALL
    lying: bool = False
    depth: int | None = None

    def __post_init__(self) -> None:
        if self.suffix not in FORMATS:
            raise MienError(f"'{self.suffix}' is no format to write; choose .jpg, .png or .tif.")
        if self.quality is not None and not 1 <= self.quality <= BEST:
            raise MienError(f"A quality of {self.quality} is not between 1 and {BEST}.")
        if self.longest is not None and self.longest < 1:
            raise MienError(f"A photo of {self.longest} pixels cannot be written.")
        if self.metadata not in KEPT:
            raise MienError(f"'{self.metadata}' is none of {', '.join(KEPT)}.")
        if self.depth not in (None, 8):
            raise MienError(f"A depth of {self.depth} bits cannot be asked for; 8 can.")


def prepared(photo: Photo, export: Export) -> Photo:
    """The photo as it is to be written: reduced, and with what is to be said of it."""
    width, height = photo.size
    longest = max(width, height)
    pixels = photo.pixels
    is_reduced = export.longest is not None and export.longest < longest
    if is_reduced and export.longest is not None:
        share = export.longest / longest
        size = max(1, round(width * share)), max(1, round(height * share))
        pixels = _reduced(pixels, size)
    is_flattened = export.depth == 8 and may_flatten(photo)
    if is_flattened:
        pixels = eight_bit(pixels)
    metadata = photo.metadata
    if is_reduced:
        # What speaks of single pixels is another picture's.
        told = clean_packet(metadata.xmp, gone=OF_THIS_SIZE)
        metadata = replace(
            metadata,
            stored=None,
            blocks=False,
            gain=None,
            exif=resized(metadata.exif, (pixels.shape[1], pixels.shape[0])),
            dpi=None,
            xmp=told.packet,
            lost=(*metadata.lost, *told.lost),
        )
    if export.metadata != ALL:
        metadata = Metadata(
            icc=metadata.icc,
            colour=metadata.colour,
            jpeg=metadata.jpeg,
            lossless=metadata.lossless,
            exif=_rights(metadata.exif) if export.metadata == COPYRIGHT else None,
        )
    source = None if is_reduced or is_flattened else photo.source
    return replace(photo, pixels=pixels, metadata=metadata, source=source)


def may_flatten(photo: Photo) -> bool:
    """Whether a photo has more than 8 bits a sample, and looks the same in 8."""
    return photo.pixels.dtype == np.uint16 and photo.hdr is None


def encoded(photo: Photo, export: Export) -> bytes:
    """The file's bytes. Raises MienError where the format cannot hold the photo."""
    made = prepared(photo, export)
    try:
        return encode(made, FORMATS[export.suffix], export.quality, export.lying).data
    except MienError:
        raise
    except MemoryError:
        raise MienError("The photo does not fit into memory; close other programs.") from None


def write_export(photo: Photo, path: Path, export: Export, *, overwrite: bool = False) -> Path:
    """Write it whole or not at all; the ending of `path` says the format, whatever `export` says.
    Raises MienError."""
    check_destination(path, overwrite=overwrite)
    data = encoded(photo, replace(export, suffix=path.suffix.lower()))
    write_atomically(path, lambda file: file.write(data))
    return path


def _reduced(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Each pixel the mean of those it covers; transparency keeps colours from bleeding."""
    if pixels.shape[2] == 3:
        return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    top = np.iinfo(pixels.dtype).max
    alpha = pixels[..., 3:].astype(np.float32) / top
    colour = cv2.resize(pixels[..., :3] * alpha, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)[..., None]
    straight = np.divide(colour, share, out=np.zeros_like(colour), where=share > 0)
    return np.rint(np.concatenate([straight, share * top], axis=2)).astype(pixels.dtype)


def _rights(exif: bytes | None) -> bytes | None:
    """Of an EXIF block who made the photo and whose it is, None where it says neither."""
    from PIL import Image

    if not exif:
        return None
    told, kept = Image.Exif(), Image.Exif()
    try:
        told.load(b"Exif\0\0" + exif)
        for tag in (_ARTIST, _COPYRIGHT):
            if tag in told:
                kept[tag] = told[tag]
    except Exception:  # a damaged block says nothing
        return None
    made = kept.tobytes().removeprefix(b"Exif\0\0") if len(kept) else b""
    return made if 0 < len(made) < _MOST_METADATA else None
