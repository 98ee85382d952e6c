"""JPEG XL: read and written by libjxl, which knows pixels; what they mean is in `jxl_head`, and
what lies beside them in boxes (ISO/IEC 18181-2).

A JPEG becomes one without loss, coefficients and all, and can be had back to the bit.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from functools import cache

import numpy as np

from engine.photo import colour
from engine.photo.hdr import is_hdr
from engine.photo.jpeg import read_jpeg
from engine.photo.jxl_head import HLG, LINEAR, PQ, SIGNATURE, SRGB, Colours, read_head, with_colours
from engine.photo.metadata import Metadata
from engine.photo.unpack import Check, EndsEarly, Unpacked, dpi_of_exif
from engine.photo.xmp import CREDENTIALS, GAIN_MAP

_BOXES = b"\0\0\0\x0cJXL \r\n\x87\n"
_FTYP = b"\0\0\0\x14ftypjxl \0\0\0\0jxl "
_LEVEL = b"\0\0\0\x09jxll\x0a"  # more than 8 bit asks for more than every decoder has to know
_QUICK = 2  # of libjxl's efforts: a seventh of the usual time for a seventh more bytes
_LIKE = 1.5 / 255  # how far two spaces may lie apart and be one
PROFILE = "its colour profile"
# Spaces that cameras, screens and editors name: gamma by the power.
_KNOWN = (
    Colours(primaries=(0.68, 0.32, 0.265, 0.69, 0.15, 0.06)),
    Colours(primaries=(0.64, 0.33, 0.21, 0.71, 0.15, 0.06), gamma=2.19921875),
    Colours(primaries=(0.708, 0.292, 0.170, 0.797, 0.131, 0.046)),
    *(Colours(gamma=power) for power in (1.0, 1.8, 2.2)),
    Colours(
        (0.3457, 0.3585), (0.734699, 0.265301, 0.159597, 0.840403, 0.036598, 0.000105), gamma=1.8
    ),
    *(Colours(primaries=None, gamma=power) for power in (1.0, 1.8, 2.2)),
)


def read_jxl(data: bytes, check: Check, partial: bool) -> Unpacked:
    """A JPEG XL; one that was made of a JPEG as that JPEG. Colours that a profile says are taken as
    sRGB, and it is said. Raises EndsEarly."""
    import imagecodecs

    boxes = _boxes(data)
    kinds = {kind for kind, _ in boxes}
    try:
        head = read_head(_stream(data, boxes))
        check(*head.size)
    except ValueError:
        head = None
    if b"jbrd" in kinds:
        try:
            jpeg = bytes(imagecodecs.jpegxl_decode_jpeg(data, numthreads=1))
        except imagecodecs.JpegxlError:
            jpeg = b""  # cut, or changed since: the picture is there all the same
        if jpeg:
            raw = read_jpeg(jpeg, check, partial)
            raw.lost += _said_of(kinds)
            return raw
    try:
        pixels = np.asarray(imagecodecs.jpegxl_decode(data))
    except imagecodecs.JpegxlError as error:
        raise EndsEarly from error
    raw = _unpacked(pixels, check)
    for kind, content in boxes:
        if kind == b"Exif" and raw.exif is None:
            raw.exif = content[4:]
        elif kind == b"xml " and raw.xmp is None:
            raw.xmp = content
    raw.metadata = Metadata(dpi=dpi_of_exif(raw.exif))
    raw.lost += _said_of(kinds)
    if head is not None:
        _say_colours(raw, head.colours)
    return raw


def _unpacked(pixels: np.ndarray, check: Check) -> Unpacked:
    raw = Unpacked()
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim == 4:
        pixels = pixels[0]
        raw.lost.append("the other pictures of the file")
    check(pixels.shape[1], pixels.shape[0])
    raw.single = pixels.shape[2] < 3
    if pixels.dtype.kind == "f":
        pixels = (pixels.astype(np.float32).clip(0, 1) * 65535 + 0.5).astype(np.uint16)
        raw.lost.append("floating-point values")
    if raw.single:
        pixels = np.concatenate([pixels[..., :1]] * 3 + [pixels[..., 1:]], axis=2)
    raw.pixels = np.ascontiguousarray(pixels[..., :4])
    return raw


def _said_of(kinds: set[bytes]) -> list[str]:
    return [CREDENTIALS] * (b"jumb" in kinds) + [GAIN_MAP] * (b"jhgm" in kinds)


def _say_colours(raw: Unpacked, colours: Colours | None) -> None:
    """Put down what the head says of the colours."""
    if colours is None:
        raw.lost.append(PROFILE)
    elif colours.curve in (PQ, HLG) and colours.gamma is None:
        points = bytes([*(colours.code_points or (1, colours.curve)), 0, 1])
        raw.metadata = replace(raw.metadata, colour=((b"cICP", points),))
    else:
        raw.metadata = replace(raw.metadata, icc=_profile(colours))


@cache
def _profile(colours: Colours) -> bytes | None:
    """The profile that colours amount to, None for sRGB and for grey with its curve."""
    gamma = colours.gamma or colour.GAMMA_OF_CURVE.get(colours.curve)
    if colours.primaries is None:
        return colour.grey_profile_of(gamma)
    if gamma is None and colours.code_points == (1, SRGB):
        return None
    return colour.profile_of(colours.white, colours.primaries, gamma)


def colours_of(profile: bytes | None, points: bytes | None = None) -> Colours | None:
    """The colours that pixels in an ICC profile (or in PQ or HLG, by a PNG's cICP) have, as a
    JPEG XL can say them; None for a profile that it would have to hold."""
    if points is not None and is_hdr(points):
        known = colour.primaries_of(points[0])
        assert known is not None
        return Colours(*known, curve=points[1])
    return Colours() if profile is None else _known(profile)


@cache
def _known(profile: bytes) -> Colours | None:
    space = colour.space_of(profile)
    ramp = np.linspace(0, 1, 7, dtype=np.float32)
    grid = np.stack(np.meshgrid(ramp, ramp, ramp), -1).reshape(1, -1, 3)
    for colours in _KNOWN:
        made = _profile(colours)
        if colour.space_of(made) != space or made is None:
            continue
        own = grid[..., :1].copy() if space == "GRAY" else grid
        apart = colour.to_srgb(own, made) - colour.to_srgb(own, profile)
        if np.abs(apart).max() <= _LIKE:
            return colours
    return None


def of_jpeg(jpeg: bytes) -> bytes | None:
    """A JPEG, whole, as a JPEG XL of the same coefficients; None for kinds of which it has none
    (4:1:1 and inks among them)."""
    import imagecodecs

    try:
        return bytes(imagecodecs.jpegxl_encode_jpeg(jpeg, usecontainer=True))
    except imagecodecs.JpegxlError:
        return None


def write_jxl(
    pixels: np.ndarray,
    colours: Colours,
    quality: int | None,
    exif: bytes | None,
    xmp: bytes | None,
) -> bytes:
    """H x W x 1 to 4 pixels (uint8 or uint16, grey or RGB, with or without transparency) as a
    file. quality: 1 to 100, None without loss."""
    import imagecodecs

    deep = pixels.dtype == np.uint16
    if quality is None:
        squeezed = pixels[..., 0] if pixels.shape[2] == 1 else pixels
        made = imagecodecs.jpegxl_encode(squeezed, lossless=True, effort=_QUICK)
    else:
        made = imagecodecs.jpegxl_encode(_light(pixels, colours), level=quality, effort=5)
    made = bytes(made)
    stream = with_colours(_stream(made, _boxes(made)), colours, 16 if deep else 8)
    parts = [_BOXES, _FTYP, _LEVEL if deep else b""]
    if exif:
        parts.append(_box(b"Exif", bytes(4) + exif))
    if xmp:
        parts.append(_box(b"xml ", xmp))
    return b"".join([*parts, _box(b"jxlc", stream)])


def _light(pixels: np.ndarray, colours: Colours) -> np.ndarray:
    """Pixels as light in sRGB's primaries, float32, less than 0 and more than 1 where they are out
    of its reach: what the library makes its own colours of."""
    values = pixels.astype(np.float32) / np.iinfo(pixels.dtype).max
    if values.shape[2] < 3:
        values = np.concatenate([values[..., :1]] * 3 + [values[..., 1:]], axis=2)
        if colours.primaries is None:
            colours = Colours(gamma=colours.gamma, curve=colours.curve)
    linear = _profile(Colours(curve=LINEAR))
    assert linear is not None
    light = colour.between(values[..., :3], _profile(colours) or colour.srgb(), linear)
    return np.ascontiguousarray(np.concatenate([light, values[..., 3:]], axis=2))


def _box(kind: bytes, content: bytes) -> bytes:
    if len(content) + 8 < 2**32:
        return struct.pack(">I4s", len(content) + 8, kind) + content
    return struct.pack(">I4sQ", 1, kind, len(content) + 16) + content


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """(kind, content) of each box, unpacked; none of a bare codestream."""
    import imagecodecs

    found, at = [], 0
    while data[4:8] == b"JXL " and at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 16 if size == 1 else 8
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
        end = len(data) if size == 0 else at + max(size, head)
        content = data[at + head : end]
        if kind == b"brob":
            kind, content = content[:4], bytes(imagecodecs.brotli_decode(content[4:]))
        found.append((kind, content))
        at = end
    return found


def _stream(data: bytes, boxes: list[tuple[bytes, bytes]]) -> bytes:
    """The bare codestream of a file."""
    if data.startswith(SIGNATURE):
        return data
    whole = [content for kind, content in boxes if kind == b"jxlc"]
    return whole[0] if whole else b"".join(c[4:] for kind, c in boxes if kind == b"jxlp")
