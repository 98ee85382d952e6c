"""From the bytes of a picture file to pixels and what travels beside them."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engine import colour, photo_jpeg, photo_png, photo_tiff
from engine.photo_exif import block_of_tiff, clean_exif
from engine.photo_metadata import (
    Metadata,
    clean_resources,
    clean_xmp,
    iptc_of,
    resources_of_iptc,
)
from engine.photo_source import CMYK, GREY, ICC_LAB, LAB, RGB, Source

Check = Callable[[int, int], None]
_truncated = threading.Lock()
_PROFILES = {GREY: "GRAY", RGB: "RGB", CMYK: "CMYK", LAB: "Lab", ICC_LAB: "Lab"}


class EndsEarly(Exception):  # noqa: N818 - told to the user by the one who knows the file's name
    """A file that stops before its picture does."""


class NeedsPackage(Exception):  # noqa: N818 - likewise
    """A kind of file that is read by a package which is not installed: (kind, package)."""


@dataclass(frozen=True)
class Decoded:
    """pixels: upright, RGB(A). single: the file has one colour channel. source: its own samples,
    where RGB(A) of 8 or 16 bit is not all of them."""

    pixels: np.ndarray
    format: str
    metadata: Metadata
    single: bool = False
    source: Source | None = None


@dataclass
class _Raw:
    """Before it is turned upright and cleaned."""

    pixels: np.ndarray | None = None
    source: Source | None = None
    single: bool = False
    orientation: int = 1
    exif: bytes | None = None
    xmp: bytes | str | None = None
    resources: bytes | None = None
    lost: list[str] = field(default_factory=list)
    metadata: Metadata = field(default_factory=Metadata)


def kind_of(data: bytes) -> str | None:
    """The format that a file's first bytes say, None for none of ours."""
    if data[:2] == b"\xff\xd8":
        return "JPEG"
    if data[:8] == photo_png.SIGNATURE:
        return "PNG"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:2] == b"BM":
        return "BMP"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if data[4:8] == b"ftyp":
        size = int.from_bytes(data[:4], "big")
        brands = {data[at : at + 4] for at in range(8, min(size, 256), 4)}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"hevx"}:
            return "HEIF"
    return None


def decode(data: bytes, kind: str, check: Check, partial: bool = False) -> Decoded:
    """The picture of a file of a kind (see `kind_of`, or "RAW"), upright.

    check(width, height) may raise before anything is unpacked. partial: of a file that ends early,
    what is there. Raises EndsEarly, NeedsPackage, or whatever the decoder raises.
    """
    reader = {
        "JPEG": _jpeg,
        "PNG": _png,
        "TIFF": _tiff,
        "WEBP": _webp,
        "BMP": _bmp,
        "GIF": _gif,
        "AVIF": _avif,
        "HEIF": _heif,
        "RAW": _raw,
    }[kind]
    raw = reader(data, check, partial)
    source = raw.source
    if source is not None:
        fits = colour.space_of(source.icc) == _PROFILES.get(source.space)
        source = replace(
            source,
            samples=upright(source.samples, raw.orientation),
            icc=source.icc if fits else None,
        )
        raw.pixels = source.develop()
        raw.single = source.space == GREY
        if source.space not in (GREY, RGB):  # it is sRGB now
            raw.metadata = replace(raw.metadata, icc=None)
        source = None if source.is_plain else source
    else:
        assert raw.pixels is not None
        raw.pixels = upright(raw.pixels, raw.orientation)
    metadata = replace(
        raw.metadata,
        exif=clean_exif(raw.exif, turned=raw.orientation >= 5),
        xmp=clean_xmp(raw.xmp),
        resources=clean_resources(raw.resources),
        lost=tuple(raw.lost),
    )
    if metadata.dpi and raw.orientation >= 5:
        metadata = replace(metadata, dpi=metadata.dpi[::-1])
    space = colour.space_of(metadata.icc)
    if space and space != ("GRAY" if raw.single else "RGB"):
        # Of a profile that does not fit the pixels nobody can say what the colours are.
        metadata = replace(metadata, icc=None)
    return Decoded(raw.pixels, kind, metadata, raw.single, source)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """EXIF orientations 1 to 8 undone."""
    import cv2

    if orientation not in range(2, 9):
        return np.ascontiguousarray(pixels)
    if pixels.dtype in (np.uint8, np.uint16, np.float32) and pixels.shape[2] <= 4:
        turned = {
            2: lambda p: cv2.flip(p, 1),
            3: lambda p: cv2.rotate(p, cv2.ROTATE_180),
            4: lambda p: cv2.flip(p, 0),
            5: cv2.transpose,
            6: lambda p: cv2.rotate(p, cv2.ROTATE_90_CLOCKWISE),
            7: lambda p: cv2.rotate(cv2.transpose(p), cv2.ROTATE_180),
            8: lambda p: cv2.rotate(p, cv2.ROTATE_90_COUNTERCLOCKWISE),
        }[orientation](np.ascontiguousarray(pixels))
        return turned if turned.ndim == 3 else turned[..., None]
    # What OpenCV does not take, ten times as slow.
    return np.ascontiguousarray(
        {
            2: lambda p: p[:, ::-1],
            3: lambda p: p[::-1, ::-1],
            4: lambda p: p[::-1],
            5: lambda p: p.swapaxes(0, 1),
            6: lambda p: p.swapaxes(0, 1)[:, ::-1],
            7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
            8: lambda p: p.swapaxes(0, 1)[::-1],
        }[orientation](pixels)
    )


