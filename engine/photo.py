"""Photos: the only place that decodes or encodes a picture file.

Pixels are RGB or RGBA at 8 or 16 bit, upright; metadata is carried beside them and written back
where the format has room for it. Nothing here changes an existing file unless told to.
"""

from __future__ import annotations

import errno
import io
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from engine.atomic import write_atomically
from engine.compositing import lay
from engine.errors import MienError
from engine.photo_decode import decode, upright
from engine.photo_metadata import Metadata, png_with_metadata, upright_exif, upright_xmp

if TYPE_CHECKING:
    from engine.inpaint import Patch

FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}
OPEN_SUFFIXES = SAVE_SUFFIXES = tuple(FORMATS)
LARGEST = 400_000_000  # pixels; beyond, a small file that unpacks to gigabytes is more likely
JPEG_QUALITY = 95
WEBP_LARGEST_SIDE = 16383
_TIFF_STRUCTURE = (
    {254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 280, 281, 282, 283, 284}
    | {296, 297, 317, 320, 322, 323, 324, 325, 338, 339, 347, 530, 531, 532, 700, 34675}
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Photo:
    """An open photo.

    pixels: H x W x 3 or 4, uint8 or uint16, RGB(A), C-contiguous, read-only. path: where it came
    from, None for a pasted one. format: "JPEG", "PNG", "WEBP", "TIFF" or "BMP".
    """

    pixels: np.ndarray
    path: Path | None
    format: str
    metadata: Metadata = field(default_factory=Metadata)

    def __post_init__(self) -> None:
        pixels = np.ascontiguousarray(self.pixels)
        if pixels.flags.writeable:
            pixels = pixels.view()
            pixels.flags.writeable = False
        object.__setattr__(self, "pixels", pixels)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @cached_property
    def rgb8(self) -> np.ndarray:
        """H x W x 3 uint8, read-only; the pixels themselves where they are that already."""
        import cv2

        rgb = self.pixels
        if rgb.dtype == np.uint16:
            rgb = cv2.convertScaleAbs(rgb, alpha=1 / 257)
        if rgb.shape[2] == 4:
            rgb = np.ascontiguousarray(rgb[..., :3])
        if rgb is not self.pixels:
            rgb.flags.writeable = False
        return rgb

    def with_pixels(self, pixels: np.ndarray) -> Photo:
        """The same photo with other pixels of the same shape and depth."""
        return replace(self, pixels=pixels)

    def apply(self, *patches: Patch) -> Photo:
        """The photo with patches composited on it in their order, at the price of one copy.

        Where a patch's alpha is 0 the pixel stays bit for bit, where it is 255 it is the
        patch's; the photo's own transparency is kept.
        """
        pixels = self.pixels.copy()
        for patch in patches:
            lay(pixels, (0, 0), patch)
        return self.with_pixels(pixels)


def photo_from_array(rgb: np.ndarray) -> Photo:
    """A photo without a file from H x W x 3|4 uint8 or uint16 pixels (a copy)."""
    if rgb.ndim != 3 or rgb.shape[2] not in (3, 4) or rgb.dtype not in (np.uint8, np.uint16):
        raise MienError("A photo needs height x width x 3 or 4 pixels of 8 or 16 bit.")
    return Photo(rgb.copy(), None, "PNG")


def open_photo(path: Path | str) -> Photo:
    """Open a photo, upright. Of an animation or a multi-page file the first picture.

    Raises MienError with one sentence for anything that cannot be opened whole.
    """
    path = Path(path)
    data = _read(path)
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # our own limit below names what to do
    try:
        with Image.open(io.BytesIO(data), formats=sorted(set(FORMATS.values()))) as image:
            width, height = image.size
            if width * height > LARGEST:
                raise MienError(
                    f"{path.name} is {width} x {height} pixels, more than Mien can hold "
                    f"({LARGEST // 10**6} megapixels); reduce it first."
                )
            metadata = _metadata(image, data)
            orientation = image.getexif().get(0x0112, 1)
            pixels = decode(image, data)
            format_ = image.format or "PNG"
    except UnidentifiedImageError:
        raise MienError(
            f"{path.name} is not a photo Mien can read; use JPEG, PNG, WebP, TIFF or BMP."
        ) from None
    except MienError:
        raise
    except MemoryError:
        raise MienError(f"{path.name} does not fit into memory; close other programs.") from None
    except Exception as error:  # decoders raise whatever their library raises
        raise MienError(
            f"{path.name} is damaged or incomplete ({error}); copy it again from its source."
        ) from error
    return Photo(upright(pixels, orientation), path, format_, metadata)


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise MienError(f"There is no file {path}; check the name.") from None
    except IsADirectoryError:
        raise MienError(f"{path} is a folder; give a photo.") from None
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            raise MienError(f"{path} may not be read; check its permissions.") from None
        raise MienError(f"{path} could not be read ({error.strerror}).") from error
    if not data:
        raise MienError(f"{path.name} is empty; copy it again from its source.")
    return data


def _metadata(image: Any, data: bytes) -> Metadata:
    from PIL import JpegImagePlugin

    jpeg = None
    if image.format == "JPEG" and image.mode in ("RGB", "L"):
        sampling = JpegImagePlugin.get_sampling(image) if image.mode == "RGB" else 0
        jpeg = {"qtables": image.quantization, "subsampling": max(sampling, 0)}
        if image.mode == "L":
            jpeg["qtables"] = {0: image.quantization[0], 1: image.quantization[0]}
    exif = image.info.get("exif")
    if image.format == "TIFF":
        tags = image.getexif()
        for tag in _TIFF_STRUCTURE & set(tags):
            del tags[tag]
        exif = tags.tobytes() if len(tags) else None
    dpi = image.info.get("dpi")
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    return Metadata(
        icc=image.info.get("icc_profile"),
        exif=upright_exif(exif),
        xmp=upright_xmp(xmp),
        dpi=(float(dpi[0]), float(dpi[1])) if dpi and dpi[0] > 0 and dpi[1] > 0 else None,
        jpeg=jpeg,
        lossless=image.format == "WEBP" and b"VP8L" in data[:64],
    )


def check_destination(path: Path, *, overwrite: bool = False) -> str:
    """The format a path stands for, after checking that it can be written.

    Raises MienError for an unknown ending, a missing folder or a file that must not be replaced.
    """
    if path.suffix.lower() not in FORMATS:
        raise MienError(
            f"'{path.name}' does not say its format; end it in .jpg, .png, .webp, .tif or .bmp."
        )
    if not path.parent.is_dir():
        raise MienError(f"There is no folder {path.parent}; create it or choose another.")
    if path.is_dir():
        raise MienError(f"{path} is a folder; give a file name.")
    if path.exists() and not overwrite:
        raise MienError(f"{path} exists; choose another name or allow overwriting.")
    return FORMATS[path.suffix.lower()]


def save_losses(photo: Photo, path: Path) -> list[str]:
    """What saving under this name would lose, one short clause each; empty when nothing."""
    format_ = FORMATS.get(path.suffix.lower(), "PNG")
    losses = []
    if photo.pixels.dtype == np.uint16 and format_ not in ("PNG", "TIFF"):
        losses.append("16-bit depth")
    if photo.pixels.shape[2] == 4 and format_ in ("JPEG", "BMP"):
        losses.append("transparency")
    if format_ == "BMP" and (photo.metadata.icc or photo.metadata.exif or photo.metadata.xmp):
        losses.append("metadata and colour profile")
    if format_ == "TIFF" and photo.pixels.dtype == np.uint16 and photo.metadata.exif:
        losses.append("EXIF")
    return losses


def save_photo(
    photo: Photo, path: Path | str, *, overwrite: bool = False, quality: int | None = None
) -> Path:
    """Save a photo whole or not at all; the ending of `path` chooses the format.

    quality: 1..100 for JPEG and WebP; None keeps a JPEG's own tables and a WebP's losslessness.
    Transparency falls on white where the format has none. Raises MienError.
    """
    path = Path(path)
    format_ = check_destination(path, overwrite=overwrite)
    if format_ == "WEBP" and max(photo.size) > WEBP_LARGEST_SIDE:
        raise MienError(f"WebP holds at most {WEBP_LARGEST_SIDE} pixels a side; save as PNG.")
    encode = {"PNG": _write_png, "TIFF": _write_tiff}.get(format_, _write_plain)
    write_atomically(path, lambda file: encode(photo, file, format_, quality))
    return path


def _write_png(photo: Photo, file: BinaryIO, _format: str, _quality: int | None) -> None:
    import cv2

    code = cv2.COLOR_RGBA2BGRA if photo.pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    done, encoded = cv2.imencode(".png", cv2.cvtColor(photo.pixels, code))
    if not done:
        raise MienError("The PNG could not be encoded; save as TIFF.")
    file.write(png_with_metadata(encoded.tobytes(), photo.metadata))


def _write_tiff(photo: Photo, file: BinaryIO, _format: str, _quality: int | None) -> None:
    metadata = photo.metadata
    if photo.pixels.dtype == np.uint16:
        import tifffile

        tags = []
        if metadata.icc:
            tags.append((34675, 7, len(metadata.icc), metadata.icc, True))
        if metadata.xmp:
            tags.append((700, 1, len(metadata.xmp), metadata.xmp, True))
        tifffile.imwrite(
            file,
            photo.pixels,
            photometric="rgb",
            compression="zlib",
            extrasamples=["unassalpha"] if photo.pixels.shape[2] == 4 else None,
            resolution=metadata.dpi,
            resolutionunit="INCH" if metadata.dpi else None,
            extratags=tags,
            metadata=None,
        )
        return
    from PIL import Image

    options: dict[str, Any] = {"compression": "tiff_adobe_deflate"}
    # Pillow takes tags from one place only: XMP travels as a tag of the EXIF block.
    tags = Image.Exif()
    if metadata.exif:
        tags.load(b"Exif\0\0" + metadata.exif)
    if metadata.xmp:
        tags[700] = metadata.xmp
    if len(tags):
        options["exif"] = tags
    if metadata.icc:
        options["icc_profile"] = metadata.icc
    if metadata.dpi:
        options["dpi"] = metadata.dpi
    Image.fromarray(photo.pixels).save(file, "TIFF", **options)


def _write_plain(photo: Photo, file: BinaryIO, format_: str, quality: int | None) -> None:
    """JPEG, WebP and BMP: 8 bit, through Pillow."""
    from PIL import Image

    metadata = photo.metadata
    if format_ == "WEBP" and photo.pixels.shape[2] == 4:
        alpha = photo.pixels[..., 3:]
        if alpha.dtype == np.uint16:
            alpha = ((alpha.astype(np.uint32) + 128) // 257).astype(np.uint8)
        image = Image.fromarray(np.concatenate([photo.rgb8, alpha], axis=2))
    else:
        image = Image.fromarray(_on_white(photo))
    options: dict[str, Any] = {}
    if metadata.dpi and format_ != "WEBP":
        options["dpi"] = metadata.dpi
    if format_ != "BMP":
        for name in ("icc", "xmp"):
            value = getattr(metadata, name)
            if value:
                options["icc_profile" if name == "icc" else name] = value
        if metadata.exif:
            options["exif"] = b"Exif\0\0" + metadata.exif
    if format_ == "JPEG":
        if quality is None and metadata.jpeg:
            options |= metadata.jpeg
        else:
            options |= {"quality": quality or JPEG_QUALITY, "subsampling": 0}
    if format_ == "WEBP":
        lossless = quality is None and metadata.lossless
        options |= {"lossless": lossless, "quality": quality or (75 if lossless else JPEG_QUALITY)}
        options |= {"exact": True, "method": 4}
    image.save(file, format_, **options)


def _on_white(photo: Photo) -> np.ndarray:
    if photo.pixels.shape[2] == 3:
        return photo.rgb8
    top = float(np.iinfo(photo.pixels.dtype).max)
    alpha = photo.pixels[..., 3:].astype(np.float32) / top
    return (photo.rgb8 * alpha + 255 * (1 - alpha) + 0.5).astype(np.uint8)
