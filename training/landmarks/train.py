"""Training the landmark network: its first guess in closed form, then the steps.

The loss is the distance of every node from MediaPipe's on the untouched picture, in inter-ocular
units, for the refined nodes and, at half the weight, for the shape model's first positions;
hidden nodes count twice, since they are what the network is for. The loop around the steps is
that of training.loop.
"""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import lightning_fabric
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.base.errors import MienError
from engine.face.first_guess import SIDE as GUESS_SIDE
from engine.face.first_guess import FirstGuess
from engine.face.landmarks import COMPONENTS, LandmarkNetwork
from engine.face.mesh import LEFT_EYE, RIGHT_EYE
from engine.modules.landmarks import nodes_in_hole
from training.checkpoint import LATEST
from training.faces import FaceShards
from training.failures import explained
from training.landmarks.config import LandmarkConfig
from training.landmarks.data import Batch, LandmarkFaces
from training.landmarks.links import mesh_links
from training.loop import (
    Ahead,
    Losses,
    NetworkTraining,
    Report,
    averaged,
    decayed,
    fabric_for,
    go_on,
)

SHAPES = 20_000  # meshes the shape model is made of
GUESSES = 20_000  # aligned crops the first guess is fitted on
RIDGE = 30.0  # in samples
FIRST = 0.5  # weight of the first positions
HIDDEN = 1.0  # extra weight of hidden nodes


