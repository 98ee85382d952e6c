"""XMP packets, read by their namespaces: what shows or names the photo as it was goes, places turn.

A packet is changed only where it has to be, byte by byte: whoever wrote it may know more of it
than we do. A property may be written as an attribute or as an element, under any prefix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engine.photo.turning import turned_point

_ADOBE = "http://ns.adobe.com/"
_GOOGLE = "http://ns.google.com/photos/1.0/"
TIFF, NOTE = _ADOBE + "tiff/1.0/", _ADOBE + "xmp/note/"
PANORAMA = _GOOGLE + "panorama/"
HDRGM, APPLE = _ADOBE + "hdr-gain-map/1.0/", "http://ns.apple.com/"
CAMERA, CONTAINER = _GOOGLE + "camera/", _GOOGLE + "container/"
TERMS = "http://purl.org/dc/terms/"
REGIONS = "http://www.metadataworkinggroup.com/schemas/regions/"
AREA, SIZE = _ADOBE + "xmp/sType/Area#", _ADOBE + "xap/1.0/sType/Dimensions#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

GAIN_MAP, VIDEO, DEPTH = "the HDR gain map", "the video behind the picture", "the depth map"
BURST = "its place in a burst"
CREDENTIALS, UNREADABLE = "the content credentials", "XMP that cannot be read"
# What goes, and what is said of it: pictures of the photo as it was, and signposts to what follows
# the first picture, which is all that is kept.
GONE: tuple[tuple[str, str, str], ...] = (
    (_ADOBE + "xap/1.0/", "Thumbnails", ""),
    (_ADOBE + "xap/1.0/g/img/", "image", ""),
    (_GOOGLE + "image/", "Data", ""),
    (_GOOGLE + "depthmap/", "Data|Confidence", DEPTH),
    (_GOOGLE + "audio/", "Data", "the sound"),
    (HDRGM, ".*", GAIN_MAP),
    (APPLE + "HDRGainMap/1.0/", ".*", GAIN_MAP),
    (APPLE + "pixeldatainfo/1.0/", ".*", ""),
    (CAMERA, "(?:Motion|Micro)(?:Video|Photo).*", VIDEO),
    (CAMERA, ".*ImageData", ""),
    (CAMERA, "Burst.*", BURST),
    (CONTAINER, "Directory", ""),
    (NOTE, "HasExtendedXMP", ""),
    (TERMS, "provenance", ""),
)
# Prefixes as they are always written, for packets that use one without saying what it means.
_USUAL = {
    "xmp": _ADOBE + "xap/1.0/",
    "xap": _ADOBE + "xap/1.0/",
    "xmpGImg": _ADOBE + "xap/1.0/g/img/",
    "xapGImg": _ADOBE + "xap/1.0/g/img/",
    "GImage": _GOOGLE + "image/",
    "GDepth": _GOOGLE + "depthmap/",
    "GAudio": _GOOGLE + "audio/",
    "hdrgm": HDRGM,
    "GCamera": CAMERA,
    "Camera": CAMERA,
    "GPano": PANORAMA,
    "Container": CONTAINER,
    "GContainer": CONTAINER,
    "xmpNote": NOTE,
    "tiff": TIFF,
    "mwg-rs": REGIONS,
    "stArea": AREA,
    "stDim": SIZE,
    "rdf": _RDF,
}
_ATTRIBUTE = re.compile(rb"\s+([^\s=/>\"']+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_TAG = re.compile(rb"<(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>")
Name = tuple[str, str]  # namespace, local name


# What counts the pixels of a whole panorama: true of a photo of the same size alone.
OF_THIS_SIZE: tuple[tuple[str, str, str], ...] = ((PANORAMA, ".*", "the panorama's projection"),)


@dataclass
class _Element:
    name: Name
    start: int
    spaces: dict[str, str]
    inner: int = 0
    said: dict[Name, tuple[int, int]] = field(default_factory=dict)  # where a value stands


@dataclass(frozen=True)
class Cleaned:
    """packet: None where nothing is left or it cannot be read. lost: what went, a clause each."""

    packet: bytes | None
    lost: tuple[str, ...] = ()


def clean_packet(
    xmp: bytes | str | None,
    orientation: int = 1,
    size: tuple[int, int] = (0, 0),
    said: int = 1,
    gone: tuple[tuple[str, str, str], ...] = GONE,
) -> Cleaned:
    """A packet that is true of a photo turned upright and filled.

    orientation: 1 to 8, by which the pixels were turned; size: (width, height) before. said: the
    orientation that they have now. gone: namespaces, patterns of names in them, and what is said
    of each that goes.
    """
    if not xmp:
        return Cleaned(None)
    packet = _utf8(xmp.encode() if isinstance(xmp, str) else xmp)
    reader = _Reader(packet, orientation, size, said, gone)
    if not reader.read():
        return Cleaned(None, (UNREADABLE,))
    edited, end = bytearray(), 0
    for start, stop, instead in sorted(reader.edits):
        if start >= end:  # what lies inside something that goes has gone
            edited += packet[end:start] + instead
            end = stop
    return Cleaned(bytes(edited + packet[end:]) or None, tuple(dict.fromkeys(reader.lost)))


def _utf8(packet: bytes) -> bytes:
    for mark, code in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "")):
        if packet.startswith(mark):
            packet = packet[3:] if not code else packet.decode(code, "replace").encode()
    return packet.rstrip(b"\0")


class _Reader:
    """Goes through a packet once and notes what has to be changed: (start, end, instead)."""

    def __init__(
        self,
        packet: bytes,
        orientation: int,
        size: tuple[int, int],
        said: int,
        gone: tuple[tuple[str, str, str], ...],
    ) -> None:
        self._gone = gone
        self._said = str(said).encode()
        self._packet, self._orientation, self._size = packet, orientation, size
        self._open: list[_Element] = []
        self._areas: list[dict[Name, tuple[int, int]]] = []
        self._applied: dict[Name, tuple[int, int]] = {}
        self.edits: list[tuple[int, int, bytes]] = []
        self.lost: list[str] = []

    def read(self) -> bool:
        """Whether the packet could be read."""
        from xml.parsers import expat

        parser = expat.ParserCreate()
        parser.buffer_text = True

        def refuse(*_: object) -> None:
            raise ValueError("a packet with a document type")

        parser.StartDoctypeDeclHandler = refuse
        parser.StartElementHandler = lambda name, _: self._begin(name, parser.CurrentByteIndex)
        parser.EndElementHandler = lambda _: self._end(parser.CurrentByteIndex)
        try:
            # Padding and the closing mark of a packet may follow its element.
            parser.Parse(self._packet, True)
        except (expat.ExpatError, ValueError):
            return False
        self._turn_regions()
        return True

    def _begin(self, tag: str, start: int) -> None:
        above = self._open[-1].spaces if self._open else _USUAL
        end = _end_of_tag(self._packet, start)
        found = [
            (match[1].decode("utf-8", "replace"), match)
            for match in _ATTRIBUTE.finditer(self._packet, start, end)
        ]
        spaces = dict(above)
        for name, match in found:
            if name.startswith("xmlns"):
                spaces[name[6:]] = match[2][1:-1].decode("utf-8", "replace")
        element = _Element(_named(tag, spaces), start, spaces, end)
        self._open.append(element)
        for name, match in found:
            if ":" not in name or name.startswith(("xmlns:", "xml:")):
                continue
            known = _named(name, spaces)
            value = (match.start(2) + 1, match.end(2) - 1)
            if self._goes(known, self._packet[slice(*value)]):
                self.edits.append((match.start(), match.end(), b""))
            else:
                self._say(known, value, element)

    def _end(self, at: int) -> None:
        element = self._open.pop()
        if at == element.start:  # an empty element, <a/>
            stop, value = element.inner, (element.inner, element.inner)
        else:
            stop = self._packet.find(b">", at) + 1
            value = (element.inner, at)
        if self._goes(element.name, self._packet[slice(*value)]):
            self.edits.append((element.start, stop, b""))
            return
        if self._open and element.name[0] in (TIFF, AREA, SIZE):
            self._say(element.name, value, self._open[-1])
        if element.name in ((REGIONS, "Area"), (REGIONS, "AppliedToDimensions")):
            whole = element.said
            if element.name[1] == "Area":
                self._areas.append(whole)
            else:
                self._applied = self._applied or whole
        elif element.name == (_RDF, "Description") and self._open:
            self._open[-1].said.update(element.said)

    def _goes(self, name: Name, value: bytes) -> bool:
        for space, pattern, words in self._gone:
            if name[0] == space and re.fullmatch(pattern, name[1]):
                if space == TERMS and b"jumbf" not in value:
                    return False
                if words and value.strip() not in (b"", b"0"):
                    self.lost.append(words)
                return True
        return False

    def _say(self, name: Name, value: tuple[int, int], element: _Element) -> None:
        text = self._packet[slice(*value)].strip()
        if name == (TIFF, "Orientation") and text != self._said:
            self.edits.append((*value, self._said))
        element.said[name] = value

    def _number(self, said: dict[Name, tuple[int, int]], name: Name) -> float | None:
        try:
            return float(self._packet[slice(*said[name])])
        except (KeyError, ValueError):
            return None

    def _turn_regions(self) -> None:
        """Named faces (Metadata Working Group) go with the pixels they lie on."""
        width, height = (self._number(self._applied, (SIZE, side)) for side in ("w", "h"))
        if self._orientation == 1:
            return
        stored = (width, height) == tuple(float(side) for side in self._size)
        if self._orientation >= 5 and width and height and not stored and width != height:
            as_stored = (width > height) == (self._size[0] > self._size[1])
            if not as_stored:
                return  # whoever wrote them counted on the upright photo
        for area in self._areas:
            self._turn_area(area, width or 0.0, height or 0.0)
        if self._orientation >= 5 and width and height:
            self._set(self._applied, (SIZE, "w"), height)
            self._set(self._applied, (SIZE, "h"), width)

    def _turn_area(self, area: dict[Name, tuple[int, int]], width: float, height: float) -> None:
        x, y = (self._number(area, (AREA, side)) for side in ("x", "y"))
        if x is None or y is None:
            return
        unit = self._packet[slice(*area.get((AREA, "unit"), (0, 0)))].strip()
        full = (width, height) if unit == b"pixel" else (1.0, 1.0)
        x, y = turned_point(x, y, full, self._orientation)
        self._set(area, (AREA, "x"), x)
        self._set(area, (AREA, "y"), y)
        wide, high = (self._number(area, (AREA, side)) for side in ("w", "h"))
        if self._orientation >= 5 and wide is not None and high is not None:
            self._set(area, (AREA, "w"), high)
            self._set(area, (AREA, "h"), wide)

    def _set(self, said: dict[Name, tuple[int, int]], name: Name, value: float) -> None:
        self.edits.append((*said[name], f"{value:.6g}".encode()))


def _end_of_tag(packet: bytes, start: int) -> int:
    """Behind the '>' of the tag that begins here."""
    match = _TAG.match(packet, start)
    return match.end() if match else len(packet)


def _named(tag: str, spaces: dict[str, str]) -> Name:
    prefix, _, local = tag.rpartition(":")
    return spaces.get(prefix, ""), local
