"""From which likeness on two faces are one person's (engine.reference.identity tells it)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Of 322 faces (65 pairs of one person: 50 smiling and not, two in four lights or from four
# distances, one in three cameras and years) and each of nine parts hidden in both, at most 2 of 100
# of one person have less (glasses: 3), and 3 of 1,000 strangers have more (glasses: 25).
SAME = 0.5
FOUND = 0.45  # the same for what is offered, to be looked at


def same_person(likenesses: Sequence[float], least: float = SAME) -> list[bool]:
    """Which of the references with these likenesses, of at least `least`, show the person."""
    return [value >= least for value in likenesses]


def alike(told: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How much faces are like one, N numbers: 1 is the same picture, strangers have 0.3 in the
    mean. told: 128 numbers. others: N x 128, with as much hidden."""
    return 1 - np.linalg.norm(others - told, axis=1)
