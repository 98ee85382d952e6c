"""What is timed: the same face at every size. No benchmark asserts a time.

`make bench` prints the times; with `--benchmark-json FILE` what is measured beside them (memory,
ratios, targets) is written too, as `extra_info`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.face import geometry
from engine.face.finder import Face
from engine.fill.networks import Networks, load_networks

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _busy(benchmark) -> None:
    """How busy the machine is beside: on a shared one only ratios mean something."""
    if hasattr(os, "getloadavg"):
        benchmark.extra_info["load_before"] = round(os.getloadavg()[0], 1)


@pytest.fixture(scope="session")
def networks() -> Networks:
    """The default model on the CPU in float32, so that figures of two machines mean the same."""
    return load_networks("default", "cpu", "exact")


@pytest.fixture(scope="session")
def crop(astronaut: np.ndarray, face: Face) -> tuple[np.ndarray, np.ndarray]:
    """The astronaut's aligned face, 256 x 256 x 3 float32 in [0, 1], and a centred half-side
    hole."""
    assert face.mesh is not None
    frame = geometry.frame_from_mesh(face.mesh)
    pixels = geometry.cut(astronaut, frame, 256).astype(np.float32) / 255
    hole = np.zeros((256, 256), bool)
    hole[64:192, 64:192] = True
    return pixels, hole