def train(
    config: LandmarkConfig,
    faces: Path,
    run: Path,
    *,
    start: dict[str, Tensor] | None = None,
    device: str = "auto",
    report: Report | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Train in the folder `run`, or go on with it.

    faces: a folder of shards. start: a state dict to begin a new run from. report, stop: see
    `training.trainer.train`. Raises MienError where the folder holds no faces or another run.
    """
    with explained():
        if config.threads:
            torch.set_num_threads(config.threads)
        data = LandmarkFaces(FaceShards(faces), config.holes, config.seed)
        resumed = (run / LATEST).exists()
        if resumed and LandmarkConfig.of_run(run).refinement != config.refinement:
            raise MienError(f"{run} holds a run of another network; choose another folder.")
        fabric = fabric_for(device, precision=config.precision)
        with closing(LandmarkTrainer(fabric, config, data, start, resumed=resumed)) as trainer:
            go_on(trainer, run, report, stop)


def trained(run: Path) -> LandmarkNetwork:
    """The averaged network of a run, frozen and in eval mode. Raises MienError."""
    network = LandmarkNetwork(LandmarkConfig.of_run(run).refinement)
    try:
        network.load_state_dict(averaged(run)[0])
    except RuntimeError as error:
        raise MienError(f"{run} holds a network of another make; train it anew.") from error
    return network.eval().requires_grad_(False)


def shape_model(meshes: np.ndarray, components: int = COMPONENTS) -> tuple[Tensor, Tensor]:
    """(mean 478 x 2, basis components x 478 x 2, each of one standard deviation) of n meshes."""
    values = torch.from_numpy(meshes).double().flatten(1)
    mean = values.mean(0)
    basis = _components(values - mean, components)
    return mean.view(-1, 2).float(), basis.reshape(components, -1, 2).float().contiguous()


def fit_guess(guess: FirstGuess, data: LandmarkFaces, mean: Tensor, basis: Tensor) -> None:
    """Fit the first guess on aligned faces and their mirror images, drawn by their weights.

    mean, basis: the shape model whose coefficients it gives.
    """
    rng = np.random.default_rng([data.seed, 4])
    chosen = rng.choice(len(data), GUESSES, p=data.weights)
    pairs = [data.aligned(int(index), bool(row % 2)) for row, index in enumerate(chosen)]
    pixels = np.stack([crop for crop, _ in pairs]).transpose(0, 3, 1, 2)
    parts = [
        F.adaptive_avg_pool2d(torch.from_numpy(part).float() / 127.5 - 1, GUESS_SIDE)
        for part in np.array_split(pixels, max(1, len(pixels) // 500))
    ]
    values = torch.cat(parts)
    flat = values.flatten(1).double()
    centred = flat - flat.mean(0)
    kept = _components(centred, len(guess.basis))
    left = centred.square().mean(0) - kept.square().sum(0)
    guess.pixel_mean.copy_(flat.mean(0).view_as(guess.pixel_mean))
    guess.basis.copy_(kept.reshape(guess.basis.shape))
    guess.residual.copy_(left.view_as(guess.pixel_mean).mean(0).clamp_min(1e-4))

    # Coefficients from whole crops, the mesh from them: ridge regression.
    known = torch.cat([values, torch.zeros_like(values[:, :1])], 1)
    z = torch.cat([guess.posterior(part) for part in known.split(256)]).double()
    meshes = torch.from_numpy(np.stack([mesh for _, mesh in pairs])).flatten(1)
    modes = ((meshes - mean.flatten()) @ torch.linalg.pinv(basis.flatten(1))).double()
    z_mean, modes_mean = z.mean(0), modes.mean(0)
    matrix = (z - z_mean).mT @ (z - z_mean)
    matrix.diagonal().add_(RIDGE)
    rows = torch.linalg.solve(matrix, (z - z_mean).mT @ (modes - modes_mean))
    guess.rows.copy_(rows)
    guess.offset.copy_(modes_mean - z_mean @ rows)


def _components(centred: Tensor, count: int) -> Tensor:
    """The first principal components of n x D centred values, count x D, one standard deviation
    each; zeros where there are fewer."""
    number, size = centred.shape
    if number < size:
        _, scales, vectors = torch.linalg.svd(centred / number**0.5, full_matrices=False)
    else:
        squares, columns = torch.linalg.eigh(centred.mT @ centred / number)
        scales, vectors = squares.flip(0).clamp_min(0).sqrt(), columns.flip(1).mT
    found = scales[:count, None] * vectors[:count]
    return F.pad(found, (0, 0, 0, count - len(found)))


def node_errors(nodes: Tensor, true: Tensor) -> Tensor:
    """Distances of B x 478 x 2 meshes node by node, in inter-ocular units of the true ones."""
    left, right = true[:, list(LEFT_EYE)].mean(1), true[:, list(RIGHT_EYE)].mean(1)
    unit = (left - right).norm(dim=-1).clamp_min(1e-3)[:, None]
    # The tiny constant keeps the gradient finite where a node is met exactly.
    return ((nodes - true).square().sum(-1) + 1e-9).sqrt() / unit


class LandmarkTrainer(NetworkTraining):
    """The network on batches of misaligned, partly hidden faces.

    start: a state dict to begin from. resumed: a checkpoint will follow, so neither shape model
    nor first guess is made.
    """

    config: LandmarkConfig
    network: LandmarkNetwork

    def __init__(
        self,
        fabric: lightning_fabric.Fabric,
        config: LandmarkConfig,
        data: LandmarkFaces,
        start: dict[str, Tensor] | None = None,
        *,
        resumed: bool = False,
    ) -> None:
        super().__init__(fabric, config)
        self.data, self._ahead = data, Ahead(self._batch)
        network = LandmarkNetwork(config.refinement)
        if start is not None and not resumed:
            network.load_state_dict(start)
        elif not resumed:
            rng = np.random.default_rng([config.seed, 2])
            mean, basis = shape_model(data.sample_meshes(SHAPES, rng))
            network.mean.copy_(mean)
            network.basis.copy_(basis)
            network.link(mesh_links())
            fit_guess(network.guess, data, mean, basis)
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        groups = decayed(network, config.weight_decay, but=("identity",))
        self.set_up(network, torch.optim.AdamW(groups, lr=config.learning_rate))

    def train_step(self) -> Losses | None:
        """One batch: the loss, the error of all nodes and that of the hidden ones."""
        batch = self._ahead.batch(self.step)
        self.network.train()
        device = self.fabric.device
        crops = batch.crops.to(device, memory_format=torch.channels_last)
        hole, true = batch.hole.to(device), batch.nodes.to(device)
        with self.fabric.autocast():
            mesh = self.network.predict(crops, hole)
        hidden = nodes_in_hole(true, hole)
        weight = 1 + HIDDEN * hidden
        errors = node_errors(mesh.nodes, true)
        first = node_errors(mesh.first, true)
        loss = ((errors + FIRST * first) * weight).sum() / weight.sum()
        if not self.descend(loss, self.optimisers["network"], self.network):
            return None
        unseen = (errors * hidden).sum() / hidden.sum().clamp_min(1)
        named = {"loss": loss, "error": errors.mean(), "hidden": unseen}
        return {name: value.detach() for name, value in named.items()}

    def close(self) -> None:
        """End the thread that draws."""
        self._ahead.close()

    def _batch(self, step: int) -> Batch:
        rng = np.random.default_rng([self.config.seed, 3, step])
        return self.data.batch(self.config.batch, rng)
