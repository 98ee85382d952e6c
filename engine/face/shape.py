"""The space of face shapes: what a dragged node or an expression takes along, and how far it goes.

Meshes of one framing are Gaussian: mean, principal components and what these leave over (Cootes et
al. 1995). A dragged node is an observation of that Gaussian: given the nodes that are seen, the
hidden ones follow as far as faces let them, a neighbour far, the other side little. Where a shape
would be less probable than nearly all faces are, it stops, and the node with it.

Meshes may be in any units: they are brought to the model's framing by their own eyes and mouth.
NumPy alone, since the editor asks this at every movement of the pointer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from engine.face import geometry
from engine.readings import EMOTIONS

if TYPE_CHECKING:
    from pathlib import Path

TENSORS = ("mean", "modes", "spread", "radius", "reach", "expressions")
SEEN = 0.004  # frame units that a seen node may be wrong by
GUESSED = 0.02  # and a predicted one
LOOSE = 0.02  # frame units that a hidden node may miss an expression's place by
ARRIVED = 0.0005  # frame units within which a dragged node is where it was dragged to
HALVINGS = 8  # of the way to where a handle stops
Placed = tuple[int, float, float]  # node, x, y


@dataclass(frozen=True, eq=False)
class Moved:
    """A mesh that was changed. nodes: 478 x 2. share: of the wish that was granted, 0 .. 1; below 1
    the shape stopped where faces end."""

    nodes: np.ndarray
    share: float


class ShapeModel:
    """The shapes of faces, with P modes.

    Tensors: mean 478 x 2, frame units; modes 956 x P, one standard deviation each; spread 956,
    standard deviation left over; radius, the Mahalanobis distance from the mean within which nearly
    all faces lie; reach N, how far 1 .. N nodes lie from where the seen ones let them be expected,
    in nearly all faces, in standard deviations; expressions 7 x P, what an expression of EMOTIONS
    adds to the neutral face.
    """

    def __init__(self, tensors: dict[str, np.ndarray]) -> None:
        values = {name: np.asarray(tensors[name], np.float64) for name in TENSORS}
        self.mean, self.modes = values["mean"], values["modes"]
        self.noise, self.radius = values["spread"] ** 2, float(values["radius"].reshape(-1)[0])
        self.reach, self.expressions = values["reach"], values["expressions"]

    def coefficients(self, nodes: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """The most probable P coefficients of a mesh (478 x 2) of which `hidden` (478) nodes are
        predictions; their length is its Mahalanobis distance."""
        offset = self._framed(nodes)[1] - self.mean.ravel()
        weight = 1 / (self.noise + np.where(_twice(hidden) > 0, GUESSED, SEEN) ** 2)
        weighted = self.modes.T * weight
        matrix = weighted @ self.modes
        matrix[np.diag_indices_from(matrix)] += 1
        return np.linalg.solve(matrix, weighted @ offset)

    def drag(self, nodes: np.ndarray, hidden: np.ndarray, placed: Sequence[Placed]) -> Moved:
        """A mesh (478 x 2) with some nodes put elsewhere and its hidden ones (478, 0 or 1)
        following; those that are seen stay. placed: (node, x, y) in the mesh's units.

        A node that is seen cannot be dragged, and one that is where it was put is not dragged.
        """
        last = {node: (x, y) for node, x, y in placed}
        wanted = [(n, *at) for n, at in last.items() if hidden[n] and tuple(nodes[n]) != at]
        if not wanted:
            return Moved(nodes, 1.0)
        index = np.array([node for node, *_ in wanted])
        frame, flat = self._framed(nodes)
        target = geometry.transform(frame, np.array([place for _, *place in wanted]))
        rows = self.modes.reshape(-1, 2, self.modes.shape[1])[index].reshape(2 * len(index), -1)
        precision = self._stiffness(hidden)
        change = _least(precision, rows, target.ravel() - flat.reshape(-1, 2)[index].ravel())
        reach = float(self.reach[min(len(index), len(self.reach)) - 1])
        return self._moved(nodes, hidden, frame, change, precision, reach)

    def reached(
        self,
        nodes: np.ndarray,
        hidden: np.ndarray,
        placed: Sequence[Placed],
        start: tuple[float, float],
    ) -> tuple[float, float]:
        """How far the last of the placed nodes comes on its way from `start` to its place, the
        others staying where they are put: where a handle stops that is pulled out of the face."""
        *others, (node, x, y) = placed

        def at(share: float) -> Placed:
            return node, start[0] + share * (x - start[0]), start[1] + share * (y - start[1])

        if self.drag(nodes, hidden, placed).share >= 1:
            return x, y
        if self.drag(nodes, hidden, [*others, at(0.0)]).share < 1:
            # The face changed under nodes that were placed before: all of them stop short.
            return tuple(self.drag(nodes, hidden, placed).nodes[node].tolist())
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if self.drag(nodes, hidden, [*others, at(middle)]).share >= 1:
                low = middle
            else:
                high = middle
        return at(low)[1:]

    def express(
        self,
        nodes: np.ndarray,
        hidden: np.ndarray,
        reading: np.ndarray,
        emotion: str,
        push: float,
    ) -> Moved:
        """A mesh whose hidden nodes go from the expression that was read off the visible part
        (reading: 7 probabilities) towards another; push 1 is what people's faces do on average."""
        wanted = self.expressions[EMOTIONS.index(emotion)] - reading @ self.expressions
        frame, _ = self._framed(nodes)
        precision = self._stiffness(hidden)
        # Hidden nodes are told to move as people's do, seen ones to stay; between them, as faces.
        weight = (_twice(hidden) > 0) / LOOSE**2
        told = (self.modes.T * weight) @ self.modes
        change = push * np.linalg.solve(precision + told, told @ wanted)
        return self._moved(nodes, hidden, frame, change, precision, float(self.reach[-1]))

    def parted(
        self,
        nodes: np.ndarray,
        hidden: np.ndarray,
        pairs: Sequence[tuple[int, int]],
        times: float,
        held: Sequence[int] = (),
    ) -> Moved:
        """A mesh with the two nodes of each hidden pair so many times as far apart as they are,
        and its hidden nodes following: where the pairs lie is free. held: nodes that stay."""
        upper, lower = np.array(pairs).T
        frame, flat = self._framed(nodes)
        places, rows = flat.reshape(-1, 2), self.modes.reshape(-1, 2, self.modes.shape[1])
        gaps = (places[lower] - places[upper]).ravel()
        between = (rows[lower] - rows[upper]).reshape(len(gaps), -1)
        still = rows[list(held)].reshape(2 * len(held), -1)
        precision = self._stiffness(hidden)
        step = np.concatenate([(times - 1) * gaps, np.zeros(len(still))])
        change = _least(precision, np.concatenate([between, still]), step)
        reach = float(self.reach[min(len(pairs), len(self.reach)) - 1])
        return self._moved(nodes, hidden, frame, change, precision, reach)

    def held(self, nodes: np.ndarray, changed: np.ndarray, hidden: np.ndarray) -> Moved:
        """As much of the change from one mesh to another as leaves it a face."""
        here = self.coefficients(nodes, hidden)
        edge = max(self.radius, float(np.linalg.norm(here)))
        share = _until(here, self.coefficients(changed, hidden) - here, edge)
        return Moved(nodes + share * (changed - nodes) if share < 1 else changed, share)

    def _stiffness(self, hidden: np.ndarray) -> np.ndarray:
        """The precision P x P of a change of shape that leaves the seen nodes where they are."""
        weight = (_twice(hidden) <= 0) / (self.noise + SEEN**2)
        matrix = (self.modes.T * weight) @ self.modes
        matrix[np.diag_indices_from(matrix)] += 1
        return matrix

    def _moved(
        self,
        nodes: np.ndarray,
        hidden: np.ndarray,
        frame: np.ndarray,
        change: np.ndarray,
        precision: np.ndarray,
        reach: float,
    ) -> Moved:
        """The mesh after as much of a change of coefficients as leaves it a face."""
        here = self.coefficients(nodes, hidden)
        length = float(np.sqrt(change @ precision @ change))
        share = min(1.0, reach / max(length, 1e-12))
        # A face that lies outside already may come nearer and go no further.
        edge = max(self.radius, float(np.linalg.norm(here)))
        share = min(share, _until(here, change, edge))
        shift = (self.modes @ (share * change)).reshape(-1, 2) @ geometry.invert(frame)[:, :2].T
        return Moved(np.where(np.asarray(hidden)[:, None] > 0, nodes + shift, nodes), share)

    def _framed(self, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(the mesh's frame, its nodes in it as 956 numbers)."""
        frame = geometry.frame_from_mesh(nodes)
        return frame, geometry.transform(frame, nodes).ravel()


def _least(precision: np.ndarray, rows: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Of all changes of coefficients for which `rows @ change` is `step` the one that costs
    least."""
    spread = np.linalg.solve(precision, rows.T)
    told = rows @ spread
    told[np.diag_indices_from(told)] += ARRIVED**2
    return spread @ np.linalg.solve(told, step)


def _twice(hidden: np.ndarray) -> np.ndarray:
    return np.repeat(np.asarray(hidden, np.float64), 2)


def _until(start: np.ndarray, step: np.ndarray, edge: float) -> float:
    """The largest share of a step, at most 1, that ends within `edge` of the origin."""
    a, b, c = float(step @ step), float(start @ step), float(start @ start) - edge**2
    if a < 1e-18:
        return 1.0
    root = max(0.0, b * b - a * min(c, 0.0)) ** 0.5
    return float(np.clip((root - b) / a, 0, 1))


@lru_cache(maxsize=1)
def _read(path: Path, sha256: str) -> ShapeModel:
    from safetensors.numpy import load_file

    return ShapeModel(load_file(str(path)))


def load_shapes() -> ShapeModel | None:
    """The installed space of shapes, None where none is installed.

    Raises MienError when its file is damaged.
    """
    from engine.catalogue.weights import newest, verify

    manifest = newest("shapes")
    if manifest is None:
        return None
    verify(manifest)
    return _read(manifest.path, manifest.sha256)
