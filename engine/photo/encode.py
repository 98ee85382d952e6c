"""From a photo to the bytes of a picture file, with everything the format has room for."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.base.errors import MienError
from engine.photo import colour, jpeg, jxl, keep, png, tiff
from engine.photo import exif as exif_blocks
from engine.photo import gain as gain_maps
from engine.photo.metadata import Metadata, iptc_of
from engine.photo.source import ALPHA, CMYK, GREY, RGB, eight_bit, grey_of
from engine.photo.turning import undone, upright
from engine.photo.xmp import GAIN_MAP, clean_packet

if TYPE_CHECKING:
    from engine.photo.value import Photo

JPEG_QUALITY = 95
LARGEST_SIDE = {"JPEG": jpeg.LARGEST_SIDE, "WEBP": 16383, "AVIF": 65535}
EIGHT_BIT = ("JPEG", "WEBP", "BMP", "AVIF")
_NAMES = {"WEBP": "WebP", "JXL": "JPEG XL"}


def check_size(size: tuple[int, int], format_: str) -> None:
    """Raises MienError where the format cannot hold a photo of this (width, height)."""
    most = LARGEST_SIDE.get(format_)
    if most and max(size) > most:
        name = _NAMES.get(format_, format_)
        raise MienError(f"{name} holds at most {most:,} pixels a side; save as PNG or TIFF.")


def losses(photo: Photo, format_: str, quality: int | None = None) -> list[str]:
    """What the format cannot hold of a photo, one short clause each."""
    metadata, lost = photo.metadata, _pixel_losses(photo, format_)
    gain_goes = metadata.gain is not None and format_ != "JPEG"
    if format_ == "JXL" and quality is None and _is_jpeg(photo):
        format_ = "JPEG"  # what it can hold: it is one
    described = metadata.exif or metadata.xmp or metadata.resources
    if format_ == "BMP" and (metadata.icc or described or metadata.comments or metadata.text):
        lost.append("metadata and colour profile")
        return [*lost, *metadata.lost]
    if gain_goes:
        lost.append(GAIN_MAP)
    if format_ == "JPEG":
        if metadata.exif and exif_blocks.slimmed(metadata.exif, jpeg.EXIF_MOST)[1]:
            lost.append("EXIF fields above 64 KB")
        if metadata.xmp and len(metadata.xmp) > jpeg.XMP_MOST:
            lost.append("XMP above 64 KB")
        if metadata.resources and len(metadata.resources) > jpeg.RESOURCES_MOST:
            lost.append("IPTC")
    if format_ in ("WEBP", "AVIF", "JXL") and iptc_of(metadata.resources):
        lost.append("IPTC")
    if metadata.comments and format_ in ("WEBP", "AVIF", "JXL", "TIFF"):
        lost.append("the comment")
    if format_ != "PNG" and _texts_lost(metadata.text, format_):
        lost.append("text chunks")
    return [*dict.fromkeys([*lost, *metadata.lost])]


def _pixel_losses(photo: Photo, format_: str) -> list[str]:
    """Of them, what every pixel loses."""
    source, lost = photo.source, []
    if source is not None and format_ != "TIFF":
        if source.is_float:
            lost.append("floating-point values")
        if source.space == CMYK and format_ != "JPEG":
            lost.append("CMYK inks (it becomes RGB)")
        if source.space in ("lab", "icclab"):
            lost.append("Lab colours (it becomes RGB)")
        if set(source.extras) - {1, 2} or (source.space == CMYK and source.extras):
            lost.append("extra channels")
        if source.samples.dtype == np.uint32:
            lost.append("32-bit depth")
    if photo.hdr is not None and format_ not in ("PNG", "JXL"):
        lost.append("HDR brightness (it becomes sRGB)")
    if format_ == "JXL" and jxl.colours_of(photo.profile) is None and not _is_jpeg(photo):
        lost.append("its colour profile (it becomes sRGB)")
    if photo.pixels.dtype == np.uint16 and format_ in EIGHT_BIT:
        lost.append("16-bit depth")
    if photo.pixels.shape[2] == 4 and format_ in ("JPEG", "BMP"):
        lost.append("transparency")
    return lost


def _is_jpeg(photo: Photo) -> bool:
    """Whether it came from a JPEG of a kind that JPEG XL takes over as it is."""
    return photo.metadata.stored is not None and photo.source is None


def _texts_lost(text: tuple[tuple[bytes, bytes], ...], format_: str) -> bool:
    kept = b"Comment\0" if format_ == "JPEG" else b"\0"
    return any(not data.startswith(kept) for _, data in text)


@dataclass(frozen=True)
class Encoded:
    """A file. identical: whether the pixels that a fill left alone come out of it as they came out
    of the photo's file; of a JPEG, whether their coefficients are those of its file."""

    data: bytes
    identical: bool


