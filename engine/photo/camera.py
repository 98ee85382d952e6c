"""Pictures of phones and cameras: AVIF, HEIC and raw files, each by a package of its own."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import numpy as np

from engine.photo.exif import block_of_tiff
from engine.photo.jpeg import read_jpeg
from engine.photo.metadata import Metadata
from engine.photo.unpack import (
    Check,
    NeedsPackage,
    Unpacked,
    beside,
    load,
    opened,
    rgb_of,
)


def read_avif(data: bytes, check: Check, partial: bool) -> Unpacked:
    """AVIF by Pillow. Raises NeedsPackage where Pillow was built without it."""
    from PIL import features

    if not features.check("avif"):
        raise NeedsPackage("AVIF", "a Pillow with AVIF")
    with opened(data, "AVIF", check) as image:
        load(image, partial)
        raw = beside(image)
        raw.pixels = rgb_of(image)
        if getattr(image, "n_frames", 1) > 1:
            raw.lost.append("the other pictures of the file")
    place = data.find(b"pixi")
    if place >= 0 and len(data) > place + 9 and data[place + 9] > 8:
        raw.lost.append("the depth above 8 bit")
    return raw


def read_heif(data: bytes, check: Check, partial: bool) -> Unpacked:
    """HEIC by libheif. Raises NeedsPackage where it is not installed."""
    try:
        import pi_heif
    except ImportError:
        raise NeedsPackage("HEIC", "pi-heif") from None
    file = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    check(*file.size)
    pixels = np.array(file)  # a copy: the library's memory goes with its file
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[2] < 3:
        pixels = np.concatenate([pixels[..., :1]] * 3 + [pixels[..., 1:]], axis=2)
    raw = Unpacked(np.ascontiguousarray(pixels), single=file.mode.startswith(("L", "I")))
    # The library turns the picture by the container's word, which the EXIF's repeats.
    raw.exif, raw.xmp = file.info.get("exif"), file.info.get("xmp")
    raw.metadata = Metadata(file.info.get("icc_profile"))
    if len(file) > 1:
        raw.lost.append("the other pictures of the file")
    return raw


def read_raw(data: bytes, check: Check, partial: bool) -> Unpacked:
    """The camera's own large preview, or one development of the sensor's values. Raises
    NeedsPackage."""
    try:
        import rawpy  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise NeedsPackage("camera raw", "rawpy") from None
    with rawpy.imread(io.BytesIO(data)) as file:
        check(file.sizes.width, file.sizes.height)
        try:
            preview = file.extract_thumb()
        except rawpy.LibRawError:
            preview = None
        if preview is not None and preview.format == rawpy.ThumbFormat.JPEG:
            shown = read_jpeg(bytes(preview.data), check, partial)
            # A thumbnail is no photo: only a preview of the sensor's order of size will do.
            if shown.pixels is not None and max(shown.pixels.shape) * 2 > file.sizes.width:
                if shown.orientation == 1:
                    shown.orientation = {3: 3, 5: 8, 6: 6}.get(file.sizes.flip, 1)
                shown.exif = shown.exif or _exif_of_raw(data)
                shown.metadata = replace(shown.metadata, jpeg=None)
                shown.lost.append("the raw data (this is the camera's preview)")
                return shown
        pixels = file.postprocess(use_camera_wb=True, output_bps=16)
    lost = ["the raw data (this is one development of it)"]
    return Unpacked(np.ascontiguousarray(pixels), exif=_exif_of_raw(data), lost=lost)


def _exif_of_raw(data: bytes) -> bytes | None:
    """What the camera wrote, where its file is built like a TIFF."""
    from engine.photo.exif import first_directory

    try:
        return block_of_tiff(data, first_directory(data))
    except (ValueError, struct.error):
        return None
