"""From an open picture file to RGB(A) pixels of 8 or 16 bit: what Pillow alone cannot do."""

from __future__ import annotations

import io
from typing import Any

import numpy as np


def decode(image: Any, data: bytes) -> np.ndarray:
    """Pixels as RGB(A), 8 or 16 bit."""
    if image.format == "PNG" and data[24] == 16:
        return _decode_deep(data, complete=b"IEND" in data[-16:])
    if image.format == "TIFF" and 16 in np.atleast_1d(image.tag_v2.get(258, 8)):
        return _decode_deep_tiff(data)
    image.load()
    if image.mode in ("I", "F"):
        raise ValueError("32-bit pixels are not supported")
    if image.mode == "CMYK":
        image = _from_cmyk(image)
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    return np.asarray(image.convert("RGBA" if has_alpha else "RGB"))


def _decode_deep(data: bytes, complete: bool) -> np.ndarray:
    import cv2

    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or not complete:
        raise ValueError("the file ends early")
    if pixels.ndim == 2:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    code = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return cv2.cvtColor(pixels, code)


def _decode_deep_tiff(data: bytes) -> np.ndarray:
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        pixels = page.asarray()  # type: ignore[union-attr]
        if page.photometric.name == "MINISWHITE":  # type: ignore[union-attr]
            pixels = 65535 - pixels
        if page.planarconfig == 2 and pixels.ndim == 3:  # type: ignore[union-attr]
            pixels = np.moveaxis(pixels, 0, -1)
    if pixels.dtype != np.uint16:
        raise ValueError(f"{pixels.dtype} pixels are not supported")
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    if pixels.shape[2] == 2:
        pixels = pixels[..., [0, 0, 0, 1]]
    return np.ascontiguousarray(pixels[..., :4])


def _from_cmyk(image: Any) -> Any:
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if not profile:
        return image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except ImageCms.PyCMSError:
        return image.convert("RGB")
    finally:
        # What is now sRGB must not be labelled with an ink profile.
        image.info.pop("icc_profile", None)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """EXIF orientations 1 to 8 undone."""
    turned = {
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: p.swapaxes(0, 1)[:, ::-1],
        7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
        8: lambda p: p.swapaxes(0, 1)[::-1],
    }
    return np.ascontiguousarray(turned.get(orientation, lambda p: p)(pixels))
