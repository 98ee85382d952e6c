"""PNG files chunk by chunk: what Pillow and OpenCV leave out when they read and write."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR = (b"cICP", b"sRGB", b"gAMA", b"cHRM", b"mDCV", b"cLLI", b"mDCv", b"cLLi")
TEXT = (b"tEXt", b"zTXt", b"iTXt")
_DRAWN = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_XMP = b"XML:com.adobe.xmp"
LARGEST_TEXT = 64 * 2**20  # bytes unpacked; more is a trap rather than a description


@dataclass(frozen=True)
class Chunks:
    """pixels: the file with nothing but what draws it. first: the first of each other kind.
    text: text chunks in their order. frames: of an animation, 1 without. whole: IEND is there."""

    pixels: bytes
    first: dict[bytes, bytes]
    text: tuple[tuple[bytes, bytes], ...]
    frames: int
    whole: bool


def read_chunks(data: bytes) -> Chunks:
    """Take a PNG apart; what follows IEND is not looked at."""
    drawn, first, text = [SIGNATURE], {}, []
    at, frames, whole = len(SIGNATURE), 1, False
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind in _DRAWN:
            drawn.append(data[at:end])
        elif end > len(data):
            break
        elif kind in TEXT:
            text.append((kind, data[at + 8 : end - 4]))
        else:
            first.setdefault(kind, data[at + 8 : end - 4])
        if kind == b"IEND":
            whole = True
            break
        at = end
    if len(first.get(b"acTL", b"")) == 8:
        (frames,) = struct.unpack_from(">I", first[b"acTL"])
    return Chunks(b"".join(drawn), first, tuple(text), max(1, frames), whole)


def profile(chunks: Chunks) -> bytes | None:
    """The iCCP chunk's profile."""
    _, _, packed = chunks.first.get(b"iCCP", b"").partition(b"\0")
    return _unpacked(packed[1:]) if packed else None


def dpi(chunks: Chunks) -> tuple[float, float] | None:
    """The resolution in pixels an inch, where pHYs says it in metres."""
    physical = chunks.first.get(b"pHYs", b"")
    if len(physical) != 9 or physical[8] != 1:
        return None
    x, y = struct.unpack_from(">II", physical)
    return (x * 0.0254, y * 0.0254) if x and y else None


def xmp(text: tuple[tuple[bytes, bytes], ...]) -> bytes | None:
    """The XMP packet among text chunks."""
    for kind, data in text:
        if kind == b"iTXt" and data.startswith(_XMP + b"\0"):
            return _itxt(data)
        if kind in (b"tEXt", b"zTXt") and data.startswith(_XMP + b"\0"):
            packet = data[len(_XMP) + 1 :]
            return packet if kind == b"tEXt" else _unpacked(packet[1:])
    return None


def raw_profile(text: tuple[tuple[bytes, bytes], ...], name: bytes) -> bytes | None:
    """ImageMagick's 'Raw profile type NAME': bytes written as hexadecimal text."""
    for kind, data in text:
        keyword, _, value = data.partition(b"\0")
        if keyword != b"Raw profile type " + name:
            continue
        body = (
            value if kind == b"tEXt" else _unpacked(value[1:]) if kind == b"zTXt" else _itxt(data)
        )
        try:
            _, _, length, *digits = (body or b"").split(b"\n")
            return bytes.fromhex(b"".join(digits).decode())[: int(length)]
        except ValueError:
            return None
    return None


def described(text: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[bytes, bytes], ...]:
    """The text chunks that are text: not XMP, EXIF or IPTC in disguise, which travel elsewhere."""
    hidden = (_XMP, b"Raw profile type ")
    return tuple((kind, data) for kind, data in text if not data.startswith(hidden))


def comment(text: tuple[tuple[bytes, bytes], ...]) -> bytes | None:
    """What a 'Comment' chunk says."""
    for kind, data in text:
        keyword, _, value = data.partition(b"\0")
        if keyword == b"Comment":
            if kind == b"tEXt":
                return value
            return _unpacked(value[1:]) if kind == b"zTXt" else _itxt(data)
    return None


def _itxt(data: bytes) -> bytes | None:
    _keyword, _, rest = data.partition(b"\0")
    packed = rest[:1] == b"\1"
    _language, _, rest = rest[2:].partition(b"\0")
    _translated, _, value = rest.partition(b"\0")
    return _unpacked(value) if packed else value


def _unpacked(data: bytes) -> bytes | None:
    try:
        unpacker = zlib.decompressobj()
        whole = unpacker.decompress(data, LARGEST_TEXT)
    except zlib.error:
        return None
    return None if unpacker.unconsumed_tail else whole


def insert(encoded: bytes, chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG with these chunks after its header."""
    header = len(SIGNATURE) + 25
    made = b"".join(chunk(kind, data) for kind, data in chunks)
    return encoded[:header] + made + encoded[header:]


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def xmp_chunk(packet: bytes) -> tuple[bytes, bytes]:
    """The text chunk that holds an XMP packet."""
    return b"iTXt", _XMP + b"\0\0\0\0\0" + packet


def raw_profile_chunk(name: bytes, data: bytes) -> tuple[bytes, bytes]:
    """The text chunk that holds bytes ImageMagick's way."""
    digits = data.hex().encode()
    lines = b"\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    text = b"\n%s\n%8d\n%s\n" % (name, len(data), lines)
    return b"zTXt", b"Raw profile type " + name + b"\0\0" + zlib.compress(text)


def comment_chunk(text: bytes) -> tuple[bytes, bytes]:
    """The text chunk that holds a comment of unknown coding."""
    try:
        text.decode("ascii")
    except UnicodeDecodeError:
        try:
            text.decode()
        except UnicodeDecodeError:
            return b"tEXt", b"Comment\0" + text.replace(b"\0", b" ")
        return b"iTXt", b"Comment\0\0\0\0\0" + text
    return b"tEXt", b"Comment\0" + text.replace(b"\0", b" ")
