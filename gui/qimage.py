"""The only bridge between NumPy arrays and QImage."""

from __future__ import annotations

import os

import numpy as np
from PySide6.QtGui import QImage

import cv2  # isort: skip

# OpenCV's wheel points Qt at plugins and fonts of its own, which ours must not load.
for _name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
    if "cv2" in os.environ.get(_name, ""):
        del os.environ[_name]


def image_from_rgb(rgb: np.ndarray) -> QImage:
    """H x W x 3 uint8 as an RGB888 image that shares the array's memory (and keeps it alive)."""
    rgb = np.ascontiguousarray(rgb)
    height, width = rgb.shape[:2]
    return QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)


def image_from_argb(argb: np.ndarray) -> QImage:
    """H x W uint32, premultiplied 0xAARRGGBB, as an image that shares the array's memory."""
    argb = np.ascontiguousarray(argb)
    height, width = argb.shape
    return QImage(argb.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)


def rgb_from_image(image: QImage) -> np.ndarray:
    """A copy of any image as H x W x 3 or 4 uint8; 4 where it has transparency."""
    alpha = image.hasAlphaChannel()
    kind = QImage.Format.Format_RGBA8888 if alpha else QImage.Format.Format_RGB888
    image = image.convertToFormat(kind)
    channels = 4 if alpha else 3
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = rows[:, : image.width() * channels]
    return pixels.reshape(image.height(), image.width(), channels).copy()


def resize(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture reduced to (width, height), each pixel the mean of those it covers."""
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def image_of(pixels: np.ndarray) -> QImage:
    """H x W x 3 or 4, 8 or 16 bit, as an image with memory of its own; 4 has straight alpha."""
    if pixels.dtype == np.uint16:
        pixels = cv2.convertScaleAbs(pixels, alpha=1 / 257)
    if pixels.shape[2] == 3:
        return image_from_rgb(pixels).copy()
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    kind = QImage.Format.Format_RGBA8888
    return QImage(pixels.data, width, height, 4 * width, kind).copy()
