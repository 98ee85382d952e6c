"""Orientation: pictures that lie as a camera was held, and stand as they are looked at."""

from __future__ import annotations

import numpy as np


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


def turned_point(
    x: float, y: float, size: tuple[float, float], orientation: int
) -> tuple[float, float]:
    """Where a point of a picture of this (width, height) lies once orientation 1 to 8 is undone."""
    width, height = size
    if orientation >= 5:
        x, y, width, height = y, x, height, width
    if orientation in (2, 3, 6, 7):
        x = width - x
    if orientation in (3, 4, 7, 8):
        y = height - y
    return x, y


def undone(orientation: int) -> int:
    """The orientation that lays an upright picture down again."""
    return {6: 8, 8: 6}.get(orientation, orientation)
