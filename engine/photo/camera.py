"""Pictures of phones and cameras: AVIF, HEIC and raw files, each by a package of its own."""

from __future__ import annotations

import contextlib
import io
import re
import struct
from dataclasses import replace
from typing import Any

import numpy as np

from engine.photo.exif import block_of_tiff
from engine.photo.jpeg import read_jpeg
from engine.photo.jxl import read_jxl
from engine.photo.metadata import Metadata
from engine.photo.unpack import (
    Check,
    NeedsPackage,
    Unpacked,
    Unreadable,
    beside,
    load,
    opened,
    orientation_of,
    rgb_of,
)
from engine.photo.xmp import CREDENTIALS, DEPTH, GAIN_MAP, VIDEO

_CREDENTIALS = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # the box that holds them (C2PA)
_VIDEOS = {b"mpvd", b"sefd"}  # Google's and Samsung's boxes for the film of a motion photo
# An item that is the picture with its gain map applied (ISO 21496-1), in a list of items.
_TONE_MAP = re.compile(rb"infe[\2\3]\0\0.(?:..|....)\0\0tmap", re.S)
_OTHER = "the other pictures of the file"
AUXILIARY = (("hdrgainmap", GAIN_MAP), ("depth", DEPTH), ("matte", "the portrait matte"))


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
    place = data.find(b"colrnclx")
    if place >= 0 and raw.metadata.icc is None:
        points = struct.unpack_from(">HH", data.ljust(place + 12), place + 8)
        raw.metadata = replace(raw.metadata, colour=_code_points(*points))
    if _TONE_MAP.search(data):
        raw.lost.append(GAIN_MAP)
    if _CREDENTIALS in data:
        raw.lost.append(CREDENTIALS)
    place = data.find(b"pixi")
    if place >= 0 and len(data) > place + 9 and data[place + 9] > 8:
        raw.lost.append("the depth above 8 bit")
    return raw


def _code_points(primaries: int, curve: int) -> tuple[tuple[bytes, bytes], ...]:
    """The colours a container names by numbers (ITU-T H.273), as a PNG's cICP; none for sRGB, and
    for what encoders of films write without meaning it."""
    # The curves of television are written for photos that are meant, and shown, as sRGB.
    curve = 13 if curve in (1, 2, 6, 14, 15) else curve
    if primaries not in (1, 9, 11, 12) or (primaries, curve) == (1, 13):
        return ()
    return ((b"cICP", bytes([primaries, curve & 255, 0, 1])),)


def read_heif(data: bytes, check: Check, partial: bool) -> Unpacked:
    """HEIC by libheif. Raises NeedsPackage where it is not installed."""
    try:
        import pi_heif
    except ImportError:
        raise NeedsPackage("HEIC", "pi-heif") from None
    kinds = _kinds_of_boxes(data)
    try:
        file = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    except ValueError as error:
        if b"moov" in kinds and b"meta" not in kinds:
            raise Unreadable("HEIC sequence without a still picture") from error
        raise
    check(*file.size)
    pixels = np.array(file)  # a copy: the library's memory goes with its file
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[2] < 3:
        pixels = np.concatenate([pixels[..., :1]] * 3 + [pixels[..., 1:]], axis=2)
    raw = Unpacked(np.ascontiguousarray(pixels), single=file.mode.startswith(("L", "I")))
    if pixels.dtype == np.uint16:
        # The library fills up with zeros below, which would leave white a little grey.
        bits = int(file.info.get("bit_depth", 16))
        top = 2**bits - 1
        deep = (pixels >> (16 - bits)).astype(np.uint32)
        raw.pixels = ((deep * 65535 + top // 2) // top).astype(np.uint16)
    # The library turns the picture by the container's word, which the EXIF's repeats.
    raw.exif, raw.xmp = file.info.get("exif"), file.info.get("xmp")
    icc, coded = file.info.get("icc_profile"), file.info.get("nclx_profile")
    raw.metadata = Metadata(icc)
    if coded and not icc:
        points = (coded["color_primaries"], coded["transfer_characteristics"])
        raw.metadata = Metadata(colour=_code_points(*points))
    if len(file) > 1 or b"moov" in kinds:  # a sequence: its first picture is read
        raw.lost.append(_OTHER)
    if kinds & _VIDEOS:
        raw.lost.append(VIDEO)
    if file.info.get("depth_images"):
        raw.lost.append(DEPTH)
    for kind in file.info.get("aux") or ():
        raw.lost.append(next((said for word, said in AUXILIARY if word in kind), _OTHER))
    if _TONE_MAP.search(data):
        raw.lost.append(GAIN_MAP)
    if _CREDENTIALS in data:
        raw.lost.append(CREDENTIALS)
    return raw


def _kinds_of_boxes(data: bytes) -> set[bytes]:
    """The kinds of a container's outermost boxes."""
    kinds, at = set(), 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
        kinds.add(kind)
        if size < 8:
            break
        at += size
    return kinds


def read_raw(data: bytes, check: Check, partial: bool) -> Unpacked:
    """The camera's own large preview, or one development of the sensor's values. Raises
    NeedsPackage where there is no such preview and nothing to develop it with."""
    refused: Exception = NeedsPackage("camera raw", "rawpy")
    with contextlib.suppress(ImportError):
        import rawpy  # pyright: ignore[reportMissingImports]

        try:
            return _by_libraw(rawpy, data, check, partial)
        except rawpy.LibRawError as error:
            refused = error  # of a kind that it does not unpack: JPEG XL in a DNG of 1.7
    own = _preview_of_dng(data, check, partial)
    if own is None:
        raise refused
    return own


def _preview_of_dng(data: bytes, check: Check, partial: bool) -> Unpacked | None:
    """A large preview in a raw file that is built like a TIFF: a JPEG or a JPEG XL."""
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            pages: list[Any] = [one for page in file.pages for one in (page, *(page.pages or ()))]
            widest = max(page.imagewidth for page in pages)
            found = [
                (page.imagewidth, page.compression, page.dataoffsets[0], page.databytecounts[0])
                for page in pages
                if page.subfiletype & 1
                and page.compression in _PREVIEWS
                and len(page.dataoffsets) == 1
                and page.imagewidth * 2 > widest
            ]
        _, packing, start, length = max(found)
    except (ValueError, KeyError, IndexError, AttributeError, struct.error, tifffile.TiffFileError):
        return None
    shown = _PREVIEWS[packing](data[start : start + length], check, partial)
    block = _exif_of_raw(data)
    if shown.orientation == 1:
        shown.orientation = orientation_of(data)
    shown.exif = shown.exif or block
    return _as_preview(shown)


_PREVIEWS = {7: read_jpeg, 52546: read_jxl}  # by TIFF's numbers of compressions


def _as_preview(shown: Unpacked) -> Unpacked:
    shown.metadata = replace(shown.metadata, jpeg=None, stored=None)
    shown.lost.append("the raw data (this is the camera's preview)")
    return shown


def _by_libraw(rawpy: Any, data: bytes, check: Check, partial: bool) -> Unpacked:
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
                return _as_preview(shown)
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