def encode(photo: Photo, format_: str, quality: int | None, lying: bool = False) -> Encoded:
    """The file. quality: 1..100 for JPEG, WebP, AVIF and JPEG XL; None keeps the photo's own.
    lying: a JPEG of a turned JPEG lies on its side as that did, and says so."""
    check_size(photo.size, format_)
    if format_ == "JPEG":
        return Encoded(*_jpeg(laid_down(photo) if lying else photo, quality))
    if format_ == "JXL" and quality is None and _is_jpeg(photo):
        alone = replace(photo, metadata=replace(photo.metadata, gain=None))
        data, kept = _jpeg(alone, None)
        taken = jxl.of_jpeg(data)
        return Encoded(taken or _jxl(photo, None), kept and taken is not None)
    writers = {"PNG": _png, "TIFF": _tiff, "WEBP": _webp, "BMP": _bmp, "AVIF": _avif, "JXL": _jxl}
    return Encoded(writers[format_](photo, quality), anew(photo, format_, quality) == "")


def laid_down(photo: Photo) -> Photo:
    """A turned JPEG as it lay in its file, and what is said of it: the pixels, the orientation,
    named faces, width and height."""
    metadata, orientation = photo.metadata, photo.metadata.orientation
    if metadata.stored is None or orientation == 1 or photo.source is not None:
        return photo
    back = undone(orientation)
    dpi = metadata.dpi
    lying = replace(
        metadata,
        exif=exif_blocks.laid_down(metadata.exif, orientation, photo.size),
        xmp=clean_packet(metadata.xmp, back, photo.size, orientation).packet,
        stored=replace(metadata.stored, orientation=1),
        orientation=1,
        dpi=dpi[::-1] if dpi and orientation >= 5 else dpi,
    )
    return replace(photo, pixels=upright(photo.pixels, back), metadata=lying)


def anew(photo: Photo, format_: str, quality: int | None = None) -> str:
    """Why all of a photo is encoded anew in a format, as a clause; "" where only what was filled
    is. Of a JPEG it is what can be told before it is written."""
    if format_ == "JPEG":
        if photo.metadata.stored is None:
            kind = photo.metadata.coding or keep.RARE
            return "it was no JPEG" if photo.format != "JPEG" else f"it is a {kind}"
        return "another quality is asked for" if quality else keep.why_not(photo.metadata.stored)
    if format_ == "JXL" and quality is None and _is_jpeg(photo):
        return anew(photo, "JPEG")
    graded = format_ == "JXL" and quality is not None and photo.hdr is None
    if format_ == "AVIF" or (format_ == "WEBP" and (quality or not photo.metadata.lossless)):
        graded = True
    if graded:
        return f"{_NAMES.get(format_, format_)} cannot keep pixels as they are"
    changed = photo.profile is not None if format_ == "BMP" else False
    if format_ == "WEBP":
        changed = colour.space_of(photo.metadata.icc) == "GRAY"
    if changed or _pixel_losses(photo, format_):
        return "the format cannot hold its pixels as they are"
    return ""


def _own(photo: Photo) -> tuple[np.ndarray, bytes | None]:
    """RGB(A) pixels and their profile, where one channel does not do: a grey profile says nothing
    of them, and no profile says PQ or HLG, so they become sRGB."""
    icc = photo.metadata.icc
    if colour.space_of(icc) != "GRAY" and photo.hdr is None:
        return photo.pixels, icc
    return _in_srgb(photo), None


def _in_srgb(photo: Photo) -> np.ndarray:
    """RGB(A) pixels."""
    return np.concatenate([photo.to_srgb(photo.pixels), photo.pixels[..., 3:]], axis=2)


def _on_white(pixels: np.ndarray) -> np.ndarray:
    """8-bit pixels without transparency."""
    if pixels.shape[2] in (1, 3):
        return eight_bit(pixels)
    top = float(np.iinfo(pixels.dtype).max)
    alpha = pixels[..., -1:].astype(np.float32) / top
    flat = eight_bit(np.ascontiguousarray(pixels[..., :-1]))
    return (flat * alpha + 255 * (1 - alpha) + 0.5).astype(np.uint8)


