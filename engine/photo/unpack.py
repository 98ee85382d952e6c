"""What the readers of all formats share: a picture that Pillow unpacks, and what lies beside it."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engine.photo.metadata import Metadata
from engine.photo.source import Source

Check = Callable[[int, int], None]
_truncated = threading.Lock()


class EndsEarly(Exception):  # noqa: N818 - told to the user by the one who knows the file's name
    """A file that stops before its picture does."""


class NeedsPackage(Exception):  # noqa: N818 - likewise
    """A kind of file that is read by a package which is not installed: (kind, package)."""


class Unreadable(Exception):  # noqa: N818 - likewise
    """A kind of file that nothing here reads: (kind,)."""


@dataclass
class Unpacked:
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


def opened(data: bytes, kind: str, check: Check) -> Any:
    """Pillow's picture of a format, not unpacked yet; `check` is given its size."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # our own limit names what to do
    formats = ["JPEG", "MPO"] if kind == "JPEG" else [kind]
    image = Image.open(io.BytesIO(data), formats=formats)
    check(*image.size)
    return image


def load(image: Any, partial: bool) -> None:
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


def dpi_of(image: Any) -> tuple[float, float] | None:
    """Pixels an inch, across and down; None where Pillow's picture tells none that can be."""
    if 282 not in getattr(image, "tag_v2", {282: 1}):
        return None  # Pillow makes one pixel an inch of a TIFF that tells nothing
    try:
        x, y = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if 0 < x < 1e6 and 0 < y < 1e6 else None


def orientation_of(exif: bytes | None) -> int:
    """1 to 8; 1 where the EXIF says nothing that can be read."""
    from engine.photo import exif as exif_blocks

    try:
        block = (exif or b"").removeprefix(b"Exif\0\0")
        entries = exif_blocks.read_directory(block, exif_blocks.first_directory(block)).entries
        value = entries[exif_blocks.ORIENTATION].number(exif_blocks.byte_order(block))
    except (KeyError, ValueError, struct.error):
        return 1
    return value if value in range(1, 9) else 1


def rgb_of(image: Any) -> np.ndarray:
    """A Pillow picture of 8 bit as RGB(A)."""
    import cv2

    if image.mode == "L":
        return cv2.cvtColor(np.asarray(image), cv2.COLOR_GRAY2RGB)
    has_alpha = "A" in image.getbands() or "a" in image.getbands()
    has_alpha = has_alpha or "transparency" in image.info
    mode = "RGBA" if has_alpha else "RGB"
    return np.asarray(image if image.mode == mode else image.convert(mode))


def beside(image: Any) -> Unpacked:
    """What Pillow found beside the pixels."""
    exif = image.info.get("exif")
    raw = Unpacked(exif=exif, xmp=image.info.get("xmp"), orientation=orientation_of(exif))
    raw.metadata = Metadata(image.info.get("icc_profile") or None, dpi=dpi_of(image))
    if raw.metadata.dpi is None:
        raw.metadata = replace(raw.metadata, dpi=dpi_of_exif(exif))
    return raw


def dpi_of_exif(exif: bytes | None) -> tuple[float, float] | None:
    """Pixels an inch, as an EXIF block says them; None where it does not."""
    from engine.photo import exif as exif_blocks

    try:
        block = (exif or b"").removeprefix(b"Exif\0\0")
        order = exif_blocks.byte_order(block)
        entries = exif_blocks.read_directory(block, exif_blocks.first_directory(block)).entries
        unit = entries[296].number(order) if 296 in entries else 2
        values = [struct.unpack(order + "II", entries[tag].value) for tag in (282, 283)]
        x, y = (above / below * (2.54 if unit == 3 else 1) for above, below in values)
    except (KeyError, ValueError, ZeroDivisionError, struct.error):
        return None
    return (x, y) if 0 < x < 1e6 and 0 < y < 1e6 else None