def _opened(data: bytes, kind: str, check: Check) -> Any:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # our own limit names what to do
    formats = ["JPEG", "MPO"] if kind == "JPEG" else [kind]
    image = Image.open(io.BytesIO(data), formats=formats)
    check(*image.size)
    return image


def _load(image: Any, partial: bool) -> None:
    """Decode; of a file that ends early what is there, where that is wanted."""
    from PIL import ImageFile

    # The switch is the whole process's: nobody else may decode while it is thrown.
    with _truncated:
        ImageFile.LOAD_TRUNCATED_IMAGES = partial
        try:
            image.load()
        except OSError as error:
            if "truncated" in str(error) or "broken data stream" in str(error):
                raise EndsEarly from error
            raise
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False


def _dpi(image: Any) -> tuple[float, float] | None:
    try:
        x, y = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if 0 < x < 1e6 and 0 < y < 1e6 else None


def _orientation(exif: bytes | None) -> int:
    from engine import photo_exif

    try:
        block = (exif or b"").removeprefix(b"Exif\0\0")
        entries = photo_exif.read_directory(block, photo_exif.first_directory(block)).entries
        value = entries[photo_exif.ORIENTATION].number(photo_exif.byte_order(block))
    except (KeyError, ValueError, struct.error):
        return 1
    return value if value in range(1, 9) else 1


def _jpeg(data: bytes, check: Check, partial: bool) -> _Raw:
    from PIL import JpegImagePlugin

    found = photo_jpeg.read_segments(data)
    with _opened(data, "JPEG", check) as image:
        sampling = JpegImagePlugin.get_sampling(image) if image.mode in ("RGB", "CMYK") else 0
        jpeg = {
            "qtables": dict(image.quantization),
            "subsampling": max(sampling, 0),
            "progressive": found.progressive,
        }
        raw = _Raw(exif=found.exif, xmp=found.xmp, resources=found.resources)
        raw.orientation = _orientation(found.exif)
        raw.metadata = Metadata(found.icc, dpi=_dpi(image), jpeg=jpeg, comments=found.comments)
        raw.single = image.mode == "L"
        raw.pixels = _quick_jpeg(data, raw.single) if image.mode in ("RGB", "L") else None
        if raw.pixels is None or raw.pixels.shape[1::-1] != image.size:
            _load(image, partial)
            if image.mode == "CMYK":
                raw.source = Source(np.asarray(image), CMYK, (), found.icc)
            else:
                raw.pixels = _rgb(image)
    if found.pictures > 1:
        raw.lost.append("the other pictures of the file")
    if found.more_xmp:
        raw.lost.append("the second part of its XMP")
    return raw


def _quick_jpeg(data: bytes, single: bool) -> np.ndarray | None:
    """A whole JPEG by OpenCV: the same library and the same pixels in half of Pillow's time.

    None for one that may be cut, which OpenCV would not tell.
    """
    import cv2

    if data[-2:] != b"\xff\xd9":
        return None
    kind = cv2.IMREAD_GRAYSCALE if single else cv2.IMREAD_COLOR_RGB
    encoded = np.frombuffer(data, np.uint8)
    pixels = cv2.imdecode(encoded, kind | cv2.IMREAD_IGNORE_ORIENTATION)
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if single and pixels is not None else pixels


def _rgb(image: Any) -> np.ndarray:
    """A Pillow picture of 8 bit as RGB(A)."""
    import cv2

    if image.mode == "L":
        return cv2.cvtColor(np.asarray(image), cv2.COLOR_GRAY2RGB)
    has_alpha = "A" in image.getbands() or "a" in image.getbands()
    has_alpha = has_alpha or "transparency" in image.info
    mode = "RGBA" if has_alpha else "RGB"
    return np.asarray(image if image.mode == mode else image.convert(mode))


