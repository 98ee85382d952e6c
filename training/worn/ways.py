"""Smooth ways through points: outlines and lines of things."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

STEPS = 8  # points of a curve between two that are given


def curved(points: np.ndarray) -> np.ndarray:
    """A closed Catmull-Rom curve through N x 2 points, N STEPS x 2."""
    return _spline(np.vstack([points[-1], points, points[0], points[1]]))[:-1]


def walked(points: np.ndarray) -> np.ndarray:
    """An open one; it begins and ends in the first and the last point."""
    first, last = 2 * points[0] - points[1], 2 * points[-1] - points[-2]
    return _spline(np.vstack([first, points, last]))


def mirrored(half: ArrayLike) -> np.ndarray:
    """An outline that is the same on both sides: its right half from top to bottom (N x 2, face
    coordinates), and the same on the left from bottom to top."""
    right = np.asarray(half, np.float64)
    return np.vstack([right, right[::-1] * (-1, 1)])


def _spline(p: np.ndarray) -> np.ndarray:
    t = np.linspace(0, 1, STEPS, endpoint=False)[None, :, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return np.vstack([curve.reshape(-1, 2), p[-2]])
