"""How much faces are like each other by what is told of them (engine.reference.identity), and from
when on they are one person's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Cosine of two faces' coefficients from which on they are one person's. Of 50 people photographed
# twice, with glasses, eyes, mouth or the lower face hidden, 3 % of those of one person lie below
# 0.40 and 1 % of those of two above 0.36; in other light, years apart, one person's begin at 0.24.
SAME = 0.3
# Beside one that is surely the person's another one is not believed that has less than this share
# of its cosine.
NEARLY = 0.75


def same_person(likenesses: Sequence[float]) -> list[bool]:
    """Which of the references with these likenesses show the person."""
    least = max(SAME, NEARLY * max(likenesses, default=0.0))
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