def _png(data: bytes, check: Check, partial: bool) -> _Raw:
    chunks = photo_png.read_chunks(data)
    raw = _Raw(xmp=photo_png.xmp(chunks.text))
    raw.exif = chunks.first.get(b"eXIf") or photo_png.raw_profile(chunks.text, b"exif")
    raw.orientation = _orientation(raw.exif)
    iptc = photo_png.raw_profile(chunks.text, b"iptc")
    raw.resources = iptc if iptc and iptc[:4] == b"8BIM" else resources_of_iptc(iptc)
    with _opened(chunks.pixels, "PNG", check) as image:
        if not chunks.whole and not partial:
            raise EndsEarly
        colour_type = chunks.pixels[25]
        raw.single = colour_type in (0, 4)
        if chunks.pixels[24] == 16:
            raw.pixels = _deep_png(chunks.pixels, partial)
        else:
            _load(image, partial)
            if image.mode == "1":
                raw.lost.append("one bit a pixel")
            if colour_type == 3:
                raw.lost.append("the palette")
            raw.pixels = _rgb(image.convert("L") if image.mode == "1" else image)
    first = chunks.first
    if chunks.frames > 1:
        raw.lost.append("the other pictures of the file")
    raw.metadata = Metadata(
        photo_png.profile(chunks),
        dpi=photo_png.dpi(chunks),
        text=photo_png.described(chunks.text),
        colour=tuple((kind, first[kind]) for kind in photo_png.COLOUR if kind in first),
    )
    return raw


def _deep_png(data: bytes, partial: bool) -> np.ndarray:
    import cv2

    if not partial and not _is_intact(data):
        raise EndsEarly
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("its picture data cannot be unpacked")
    if pixels.ndim == 2:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB)


