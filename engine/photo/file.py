"""Opening and saving photos: the only door to the files they lie in.

Pixels are RGB or RGBA at 8 or 16 bit, upright, in the photo's own colours; metadata is carried
beside them and written back where the format has room for it. Nothing here changes an existing
file unless told to.
"""

from __future__ import annotations

import errno
import os
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from engine.base.atomic import check_writable, write_atomically
from engine.base.errors import MienError
from engine.base.libraries import missing_library
from engine.photo.decode import decode, kind_of
from engine.photo.encode import anew, check_size, encode, losses
from engine.photo.keep import why_not
from engine.photo.unpack import EndsEarly, NeedsPackage, Unreadable
from engine.photo.value import Photo, Stamp, has_no_colour

FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".avif": "AVIF",
    ".jxl": "JXL",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".dib": "BMP",
}
RAW_SUFFIXES = (
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".orf", ".rw2"),
    *(".raf", ".pef", ".srw", ".3fr", ".iiq", ".rwl", ".x3f"),
)
SAVE_SUFFIXES = tuple(FORMATS)
JPEG_SUFFIXES = tuple(suffix for suffix, name in FORMATS.items() if name == "JPEG")
OPEN_SUFFIXES = (
    *(*FORMATS, ".apng", ".gif", ".mpo", ".heic", ".heif", ".hif"),
    *(".psd", ".psb", ".ora", ".kra"),
    *RAW_SUFFIXES,
)
IDENTICAL, REENCODED = "identical", "re-encoded"
LARGEST_SUMMED = 32 * 2**20  # bytes; opening should cost what decoding costs
LARGEST = 400_000_000  # pixels; beyond, a small file that unpacks to gigabytes is more likely


class IncompletePhotoError(MienError):
    """A photo's file ends before its picture does; `open_photo(..., partial=True)` opens what is
    there."""


def open_photo(path: Path | str, *, partial: bool = False) -> Photo:
    """Open a photo, upright. Of an animation or a multi-page file the first picture.

    partial: of a file that ends early, what is there; the rest is grey. Raises
    IncompletePhotoError for such a file otherwise, and MienError with one sentence for anything
    else that cannot be opened.
    """
    path = Path(path)
    data, stamp = _read(path)
    return replace(photo_of(data, path, partial=partial), stamp=stamp)


def photo_of(data: bytes, path: Path, *, partial: bool = False) -> Photo:
    """The photo that a file's bytes are, upright; path: where they lay, which need not be there any
    more. Raises as `open_photo` does."""

    def check(width: int, height: int) -> None:
        if width * height > LARGEST:
            raise MienError(
                f"{path.name} is {width} x {height} pixels, more than Mien can hold "
                f"({LARGEST // 10**6} megapixels); reduce it first."
            )

    kind = "RAW" if path.suffix.lower() in RAW_SUFFIXES else kind_of(data)
    if kind is None:
        raise MienError(
            f"{path.name} is not a photo Mien can read; use JPEG, PNG, WebP, TIFF, BMP, AVIF, "
            "HEIC, JPEG XL, PSD or GIF."
        )
    try:
        decoded = decode(data, kind, check, partial)
    except MienError:
        raise
    except EndsEarly as error:
        raise IncompletePhotoError(
            f"{path.name} is incomplete: the file ends before its picture does; copy it again from "
            "its source, or open the part that is there."
        ) from error
    except NeedsPackage as error:
        what, package = error.args
        raise MienError(
            f"{path.name} is a {what} file, and {package} is not installed; install it with "
            f"'pip install {package}', or save the photo as JPEG or TIFF elsewhere."
        ) from error
    except Unreadable as error:
        raise MienError(
            f"{path.name} is a {error.args[0]}, which Mien does not read; save it as PNG elsewhere."
        ) from error
    except MemoryError:
        raise MienError(f"{path.name} does not fit into memory; close other programs.") from None
    except Exception as error:  # decoders raise whatever their library raises
        if missing_library(error):
            raise  # that says nothing of the photo
        raise MienError(
            f"{path.name} is damaged or of an unusual kind ({_first_line(error)}); copy it again "
            "from its source, or save it as PNG elsewhere."
        ) from error
    grey = decoded.single or has_no_colour(decoded.pixels)
    return Photo(
        decoded.pixels,
        path,
        decoded.format,
        decoded.metadata,
        decoded.single,
        grey,
        decoded.source,
    )


def file_of(photo: Photo) -> bytes:
    """The bytes of a photo's file; those of a PNG of its pixels where that file is gone, was
    changed since, or never was."""
    path = photo.path
    if path is not None and path.is_file() and not changed_on_disk(photo.stamp, path):
        return _read(path)[0]
    return encode(photo, "PNG", None).data


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0].rstrip(".") if text else type(error).__name__


def _read(path: Path) -> tuple[bytes, Stamp]:
    try:
        with path.open("rb") as file:
            data = file.read()
            status = os.fstat(file.fileno())
    except FileNotFoundError:
        raise MienError(f"There is no file {path}; check the name.") from None
    except IsADirectoryError:
        raise MienError(f"{path} is a folder; give a photo.") from None
    except OSError as error:
        if path.is_dir():
            raise MienError(f"{path} is a folder; give a photo.") from None
        if error.errno in (errno.EACCES, errno.EPERM):
            raise MienError(f"{path} may not be read; check its permissions.") from None
        raise MienError(f"{path} could not be read ({error.strerror}).") from error
    if not data:
        raise MienError(f"{path.name} is empty; copy it again from its source.")
    checksum = zlib.crc32(data) if len(data) <= LARGEST_SUMMED else None
    return data, Stamp(status.st_mtime_ns, status.st_size, checksum)


