"""What phones put behind the picture of a JPEG: films, gain maps, more pictures, trailers."""

from __future__ import annotations

from engine.photo.jpeg_frame import end_of_picture
from engine.photo.xmp import GAIN_MAP, VIDEO

_PADDING = 1024  # bytes that nobody misses
_GAIN = (b"http://ns.adobe.com/hdr-gain-map/1.0/", b"urn:iso:std:iso:ts:21496", b"HDRGainMap")
PICTURES, DATA = "the other pictures of the file", "the data behind the picture"
_HELD = 2**17  # bytes at the start of a picture that hold what it says of itself


def gain_map(data: bytes) -> bytes | None:
    """The gain map of an Ultra HDR photo, a JPEG of its own; None where the first picture is
    followed by something else, or by more."""
    end = end_of_picture(data)
    if end is None:
        return None
    start = data.find(b"\xff\xd8\xff", end)
    length = None if start < 0 else end_of_picture(data[start:])
    if length is None or data.find(b"\xff\xd8\xff", start + length) >= 0:
        return None
    # What says how bright the map makes a pixel: without it nobody can use it.
    known = any(mark in data[start : start + length] for mark in _GAIN[:2])
    return data[start : start + length] if known else None


def behind(data: bytes, pictures: int = 1) -> list[str]:
    """What follows the first picture of a JPEG, one clause each. pictures: how many the file says
    it holds."""
    end = end_of_picture(data)
    rest = b"" if end is None else data[end:]
    found, at, seen = [], rest.find(b"\xff\xd8\xff"), 1
    while at >= 0:
        stop = end_of_picture(rest[at:])
        seen += 1
        if any(mark in rest[at : at + min(stop or _HELD, _HELD)] for mark in _GAIN):
            found.append(GAIN_MAP)
        elif stop is not None:
            found.append(PICTURES)
        at = rest.find(b"\xff\xd8\xff", at + (stop or 3))
    if rest.find(b"ftyp") >= 4:
        found.append(VIDEO)
    if pictures > seen:
        found.append(PICTURES)
    if not found and len(rest.strip(b"\0\xff\n\r ")) > _PADDING:
        found.append(DATA)
    return list(dict.fromkeys(found))