def _is_intact(data: bytes) -> bool:
    """Whether every chunk's checksum is right: OpenCV passes over the wrong ones."""
    import zlib

    at = len(photo_png.SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if data[end : end + 4] != struct.pack(">I", zlib.crc32(data[at + 4 : end])):
            return False
        at = end + 4
    return at == len(data)


def _tiff(data: bytes, check: Check, partial: bool) -> _Raw:
    page = photo_tiff.read_page(data, check)
    raw = _Raw(source=page.source, orientation=page.orientation, xmp=page.xmp)
    raw.exif = block_of_tiff(data, page.start)
    raw.resources = page.resources
    if page.iptc and not iptc_of(page.resources):
        raw.resources = (page.resources or b"") + (resources_of_iptc(page.iptc) or b"")
    with _pillow_page(data, page.index, page.source is None) as image:
        dpi = None if image is None else _dpi(image)
        if page.source is None:
            assert image is not None
            _load(image, partial)
            raw.orientation = 1  # Pillow turned it already
            if image.mode == "CMYK":
                raw.source = Source(np.asarray(image), CMYK, (), page.icc)
            else:
                raw.single = image.mode in ("L", "1", "LA")
                raw.lost += {"1": ["one bit a pixel"], "P": ["the palette"]}.get(image.mode, [])
                raw.pixels = _rgb(image.convert("L") if image.mode == "1" else image)
    if page.layers:
        raw.lost.append("the layers")
    if page.pictures > 1:
        raw.lost.append("the other pictures of the file")
    raw.metadata = Metadata(page.icc, dpi=dpi)
    return raw


def _pillow_page(data: bytes, index: int, needed: bool) -> Any:
    """Pillow's view of a page; where it is only asked for the resolution it may have none."""
    import contextlib

    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    try:
        image = Image.open(io.BytesIO(data), formats=["TIFF"])
        image.seek(index)
        return image
    except Exception:
        if needed:
            raise
        return contextlib.nullcontext(None)


def _webp(data: bytes, check: Check, partial: bool) -> _Raw:
    with _opened(data, "WEBP", check) as image:
        _load(image, partial)
        raw = _beside(image)
        raw.pixels = _rgb(image)
        raw.metadata = replace(raw.metadata, lossless=b"VP8L" in data[:64])
        if getattr(image, "n_frames", 1) > 1:
            raw.lost.append("the other pictures of the file")
    return raw


def _bmp(data: bytes, check: Check, partial: bool) -> _Raw:
    with _opened(data, "BMP", check) as image:
        _load(image, partial)
        raw = _Raw(single=image.mode in ("L", "1"), metadata=Metadata(dpi=_dpi(image)))
        raw.lost += {"1": ["one bit a pixel"], "P": ["the palette"]}.get(image.mode, [])
        raw.pixels = _rgb(image.convert("L") if image.mode == "1" else image)
    return raw


def _gif(data: bytes, check: Check, partial: bool) -> _Raw:
    with _opened(data, "GIF", check) as image:
        comment, several = image.info.get("comment"), getattr(image, "n_frames", 1) > 1
        image.seek(0)
        _load(image, partial)
        raw = _Raw(_rgb(image), lost=["the palette"])
        if comment:
            raw.metadata = Metadata(comments=(comment,))
        if several:
            raw.lost.append("the other pictures of the file")
    return raw


def _avif(data: bytes, check: Check, partial: bool) -> _Raw:
    from PIL import features

    if not features.check("avif"):
        raise NeedsPackage("AVIF", "a Pillow with AVIF")
    with _opened(data, "AVIF", check) as image:
        _load(image, partial)
        raw = _beside(image)
        raw.pixels = _rgb(image)
        if getattr(image, "n_frames", 1) > 1:
            raw.lost.append("the other pictures of the file")
    place = data.find(b"pixi")
    if place >= 0 and len(data) > place + 9 and data[place + 9] > 8:
        raw.lost.append("the depth above 8 bit")
    return raw


def _heif(data: bytes, check: Check, partial: bool) -> _Raw:
    try:
        import pi_heif
    except ImportError:
        raise NeedsPackage("HEIC", "pi-heif") from None
    file = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    check(*file.size)
    pixels = np.asarray(file)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[2] < 3:
        pixels = np.concatenate([pixels[..., :1]] * 3 + [pixels[..., 1:]], axis=2)
    raw = _Raw(np.ascontiguousarray(pixels), single=file.mode.startswith(("L", "I")))
    # The library turns the picture by the container's word, which the EXIF's repeats.
    raw.exif, raw.xmp = file.info.get("exif"), file.info.get("xmp")
    raw.metadata = Metadata(file.info.get("icc_profile"))
    if len(file) > 1:
        raw.lost.append("the other pictures of the file")
    return raw


def _raw(data: bytes, check: Check, partial: bool) -> _Raw:
    try:
        import rawpy  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise NeedsPackage("camera raw", "rawpy") from None
    with rawpy.imread(io.BytesIO(data)) as file:
        check(file.sizes.width, file.sizes.height)
        try:
            preview = file.extract_thumb()
        except rawpy.LibRawError:
            preview = None
        if preview is not None and preview.format == rawpy.ThumbFormat.JPEG:
            shown = _jpeg(bytes(preview.data), check, partial)
            # A thumbnail is no photo: only a preview of the sensor's order of size will do.
            if shown.pixels is not None and max(shown.pixels.shape) * 2 > file.sizes.width:
                if shown.orientation == 1:
                    shown.orientation = {3: 3, 5: 8, 6: 6}.get(file.sizes.flip, 1)
                shown.exif = shown.exif or _exif_of_raw(data)
                shown.metadata = replace(shown.metadata, jpeg=None)
                shown.lost.append("the raw data (this is the camera's preview)")
                return shown
        pixels = file.postprocess(use_camera_wb=True, output_bps=16)
    lost = ["the raw data (this is one development of it)"]
    return _Raw(np.ascontiguousarray(pixels), exif=_exif_of_raw(data), lost=lost)


def _exif_of_raw(data: bytes) -> bytes | None:
    """What the camera wrote, where its file is built like a TIFF."""
    from engine.photo_exif import first_directory

    try:
        return block_of_tiff(data, first_directory(data))
    except (ValueError, struct.error):
        return None


def _beside(image: Any) -> _Raw:
    """What Pillow found beside the pixels."""
    exif = image.info.get("exif")
    raw = _Raw(exif=exif, xmp=image.info.get("xmp"), orientation=_orientation(exif))
    raw.metadata = Metadata(image.info.get("icc_profile") or None, dpi=_dpi(image))
    if raw.metadata.dpi is None:
        raw.metadata = replace(raw.metadata, dpi=_dpi_of_exif(exif))
    return raw


def _dpi_of_exif(exif: bytes | None) -> tuple[float, float] | None:
    from engine import photo_exif

    try:
        block = (exif or b"").removeprefix(b"Exif\0\0")
        order = photo_exif.byte_order(block)
        entries = photo_exif.read_directory(block, photo_exif.first_directory(block)).entries
        unit = entries[296].number(order) if 296 in entries else 2
        values = [struct.unpack(order + "II", entries[tag].value) for tag in (282, 283)]
        x, y = (above / below * (2.54 if unit == 3 else 1) for above, below in values)
    except (KeyError, ValueError, ZeroDivisionError, struct.error):
        return None
    return (x, y) if 0 < x < 1e6 and 0 < y < 1e6 else None