def stamp_of(path: Path | str) -> Stamp | None:
    """What a file is now, None where there is none to read: to be kept after saving it."""
    try:
        return _read(Path(path))[1]
    except MienError:
        return None


def changed_on_disk(stamp: Stamp | None, path: Path | str) -> bool:
    """Whether a file is another than when `stamp` was taken; one that is gone is not.

    Cheap where its time and size are the same; else its bytes decide, so that a file that was
    only touched is not reported.
    """
    if stamp is None:
        return False
    try:
        status = Path(path).stat()
    except OSError:
        return False
    if status.st_size != stamp.size:
        return True
    if status.st_mtime_ns == stamp.time:
        return False
    if stamp.checksum is None:
        return True
    now = stamp_of(path)
    return now is not None and now.checksum != stamp.checksum


def check_destination(path: Path, *, overwrite: bool = False) -> str:
    """The format a path stands for, after checking that it can be written.

    Raises MienError for an unknown ending, a missing folder, a protected file or one that must
    not be replaced.
    """
    if path.suffix.lower() not in FORMATS:
        raise MienError(
            f"'{path.name}' does not say its format; end it in .jpg, .png, .webp, .tif, .bmp, "
            ".avif or .jxl."
        )
    if not path.parent.is_dir():
        raise MienError(f"There is no folder {path.parent}; create it or choose another.")
    check_writable(path)
    if path.exists() and not overwrite:
        raise MienError(f"{path} exists; choose another name or allow overwriting.")
    return FORMATS[path.suffix.lower()]


def check_room(photo: Photo, path: Path) -> None:
    """Raises MienError where the format of this name cannot hold the photo at all."""
    check_size(photo.size, FORMATS.get(path.suffix.lower(), "PNG"))


def save_losses(photo: Photo, path: Path, quality: int | None = None) -> list[str]:
    """What saving under this name would lose, one short clause each; empty when nothing."""
    return losses(photo, FORMATS.get(path.suffix.lower(), "PNG"), quality)


@dataclass(frozen=True)
class Saved:
    """A file that was written. outside: "identical" where what was not filled is what it was in
    the photo's file (of a JPEG its coefficients), "re-encoded" otherwise. notice: a sentence where
    a JPEG's blocks could have been expected to be kept and were not; why: its reason, a clause."""

    path: Path
    outside: str
    notice: str = ""
    why: str = ""


def may_lie(photo: Photo, path: Path) -> bool:
    """Whether a turned JPEG, saved as a JPEG of this name, keeps its blocks only if it is left on
    its side with its orientation tag (`lying`)."""
    stored = photo.metadata.stored
    if stored is None or photo.source is not None or why_anew(photo, path) == "":
        return False
    return stored.orientation != 1 and why_not(replace(stored, orientation=1)) == ""


def why_anew(photo: Photo, path: Path) -> str:
    """Why a JPEG that is saved as a JPEG of this name is encoded anew as a whole, as a clause; ""
    where only what was filled is, and for other formats."""
    format_ = FORMATS.get(path.suffix.lower())
    return anew(photo, "JPEG") if format_ == photo.format == "JPEG" else ""


def save_photo(
    photo: Photo, path: Path | str, *, overwrite: bool = False, quality: int | None = None
) -> Path:
    """As `write_photo`; the file's path."""
    return write_photo(photo, path, overwrite=overwrite, quality=quality).path


def write_photo(
    photo: Photo,
    path: Path | str,
    *,
    overwrite: bool = False,
    quality: int | None = None,
    lying: bool = False,
) -> Saved:
    """Save a photo whole or not at all; the ending of `path` chooses the format.

    A JPEG of a JPEG keeps the coefficients of all blocks without a changed pixel, as they were in
    the file that was opened, whatever was saved since. quality: 1..100 for JPEG, WebP, AVIF and
    JPEG XL, which encodes all of it; None keeps a JPEG's own tables and a WebP's losslessness, and
    JPEG XL is without loss. lying: a JPEG that was turned to be upright is laid down again and
    keeps its orientation tag, so that its blocks can be kept whatever its size. Transparency falls
    on white where the format has none.
    Raises MienError.
    """
    path = Path(path)
    format_ = check_destination(path, overwrite=overwrite)
    try:
        encoded = encode(photo, format_, quality, lying)
    except MienError:
        raise
    except MemoryError:
        raise MienError(f"{path.name} does not fit into memory; close other programs.") from None
    except Exception as error:  # encoders raise whatever their library raises
        raise MienError(
            f"{path.name} could not be encoded ({_first_line(error)}); save as PNG."
        ) from error
    write_atomically(path, lambda file: file.write(encoded.data))
    if encoded.identical:
        return Saved(path, IDENTICAL)
    if format_ != "JPEG" or photo.format != "JPEG" or quality is not None:
        return Saved(path, REENCODED)
    why = why_anew(photo, path) or "its own blocks do not give the same pixels"
    if "turned" in why:
        why += "; --lying leaves it on its side, as it was"
    return Saved(path, REENCODED, f"{path.name} was encoded anew as a whole: {why}.", why)
