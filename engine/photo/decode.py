"""From the bytes of a picture file to pixels and what travels beside them."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.photo import colour, png, tiff
from engine.photo.camera import read_avif, read_heif, read_raw
from engine.photo.exif import block_of_tiff, clean_exif
from engine.photo.jpeg import read_jpeg
from engine.photo.jxl import read_jxl
from engine.photo.layered import is_layered_zip, read_layered_zip, read_psd
from engine.photo.metadata import (
    Metadata,
    clean_resources,
    iptc_of,
    resources_of_iptc,
)
from engine.photo.source import CMYK, GREY, ICC_LAB, LAB, RGB, Source
from engine.photo.turning import upright
from engine.photo.unpack import (
    Check,
    EndsEarly,
    Unpacked,
    beside,
    dpi_of,
    load,
    opened,
    orientation_of,
    rgb_of,
)
from engine.photo.xmp import CREDENTIALS, GAIN_MAP, clean_packet

_PROFILES = {GREY: "GRAY", RGB: "RGB", CMYK: "CMYK", LAB: "Lab", ICC_LAB: "Lab"}


@dataclass(frozen=True)
class Decoded:
    """pixels: upright, RGB(A). single: the file has one colour channel. source: its own samples,
    where RGB(A) of 8 or 16 bit is not all of them."""

    pixels: np.ndarray
    format: str
    metadata: Metadata
    single: bool = False
    source: Source | None = None


def kind_of(data: bytes) -> str | None:
    """The format that a file's first bytes say, None for none of ours."""
    if data[:2] == b"\xff\xd8":
        return "JPEG"
    if data[:8] == png.SIGNATURE:
        return "PNG"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:2] == b"BM":
        return "BMP"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if data[:2] == b"\xff\x0a" or data[:12] == b"\0\0\0\x0cJXL \r\n\x87\n":
        return "JXL"
    if data[:4] == b"8BPS":
        return "PSD"
    if is_layered_zip(data):
        return "LAYERS"
    if data[4:8] == b"ftyp":
        size = int.from_bytes(data[:4], "big")
        brands = {data[at : at + 4] for at in range(8, min(size, 256), 4)}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"hevx"}:
            return "HEIF"
    return None


def decode(data: bytes, kind: str, check: Check, partial: bool = False) -> Decoded:
    """The picture of a file of a kind (see `kind_of`, or "RAW"), upright.

    check(width, height) may raise before anything is unpacked. partial: of a file that ends early,
    what is there. Raises EndsEarly, NeedsPackage, or whatever the decoder raises.
    """
    reader = {
        "JPEG": read_jpeg,
        "PNG": _png,
        "TIFF": _tiff,
        "WEBP": _webp,
        "BMP": _bmp,
        "GIF": _gif,
        "AVIF": read_avif,
        "HEIF": read_heif,
        "JXL": read_jxl,
        "PSD": read_psd,
        "LAYERS": _layers,
        "RAW": read_raw,
    }[kind]
    raw = reader(data, check, partial)
    source = raw.source
    if source is not None:
        fits = colour.space_of(source.icc) == _PROFILES.get(source.space)
        source = replace(
            source,
            samples=upright(source.samples, raw.orientation),
            icc=source.icc if fits else None,
        )
        raw.pixels = source.develop()
        raw.single = source.space == GREY
        if source.space not in (GREY, RGB):  # it is sRGB now
            raw.metadata = replace(raw.metadata, icc=None)
        source = None if source.is_plain else source
    else:
        assert raw.pixels is not None
        raw.pixels = upright(raw.pixels, raw.orientation)
    height, width = raw.pixels.shape[:2]
    size = (width, height) if raw.orientation < 5 else (height, width)  # as it lay
    xmp = clean_packet(raw.xmp, raw.orientation, size)
    metadata = replace(
        raw.metadata,
        exif=clean_exif(raw.exif, raw.orientation, size),
        xmp=xmp.packet,
        orientation=raw.orientation,
        resources=clean_resources(raw.resources),
        lost=tuple(dict.fromkeys([*raw.lost, *xmp.lost])),
    )
    if metadata.gain is not None:
        # It is not lost, whatever pointed to it.
        metadata = replace(metadata, lost=tuple(x for x in metadata.lost if x != GAIN_MAP))
    if metadata.dpi and raw.orientation >= 5:
        metadata = replace(metadata, dpi=metadata.dpi[::-1])
    space = colour.space_of(metadata.icc)
    if space and space != ("GRAY" if raw.single else "RGB"):
        # Of a profile that does not fit the pixels nobody can say what the colours are.
        metadata = replace(metadata, icc=None)
    return Decoded(raw.pixels, kind, metadata, raw.single, source)


