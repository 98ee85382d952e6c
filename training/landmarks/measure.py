"""How far predicted nodes lie from MediaPipe's on the untouched picture, by kind of hole.

The error of a face is the mean distance over the nodes that the hole hides (all nodes where there
is no hole), in inter-ocular units of the true mesh; a figure is the mean over faces. Measured the
same way: the mean face, the prior's linear map, and MediaPipe on the picture with the hole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.face.landmarks import LandmarkNetwork
from engine.face.mesh import LEFT_EYE, NODES, RIGHT_EYE
from engine.modules.landmarks import nodes_in_hole
from engine.prior import FacePrior
from training.faces import FaceShards
from training.masks import draw_hole

HOLES = ("none", "mouth", "eyes", "left_half", "centre")
SPREAD_HOLES = ("mixed", "mixed", "mixed", "left_half", "right_half", "centre")
SIDE = 256  # of the crops that are measured on
RIDGE = 30.0  # in samples, of the prior's linear map
LEAST = 20  # times a node must have been hidden for a spread of its own
Predictor = Callable[[Tensor, Tensor], Tensor | None]


@dataclass(frozen=True)
class Figure:
    """error: mean over the faces that were found, inter-ocular units, None where none was.
    found: share of faces for which there was a prediction."""

    error: float | None
    found: float


def node_errors(nodes: Tensor, true: Tensor) -> Tensor:
    """Distances of B x 478 x 2 meshes node by node, in inter-ocular units of the true ones."""
    left, right = true[:, list(LEFT_EYE)].mean(1), true[:, list(RIGHT_EYE)].mean(1)
    unit = (left - right).norm(dim=-1).clamp_min(1e-3)[:, None]
    # The tiny constant keeps the gradient finite where a node is met exactly.
    return ((nodes - true).square().sum(-1) + 1e-9).sqrt() / unit


@torch.inference_mode()
def measure(
    faces: FaceShards, predictors: dict[str, Predictor], seed: int = 0
) -> dict[str, dict[str, Figure]]:
    """Figures by hole kind and predictor.

    A predictor maps a crop (1 x 3 x 256 x 256 in [-1, 1], hole zeroed) and its hole
    (1 x 1 x 256 x 256) to 1 x 478 x 2 nodes in crop units, or None where it finds no face.
    """
    figures: dict[str, dict[str, Figure]] = {}
    for number, kind in enumerate(HOLES):
        errors: dict[str, list[float]] = {name: [] for name in predictors}
        for index in range(len(faces)):
            rng = np.random.default_rng([seed, number, index])
            crop, hole, true = holed(faces, index, kind, rng)
            hidden = nodes_in_hole(true, hole) if kind != "none" else torch.ones(1, NODES)
            if not hidden.any():
                continue
            for name, predictor in predictors.items():
                nodes = predictor(crop, hole)
                error = np.nan
                if nodes is not None:
                    distances = node_errors(nodes, true) * hidden
                    error = float(distances.sum() / hidden.sum())
                errors[name].append(error)
        figures[kind] = {name: _figure(values) for name, values in errors.items()}
    return figures


@torch.inference_mode()
def measure_spread(network: LandmarkNetwork, faces: FaceShards, seed: int = 0) -> Tensor:
    """The root mean square distance of every node from its place where it is hidden, 478, crop
    units; nodes that are hardly ever hidden get the mean of the others."""
    sums, counts = torch.zeros(NODES), torch.zeros(NODES)
    for number, kind in enumerate(SPREAD_HOLES):
        for index in range(len(faces)):
            rng = np.random.default_rng([seed, 100 + number, index])
            crop, hole, true = holed(faces, index, kind, rng)
            hidden = nodes_in_hole(true, hole)[0]
            distances = (network(crop, hole) - true)[0].square().sum(-1)
            sums += hidden * distances
            counts += hidden
    known = counts >= LEAST
    overall = sums.sum() / counts.sum().clamp_min(1)
    return torch.where(known, sums / counts.clamp_min(1), overall).sqrt()


def holed(
    faces: FaceShards, index: int, kind: str, rng: np.random.Generator, side: int = SIDE
) -> tuple[Tensor, Tensor, Tensor]:
    """(crop 1 x 3 x S x S with the hole zeroed, hole 1 x 1 x S x S, true nodes 1 x 478 x 2)."""
    mesh = faces.mesh_in_crop(index, side)
    hidden = np.zeros((side, side), bool)
    if kind != "none":
        hidden = draw_hole(kind, side, rng, mesh)
    hole = torch.from_numpy(hidden.astype(np.float32))[None, None]
    picture = faces.crop(index, side).transpose(2, 0, 1).astype(np.float32)
    crop = torch.from_numpy(picture)[None] / 127.5 - 1
    return crop * (1 - hole), hole, torch.from_numpy(mesh / side).float()[None]


def mean_face(faces: FaceShards) -> Predictor:
    """The mean mesh of the training faces, whatever the picture."""
    weights = faces.weights()
    meshes = np.stack([faces.mesh_in_crop(i, 1) for i in range(len(faces))])
    mean = torch.from_numpy((weights[:, None, None] * meshes).sum(0)).float()[None]
    return lambda crop, hole: mean


@torch.inference_mode()
def prior_map(prior: FacePrior, faces: FaceShards, count: int = 5000) -> Predictor:
    """The mesh as a linear map of the prior's coefficients, fitted by ridge regression on `count`
    untouched training faces drawn by their weights."""
    rng = np.random.default_rng(0)
    count = min(count, len(faces))
    chosen = rng.choice(len(faces), count, replace=False, p=faces.weights())
    nothing = torch.zeros(1, 1, prior.side, prior.side)
    z = []
    for part in np.array_split(chosen, max(1, count // 64)):
        pictures = np.stack([faces.crop(int(i), prior.side) for i in part])
        crops = torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float32)) / 127.5 - 1
        z.append(prior.posterior(crops, nothing).mean)
    meshes = np.stack([faces.mesh_in_crop(int(i), 1) for i in chosen]).reshape(count, -1)
    x, y = torch.cat(z).double(), torch.from_numpy(meshes)
    x_mean, y_mean = x.mean(0), y.mean(0)
    matrix = (x - x_mean).mT @ (x - x_mean)
    matrix.diagonal().add_(RIDGE)
    rows = torch.linalg.solve(matrix, (x - x_mean).mT @ (y - y_mean))

    def predict(crop: Tensor, hole: Tensor) -> Tensor:
        found = prior.posterior(crop, hole).mean.double()
        return ((found - x_mean) @ rows + y_mean).view(-1, NODES, 2).float()

    return predict


def mediapipe() -> Predictor:
    """MediaPipe's mesh of the crop with its hole painted grey, in a border as wide as it likes."""
    from engine.face.face_networks import OpenCvNetworks

    networks = OpenCvNetworks()

    def predict(crop: Tensor, hole: Tensor) -> Tensor | None:
        side = crop.shape[-1]
        border = side // 4
        pixels = ((crop[0] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        padded = np.pad(pixels, ((border, border), (border, border), (0, 0)), mode="edge")
        mesh = networks.mesh(np.ascontiguousarray(padded))
        return None if mesh is None else torch.from_numpy((mesh - border) / side).float()[None]

    return predict


def table(figures: dict[str, dict[str, Figure]]) -> str:
    """The figures as a Markdown table, one row a predictor."""
    names = list(figures[HOLES[0]])
    lines = [f"| | {' | '.join(HOLES)} |", "|---" * (len(HOLES) + 1) + "|"]
    for name in names:
        cells = []
        for kind in HOLES:
            figure = figures[kind][name]
            cell = "-" if figure.error is None else f"{figure.error:.4f}"
            cells.append(cell if figure.found == 1 else f"{cell} ({figure.found:.0%} found)")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _figure(errors: list[float]) -> Figure:
    values = np.array(errors)
    found = values[np.isfinite(values)]
    return Figure(float(found.mean()) if len(found) else None, len(found) / max(1, len(values)))
