"""EXIF blocks and the directories of TIFF files, read and changed byte by byte.

A block is a small TIFF file: a header, directories, values by offset. It is patched in place or
built upon, never taken apart where that can be helped: the offsets inside makers' notes count from
the block's first byte, and nobody but the maker knows where they stand.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field, replace

from engine.photo.turning import turned_point, undone

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SIZES |= {16: 8, 17: 8, 18: 8}
_LETTERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_LETTERS |= {11: "f", 12: "d"}
ORIENTATION, EXIF_FOLDER, GPS_FOLDER, INTEROP_FOLDER = 0x0112, 0x8769, 0x8825, 0xA005
MAKER_NOTE, _WIDTH, _HEIGHT = 0x927C, 0xA002, 0xA003
XMP, IPTC, RESOURCES, ICC, LAYERS = 700, 33723, 34377, 34675, 37724
CREDENTIALS = 52545  # Content Credentials (C2PA)
_SUBJECTS = (0x9214, 0xA214)  # the area and the place of what the photo is of
# What says how a file's pixels lie, and what travels elsewhere or shows the photo as it was.
STRUCTURE = (
    {254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 280, 281, 282, 283, 284}
    | {292, 293, 296, 297, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334, 336}
    | {338, 339, 340, 341, 343, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531}
    | {532, 50838, 50839, 37726, XMP, IPTC, RESOURCES, ICC, LAYERS, CREDENTIALS}
    # Raw development: true of the sensor's values, not of a picture.
    | set(range(50706, 51200))
    | set(range(33421, 33423))
)  # fmt: skip
_FOLDERS = {EXIF_FOLDER, GPS_FOLDER, INTEROP_FOLDER}
_JPEG = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]")


@dataclass(frozen=True)
class Entry:
    """One field of a directory. value: its bytes in the file's order. at: offset of the entry."""

    type: int
    count: int
    value: bytes
    at: int = 0

    def number(self, order: str) -> int:
        """The first value of a whole-number field."""
        letter = _LETTERS.get(self.type, "B")
        return int(struct.unpack_from(order + letter, self.value)[0])


@dataclass(frozen=True)
class Directory:
    """entries by tag; next: the offset of the following directory, 0 for none; pointer_at: where
    that offset is written."""

    entries: dict[int, Entry] = field(default_factory=dict)
    next: int = 0
    pointer_at: int = 0


