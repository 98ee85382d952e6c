"""TIFF files: every kind of samples that scanners, cameras and editors write, and back."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.photo import exif as exif_blocks
from engine.photo.exif import Entry
from engine.photo.source import ALPHA, CMYK, GREY, ICC_LAB, LAB, MULTIPLIED, RGB, Source, white_of

_SPACES = {0: GREY, 1: GREY, 2: RGB, 5: CMYK, 8: LAB, 9: ICC_LAB}
_PHOTOMETRIC = {GREY: "minisblack", RGB: "rgb", CMYK: "separated", LAB: "cielab", ICC_LAB: "icclab"}
_CHANNELS = {GREY: 1, RGB: 3, CMYK: 4, LAB: 3, ICC_LAB: 3}
_OFFSETS = (273, 324)


@dataclass(frozen=True)
class TiffPage:
    """The picture of a TIFF and what its directory says. source: None where Pillow has to decode
    it (palettes, bits, JPEG inside). start: the directory's offset. size: (width, height)."""

    source: Source | None
    size: tuple[int, int]
    index: int
    start: int
    orientation: int
    icc: bytes | None
    xmp: bytes | None
    iptc: bytes | None
    resources: bytes | None
    layers: bool
    signed: bool
    pictures: int


def read_page(data: bytes, check: Any) -> TiffPage:
    """The first picture of a TIFF; thumbnails and masks are passed over.

    check(width, height) may refuse the size before anything is decoded.
    """
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        pages = [(number, page) for number, page in enumerate(file.pages)]
        pictures = [(n, p) for n, p in pages if not int(getattr(p, "subfiletype", 0)) & 5]
        index, page = (pictures or pages)[0]
        page: Any = page.aspage()
        check(page.imagewidth, page.imagelength)

        def tag(number: int) -> bytes | None:
            found = page.tags.get(number)
            value = None if found is None else _bytes_of(data, found)
            return value or None

        orientation = page.tags.valueof(exif_blocks.ORIENTATION, 1)
        icc = tag(exif_blocks.ICC)
        layers = tag(exif_blocks.LAYERS) or b""
        return TiffPage(
            source=_source(page, icc),
            size=(page.imagewidth, page.imagelength),
            index=index,
            start=page.offset,
            orientation=orientation if orientation in range(1, 9) else 1,
            icc=icc,
            xmp=tag(exif_blocks.XMP),
            iptc=tag(exif_blocks.IPTC),
            resources=tag(exif_blocks.RESOURCES),
            layers=any(mark in layers for mark in (b"Layr", b"ryaL", b"Lr16", b"Lr32", b"61rL")),
            signed=exif_blocks.CREDENTIALS in page.tags,
            pictures=max(1, len(pictures)),
        )


def _bytes_of(data: bytes, tag: Any) -> bytes:
    start = tag.valueoffset
    return data[start : start + exif_blocks.SIZES.get(int(tag.dtype), 1) * tag.count]


