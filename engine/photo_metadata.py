"""What travels with a photo beside its pixels, and the byte surgery that keeps it true.

Orientation is applied to the pixels once, so every copy of the tag becomes 1. The embedded
thumbnail would still show what was painted over, so it goes.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Any

_ORIENTATION, _THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0112, 0x0201, 0x0202
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>))[2-8]")


@dataclass(frozen=True)
class Metadata:
    """icc: profile. exif: a TIFF block without the "Exif" prefix. xmp: packet. dpi: (x, y).
    jpeg: quantisation tables and subsampling of a JPEG, to save at the quality it had.
    lossless: of a WebP."""

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    jpeg: dict[str, Any] | None = None
    lossless: bool = False


def upright_exif(exif: bytes | None) -> bytes | None:
    """The EXIF block with orientation 1 and without its thumbnail; everything else as it was.

    Patched in place, byte by byte: rewriting the block would break makers' notes, whose offsets
    nobody knows. A block that cannot be read is dropped.
    """
    if not exif:
        return None
    data = bytearray(exif.removeprefix(b"Exif\0\0"))
    try:
        order = {b"II": "<", b"MM": ">"}[bytes(data[:2])]
        (first,) = struct.unpack_from(order + "I", data, 4)
        entries, second_pointer = _entries(data, first, order)
        if _ORIENTATION in entries:
            struct.pack_into(order + "H", data, entries[_ORIENTATION] + 8, 1)
        (second,) = struct.unpack_from(order + "I", data, second_pointer)
        if second:
            thumbnail, _ = _entries(data, second, order)
            if _THUMBNAIL_OFFSET in thumbnail and _THUMBNAIL_LENGTH in thumbnail:
                (start,) = struct.unpack_from(order + "I", data, thumbnail[_THUMBNAIL_OFFSET] + 8)
                (size,) = struct.unpack_from(order + "I", data, thumbnail[_THUMBNAIL_LENGTH] + 8)
                end = min(start + size, len(data))
                data[start:end] = bytes(max(0, end - start))
            struct.pack_into(order + "I", data, second_pointer, 0)
    except (KeyError, struct.error):
        return None
    return bytes(data)


def _entries(data: bytearray, start: int, order: str) -> tuple[dict[int, int], int]:
    """(offset of each tag's entry, offset of the pointer to the next directory)."""
    (count,) = struct.unpack_from(order + "H", data, start)
    offsets = [start + 2 + 12 * index for index in range(count)]
    tags = {struct.unpack_from(order + "H", data, offset)[0]: offset for offset in offsets}
    return tags, start + 2 + 12 * count


def upright_xmp(xmp: bytes | str | None) -> bytes | None:
    """The XMP packet with tiff:Orientation 1."""
    if not xmp:
        return None
    packet = xmp.encode() if isinstance(xmp, str) else xmp
    return _XMP_ORIENTATION.sub(rb"\g<1>1", packet)


def png_with_metadata(encoded: bytes, metadata: Metadata) -> bytes:
    """A PNG file with iCCP, pHYs, eXIf and XMP chunks put after its header.

    OpenCV writes 16-bit PNG and no metadata; Pillow the reverse. This joins the two.
    """
    chunks = []
    if metadata.icc:
        chunks.append(_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.dpi:
        per_metre = [round(value / 0.0254) for value in metadata.dpi]
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1)))
    if metadata.exif:
        chunks.append(_chunk(b"eXIf", metadata.exif))
    if metadata.xmp:
        chunks.append(_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp))
    header = 8 + 25  # signature and IHDR
    return encoded[:header] + b"".join(chunks) + encoded[header:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