def byte_order(data: bytes | bytearray) -> str:
    """'<' or '>'. Raises ValueError for what is no TIFF."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None or len(data) < 8:
        raise ValueError("no TIFF header")
    return order


def is_big(data: bytes | bytearray) -> bool:
    """Whether it is a BigTIFF, whose offsets have 8 bytes."""
    return struct.unpack_from(byte_order(data) + "H", data, 2)[0] == 43


def first_directory(data: bytes | bytearray) -> int:
    """The offset of the first directory."""
    letter, at = ("Q", 8) if is_big(data) else ("I", 4)
    return int(struct.unpack_from(byte_order(data) + letter, data, at)[0])


def read_directory(data: bytes | bytearray, start: int) -> Directory:
    """The directory at an offset; fields that lie outside the data are left out.

    Raises ValueError or struct.error where there is none.
    """
    order, big = byte_order(data), is_big(data)
    count_letter, head, size, slot = ("Q", 8, 20, 8) if big else ("H", 2, 12, 4)
    (count,) = struct.unpack_from(order + count_letter, data, start)
    if not 0 < start < len(data) or count > 65535:
        raise ValueError("no directory")
    entries: dict[int, Entry] = {}
    for number in range(count):
        at = start + head + size * number
        tag, kind = struct.unpack_from(order + "HH", data, at)
        (values,) = struct.unpack_from(order + ("Q" if big else "I"), data, at + 4)
        length = SIZES.get(kind, 0) * values
        place = at + size - slot
        if length > slot:
            (place,) = struct.unpack_from(order + ("Q" if big else "I"), data, place)
        if SIZES.get(kind) and place + length <= len(data):
            entries.setdefault(tag, Entry(kind, values, bytes(data[place : place + length]), at))
    end = start + head + size * count
    (following,) = struct.unpack_from(order + ("Q" if big else "I"), data, end)
    return Directory(entries, following, end)


def clean_exif(
    exif: bytes | None, orientation: int = 1, size: tuple[int, int] = (0, 0)
) -> bytes | None:
    """The block upright and without pictures of the photo as it was; everything else as it was.

    orientation: 1 to 8, by which the pixels were turned; size: (width, height) before. A block
    that cannot be read is dropped.
    """
    return _turned(exif, orientation, size, 1)


def laid_down(exif: bytes | None, orientation: int, size: tuple[int, int]) -> bytes | None:
    """A cleaned block for pixels that lie again as orientation 1 to 8 says, which it says; size:
    (width, height) upright. A block without that field gets it."""
    block = _turned(exif, undone(orientation), size, orientation)
    try:
        order = byte_order(block or b"")
        entries = read_directory(block or b"", first_directory(block or b"")).entries
    except (ValueError, struct.error):
        order, block, entries = ">", None, {}
    if ORIENTATION in entries:
        return block
    entries[ORIENTATION] = Entry(3, 1, struct.pack(order + "H", orientation))
    return grown(block, entries, order) if block else build(entries, b"", order)


def _turned(exif: bytes | None, orientation: int, size: tuple[int, int], said: int) -> bytes | None:
    if not exif:
        return None
    data = bytearray(exif.removeprefix(b"Exif\0\0"))
    try:
        order = byte_order(data)
        main = read_directory(data, first_directory(data))
        if ORIENTATION in main.entries:
            _set_short(data, main.entries[ORIENTATION], order, said)
        if main.next:
            _blank_thumbnail(data, main.next, order)
            struct.pack_into(order + "I", data, main.pointer_at, 0)
        if orientation > 1 and EXIF_FOLDER in main.entries:
            inner = read_directory(data, main.entries[EXIF_FOLDER].number(order)).entries
            _turn_subjects(data, inner, order, orientation, size)
            turned = orientation >= 5
            if (
                turned
                and _WIDTH in inner
                and _HEIGHT in inner
                and inner[_WIDTH].type == inner[_HEIGHT].type
            ):
                wide, high = inner[_WIDTH], inner[_HEIGHT]
                data[wide.at + 8 : wide.at + 12], data[high.at + 8 : high.at + 12] = (
                    data[high.at + 8 : high.at + 12],
                    data[wide.at + 8 : wide.at + 12],
                )
    except (KeyError, ValueError, struct.error):
        return None
    _blank_jpegs(data)
    return bytes(data)


def resized(exif: bytes | None, size: tuple[int, int]) -> bytes | None:
    """A cleaned block for a picture of another size (width, height): where it says how many pixels
    there are, it says so many."""
    if not exif:
        return exif
    data = bytearray(exif)
    try:
        order = byte_order(data)
        main = read_directory(data, first_directory(data)).entries
        told = [(main, (256, 257))]
        if EXIF_FOLDER in main:
            inner = read_directory(data, main[EXIF_FOLDER].number(order)).entries
            told.append((inner, (_WIDTH, _HEIGHT)))
        for entries, tags in told:
            for tag, pixels in zip(tags, size, strict=True):
                if tag in entries and entries[tag].count == 1:
                    _set_short(data, entries[tag], order, pixels)
    except (ValueError, struct.error):
        return exif
    return bytes(data)


def _set_short(data: bytearray, entry: Entry, order: str, value: int) -> None:
    letter = {1: "B", 4: "I"}.get(entry.type, "H")
    struct.pack_into(order + letter, data, entry.at + 8, value)


def _turn_subjects(
    data: bytearray,
    entries: dict[int, Entry],
    order: str,
    orientation: int,
    size: tuple[int, int],
) -> None:
    """A centre, with a diameter or a width and height behind it, goes with the pixels."""
    for tag in _SUBJECTS:
        entry = entries.get(tag)
        if entry is None or entry.type != 3 or entry.count not in (2, 3, 4):
            continue
        x, y, *extent = struct.unpack(f"{order}{entry.count}H", entry.value)
        x, y = turned_point(x, y, size, orientation)
        if orientation >= 5 and len(extent) == 2:
            extent.reverse()
        values = (min(max(round(v), 0), 65535) for v in (x, y, *extent))
        place = entry.at + 8
        if entry.count > 2:
            (place,) = struct.unpack_from(order + "I", data, place)
        struct.pack_into(f"{order}{entry.count}H", data, place, *values)


def _blank_thumbnail(data: bytearray, start: int, order: str) -> None:
    """The second directory's picture, compressed or not."""
    entries = read_directory(data, start).entries
    for place, length in ((0x0201, 0x0202), (273, 279)):
        if place in entries and length in entries and entries[place].count == 1:
            begin, size = entries[place].number(order), entries[length].number(order)
            end = min(begin + size, len(data))
            data[begin:end] = bytes(max(0, end - begin))


def _blank_jpegs(data: bytearray) -> None:
    """Previews inside makers' notes: a JPEG in the block is always a picture of the photo."""
    for match in list(_JPEG.finditer(data)):
        end = data.find(b"\xff\xd9", match.start())
        # A preview's own thumbnail ends first: blank up to the last end before the next start.
        while end >= 0:
            following = data.find(b"\xff\xd9", end + 2)
            again = _JPEG.search(data, end + 2)
            if following < 0 or (again is not None and again.start() < following):
                break
            end = following
        stop = len(data) if end < 0 else end + 2
        data[match.start() : stop] = bytes(stop - match.start())