def _source(page: Any, icc: bytes | None) -> Source | None:
    space = _SPACES.get(int(page.photometric))
    bits = page.bitspersample
    if space is None or not isinstance(bits, int) or bits < 8 or int(page.compression) in (6, 7):
        return None
    try:
        samples = page.asarray()
    except Exception:  # a packing tifffile has no decoder for, or a file that ends early
        if bits == 8:
            return None  # Pillow may know it, and tells what is wrong
        raise
    if samples.ndim == 2:
        samples = samples[..., None]
    elif page.axes.startswith("S"):
        samples = np.moveaxis(samples, 0, -1)
    if samples.ndim != 3 or samples.shape[2] < _CHANNELS[space]:
        raise ValueError(f"{page.axes} of {samples.shape} is no picture")
    if samples.dtype.kind == "i" and space not in (LAB, ICC_LAB):
        samples = samples.clip(0, None).astype(f"u{samples.dtype.itemsize}") * 2
    if samples.dtype.kind == "f":
        samples = samples.astype(samples.dtype.newbyteorder("="))
    elif samples.dtype.itemsize > 4:
        raise ValueError(f"{samples.dtype} pixels are not supported")
    elif bits not in (8, 16, 32):
        wide = 2 ** (16 if bits <= 16 else 32) - 1
        samples = (samples.astype(np.uint64) * wide // (2**bits - 1)).astype(
            np.uint16 if bits <= 16 else np.uint32
        )
    elif samples.dtype.kind == "i":
        samples = samples.view(f"u{samples.dtype.itemsize}")
    if int(page.photometric) == 0:
        samples = (1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max) - samples
    count = samples.shape[2] - _CHANNELS[space]
    extras = tuple(int(kind) for kind in page.extrasamples or ())
    extras = (*extras, *(0 for _ in range(count)))[:count]
    white = white_of(samples[..., : _CHANNELS[space]]) if samples.dtype.kind == "f" else 1.0
    return Source(np.ascontiguousarray(samples), space, extras, icc, white)


def write_page(
    samples: np.ndarray,
    space: str,
    extras: tuple[int, ...],
    *,
    icc: bytes | None,
    exif: bytes | None,
    xmp: bytes | None,
    iptc: bytes | None,
    resources: bytes | None,
    dpi: tuple[float, float] | None,
) -> bytes:
    """A TIFF of H x W x C samples, with everything that describes it."""
    import tifffile

    order = "<"
    if exif:
        try:
            order = exif_blocks.byte_order(exif)
            exif_blocks.read_directory(exif, exif_blocks.first_directory(exif))
        except (ValueError, struct.error):
            exif = None
    tags = []
    for number, kind, value in (
        (exif_blocks.ICC, 7, icc),
        (exif_blocks.XMP, 1, xmp),
        (exif_blocks.IPTC, 7, iptc),
        (exif_blocks.RESOURCES, 7, resources),
    ):
        if value:
            tags.append((number, kind, len(value), value, True))
    names = {MULTIPLIED: "assocalpha", ALPHA: "unassalpha"}
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        samples[..., 0] if samples.shape[2] == 1 else samples,
        byteorder=order,  # type: ignore[arg-type]
        bigtiff=False,
        photometric=_PHOTOMETRIC[space],
        planarconfig="contig" if samples.shape[2] > 1 else None,
        compression="zlib",
        predictor=samples.dtype.kind == "u" and samples.dtype.itemsize <= 2,
        extrasamples=[names.get(kind, "unspecified") for kind in extras] or None,
        resolution=dpi,
        resolutionunit="INCH" if dpi else None,
        extratags=tags,
        metadata=None,
        software=False,
    )
    encoded = file.getvalue()
    return _on_block(encoded, exif, order) if exif else encoded


def _on_block(encoded: bytes, exif: bytes, order: str) -> bytes:
    """The picture behind an EXIF block, in one file whose directory has the fields of both.

    The block stays at the file's beginning: the offsets in it, those in makers' notes included,
    stay true.
    """
    start = len(exif) + len(exif) % 2
    moved = start - 8
    described = exif_blocks.read_directory(exif, exif_blocks.first_directory(exif)).entries
    entries = {tag: e for tag, e in described.items() if tag not in exif_blocks.STRUCTURE}
    entries.pop(exif_blocks.ORIENTATION, None)
    picture = exif_blocks.read_directory(encoded, exif_blocks.first_directory(encoded)).entries
    for tag, entry in picture.items():
        if tag in _OFFSETS:
            letter = {3: "H", 4: "I"}[entry.type]
            places = struct.unpack(f"{order}{entry.count}{letter}", entry.value)
            value = struct.pack(f"{order}{entry.count}I", *(place + moved for place in places))
            entry = Entry(4, entry.count, value)
        entries[tag] = entry
    block = exif + bytes(start - len(exif)) + encoded[8:]
    return exif_blocks.grown(block, entries, order)
