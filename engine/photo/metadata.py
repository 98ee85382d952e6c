"""What travels with a photo beside its pixels, kept true of the pixels it goes with.

Orientation is applied to the pixels once, so every copy of the tag becomes 1. Thumbnails, previews
and layers would still show what was painted over, so they go.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from engine.photo.gain import GainMap
from engine.photo.jpeg_frame import Stored

_RESOURCE_THUMBNAILS = (0x0409, 0x040C)
_RESOURCE_IPTC, _RESOURCE_EXIF, _RESOURCE_XMP, _RESOURCE_ICC = 0x0404, 0x0422, 0x0424, 0x040F
_RESOURCE_STALE = {*_RESOURCE_THUMBNAILS, _RESOURCE_EXIF, 0x0423, _RESOURCE_XMP, _RESOURCE_ICC}
_RESOURCE_STALE |= {0x0400, 0x0402, 0x0425, 0x042D, 0x0430, 0x0BB7, 0x03EB}  # layers and digests


@dataclass(frozen=True)
class Metadata:
    """icc: a profile that fits the pixels. exif: a TIFF block without the "Exif" prefix. xmp: a
    packet. resources: Photoshop's blocks, IPTC among them. comments: of a JPEG. text: a PNG's text
    chunks, (kind, content). colour: its colour chunks, by kind. dpi: (x, y). jpeg: quantisation
    tables, subsampling and progression, to save at the quality it had. blocks: whether the pixels
    lie in the blocks of these tables, as those of a turned photo do not. stored: a JPEG's picture
    as its file has it. coding: what kind of JPEG it was, of one whose picture cannot be taken over.
    orientation: 1 to 8, by which the pixels were turned when they were read. gain: the map of an
    Ultra HDR photo, which JPEG alone holds. lossless: of a WebP. lost: what opening left out, one
    short clause each."""

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    jpeg: dict[str, Any] | None = None
    blocks: bool = False
    coding: str = ""
    stored: Stored | None = None
    orientation: int = 1
    gain: GainMap | None = None
    lossless: bool = False
    resources: bytes | None = None
    comments: tuple[bytes, ...] = ()
    text: tuple[tuple[bytes, bytes], ...] = ()
    colour: tuple[tuple[bytes, bytes], ...] = ()
    lost: tuple[str, ...] = ()


def clean_resources(blocks: bytes | None) -> bytes | None:
    """Photoshop's blocks without thumbnails, layers' states and copies of other metadata."""
    kept = [raw for number, _, raw in _resources(blocks) if number not in _RESOURCE_STALE]
    return b"".join(kept) or None


def resources_of_iptc(iptc: bytes | None) -> bytes | None:
    """An IPTC record as a block of its own."""
    if not iptc:
        return None
    head = b"8BIM" + struct.pack(">HHI", _RESOURCE_IPTC, 0, len(iptc))
    return head + iptc + b"\0" * (len(iptc) % 2)


def iptc_of(blocks: bytes | None) -> bytes | None:
    """The IPTC record among Photoshop's blocks."""
    return next((data for number, data, _ in _resources(blocks) if number == _RESOURCE_IPTC), None)


def photoshop_blocks(blocks: bytes | None) -> list[tuple[int, bytes]]:
    """(number, content) of each of Photoshop's blocks."""
    return [(number, content) for number, content, _ in _resources(blocks)]


def _resources(blocks: bytes | None) -> list[tuple[int, bytes, bytes]]:
    """(number, content, whole block) of each; a broken tail is left out, a cut one taken whole."""
    result, at, data = [], 0, blocks or b""
    while data[at : at + 4] in (b"8BIM", b"8B64", b"MeSa", b"AgHg", b"PHUT", b"DCSR"):
        if at + 7 > len(data):
            break
        (number,) = struct.unpack_from(">H", data, at + 4)
        name = data[at + 6]
        head = at + 6 + (name + 2) // 2 * 2
        if head + 4 > len(data):
            break
        (length,) = struct.unpack_from(">I", data, head)
        end = head + 4 + length
        raw = data[at : end + length % 2]
        content = data[head + 4 : end]
        if end > len(data):
            break
        result.append((number, content, raw + b"\0" * (len(raw) % 2)))
        at = end + length % 2
    return result