def _grey_or_own(photo: Photo) -> tuple[np.ndarray, bytes | None]:
    """H x W x 1 or 2 where one channel does, else 3 or 4, and the profile that fits."""
    if not photo.single:
        return _own(photo)
    grey = grey_of(photo.pixels[..., :3])[..., None]
    return np.concatenate([grey, photo.pixels[..., 3:]], axis=2), photo.metadata.icc


def _png(photo: Photo, _quality: int | None) -> bytes:
    pixels, icc = (photo.pixels, None) if photo.hdr else _grey_or_own(photo)
    if pixels.shape[2] == 2 and pixels.dtype == np.uint16:
        pixels, icc = _own(photo)  # no encoder at hand writes deep grey with transparency
    metadata, chunks = photo.metadata, []
    if photo.source is None and (icc or metadata.icc is None):
        chunks += metadata.colour
    if icc:
        packed = b"ICC profile\0\0" + _deflated(icc)
        chunks.append((b"iCCP", packed))
    if metadata.dpi:
        import struct

        per_metre = [round(value / 0.0254) for value in metadata.dpi]
        chunks.append((b"pHYs", struct.pack(">IIB", *per_metre, 1)))
    if metadata.exif:
        chunks.append((b"eXIf", metadata.exif))
    if metadata.xmp:
        chunks.append(png.xmp_chunk(metadata.xmp))
    if metadata.resources:
        chunks.append(png.raw_profile_chunk(b"iptc", metadata.resources))
    chunks += metadata.text
    if png.comment(metadata.text) is None:
        chunks += [png.comment_chunk(text) for text in metadata.comments]
    return png.insert(_bare_png(pixels), chunks)


def _deflated(data: bytes) -> bytes:
    import zlib

    return zlib.compress(data)


def _bare_png(pixels: np.ndarray) -> bytes:
    import cv2

    if pixels.shape[2] == 2:
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", compress_level=1)
        return file.getvalue()
    if pixels.shape[2] > 1:
        code = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        pixels = cv2.cvtColor(pixels, code)
    done, encoded = cv2.imencode(".png", pixels)
    if not done:
        raise MienError("The PNG could not be encoded; save as TIFF.")
    return encoded.tobytes()


def _tiff(photo: Photo, _quality: int | None) -> bytes:
    metadata, source = photo.metadata, photo.source
    if source is not None:
        samples, icc = source.with_changes(photo.pixels), source.icc
        space, extras = source.space, source.extras
    else:
        samples, icc = _grey_or_own(photo)
        if icc is None and metadata.icc is None:
            icc = photo.profile  # a PNG's colour chunks
        space = GREY if samples.shape[2] < 3 else RGB
        extras = (ALPHA,) if samples.shape[2] in (2, 4) else ()
    return tiff.write_page(
        samples,
        space,
        extras,
        icc=icc,
        exif=metadata.exif,
        xmp=metadata.xmp,
        iptc=iptc_of(metadata.resources),
        resources=metadata.resources,
        dpi=metadata.dpi,
    )


def _jpeg(photo: Photo, quality: int | None) -> tuple[bytes, bool]:
    """(the file, whether what was not changed kept its coefficients)."""
    from PIL import Image

    metadata, source = photo.metadata, photo.source
    if source is not None and source.space == CMYK and not source.extras:
        samples = source.with_changes(photo.pixels)
        image, icc = Image.fromarray(eight_bit(samples), "CMYK"), source.icc
    else:
        pixels, icc = _grey_or_own(photo)
        if icc is None and metadata.icc is None:
            icc = photo.profile
        flat = _on_white(pixels)
        image = Image.fromarray(flat[..., 0] if flat.shape[2] == 1 else flat)
    kept = None
    if quality is None and metadata.stored is not None:
        samples = np.asarray(image)
        samples = samples if samples.ndim == 3 else samples[..., None]
        kept = keep.kept_outside(metadata.stored, samples, jpeg.samples_of)
    data = jpeg.with_resolution(kept or _anew(image, metadata, quality), metadata.dpi)
    exif, xmp, resources = metadata.exif, metadata.xmp, metadata.resources
    if exif:
        exif, _ = exif_blocks.slimmed(exif, jpeg.EXIF_MOST)
    if xmp and len(xmp) > jpeg.XMP_MOST:
        xmp = None
    if resources and len(resources) > jpeg.RESOURCES_MOST:
        resources = None
    comments = metadata.comments
    if not comments and (text := png.comment(metadata.text)):
        comments = (text,)
    gain = _gain_map(photo, image)
    if gain is None:
        return jpeg.insert(data, exif, xmp, resources, comments, icc), bool(kept)
    told = gain_maps.with_directory(xmp, len(gain))
    whole = jpeg.insert(data, exif, told, resources, comments, icc)
    assert metadata.gain is not None
    return gain_maps.joined(whole, gain, metadata.gain.iso), bool(kept)


