"""(contract) Face, FaceFrame and the finder; implementation in progress."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FaceFrame:
    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0


@dataclass(frozen=True, eq=False)
class Face:
    box: tuple[float, float, float, float]
    score: float
    angle: float
    mesh: np.ndarray | None
