"""How far the lids of eyes are apart, read off a mesh."""

from __future__ import annotations

import numpy as np

from engine.face.mesh import inter_ocular

LIDS = ((159, 145), (386, 374))  # an upper and a lower node of each eye
# How far lids are apart in eyes that count as closed, in distances between the eyes. Of the 520
# faces it was looked at on, the 8 below it sleep, blink, or look down; smiles begin at 0.073.
CLOSED = 0.065


def opening(nodes: np.ndarray, pair: tuple[int, int]) -> float:
    """How far an upper and a lower node are apart, inter-ocular distances; nodes: 478 x 2."""
    upper, lower = pair
    return float(np.linalg.norm(nodes[lower] - nodes[upper]) / max(inter_ocular(nodes), 1e-6))


def lids_apart(mesh: np.ndarray) -> tuple[float, float]:
    """How far the lids of the eyes at the left and the right of the picture are apart, eye
    distances. mesh: 478 x 2 (or x 3) photo pixels."""
    left, right = (opening(mesh[:, :2], pair) for pair in LIDS)
    return left, right


def eyes_closed(mesh: np.ndarray) -> bool:
    """Whether both eyes of a mesh (478 x 2) are closed."""
    return max(lids_apart(mesh)) <= CLOSED