def _gain_map(photo: Photo, image: Any) -> bytes | None:
    """The gain map of a photo, continued where it was changed; `image` is what is saved of it."""
    metadata = photo.metadata
    if metadata.gain is None or metadata.stored is None or image.mode not in ("RGB", "L"):
        return None
    orientation = metadata.orientation
    before = upright(jpeg.samples_of(metadata.stored.picture), orientation)
    after = np.asarray(image).reshape(before.shape)
    changed = (before != after).any(axis=2)
    return gain_maps.continued(metadata.gain, orientation, changed, jpeg.samples_of)


def _anew(image: Any, metadata: Metadata, quality: int | None) -> bytes:
    """A JPEG of all of a Pillow picture, in the quality the photo had or this one."""
    options: dict[str, Any] = {"quality": quality or JPEG_QUALITY, "subsampling": 0}
    if quality is None and metadata.jpeg:
        options = dict(metadata.jpeg)
        tables = options["qtables"]
        if image.mode == "L":
            options["qtables"] = {0: tables[0]}
        elif len(tables) == 1:
            options["qtables"] = {0: tables[0], 1: tables[0]}
    if metadata.dpi:
        options["dpi"] = tuple(round(value) for value in metadata.dpi)
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def _webp(photo: Photo, quality: int | None) -> bytes:
    lossless = quality is None and photo.metadata.lossless
    quality = quality or (75 if lossless else JPEG_QUALITY)
    return _by_pillow(photo, "WEBP", lossless=lossless, quality=quality, exact=True, method=4)


def _avif(photo: Photo, quality: int | None) -> bytes:
    from PIL import features

    if not features.check("avif"):
        raise MienError("This Pillow writes no AVIF; save as PNG or WebP.")
    return _by_pillow(photo, "AVIF", quality=quality or 90, subsampling="4:4:4")


def _jxl(photo: Photo, quality: int | None) -> bytes:
    """Without loss unless a quality is asked for; PQ and HLG, of which the library knows no light,
    always."""
    pixels = photo.pixels if photo.hdr else _grey_or_own(photo)[0]
    colours = jxl.colours_of(photo.profile, photo.hdr)
    if colours is None:  # a profile that has no numbers
        pixels, colours = _in_srgb(photo), jxl.Colours()
    if pixels.shape[2] < 3 and colours.primaries is not None:
        colours = replace(colours, primaries=None)
    metadata, exif = photo.metadata, photo.metadata.exif
    if metadata.dpi:
        exif = exif_blocks.with_resolution(exif, metadata.dpi)
    quality = None if photo.hdr else quality
    return jxl.write_jxl(np.ascontiguousarray(pixels), colours, quality, exif, metadata.xmp)


def _by_pillow(photo: Photo, format_: str, **options: Any) -> bytes:
    from PIL import Image

    pixels, icc = _own(photo)
    metadata, exif = photo.metadata, photo.metadata.exif
    if metadata.dpi:
        exif = exif_blocks.with_resolution(exif, metadata.dpi)
    if exif:
        options["exif"] = b"Exif\0\0" + exif
    if metadata.xmp:
        options["xmp"] = metadata.xmp
    if icc or (metadata.icc is None and photo.profile):
        options["icc_profile"] = icc or photo.profile
    file = io.BytesIO()
    Image.fromarray(eight_bit(pixels)).save(file, format_, **options)
    return file.getvalue()


def _bmp(photo: Photo, _quality: int | None) -> bytes:
    from PIL import Image

    # There is no place for a profile: the colours themselves have to be what viewers take them for.
    rgb = photo.rgb8
    if photo.pixels.shape[2] == 4:
        rgb = _on_white(np.concatenate([rgb, eight_bit(photo.pixels[..., 3:])], axis=2))
    image = Image.fromarray(grey_of(rgb) if photo.single else rgb)
    file = io.BytesIO()
    image.save(file, "BMP", **({"dpi": photo.metadata.dpi} if photo.metadata.dpi else {}))
    return file.getvalue()