def block_of_tiff(data: bytes, start: int) -> bytes | None:
    """The describing fields of a TIFF's directory as an EXIF block of their own; None without any.

    Camera and GPS folders come along; makers' notes keep their bytes.
    """
    try:
        order = byte_order(data)
        entries = read_directory(data, start).entries
        kept = {tag: entry for tag, entry in entries.items() if tag not in STRUCTURE}
        kept.pop(ORIENTATION, None)
        return build(kept, data, order) if kept else None
    except (ValueError, struct.error):
        return None


def build(entries: dict[int, Entry], data: bytes, order: str) -> bytes:
    """A block of these fields; folders they point to are taken from `data`."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(order + "I", 8) + _directory(entries, data, order, 8, depth=0)


def _directory(entries: dict[int, Entry], data: bytes, order: str, start: int, depth: int) -> bytes:
    """Directory, values and folders, laid out from offset `start` on."""
    entries = {tag: _classic(entry, order) for tag, entry in entries.items()}
    table, body = b"", b""
    after = start + 2 + 12 * len(entries) + 4
    for tag in sorted(entries):
        entry = entries[tag]
        if tag in _FOLDERS:
            entry = replace(entry, type=4, count=1)
            body += b"\0" * (len(body) % 2)
            place = after + len(body)
            try:
                inner = read_directory(data, entry.number(order)).entries if depth < 3 else {}
                body += _directory(inner, data, order, place, depth + 1)
                value = struct.pack(order + "I", place)
            except (ValueError, struct.error):
                body += struct.pack(order + "HI", 0, 0)
                value = struct.pack(order + "I", place)
        elif len(entry.value) > 4:
            body += b"\0" * (len(body) % 2)
            value = struct.pack(order + "I", after + len(body))
            body += entry.value
        else:
            value = entry.value.ljust(4, b"\0")
        table += struct.pack(order + "HHI", tag, entry.type, entry.count) + value
    return struct.pack(order + "H", len(entries)) + table + bytes(4) + body


def _classic(entry: Entry, order: str) -> Entry:
    """A BigTIFF's 8-byte numbers in 4."""
    if entry.type not in (16, 17, 18):
        return entry
    numbers = struct.unpack(f"{order}{entry.count}Q", entry.value)
    value = struct.pack(f"{order}{entry.count}I", *(n & 0xFFFFFFFF for n in numbers))
    return Entry(4, entry.count, value)


def slimmed(exif: bytes, most: int) -> tuple[bytes | None, bool]:
    """(the block in at most `most` bytes, whether fields were left out for it).

    The largest values go first; None where even the rest is too large.
    """
    if len(exif) <= most:
        return exif, False
    try:
        order = byte_order(exif)
        entries = dict(read_directory(exif, first_directory(exif)).entries)
        entries.pop(RESOURCES, None)
        small = build(entries, exif, order)
        while len(small) > most and entries:
            largest = max(entries, key=lambda tag: _weight(entries[tag], tag, exif, order))
            del entries[largest]
            small = build(entries, exif, order)
        return (small if entries else None), True
    except (ValueError, struct.error):
        return None, True


def _weight(entry: Entry, tag: int, data: bytes, order: str) -> int:
    if tag not in _FOLDERS:
        return len(entry.value)
    try:
        inner = read_directory(data, entry.number(order)).entries
    except (ValueError, struct.error):
        return 0
    return sum(12 + len(value.value) for value in inner.values())


def with_resolution(exif: bytes | None, dpi: tuple[float, float]) -> bytes:
    """The block, or a new one, that tells the resolution in pixels an inch."""
    try:
        order = byte_order(exif or b"")
        source = exif or b""
        entries = dict(read_directory(source, first_directory(source)).entries)
    except (ValueError, struct.error):
        order, source, entries = ">", b"", {}
    if 282 in entries and 283 in entries:
        return source
    for tag, value in ((282, dpi[0]), (283, dpi[1])):
        entries[tag] = Entry(5, 1, struct.pack(order + "II", round(value * 1000), 1000))
    entries[296] = Entry(3, 1, struct.pack(order + "H", 2))
    if not source:
        return build(entries, source, order)
    return grown(source, entries, order)


def grown(block: bytes, entries: dict[int, Entry], order: str) -> bytes:
    """The block with another first directory, at its end; every offset in it stays true."""
    at = len(block) + len(block) % 2
    entries = dict(sorted(entries.items()))
    table, body = b"", b""
    after = at + 2 + 12 * len(entries) + 4
    for tag, entry in entries.items():
        value = entry.value.ljust(4, b"\0")
        if len(entry.value) > 4:
            body += b"\0" * (len(body) % 2)
            value = struct.pack(order + "I", after + len(body))
            body += entry.value
        table += struct.pack(order + "HHI", tag, entry.type, entry.count) + value
    directory = struct.pack(order + "H", len(entries)) + table + bytes(4) + body
    return block[:4] + struct.pack(order + "I", at) + block[8:] + bytes(at - len(block)) + directory
