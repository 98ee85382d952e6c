"""How much faces are like each other by what is told of them (engine.reference.identity), and from
when on they are one person's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Cosine of two faces' coefficients from which on they are one person's. With seven kinds of holes
# over 8 people kept aside, at most 2 strangers of 56 have so much (up to 0.47), and of one person
# all have 0.41 and more but one whose fringe lies otherwise (0.07). They were taken in one studio:
# of other origins the 99th stranger of 100 has 0.15, and one person in other light begins at 0.2.
SAME = 0.4
FOUND = 0.3  # the same for what is offered, to be looked at
# Beside one that is surely the person's another one is not believed that has less than this share
# of its cosine.
NEARLY = 0.75


def same_person(likenesses: Sequence[float], least: float = SAME) -> list[bool]:
    """Which of the references with these likenesses, of at least `least`, show the person."""
    least = max(least, NEARLY * max(likenesses, default=0.0))
    return [value >= least for value in likenesses]


def alike(told: np.ndarray, unsure: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How much faces are like one of which something may be hidden, N cosines.

    told, unsure: of that one, as of `told_of`. others: N x K coefficients of faces that are seen.
    """
    # Seen as little as the one is, a face of coefficients z would be told as (P - 1) / P z, with P
    # the precision: what is hidden of the one is compared with nothing.
    shown = others - others @ unsure
    lengths = np.linalg.norm(shown, axis=1) * np.linalg.norm(told)
    return (shown @ told) / np.maximum(lengths, 1e-9)
