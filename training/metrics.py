"""PSNR, SSIM and hole error of saved pictures, in float64.

Inputs are H x W x 3 uint8 as read back from PNG. Everything is widened before it is subtracted: in
uint8 the difference of 10 and 20 is 246, its square wraps to 100, and PSNR rises by ten decibels.
"""

from __future__ import annotations

import cv2
import numpy as np


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, data range 255; infinite for equal pictures."""
    error = np.square(_wide(one) - _wide(other)).mean()
    return float("inf") if error == 0 else float(10 * np.log10(255.0**2 / error))


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Structural similarity (Wang et al. 2004): Gaussian window 11, sigma 1.5, mean over RGB.

    Only windows that lie inside the picture count.
    """
    a, b = _wide(one), _wide(other)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = _window(a), _window(b)
    variance_a = _window(a * a) - mean_a**2
    variance_b = _window(b * b) - mean_b**2
    covariance = _window(a * b) - mean_a * mean_b
    similar = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    scale = (mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)
    return float((similar / scale)[5:-5, 5:-5].mean())


def hole_mae(one: np.ndarray, other: np.ndarray, hole: np.ndarray) -> float:
    """Mean absolute error inside the hole (H x W bool), 0..255; 0 without a hole."""
    if not hole.any():
        return 0.0
    return float(np.abs(_wide(one)[hole] - _wide(other)[hole]).mean())


def _wide(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float64)


def _window(picture: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(picture, (11, 11), 1.5)