def _png(data: bytes, check: Check, partial: bool) -> Unpacked:
    chunks = png.read_chunks(data)
    raw = Unpacked(xmp=png.xmp(chunks.text))
    raw.exif = chunks.first.get(b"eXIf") or png.raw_profile(chunks.text, b"exif")
    raw.orientation = orientation_of(raw.exif)
    if b"caBX" in chunks.first:
        raw.lost.append(CREDENTIALS)
    iptc = png.raw_profile(chunks.text, b"iptc")
    raw.resources = iptc if iptc and iptc[:4] == b"8BIM" else resources_of_iptc(iptc)
    with opened(chunks.pixels, "PNG", check) as image:
        if not chunks.whole and not partial:
            raise EndsEarly
        colour_type = chunks.pixels[25]
        raw.single = colour_type in (0, 4)
        if chunks.pixels[24] == 16:
            raw.pixels = _deep_png(chunks.pixels, partial)
        else:
            load(image, partial)
            if image.mode == "1":
                raw.lost.append("one bit a pixel")
            if colour_type == 3:
                raw.lost.append("the palette")
            raw.pixels = rgb_of(image.convert("L") if image.mode == "1" else image)
    first = chunks.first
    if chunks.frames > 1:
        raw.lost.append("the other pictures of the file")
    raw.metadata = Metadata(
        png.profile(chunks),
        dpi=png.dpi(chunks),
        text=png.described(chunks.text),
        colour=tuple((kind, first[kind]) for kind in png.COLOUR if kind in first),
    )
    return raw


def _deep_png(data: bytes, partial: bool) -> np.ndarray:
    import cv2

    if not partial and not _is_intact(data):
        raise EndsEarly
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("its picture data cannot be unpacked")
    if pixels.ndim == 2:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB)


def _is_intact(data: bytes) -> bool:
    """Whether every chunk's checksum is right: OpenCV passes over the wrong ones."""
    import zlib

    at = len(png.SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if data[end : end + 4] != struct.pack(">I", zlib.crc32(data[at + 4 : end])):
            return False
        at = end + 4
    return at == len(data)


def _layers(data: bytes, check: Check, partial: bool) -> Unpacked:
    return read_layered_zip(data, check, partial, _png)


def _tiff(data: bytes, check: Check, partial: bool) -> Unpacked:
    page = tiff.read_page(data, check)
    raw = Unpacked(source=page.source, orientation=page.orientation, xmp=page.xmp)
    raw.exif = block_of_tiff(data, page.start)
    raw.resources = page.resources
    if page.iptc and not iptc_of(page.resources):
        raw.resources = (page.resources or b"") + (resources_of_iptc(page.iptc) or b"")
    with _pillow_page(data, page.index, page.source is None) as image:
        dpi = None if image is None else dpi_of(image)
        if page.source is None:
            assert image is not None
            load(image, partial)
            raw.orientation = 1  # Pillow turned it already
            if image.mode == "CMYK":
                raw.source = Source(np.asarray(image), CMYK, (), page.icc)
            else:
                raw.single = image.mode in ("L", "1", "LA")
                raw.lost += {"1": ["one bit a pixel"], "P": ["the palette"]}.get(image.mode, [])
                raw.pixels = rgb_of(image.convert("L") if image.mode == "1" else image)
    if page.signed:
        raw.lost.append(CREDENTIALS)
    if page.layers:
        raw.lost.append("the layers")
    if page.pictures > 1:
        raw.lost.append("the other pictures of the file")
    raw.metadata = Metadata(page.icc, dpi=dpi)
    return raw


def _pillow_page(data: bytes, index: int, needed: bool) -> Any:
    """Pillow's view of a page; where it is only asked for the resolution it may have none."""
    import contextlib

    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    try:
        image = Image.open(io.BytesIO(data), formats=["TIFF"])
        image.seek(index)
        return image
    except Exception:
        if needed:
            raise
        return contextlib.nullcontext(None)


def _webp(data: bytes, check: Check, partial: bool) -> Unpacked:
    with opened(data, "WEBP", check) as image:
        load(image, partial)
        raw = beside(image)
        raw.pixels = rgb_of(image)
        raw.metadata = replace(raw.metadata, lossless=b"VP8L" in data[:64])
        if _has_riff_chunk(data, b"C2PA"):
            raw.lost.append(CREDENTIALS)
        if getattr(image, "n_frames", 1) > 1:
            raw.lost.append("the other pictures of the file")
    return raw


def _has_riff_chunk(data: bytes, kind: bytes) -> bool:
    at = 12
    while at + 8 <= len(data):
        if data[at : at + 4] == kind:
            return True
        (length,) = struct.unpack_from("<I", data, at + 4)
        at += 8 + length + length % 2
    return False


def _bmp(data: bytes, check: Check, partial: bool) -> Unpacked:
    with opened(data, "BMP", check) as image:
        load(image, partial)
        raw = Unpacked(single=image.mode in ("L", "1"), metadata=Metadata(dpi=dpi_of(image)))
        raw.lost += {"1": ["one bit a pixel"], "P": ["the palette"]}.get(image.mode, [])
        raw.pixels = rgb_of(image.convert("L") if image.mode == "1" else image)
    return raw


def _gif(data: bytes, check: Check, partial: bool) -> Unpacked:
    with opened(data, "GIF", check) as image:
        comment, several = image.info.get("comment"), getattr(image, "n_frames", 1) > 1
        image.seek(0)
        load(image, partial)
        raw = Unpacked(rgb_of(image), lost=["the palette"])
        if comment:
            raw.metadata = Metadata(comments=(comment,))
        if several:
            raw.lost.append("the other pictures of the file")
    return raw
