"""Files of programs that paint in layers: the picture that all layers make together."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import numpy as np

from engine.photo.metadata import Metadata, photoshop_blocks
from engine.photo.source import ALPHA, CMYK, GREY, RGB, Source
from engine.photo.unpack import Check, EndsEarly, Unpacked, Unreadable

Reader = Callable[[bytes, Check, bool], Unpacked]
_SPACES = {1: (GREY, 1), 3: (RGB, 3), 4: (CMYK, 4)}
_MODES = {0: "bitmap", 2: "palette", 7: "multichannel", 8: "duotone", 9: "Lab"}
_MERGED = "mergedimage.png"
_LARGEST_PNG = 2**30  # bytes unpacked
_RAW, _PACKED = 0, 1
_ICC, _EXIF, _XMP, _RESOLUTION = 0x040F, 0x0422, 0x0424, 0x03ED


def read_psd(data: bytes, check: Check, partial: bool) -> Unpacked:
    """The composite of a PSD or PSB: grey, RGB or CMYK of 8 or 16 bit. Raises Unreadable for other
    modes, and EndsEarly for a cut file."""
    version, channels, height, width, depth, mode = struct.unpack_from(">4xH6xHIIHH", data)
    check(width, height)
    if mode not in _SPACES or depth not in (8, 16):
        raise Unreadable(f"Photoshop file in {_MODES.get(mode, 'another')} mode of {depth} bit")
    space, count = _SPACES[mode]
    large = version == 2
    resources, at = _section(data, 26 + 4 + struct.unpack_from(">I", data, 26)[0], False)
    layers, at = _section(data, at, large)
    # A negative number of layers says that the first extra channel is the picture's transparency.
    places, _ = _section(layers, 0, large) if len(layers) >= 4 else (b"", 0)
    number = struct.unpack_from(">h", places)[0] if len(places) >= 2 else 0
    has_alpha = number < 0 and channels > count
    planes = _planes(data, at, (channels, height, width), depth, large)
    if planes is None:
        raise EndsEarly
    samples = np.moveaxis(planes[: count + has_alpha], 0, -1)
    if space == CMYK:
        samples = np.iinfo(samples.dtype).max - samples
    blocks = dict(photoshop_blocks(resources))
    raw = Unpacked(exif=blocks.get(_EXIF), xmp=blocks.get(_XMP), resources=resources)
    raw.source = Source(
        np.ascontiguousarray(samples), space, (ALPHA,) * has_alpha, blocks.get(_ICC)
    )
    raw.metadata = Metadata(blocks.get(_ICC), dpi=_dpi(blocks.get(_RESOLUTION, b"")))
    if number:
        raw.lost.append("the layers")
    if channels > count + has_alpha:
        raw.lost.append("extra channels")
    return raw


def _section(data: bytes, at: int, large: bool) -> tuple[bytes, int]:
    """(a section with its length before it, where it ends)."""
    size = 8 if large else 4
    (length,) = struct.unpack_from(">Q" if large else ">I", data, at)
    return data[at + size : at + size + length], at + size + length


def _planes(
    data: bytes, at: int, shape: tuple[int, int, int], depth: int, large: bool
) -> np.ndarray | None:
    """Channels x H x W; None where the file ends before."""
    import imagecodecs

    (packing,) = struct.unpack_from(">H", data, at)
    channels, height, width = shape
    size, at = channels * height * width * depth // 8, at + 2
    if packing == _PACKED:
        at += channels * height * (4 if large else 2)
        pixels = imagecodecs.packbits_decode(data[at:])
    elif packing == _RAW:
        pixels = data[at:]
    else:
        raise Unreadable("Photoshop file of another packing")
    if len(pixels) < size:
        return None
    kind = np.dtype(">u2") if depth == 16 else np.dtype("u1")
    planes = np.frombuffer(pixels[:size], kind).reshape(shape)
    return planes.astype(np.uint16) if depth == 16 else planes


def _dpi(block: bytes) -> tuple[float, float] | None:
    if len(block) < 16:
        return None
    x, y = (struct.unpack_from(">I", block, place)[0] / 65536 for place in (0, 8))
    return (x, y) if x > 0 and y > 0 else None


def is_layered_zip(data: bytes) -> bool:
    """Whether it is an OpenRaster or Krita file: a zip with the merged picture in it."""
    if data[:4] != b"PK\3\4":
        return False
    try:
        return _MERGED in zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def read_layered_zip(data: bytes, check: Check, partial: bool, read_png: Reader) -> Unpacked:
    """The merged picture of an OpenRaster (.ora) or Krita (.kra) file, which is a PNG."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if archive.getinfo(_MERGED).file_size > _LARGEST_PNG:
            raise Unreadable("file whose picture unpacks to gigabytes")
        picture = archive.read(_MERGED)
    raw = read_png(picture, check, partial)
    raw.lost.append("the layers")
    return raw
