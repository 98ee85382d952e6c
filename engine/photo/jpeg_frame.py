"""The picture part of a JPEG: tables, frame and scans, taken apart and put together.

ITU-T T.81, annex B. What describes the photo (APP and COM segments) is no part of it, but for
Adobe's word on how the colours are coded.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field, replace

SOF_BASELINE, SOF_EXTENDED, SOF_PROGRESSIVE = 0xC0, 0xC1, 0xC2
DHT, SOS, DQT, DRI, EOI = 0xC4, 0xDA, 0xDB, 0xDD, 0xD9
_FRAMES = {*range(0xC0, 0xD0)} - {DHT, 0xC8, 0xCC}
_ADOBE = 0xEE
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_KINDS = {
    0xC3: "lossless JPEG",
    0xC5: "hierarchical JPEG",
    0xC6: "hierarchical JPEG",
    0xC7: "hierarchical JPEG",
    0xC9: "JPEG with arithmetic coding",
    0xCA: "progressive JPEG with arithmetic coding",
    0xCB: "lossless JPEG with arithmetic coding",
    0xF7: "JPEG-LS",
}


@dataclass(frozen=True)
class Stored:
    """A JPEG as it lies in its file. picture: tables, frame and scans. orientation: 1 to 8, how it
    is turned to be upright."""

    picture: bytes
    orientation: int = 1


@dataclass(frozen=True)
class Component:
    """A colour channel of a frame. h, v: its sampling factors. table: of its quantisation."""

    id: int
    h: int
    v: int
    table: int


@dataclass(frozen=True)
class Scan:
    """One pass over the picture. parts: (component's place, DC table, AC table). first, last: of
    the coefficients in zigzag order. high, low: of the bits (successive approximation).
    head, data: places in the file of its SOS segment and of what it codes, up to the next marker.
    restart: MCUs between restart markers, 0 for none."""

    parts: tuple[tuple[int, int, int], ...]
    first: int
    last: int
    high: int
    low: int
    head: tuple[int, int]
    data: tuple[int, int]
    restart: int


@dataclass(frozen=True)
class Frame:
    """A JPEG's picture. file: the whole file. size: (width, height). adobe: the colour transform
    its Adobe segment names, None without one. segments: (marker, start, end) of the tables, the
    frame header and the scans' heads, in order. jfif: what its JFIF segment holds, if anything.
    quantisation: 64 numbers in zigzag order."""

    file: bytes
    marker: int
    precision: int
    size: tuple[int, int]
    components: tuple[Component, ...]
    scans: tuple[Scan, ...]
    segments: tuple[tuple[int, int, int], ...]
    adobe: int | None = None
    jfif: bytes = b""
    quantisation: dict[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def most(self) -> tuple[int, int]:
        """The largest sampling factors, across and down."""
        return max(c.h for c in self.components), max(c.v for c in self.components)

    @property
    def mcus(self) -> tuple[int, int]:
        """How many MCUs lie across and down in a scan of several components."""
        (width, height), (h, v) = self.size, self.most
        return -(-width // (8 * h)), -(-height // (8 * v))

    def blocks(self, component: Component) -> tuple[int, int]:
        """How many blocks of a component lie across and down in a scan of its own."""
        (width, height), (h, v) = self.size, self.most
        return -(width * component.h // -(8 * h)), -(height * component.v // -(8 * v))

    def is_interleaved(self, place: int) -> bool:
        """Whether a component is coded together with others in all its scans."""
        own = [scan for scan in self.scans if place in [p for p, _, _ in scan.parts]]
        return all(len(scan.parts) > 1 for scan in own)


def kind_of_jpeg(data: bytes) -> str:
    """What kind of JPEG a file is, for a sentence: "JPEG of 12 bit", "lossless JPEG", ..."""
    for marker, start, _ in _walk(data):
        if marker in _FRAMES or marker in _KINDS:
            if marker in _KINDS:
                return _KINDS[marker]
            bits = data[start + 4]
            return "JPEG" if bits == 8 else f"JPEG of {bits} bit"
    return "JPEG"


def size_of_jpeg(data: bytes) -> tuple[tuple[int, int], int]:
    """((width, height), bits of a sample) of a JPEG of any kind. Raises ValueError."""
    for marker, start, _ in _walk(data):
        if marker in _FRAMES or marker in _KINDS:
            bits, height, width = struct.unpack_from(">BHH", data, start + 4)
            return (width, height), bits
    raise ValueError("a JPEG without a picture")


def read_frame(data: bytes) -> Frame:
    """Take a JPEG apart. Raises ValueError for kinds whose coefficients are not kept (arithmetic
    coding, lossless, hierarchical, more than 8 bit) and struct.error or IndexError for damage."""
    frame: Frame | None = None
    scans, segments, tables = [], [], {}
    restart, adobe, jfif = 0, None, b""
    for marker, start, end in _walk(data):
        body = data[start + 4 : end]
        if marker == 0xE0 and body.startswith(b"JFIF\0"):
            jfif = body[:12] + b"\0\0"
        elif marker == _ADOBE and body.startswith(b"Adobe") and len(body) >= 12:
            adobe = body[11]
        elif marker == DRI:
            (restart,) = struct.unpack(">H", body[:2])
        elif marker == DQT:
            for number, table in _quantisation(body).items():
                if tables.setdefault(number, table) != table:
                    raise ValueError("a JPEG that changes its tables")
        elif marker in _FRAMES or marker == 0xCC:
            if frame is not None or marker not in (SOF_BASELINE, SOF_EXTENDED, SOF_PROGRESSIVE):
                raise ValueError("a JPEG of another coding")
            frame = _frame(data, marker, body)
        elif marker == SOS:
            assert frame is not None
            scans.append(_scan(data, frame, body, (start, end), restart))
        if marker in (DHT, SOS, DQT, DRI) or marker in _FRAMES:
            segments.append((marker, start, end))
    if frame is None or not scans:
        raise ValueError("a JPEG without a picture")
    return replace(
        frame,
        scans=tuple(scans),
        segments=tuple(segments),
        adobe=adobe,
        jfif=jfif,
        quantisation=tables,
    )


def _walk(data: bytes) -> list[tuple[int, int, int]]:
    """(marker, start, end) of every segment of the first picture."""
    found, at = [], 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == EOI:
            break
        if marker in (0xD8, 0x01) or 0xD0 <= marker <= 0xD7:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        found.append((marker, at, at + 2 + length))
        at += 2 + length
        if marker == SOS:
            at = end_of_scan(data, at)
    return found


def end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker stands that ends the coded data which begins at `at`."""
    found = _MARKER.search(data, at)
    return len(data) if found is None else found.start()


def picture_of(data: bytes) -> bytes | None:
    """The picture part of a JPEG: without what describes the photo, and what follows its end.

    None where it does not come to an end.
    """
    if end_of_picture(data) is None:
        return None
    parts = [b"\xff\xd8"]
    for marker, start, end in _walk(data):
        if marker == SOS:
            end = end_of_scan(data, end)
        elif not (marker in (DHT, DQT, DRI) or marker in _FRAMES):
            content = data[start + 4 : end]
            if marker == _ADOBE and content.startswith(b"Adobe"):
                pass
            elif not (marker == 0xE0 and content.startswith(b"JFIF\0")):
                continue
        parts.append(data[start:end])
    return b"".join(parts) + b"\xff\xd9"


def head_segments(data: bytes) -> list[tuple[int, int, int]]:
    """(marker, start, end) of every segment before a JPEG's first scan."""
    found = []
    for segment in _walk(data):
        if segment[0] == SOS:
            break
        found.append(segment)
    return found


def end_of_picture(data: bytes) -> int | None:
    """Behind the first picture of a JPEG; None where it does not come to an end."""
    try:
        segments = _walk(data)
    except struct.error:
        return None
    at = segments[-1][2] if segments else 2
    if segments and segments[-1][0] == SOS:
        at = end_of_scan(data, at)
    return at + 2 if data[at : at + 2] == b"\xff\xd9" else None


def _quantisation(body: bytes) -> dict[int, tuple[int, ...]]:
    tables, at = {}, 0
    while at < len(body):
        letter, size = (">64H", 128) if body[at] >> 4 else (">64B", 64)
        tables[body[at] & 15] = struct.unpack_from(letter, body, at + 1)
        at += 1 + size
    return tables


def _frame(data: bytes, marker: int, body: bytes) -> Frame:
    precision, height, width, count = struct.unpack_from(">BHHB", body)
    if precision != 8 or not height or not width or count not in (1, 3, 4):
        raise ValueError("a JPEG of another depth")
    parts = []
    for number in range(count):
        name, sampling, table = struct.unpack_from(">BBB", body, 6 + 3 * number)
        parts.append(Component(name, sampling >> 4, sampling & 15, table))
    return Frame(data, marker, precision, (width, height), tuple(parts), (), ())


def _scan(data: bytes, frame: Frame, body: bytes, head: tuple[int, int], restart: int) -> Scan:
    places = {component.id: place for place, component in enumerate(frame.components)}
    parts = []
    for number in range(body[0]):
        name, tables = body[1 + 2 * number], body[2 + 2 * number]
        parts.append((places[name], tables >> 4, tables & 15))
    first, last, bits = struct.unpack_from(">BBB", body, 1 + 2 * body[0])
    span = (head[1], end_of_scan(data, head[1]))
    return Scan(tuple(parts), first, last, bits >> 4, bits & 15, head, span, restart)
