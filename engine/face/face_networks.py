"""What finds faces and reads their mesh: what the finder needs of it, and MediaPipe's networks on
OpenCV's dnn.

The networks are those of MediaPipe 0.10.21 (Apache-2.0), converted once
(training/face_networks/convert.py) and kept as the model `faces` of the catalogue: BlazeFace in two
ranges (Bazarevsky et al. 2019, arXiv 1907.05047) and the attention mesh (Grishchenko et al. 2020,
arXiv 2006.10962). What MediaPipe's graphs do around them is done here: boxes are read off anchors
and merged by their scores, the mesh is looked for in a turned square around the eyes' line, and its
lips, eyes and irises are refined on features cut out where they lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "faces"
# Scores from which on a detector has seen a face, where they fill little of a picture and where
# much. Lower ones find hardly more and see many where there are none (docs/results.md).
FAR, NEAR = 0.6, 0.5
FAINT = 0.1  # score of what looks like a face at all
PRESENT = 0.5  # of the mesh: how sure it is that its crop holds a face
OVERLAP = 0.3  # intersection over union from which on two boxes are of one face
AROUND = 1.5  # sides of the detected box that the mesh is looked for in
CUT, CUT_MARGIN = 16, 1.5  # cells of a cut-out part; its size over that of the part's nodes


@dataclass(frozen=True, eq=False)
class Sighting:
    """A face as a detector sees it, in pixels of its picture (centres of pixels at .5).

    box: (x, y, width, height), upright. eyes: 2 x 2, the picture's left one first. score: 0..1.
    """

    box: tuple[float, float, float, float]
    eyes: np.ndarray
    score: float


class FaceNetworks(Protocol):
    """Two detectors and a mesh. One thread at a time."""

    def detect(self, rgb: np.ndarray, *, near: bool) -> list[Sighting]:
        """The faces of an H x W x 3 uint8 RGB picture, surest first. near: by the detector of
        faces that fill much of the picture, otherwise by that of smaller ones."""
        ...

    def mesh(self, rgb: np.ndarray) -> np.ndarray | None:
        """The 478 x 2 nodes (float64, pixels) of the surest near face of an H x W x 3 uint8 RGB
        picture; None without one."""
        ...

    def sightings(self, rgb: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """(score, 3 x 2 points: both eyes, the mouth) of whatever in an H x W x 3 uint8 picture
        looks at all like a near face."""
        ...

    def presence(self, rgb: np.ndarray) -> tuple[float, np.ndarray]:
        """(the mesh's logit of there being a face, 478 x 2 nodes in pixels, irises at 0) of an
        upright SIDE x SIDE x 3 uint8 square."""
        ...

    def close(self) -> None:
        """Free the networks."""
        ...


class Detector:
    """BlazeFace: the faces of a picture, put into a square of `side` pixels.

    strides: pixels between anchors, one entry a layer of them; layers of the same stride share
    their places, two anchors each where there are several strides.
    """

    def __init__(self, path: Path, side: int, strides: tuple[int, ...]) -> None:
        self._network, self._side = Network(path, ("boxes", "scores")), side
        self._anchors = anchors(side, strides)

    def __call__(self, rgb: np.ndarray, least: float) -> list[tuple[float, np.ndarray]]:
        """(score, 8 x 2 points in pixels) of every face that scores at least `least`, surest
        first. The points: the box's two corners, the eyes, nose, mouth and both ears."""
        height, width = rgb.shape[:2]
        longer = max(height, width)
        middle = np.array([width / 2, height / 2])
        picture = _cut(rgb, middle, longer, 0.0, self._side, outside="black")
        boxes, scores = self._network(image=planes(picture * np.float32(2 / 255) - 1))
        scores = 1 / (1 + np.exp(-np.clip(scores.reshape(-1).astype(np.float64), -100, 100)))
        seen = scores >= least
        rows, places = boxes.reshape(-1, 8, 2)[seen] / self._side, self._anchors[seen]
        points = rows + places[:, None]
        points[:, 0], points[:, 1] = points[:, 0] - rows[:, 1] / 2, points[:, 0] + rows[:, 1] / 2
        corner = np.array([(longer - width) / 2, (longer - height) / 2])
        return [(s, p * longer - corner) for s, p in merged(points, scores[seen])]


def anchors(side: int, strides: tuple[int, ...]) -> np.ndarray:
    """The places (N x 2, x and y in 0..1) that a detector's rows are relative to."""
    places, layer = [], 0
    while layer < len(strides):
        alike = sum(stride == strides[layer] for stride in strides[layer:])
        count = -(-side // strides[layer])
        along = (np.arange(count) + 0.5) / count
        grid = np.stack(np.meshgrid(along, along), -1).reshape(-1, 2)
        places.append(np.repeat(grid, 2 * alike if len(strides) > 1 else 1, 0))
        layer += alike
    return np.concatenate(places).astype(np.float32)


def merged(points: np.ndarray, scores: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """Detections (N x 8 x 2 points) of which those of one face are averaged by their scores, each
    with the highest of them, surest first (MediaPipe's weighted non-maximum suppression)."""
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        best, others = points[order[0]], points[order]
        shared = np.minimum(best[1], others[:, 1]) - np.maximum(best[0], others[:, 0])
        both = np.clip(shared, 0, None).prod(-1)
        areas = (others[:, 1] - others[:, 0]).prod(-1)
        same = both / ((best[1] - best[0]).prod() + areas - both) > OVERLAP
        if not same.any():
            break  # a box without an area
        weights = scores[order[same]]
        mean = (points[order[same]] * weights[:, None, None]).sum(0) / weights.sum()
        kept.append((float(scores[order[0]]), mean))
        order = order[~same]
    return kept


@dataclass(frozen=True, eq=False)
class Part:
    """Lips or an eye, which the attention mesh looks at a second time.

    nodes: what is refined. line: the two nodes that it is turned level by. iris: the nodes that
    the second look adds.
    """

    name: str
    nodes: np.ndarray
    line: np.ndarray
    iris: np.ndarray | None


class Mesher:
    """The attention mesh: the nodes of the face in an upright square of SIDE pixels."""

    SIDE = 192

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self._parts = [
            Part(
                name,
                np.array(part["nodes"]),
                np.array(part["line"]),
                np.array(part["iris"]) if "iris" in part else None,
            )
            for name, part in facts["parts"].items()
        ]
        self._first = Network(folder / "mesh.onnx", ("features", "mesh", "flag"))
        told = [f"{part.name}_nodes" for part in self._parts]
        told += [f"{_iris(part)}_nodes" for part in self._parts if part.iris is not None]
        self._second = Network(folder / "mesh_parts.onnx", tuple(told))

    def presence(self, picture: np.ndarray) -> tuple[float, np.ndarray]:
        """(logit of there being a face, 478 x 2 nodes in pixels before the second look, irises at
        0) of a SIDE x SIDE x 3 float32 picture in [0, 1]."""
        _, mesh, flag = self._first(image=planes(picture))
        nodes = np.zeros((478, 2))
        nodes[:468] = mesh.reshape(468, 3)[:, :2]
        return float(flag.reshape(-1)[0]), nodes

    def __call__(self, picture: np.ndarray) -> np.ndarray | None:
        """SIDE x SIDE x 3 float32 in [0, 1] -> 478 x 2 in pixels, None where there is no face."""
        features, mesh, flag = self._first(image=planes(picture))
        if 1 / (1 + np.exp(-float(flag.reshape(-1)[0]))) <= PRESENT:
            return None
        features, mesh = features[0], mesh.reshape(468, 3)[:, :2]
        cell = self.SIDE / features.shape[-1]
        squares = {
            p.name: part_square(mesh[p.nodes] / cell, mesh[p.line] / cell) for p in self._parts
        }
        cut = {name: sampled(features, square)[None] for name, square in squares.items()}
        seen = dict(zip(self._second.outputs, self._second(**cut), strict=True))
        nodes = np.zeros((478, 2))
        nodes[:468] = mesh
        for part in self._parts:
            square = squares[part.name]
            for name, where in ((part.name, part.nodes), (_iris(part), part.iris)):
                if where is not None:
                    local = seen[f"{name}_nodes"].reshape(-1, 2)  # pixels of the cut-out part
                    nodes[where] = local @ square[:, :2].T + square[:, 2] * cell
        return nodes


def _iris(part: Part) -> str:
    return part.name.replace("eye", "iris")


def part_square(nodes: np.ndarray, line: np.ndarray) -> np.ndarray:
    """The square in which a part is cut out of the features, as a 2 x 3 matrix from its CUT x CUT
    cells to the features': level with its line (2 x 2), around its nodes (N x 2), with a margin."""
    across = (line[1] - line[0]) / np.linalg.norm(line[1] - line[0])
    turn = np.array([[across[0], -across[1]], [across[1], across[0]]])
    level = nodes @ turn
    low, high = level.min(0), level.max(0)
    linear = turn * (CUT_MARGIN * (high - low) / CUT)
    centre = turn @ ((low + high) / 2)
    return np.column_stack([linear, centre - linear @ np.full(2, CUT / 2)]).astype(np.float32)


def sampled(features: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Features (C x H x W) at the centres of a square's cells, bilinear, 0 outside: C x CUT x CUT.

    NumPy's, since OpenCV's remapping rounds places to 1/32 cell."""
    along = np.arange(CUT, dtype=np.float32) + 0.5
    cells = np.stack([*np.meshgrid(along, along), np.ones((CUT, CUT), np.float32)], -1)
    places = cells @ square.T - 0.5
    limit = np.array(features.shape[:0:-1], np.float32) - 1  # x, y of the last cell
    inside = ((places >= 0) & (places <= limit)).all(-1)
    places = np.clip(places, 0, limit)
    low = np.minimum(places.astype(int), (limit - 1).astype(int))
    (x, y), (across, down) = np.moveaxis(low, -1, 0), np.moveaxis(places - low, -1, 0)
    above = features[:, y, x] * (1 - across) + features[:, y, x + 1] * across
    below = features[:, y + 1, x] * (1 - across) + features[:, y + 1, x + 1] * across
    return ((above * (1 - down) + below * down) * inside).astype(np.float32)


class OpenCvNetworks:
    """The model `faces` on OpenCV's dnn."""

    def __init__(self, far: float = FAR, near: float = NEAR) -> None:
        """far, near: the scores from which on its detectors have seen a face. Raises MienError
        where the model is missing or damaged."""
        from engine.face.face_model import find_face_model, mesh_facts

        folder = find_face_model().folder
        self._detectors = (
            Detector(folder / "faces.onnx", 192, (4,)),
            Detector(folder / "short_range.onnx", 128, (8, 16, 16, 16)),
        )
        self._mesher = Mesher(folder, mesh_facts())
        self._least = far, near

    def detect(self, rgb: np.ndarray, *, near: bool) -> list[Sighting]:
        """As of the protocol."""
        found = self._detectors[near](rgb, self._least[near])
        return [_sighting(score, points) for score, points in found]

    def mesh(self, rgb: np.ndarray) -> np.ndarray | None:
        """As of the protocol."""
        found = self._detectors[True](rgb, self._least[True])
        if not found:
            return None
        points = found[0][1]
        across = points[3] - points[2]
        angle = float(np.arctan2(across[1], across[0]))
        side = float(max(points[1] - points[0])) * AROUND
        middle = (points[0] + points[1]) / 2
        picture = _cut(rgb, middle, side, angle, Mesher.SIDE, outside="edge")
        nodes = self._mesher(picture / np.float32(255))
        if nodes is None:
            return None
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return (nodes / Mesher.SIDE - 0.5) @ turn.T * side + middle

    def sightings(self, rgb: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """As of the protocol."""
        return [(s, points[[2, 3, 5]]) for s, points in self._detectors[True](rgb, FAINT)]

    def presence(self, rgb: np.ndarray) -> tuple[float, np.ndarray]:
        """As of the protocol."""
        return self._mesher.presence(rgb / np.float32(255))

    def close(self) -> None:
        """As of the protocol; what was loaded goes with the last reference to it."""


def _sighting(score: float, points: np.ndarray) -> Sighting:
    (x, y), (width, height) = points[0], points[1] - points[0]
    return Sighting((float(x), float(y), float(width), float(height)), points[2:4], score)


class Network:
    """An ONNX file on OpenCV's dnn: named inputs, float32, to the outputs in the order given."""

    def __init__(self, path: Path, outputs: tuple[str, ...]) -> None:
        import cv2

        # Its bytes, since OpenCV opens no path with foreign letters on Windows.
        data = np.frombuffer(path.read_bytes(), np.uint8)
        self._network, self.outputs = cv2.dnn.readNetFromONNX(data), outputs

    def __call__(self, **inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        for name, value in inputs.items():
            self._network.setInput(value, name)
        return tuple(self._network.forward(list(self.outputs)))


def planes(picture: np.ndarray) -> np.ndarray:
    """H x W x 3 -> 1 x 3 x H x W."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None])


def _cut(
    rgb: np.ndarray, middle: np.ndarray, side: float, angle: float, pixels: int, *, outside: str
) -> np.ndarray:
    """A turned square of a uint8 picture as pixels x pixels x 3 float32 of the same range, sampled
    as MediaPipe does. angle: radians, clockwise. outside: "black", or "edge" continues the edge."""
    import cv2

    half = side / 2
    across = np.array([np.cos(angle), np.sin(angle)]) * half
    down = np.array([-np.sin(angle), np.cos(angle)]) * half
    corners = [middle - across - down, middle + across - down, middle + across + down]
    corners.append(middle - across + down)
    square = np.array([(0, 0), (pixels, 0), (pixels, pixels), (0, pixels)], np.float32)
    matrix = cv2.getPerspectiveTransform(np.array(corners, np.float32), square)
    border = cv2.BORDER_CONSTANT if outside == "black" else cv2.BORDER_REPLICATE
    return cv2.warpPerspective(
        rgb, matrix, (pixels, pixels), flags=cv2.INTER_LINEAR, borderMode=border
    ).astype(np.float32)
