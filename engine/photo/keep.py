"""A JPEG changed in places: blocks that nothing touched keep their coefficients.

A photo that is encoded anew changes everywhere, and again with every save. Here only blocks that
hold a changed pixel are encoded; all others go from file to file as the numbers they are, turned
where the photo was turned. Tables, sampling, scans and restart markers stay the source's.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.photo.coefficients import ZIGZAG, backward, forward, read_coefficients
from engine.photo.huffman import (
    fitting_tables,
    read_tables,
    table_segment,
    write_items,
)
from engine.photo.jpeg_frame import (
    DHT,
    DQT,
    SOS,
    Component,
    Frame,
    Stored,
    kind_of_jpeg,
    read_frame,
)
from engine.photo.scans import items_of
from engine.photo.turning import upright

Decode = Callable[[bytes], np.ndarray]
RARE = "JPEG of a rare kind"
_TURNED_BY = 6  # levels: a decoder rounds otherwise where a block lies on its side
_SWAPPED = np.argsort(ZIGZAG)[ZIGZAG % 8 * 8 + ZIGZAG // 8]
_FLIPPED_ACROSS = np.where(ZIGZAG % 8 % 2, -1, 1).astype(np.int16)
_FLIPPED_DOWN = np.where(ZIGZAG // 8 % 2, -1, 1).astype(np.int16)
# Rec. 601, as JFIF codes colours.
_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]],
    np.float32,
)
_MIDDLE = np.array([0, 128, 128], np.float32)


def why_not(stored: Stored) -> str:
    """Why the blocks of a JPEG cannot be kept, as a clause; "" where they can."""
    try:
        frame = read_frame(stored.picture)
    except (ValueError, IndexError, KeyError, AssertionError, struct.error):
        kind = kind_of_jpeg(stored.picture)
        return f"it is a {RARE if kind == 'JPEG' else kind}"
    return "" if _turns(frame, stored.orientation) else _crooked(frame)


def _crooked(frame: Frame) -> str:
    return (
        f"the photo is turned, and {frame.size[0]} x {frame.size[1]} pixels are no whole number of "
        f"its blocks of {8 * frame.most[0]} x {8 * frame.most[1]}"
    )


def _turns(frame: Frame, orientation: int) -> bool:
    """Whether the sides that a turn mirrors are whole numbers of MCUs."""
    (width, height), (h, v) = frame.size, frame.most
    if orientation >= 5:
        width, height, h, v = height, width, v, h
    across, down = orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8)
    return not (across and width % (8 * h)) and not (down and height % (8 * v))


def kept_outside(stored: Stored, samples: np.ndarray, decode: Decode) -> bytes | None:
    """The JPEG with these samples; None where its blocks cannot be kept.

    samples: H x W x C uint8, upright, C as the file has them (1, 3 RGB, 4 inks as Pillow gives
    them). decode(file) gives such samples of a JPEG, lying as they lie in it; what it says of the
    result is what decides: outside the blocks that changed it has to be the source's, bit for bit.
    Of a turned photo the coefficients are the source's, and a decoder's rounding on its side
    another.
    """
    before = upright(decode(stored.picture), stored.orientation)
    if before.shape != samples.shape:
        return None
    changed = _apart(before, samples) > 0
    try:
        frame = read_frame(stored.picture)
        if not _turns(frame, stored.orientation):
            return None
        frame, coefficients = _turned(frame, read_coefficients(frame), stored.orientation)
        touched = _encode(frame, coefficients, samples, changed)
        data = _written(frame, coefficients)
    except MemoryError:
        raise
    except Exception:  # a rare kind; the decoder raises whatever it finds wrong with it
        return None
    after = decode(data)
    if after.shape != samples.shape:
        return None
    off = _apart(before, after)
    off[touched] = 0
    return data if off.max() <= (_TURNED_BY if stored.orientation > 1 else 0) else None


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far apart two pictures are, in the channel where most: H x W uint8."""
    import cv2

    apart = cv2.absdiff(np.ascontiguousarray(one), np.ascontiguousarray(other))
    apart = apart.reshape(one.shape)
    result = apart[..., 0].copy()
    for channel in range(1, apart.shape[2]):
        np.maximum(result, apart[..., channel], out=result)
    return result


def _turned(
    frame: Frame, coefficients: list[np.ndarray], orientation: int
) -> tuple[Frame, list[np.ndarray]]:
    """A frame and its coefficients, upright."""
    if orientation >= 5:
        parts = tuple(Component(c.id, c.v, c.h, c.table) for c in frame.components)
        tables = {n: tuple(t[k] for k in _SWAPPED) for n, t in frame.quantisation.items()}
        jfif = frame.jfif[:8] + frame.jfif[10:12] + frame.jfif[8:10] + frame.jfif[12:]
        frame = replace(
            frame, size=frame.size[::-1], components=parts, quantisation=tables, jfif=jfif
        )
        coefficients = [one.swapaxes(0, 1)[..., _SWAPPED] for one in coefficients]
    if orientation in (2, 3, 6, 7):
        coefficients = [one[:, ::-1] * _FLIPPED_ACROSS for one in coefficients]
    if orientation in (3, 4, 7, 8):
        coefficients = [one[::-1] * _FLIPPED_DOWN for one in coefficients]
    return frame, coefficients


