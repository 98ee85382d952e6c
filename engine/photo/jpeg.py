"""JPEG files: their pixels, and segment by segment EXIF, XMP, IPTC, comments and profile, read and
put back."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.photo.behind import behind, gain_map
from engine.photo.gain import ISO, GainMap, can_be_kept
from engine.photo.jpeg_frame import Stored, kind_of_jpeg, picture_of, size_of_jpeg
from engine.photo.metadata import Metadata
from engine.photo.source import CMYK, Source
from engine.photo.unpack import (
    Check,
    Unpacked,
    Unreadable,
    dpi_of,
    load,
    opened,
    orientation_of,
    rgb_of,
)
from engine.photo.xmp import CREDENTIALS, GAIN_MAP

LARGEST_SEGMENT = 65533  # bytes of content
LARGEST_SIDE = 65500
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED, _ICC = b"http://ns.adobe.com/xmp/extension/\0", b"ICC_PROFILE\0"
_IPTC, _MPF = b"Photoshop 3.0\0", b"MPF\0"


@dataclass(frozen=True)
class Segments:
    """What stands before the picture. resources: Photoshop's blocks (IPTC among them).
    pictures: how many pictures the file says it holds. more_xmp: an extended packet is there.
    signed: content credentials are."""

    exif: bytes | None = None
    xmp: bytes | None = None
    more_xmp: bool = False
    icc: bytes | None = None
    resources: bytes | None = None
    comments: tuple[bytes, ...] = ()
    pictures: int = 1
    progressive: bool = False
    signed: bool = False


def read_segments(data: bytes) -> Segments:
    """The segments of a JPEG up to its first scan."""
    exif = xmp = None
    resources, comments, profile = b"", [], {}
    more, pictures, progressive, signed = False, 1, False, False
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
            continue
        if marker in (0xD8, 0x01) or 0xD0 <= marker <= 0xD7:
            at += 2
            continue
        if marker in (0xDA, 0xD9):
            break
        (length,) = struct.unpack_from(">H", data, at + 2)
        content = data[at + 4 : at + 2 + length]
        if marker == 0xE1:
            if content.startswith(_EXIF) and exif is None:
                exif = content[6:]
            elif content.startswith(_XMP) and xmp is None:
                xmp = content[len(_XMP) :]
            elif content.startswith(_EXTENDED):
                more = True
        elif marker == 0xE2 and content.startswith(_ICC) and len(content) > 14:
            profile[content[12]] = content[14:]
        elif marker == 0xE2 and content.startswith(_MPF):
            pictures = max(pictures, _pictures(content[4:]))
        elif marker == 0xEB and content.startswith(b"JP"):
            signed = True
        elif marker == 0xED and content.startswith(_IPTC):
            resources += content[len(_IPTC) :]
        elif marker == 0xFE:
            comments.append(content)
        elif marker == 0xC2:
            progressive = True
        at += 2 + length
    icc = b"".join(profile[number] for number in sorted(profile)) or None
    return Segments(
        exif, xmp, more, icc, resources or None, tuple(comments), pictures, progressive, signed
    )


def _pictures(block: bytes) -> int:
    from engine.photo.exif import byte_order, first_directory, read_directory

    try:
        entries = read_directory(block, first_directory(block)).entries
        return entries[0xB001].number(byte_order(block))
    except (KeyError, ValueError, struct.error):
        return 1


def fits(content: bytes, prefix: int) -> bool:
    """Whether one segment holds this, beside `prefix` bytes of its name."""
    return len(content) + prefix <= LARGEST_SEGMENT


EXIF_MOST = LARGEST_SEGMENT - len(_EXIF)
XMP_MOST = LARGEST_SEGMENT - len(_XMP)
RESOURCES_MOST = 16 * (LARGEST_SEGMENT - len(_IPTC))


def insert(
    encoded: bytes,
    exif: bytes | None,
    xmp: bytes | None,
    resources: bytes | None,
    comments: tuple[bytes, ...],
    icc: bytes | None = None,
) -> bytes:
    """An encoded JPEG with these segments after its first (JFIF) one; each must fit."""
    at = 2
    if encoded[2:4] == b"\xff\xe0":
        at += 2 + struct.unpack_from(">H", encoded, 4)[0]
    made = []
    if exif:
        made.append(_segment(0xE1, _EXIF + exif))
    if xmp:
        made.append(_segment(0xE1, _XMP + xmp))
    step = LARGEST_SEGMENT - len(_IPTC)
    for start in range(0, len(resources or b""), step):
        made.append(_segment(0xED, _IPTC + (resources or b"")[start : start + step]))
    step = LARGEST_SEGMENT - len(_ICC) - 2
    pieces = [(icc or b"")[start : start + step] for start in range(0, len(icc or b""), step)]
    for number, piece in enumerate(pieces, 1):
        made.append(_segment(0xE2, _ICC + bytes([number, len(pieces)]) + piece))
    for comment in comments:
        for start in range(0, len(comment), LARGEST_SEGMENT):
            made.append(_segment(0xFE, comment[start : start + LARGEST_SEGMENT]))
    return encoded[:at] + b"".join(made) + encoded[at:]


def with_resolution(encoded: bytes, dpi: tuple[float, float] | None) -> bytes:
    """An encoded JPEG whose JFIF segment, where it begins with one, says so many pixels an inch."""
    if dpi is None or encoded[2:4] != b"\xff\xe0":
        return encoded
    told = struct.pack(">BHH", 1, *(min(round(value), 65535) for value in dpi))
    return encoded[:13] + told + encoded[18:]


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def read_jpeg(data: bytes, check: Check, partial: bool) -> Unpacked:
    """A JPEG's first picture, its inks kept. Raises EndsEarly for a cut one, and Unreadable with
    its kind for one that nothing here decodes."""
    from PIL import JpegImagePlugin

    found, kind = read_segments(data), kind_of_jpeg(data)
    if kind not in (
        "JPEG",
        "JPEG with arithmetic coding",
        "progressive JPEG with arithmetic coding",
    ):
        return _rare_jpeg(data, kind, found, check)
    whole = picture_of(data)
    with opened(data, "JPEG", check) as image:
        sampling = JpegImagePlugin.get_sampling(image) if image.mode in ("RGB", "CMYK") else 0
        jpeg = {
            "qtables": dict(image.quantization),
            "subsampling": max(sampling, 0),
            "progressive": found.progressive,
        }
        raw = Unpacked(exif=found.exif, xmp=found.xmp, resources=found.resources)
        raw.orientation = orientation_of(found.exif)
        upright = raw.orientation == 1 and image.mode in ("RGB", "L")
        raw.metadata = Metadata(
            found.icc,
            dpi=dpi_of(image),
            jpeg=jpeg,
            blocks=upright,
            stored=None if whole is None else Stored(whole, raw.orientation),
            comments=found.comments,
        )
        raw.single = image.mode == "L"
        # The bare picture: what is kept is compared with what the same reader saw.
        quick = image.mode in ("RGB", "L")
        raw.pixels = _quick_jpeg(whole or data, raw.single) if quick else None
        if raw.pixels is None or raw.pixels.shape[1::-1] != image.size:
            load(image, partial)
            if image.mode == "CMYK":
                raw.source = Source(np.asarray(image), CMYK, (), found.icc)
            else:
                raw.pixels = rgb_of(image)
    followed = behind(data, found.pictures)
    if followed == [GAIN_MAP] and (file := gain_map(data)):
        gain = GainMap(file, ISO in data[: data.find(file)])
        if can_be_kept(gain, raw.orientation) and raw.source is None:
            raw.metadata = replace(raw.metadata, gain=gain)
    if raw.metadata.gain is None:
        raw.lost += followed
    if found.signed:
        raw.lost.append(CREDENTIALS)
    if found.more_xmp:
        raw.lost.append("the second part of its XMP")
    return raw


def _rare_jpeg(data: bytes, kind: str, found: Segments, check: Check) -> Unpacked:
    """A JPEG of more than 8 bit or without loss, grey or RGB."""
    import imagecodecs

    size, bits = size_of_jpeg(data)
    check(*size)
    read = imagecodecs.jpegls_decode if kind == "JPEG-LS" else imagecodecs.jpeg_decode
    try:
        pixels = np.asarray(read(data))
    except Exception as error:  # the library raises whatever it finds wrong
        raise Unreadable(kind) from error
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[1::-1] != size or pixels.shape[2] not in (1, 3):
        raise Unreadable(kind)
    if pixels.dtype == np.uint16:
        top = 2**bits - 1
        pixels = ((pixels.astype(np.uint32) * 65535 + top // 2) // top).astype(np.uint16)
    raw = Unpacked(exif=found.exif, xmp=found.xmp, resources=found.resources)
    raw.orientation, raw.single = orientation_of(found.exif), pixels.shape[2] == 1
    raw.metadata = Metadata(found.icc, comments=found.comments, coding=kind)
    raw.pixels = np.repeat(pixels, 3, axis=2) if raw.single else np.ascontiguousarray(pixels)
    return raw


def samples_of(data: bytes) -> np.ndarray:
    """A JPEG's samples as it lies, H x W x 1, 3 (RGB) or 4 (inks)."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        quick = _quick_jpeg(data, image.mode == "L") if image.mode in ("L", "RGB") else None
        if quick is None or quick.shape[1::-1] != image.size:
            quick = np.asarray(image)
        pixels = quick if quick.ndim == 3 else quick[..., None]
        return pixels[..., :1] if image.mode == "L" else pixels


def recompressed(pixels: np.ndarray, jpeg: dict[str, Any]) -> np.ndarray:
    """Pixels (height x width x 3 uint8) as they come out of a JPEG with these tables and sampling
    (Metadata.jpeg); of one table their first channel counts. Their first one lies in the corner of
    a block."""
    from PIL import Image

    tables = jpeg["qtables"]
    image = Image.fromarray(pixels[..., 0] if len(tables) == 1 else pixels)
    file = io.BytesIO()
    image.save(file, "JPEG", qtables=tables, subsampling=jpeg["subsampling"])
    return rgb_of(Image.open(file))


def _quick_jpeg(data: bytes, single: bool) -> np.ndarray | None:
    """A whole JPEG by OpenCV: the same library and the same pixels in half of Pillow's time.

    None for one that may be cut, which OpenCV would not tell.
    """
    import cv2

    if data[-2:] != b"\xff\xd9":
        return None
    kind = cv2.IMREAD_GRAYSCALE if single else cv2.IMREAD_COLOR_RGB
    encoded = np.frombuffer(data, np.uint8)
    pixels = cv2.imdecode(encoded, kind | cv2.IMREAD_IGNORE_ORIENTATION)
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if single and pixels is not None else pixels
