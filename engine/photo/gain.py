"""The gain map of an Ultra HDR photo: a small JPEG behind the picture that says how much brighter
than white its parts are. It is carried on, continued where the photo was filled.

Ultra HDR image format 1.1, ISO 21496-1 (the words inside the map's own segments, which stay), and
CIPA DC-007 (where it lies).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import numpy as np

from engine.photo.jpeg_frame import Stored, head_segments, picture_of
from engine.photo.keep import Decode, kept_outside, why_not
from engine.photo.turning import upright

ISO = b"urn:iso:std:iso:ts:21496:-1\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_CLOSING = re.compile(rb"</([\w.-]+):RDF\s*>")
_DIRECTORY = (
    '<{rdf}:Description {rdf}:about="" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" '
    'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
    'xmlns:Item="http://ns.google.com/photos/1.0/container/item/" hdrgm:Version="1.0">'
    '<Container:Directory><{rdf}:Seq><{rdf}:li {rdf}:parseType="Resource">'
    '<Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/></{rdf}:li>'
    '<{rdf}:li {rdf}:parseType="Resource"><Container:Item Item:Semantic="GainMap" '
    'Item:Mime="image/jpeg" Item:Length="{length}"/></{rdf}:li></{rdf}:Seq>'
    "</Container:Directory></{rdf}:Description>"
)
_EMPTY = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF></x:xmpmeta>'
)
_NEAR = 3  # pixels of the map around a hole that its continuation is made of


@dataclass(frozen=True)
class GainMap:
    """file: the map, a JPEG. iso: whether the photo's own head names ISO 21496-1."""

    file: bytes
    iso: bool


def can_be_kept(gain: GainMap, orientation: int) -> bool:
    """Whether the map can be carried on, turned as the photo is."""
    picture = picture_of(gain.file)
    return picture is not None and why_not(Stored(picture, orientation)) == ""


def continued(gain: GainMap, orientation: int, changed: np.ndarray, decode: Decode) -> bytes | None:
    """The map's file, upright, its own pixels continued where the photo was changed (height x
    width bool); None where that cannot be."""
    import cv2

    picture = picture_of(gain.file)
    if picture is None:
        return None
    stored = Stored(picture, orientation)
    samples = np.ascontiguousarray(upright(decode(picture), orientation))
    size = (samples.shape[1], samples.shape[0])
    share = cv2.resize(changed.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    hole = (share > 0).astype(np.uint8)
    if hole.any() and not hole.all():
        plain = samples[..., 0] if samples.shape[2] == 1 else samples
        samples = cv2.inpaint(plain, hole, _NEAR, cv2.INPAINT_TELEA).reshape(samples.shape)
    made = kept_outside(stored, samples, decode)
    if made is None:
        return None
    said = [
        gain.file[start:end]
        for marker, start, end in head_segments(gain.file)
        if marker in (0xE1, 0xE2) and _tells(gain.file[start + 4 : end])
    ]
    return made[:2] + b"".join(said) + made[2:]


def _tells(content: bytes) -> bool:
    """Whether a segment of the map says what its values mean."""
    return content.startswith((ISO, b"ICC_PROFILE\0")) or (
        content.startswith(_XMP) and b"hdr-gain-map" in content
    )


def with_directory(xmp: bytes | None, length: int) -> bytes:
    """A packet that says that a gain map of so many bytes follows."""
    found = list(_CLOSING.finditer(xmp or b""))
    if not found:
        return with_directory(_EMPTY, length)
    assert xmp is not None
    rdf, at = found[-1][1].decode(), found[-1].start()
    told = _DIRECTORY.format(rdf=rdf, length=length).encode()
    # What is left of the one that was here before says nothing any more.
    start, end = told.split(b' hdrgm:Version="1.0"')[0] + b">", f"</{rdf}:Description>".encode()
    return xmp[:at].replace(start + end, b"") + told + xmp[at:]


def joined(photo: bytes, gain: bytes, iso: bool) -> bytes:
    """Both pictures in one file, the photo's head saying where the second lies."""
    at = 2 + (2 + struct.unpack_from(">H", photo, 4)[0] if photo[2:4] == b"\xff\xe0" else 0)
    for marker, _, end in head_segments(photo):
        if marker == 0xE1:  # EXIF and XMP come first
            at = max(at, end)
    head = b"\xff\xe2" + struct.pack(">H", 2 + len(ISO) + 4) + ISO + bytes(4) if iso else b""
    whole = len(photo) + len(head) + len(_pictures(0, 0, 0))
    start = at + len(head) + 8  # of the directory's own header, which offsets count from
    head += _pictures(whole, whole - start, len(gain))
    return photo[:at] + head + photo[at:] + gain


def _pictures(first: int, offset: int, second: int) -> bytes:
    """The segment of the Multi-Picture Format for a photo and another picture behind it."""
    entries = struct.pack(">IIIHH", 0x030000, first, 0, 0, 0)
    entries += struct.pack(">IIIHH", 0, second, offset, 0, 0)
    block = b"MM\0*" + struct.pack(">IH", 8, 3)
    block += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100")
    block += struct.pack(">HHII", 0xB001, 4, 1, 2)
    block += struct.pack(">HHIII", 0xB002, 7, len(entries), 8 + 2 + 36 + 4, 0) + entries
    return b"\xff\xe2" + struct.pack(">H", 2 + 4 + len(block)) + b"MPF\0" + block
