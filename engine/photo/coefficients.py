"""The coefficients a JPEG is made of, exactly, out of an ordinary decoder.

No decoder at hand gives them away. But one that is told that all steps of the quantisation are
alike, and that the samples have 12 bit, gives samples of which every coefficient can be told: the
transform of what it gives, divided by that step, lies so near to whole numbers that rounding finds
them. Nothing is clipped (12 bit hold sixteen times what the picture had, and the step is twelve
times the smallest of the picture's own), and the rounding of samples is a small part of a step.
"""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np

from engine.photo.jpeg_frame import DQT, SOF_BASELINE, SOF_EXTENDED, SOS, Frame, Scan

_STEP, _LARGEST_STEP = 12, 252
_MIDDLE = 2048
_ROWS = 64  # rows of blocks at once
_COLOURS = {1: "GRAYSCALE", 3: "YCBCR", 4: "CMYK"}

# Position in a row-by-row block of each coefficient in zigzag order (ITU-T T.81, figure 5).
ZIGZAG = np.array(
    sorted(
        range(64),
        key=lambda n: (n // 8 + n % 8, n // 8 if (n // 8 + n % 8) % 2 else n % 8),
    )
)


def _cosines() -> np.ndarray:
    n = np.arange(8)
    table = np.cos((2 * n[None] + 1) * n[:, None] * np.pi / 16) / 2
    table[0] /= np.sqrt(2)
    return table.astype(np.float32)


COSINES = _cosines()


def read_coefficients(frame: Frame) -> list[np.ndarray]:
    """The quantised coefficients of each component: rows x columns of blocks x 64, int16, zigzag.

    A component that is always coded together with others has the blocks that fill up its last
    MCUs too. Raises ValueError, or what the decoder raises, where they cannot be told.
    """
    sizes = [_whole_size(frame, place) for place in range(len(frame.components))]
    steps = {number: _step(table) for number, table in frame.quantisation.items()}
    result: list[np.ndarray | None] = [None] * len(sizes)
    for size in dict.fromkeys(sizes):
        samples = _samples(frame, size)
        for place, component in enumerate(frame.components):
            if sizes[place] == size:
                across, down = frame.most[0] / component.h, frame.most[1] / component.v
                plane = _as_coded(samples[..., place], across, down)
                result[place] = _transformed(plane, steps[component.table])
    return [array for array in result if array is not None]


def _whole_size(frame: Frame, place: int) -> tuple[int, int]:
    """The smallest size in which every block of a component is seen whole."""
    component, (most_h, most_v) = frame.components[place], frame.most
    if frame.is_interleaved(place):
        return 8 * most_h * frame.mcus[0], 8 * most_v * frame.mcus[1]
    columns, rows = frame.blocks(component)
    if most_h % component.h or most_v % component.v:
        raise ValueError("sampling by fractions")
    return 8 * columns * (most_h // component.h), 8 * rows * (most_v // component.v)


def _samples(frame: Frame, size: tuple[int, int]) -> np.ndarray:
    """H x W x components, float32 about 0: a picture of this size with equal steps."""
    import imagecodecs

    other = replace(frame, size=size)

    def has_its_blocks(scan: Scan) -> bool:
        (place, _, _), *more = scan.parts
        if more:
            return other.mcus == frame.mcus
        component = frame.components[place]
        return other.blocks(component) == frame.blocks(component)

    heads = {scan.head: scan for scan in frame.scans}
    parts = [b"\xff\xd8"]
    for marker, start, end in frame.segments:
        segment = frame.file[start:end]
        if marker == DQT:
            segment = _equal_steps(segment, frame)
        elif marker == SOS:
            scan = heads[start, end]
            if not has_its_blocks(scan):
                continue
            segment += frame.file[slice(*scan.data)]
        elif marker in (SOF_BASELINE, SOF_EXTENDED, frame.marker):
            kind = SOF_EXTENDED if marker == SOF_BASELINE else marker
            body = struct.pack(">BHH", 12, size[1], size[0]) + segment[9:]
            segment = struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body
        parts.append(segment)
    colours = _COLOURS[len(frame.components)]
    decoded = imagecodecs.jpeg8_decode(
        b"".join(parts) + b"\xff\xd9", colorspace=colours, outcolorspace=colours
    )
    if decoded.ndim == 2:
        decoded = decoded[..., None]
    if decoded.dtype != np.uint16 or decoded.shape[1::-1] != size:
        raise ValueError("the decoder gave other samples")
    return decoded


def _step(table: tuple[int, ...]) -> int:
    return min(_STEP * max(1, min(table)), _LARGEST_STEP)


def _equal_steps(segment: bytes, frame: Frame) -> bytes:
    body, at = bytearray(segment), 4
    while at < len(body):
        value = _step(frame.quantisation[body[at] & 15])
        step = struct.pack(">H", value) if body[at] >> 4 else bytes([value])
        body[at + 1 : at + 1 + 64 * len(step)] = step * 64
        at += 1 + 64 * len(step)
    return bytes(body)


def _as_coded(samples: np.ndarray, across: float, down: float) -> np.ndarray:
    """A channel as it was before the decoder enlarged it by these factors, about 0."""
    if across != int(across) or down != int(down):
        raise ValueError("sampling by fractions")
    across, down = int(across), int(down)
    # What libjpeg smooths when it enlarges (jdsample.c); else it repeats.
    smooth = (across, down) in ((2, 1), (2, 2), (1, 2))
    plain = samples[:: 1 if smooth else down, :: 1 if smooth else across].astype(np.float32)
    plain -= _MIDDLE
    if smooth and down == 2:
        plain = _halved(plain)
    if smooth and across == 2:
        plain = np.ascontiguousarray(_halved(plain.T).T)
    return plain


def _halved(doubled: np.ndarray) -> np.ndarray:
    """Undo a doubling of rows by weights of 3/4 and 1/4 (libjpeg's triangle filter)."""
    even, odd = doubled[::2], doubled[1::2]
    from_before = (3 * even[1:] - odd[:-1]) / 2
    from_after = (3 * odd[:-1] - even[1:]) / 2
    result = np.empty_like(even)
    # Rows between two others are told twice; the ends are what they were.
    result[0], result[-1] = even[0], odd[-1]
    result[1:-1] = (from_before[:-1] + from_after[1:]) / 2
    return result


def _transformed(plane: np.ndarray, step: int) -> np.ndarray:
    """Blocks of a channel (H x W float32, multiples of 8) as whole coefficients, zigzag."""
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    result = np.empty((rows, columns, 64), np.int16)
    for top in range(0, rows, _ROWS):
        part = plane[8 * top : 8 * (top + _ROWS)]
        spectrum = forward(part.reshape(-1, 8, columns, 8).swapaxes(1, 2)) / step
        whole = np.rint(spectrum)
        result[top : top + _ROWS] = whole.reshape(*whole.shape[:2], 64)[..., ZIGZAG]
    return result


def forward(blocks: np.ndarray) -> np.ndarray:
    """The cosine transform of ... x 8 x 8 samples about 0 (ITU-T T.81, A.3.3)."""
    return COSINES @ blocks @ COSINES.T


def backward(spectrum: np.ndarray) -> np.ndarray:
    """The samples about 0 of ... x 8 x 8 coefficients."""
    return COSINES.T @ spectrum @ COSINES
