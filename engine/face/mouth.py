"""Whether a hidden mouth is open: decided, where a mean of both would be neither.

Of mouths few are half open: of 6,000 training faces 8 % have inner lips between 0.03 and 0.1 of
their width apart, and what the landmark network expects of them, a mean, lies there in 30 %. Lips
hardly parted over a row of dots belong to nobody. So hidden lips are the more probable of the two:
closed, or as far apart as open ones are on average.
"""

from __future__ import annotations

import math

import numpy as np

from engine.face.mesh import INNER_LIPS, inter_ocular
from engine.face.shape import ShapeModel

# The inner lips from the left corner to the right one, the lower and the upper.
LOWER = INNER_LIPS[:11]
UPPER = (INNER_LIPS[0], *INNER_LIPS[:9:-1])
PAIRS = tuple(zip(UPPER[1:-1], LOWER[1:-1], strict=True))  # nodes that meet as a mouth closes
CORNERS = (61, 291)  # a smile stays as wide and as high, with lips closed or parted
# Of 6,340 faces whose mouths were hidden: the expected openness at which as many of them are open
# as closed, and how fast the odds change (a logistic curve); by it 84 % are told right.
EVEN, WIDTH = 0.087, 0.032
OPEN = (
    0.16  # openness of open ones, at least: what is expected of them between 0.06 and 0.15 is 0.18
)
UNSURE = 0.15  # probability of the less probable from which on a variant shows it


def openness(mesh: np.ndarray) -> float:
    """The height between the middles of the inner lips over the mouth's width; mesh: 478 x 2."""
    left, top, right, bottom = np.asarray(mesh)[[UPPER[0], UPPER[5], UPPER[-1], LOWER[5]]]
    return float(np.linalg.norm(bottom - top) / max(np.linalg.norm(right - left), 1e-6))


def decided(
    shapes: ShapeModel,
    nodes: np.ndarray,
    hidden: np.ndarray,
    *,
    asked: bool | None = None,
    other: bool = False,
) -> np.ndarray | None:
    """A mesh (478 x 2, any units) whose mouth is open or closed; None where lips are seen, and
    nothing is to be decided.

    hidden: 478 of 0 and 1. asked: whether it shall be open; None takes the more probable, or with
    `other` the less probable unless it is hardly possible.
    """
    if not all(hidden[node] for node in (*UPPER, *LOWER)) or not inter_ocular(nodes):
        return None  # of a network that has learnt nothing all nodes lie in one place
    expected = openness(nodes)
    probable = 1 / (1 + math.exp((EVEN - expected) / WIDTH))
    is_open = probable > 0.5 if asked is None else asked
    if asked is None and other and min(probable, 1 - probable) > UNSURE:
        is_open = not is_open
    if is_open and expected >= OPEN:
        return nodes
    times = OPEN / max(expected, 1e-6) if is_open else 0.0
    return shapes.parted(nodes, hidden, PAIRS, times, CORNERS).nodes