def _encode(
    frame: Frame, coefficients: list[np.ndarray], samples: np.ndarray, changed: np.ndarray
) -> np.ndarray:
    """Encode the blocks with a changed pixel, in place; where pixels may be others by that (height
    x width bool): these blocks, and as far as a decoder smooths colours from them."""
    (width, height), (most_h, most_v) = frame.size, frame.most
    touched = np.zeros((height, width), bool)
    for row in range(frame.mcus[1]):
        top = row * 8 * most_v
        strip = changed[top : top + 8 * most_v]
        columns = np.flatnonzero(strip.any(axis=0))
        if not len(columns):
            continue
        left = columns[0] // (8 * most_h) * 8 * most_h
        right = -(-(columns[-1] + 1) // (8 * most_h)) * 8 * most_h
        pixels = _grown(samples[top : top + 8 * most_v, left:right], 8 * most_v, right - left)
        marks = _grown(strip[:, left:right], 8 * most_v, right - left)
        planes = _as_coded(frame, pixels)
        for place, component in enumerate(frame.components):
            across, down = most_h // component.h, most_v // component.v
            own = coefficients[place]
            first, low = left // (8 * across), row * component.v
            part = own[low : low + component.v, first : first + (right - left) // (8 * across)]
            blocks = _blocks(_shrunk(planes[..., place], across, down))[
                : len(part), : part.shape[1]
            ]
            fresh = _blocks(_shrunk(marks, across, down) > 0)[: len(part), : part.shape[1]]
            busy = fresh.any(axis=(2, 3))
            steps = np.zeros(64, np.float32)
            steps[ZIGZAG] = frame.quantisation[component.table]
            spectrum = np.zeros((int(busy.sum()), 64), np.float32)
            spectrum[:, ZIGZAG] = part[busy]
            old = backward((spectrum * steps).reshape(-1, 8, 8))
            # A sample that nothing changed stays what it was before it was shown and rounded.
            new = forward(np.where(fresh[busy], blocks[busy], old)).reshape(-1, 64)
            part[busy] = np.rint(new / steps)[:, ZIGZAG]
            reach_h, reach_v = (across > 1) * across, (down > 1) * down
            for y, x in np.argwhere(busy):
                y0, x0 = (low + y) * 8 * down, (first + x) * 8 * across
                touched[
                    max(0, y0 - reach_v) : y0 + 8 * down + reach_v,
                    max(0, x0 - reach_h) : x0 + 8 * across + reach_h,
                ] = True
    return touched


def _grown(part: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pixels up to this size, the last ones repeated."""
    more = ((0, height - part.shape[0]), (0, width - part.shape[1]), (0, 0))
    return np.pad(part, more[: part.ndim], "edge")


def _as_coded(frame: Frame, pixels: np.ndarray) -> np.ndarray:
    """Samples as the file codes them, about 0, float32."""
    values = pixels.astype(np.float32)
    count = len(frame.components)
    ids = bytes(component.id for component in frame.components)
    if count == 4:
        if frame.adobe == 2:
            values[..., :3] = values[..., :3] @ _TO_YCC.T + _MIDDLE
            values[..., 3] = 255 - values[..., 3]
        else:
            values = 255 - values
    elif count == 3 and not (
        frame.adobe == 0 or (frame.adobe is None and not frame.jfif and ids == b"RGB")
    ):
        values = values @ _TO_YCC.T + _MIDDLE
    return values - 128


def _shrunk(plane: np.ndarray, across: int, down: int) -> np.ndarray:
    """The mean of every so many samples."""
    if across == down == 1:
        return plane
    rows, columns = plane.shape[0] // down, plane.shape[1] // across
    return plane.reshape(rows, down, columns, across).mean(axis=(1, 3), dtype=np.float32)


def _blocks(plane: np.ndarray) -> np.ndarray:
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    return plane.reshape(rows, 8, columns, 8).swapaxes(1, 2)


def _written(frame: Frame, coefficients: list[np.ndarray]) -> bytes:
    """The file, its segments in the source's order."""
    parts = [b"\xff\xd8", _head(frame)]
    heads, tables, quantised = {scan.head: scan for scan in frame.scans}, {}, False
    for marker, start, end in frame.segments:
        segment = frame.file[start:end]
        if marker == DHT:
            tables |= read_tables(segment[4:])
        elif marker == DQT:
            if not quantised:
                parts.append(_steps(frame))
            quantised = True
            continue
        elif marker == SOS:
            items, interval = items_of(frame, heads[start, end], coefficients)
            made = fitting_tables(items, tables)
            tables |= made
            parts += [table_segment(key, table) for key, table in made.items()]
            segment += write_items(items, tables, interval)
        elif marker == frame.marker:
            body = struct.pack(">BHHB", 8, *frame.size[::-1], len(frame.components))
            for one in frame.components:
                body += bytes([one.id, one.h << 4 | one.v, one.table])
            segment = struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
        parts.append(segment)
    return b"".join(parts) + b"\xff\xd9"


def _head(frame: Frame) -> bytes:
    """What says how the colours are coded, and how large the photo is on paper."""
    head = b""
    if frame.jfif:
        head += b"\xff\xe0" + struct.pack(">H", len(frame.jfif) + 2) + frame.jfif
    if frame.adobe is not None:
        head += b"\xff\xee\x00\x0eAdobe\0\x64\0\0\0\0" + bytes([frame.adobe])
    return head


def _steps(frame: Frame) -> bytes:
    """The quantisation tables in one segment."""
    body = b""
    for number, table in sorted(frame.quantisation.items()):
        deep = max(table) > 255
        body += bytes([deep << 4 | number]) + struct.pack(">64H" if deep else ">64B", *table)
    return struct.pack(">BBH", 0xFF, DQT, len(body) + 2) + body
