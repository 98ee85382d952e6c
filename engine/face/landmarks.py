"""The hole-aware landmark network: the face mesh of an aligned crop, hidden parts included.

A linear first guess and a small convolutional trunk that corrects it give first node positions as
coefficients of a shape model (principal components of meshes, Cootes et al. 1995); a graph
convolution over the face mesh (Kipf & Welling 2016) then moves every node by what the trunk saw at
its place, whether it is hidden, and what its neighbours say. Distilled from MediaPipe's meshes of
untouched pictures, with random holes and misaligned crops, so that it answers where MediaPipe
finds nothing.

It serves three times: for the hidden nodes that the landmark module is told, as a differentiable
loss (with an empty hole), and for the mesh of a face that MediaPipe misses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.base.exact import exact
from engine.base.hidden import AVERAGED
from engine.face import geometry
from engine.face.first_guess import FirstGuess
from engine.face.mesh import EDGES, NODES, inter_ocular
from engine.nets.graph import GraphConvolution, normalised_adjacency, sparse_on_cpu
from engine.nets.layers import Residual, convolution

SIDE = 64  # pixels the trunk sees
COMPONENTS = 64  # of the shape model
REFINEMENTS = ("graph", "nodes")
ROUNDS = 4  # of reading a mesh and placing the next crop by it
NUDGE = 0.06  # share of the frame by which the trial frames are moved
APART = 0.15  # inter-ocular units that the meshes of one face may end apart
ASTRAY = 0.35  # frame units that a mesh's middle may lie from the frame's
STEP = 0.05  # frame units of one unit of the refinement's output


@dataclass(frozen=True, eq=False)
class Mesh:
    """Both stages of a prediction. nodes, first: B x 478 x 2 frame units, after and before the
    refinement. embeddings: B x 478 x D, the refinement's last hidden layer."""

    nodes: Tensor
    first: Tensor
    embeddings: Tensor


class LandmarkNetwork(nn.Module):
    """Aligned crops and their holes -> the mesh in frame units.

    refinement: "graph" mixes neighbours over the mesh, "nodes" moves every node alone (the plain
    network that the graph is compared with; the same number of weights). `mean`, `basis`, `links`
    and `spread` are buffers, saved with the weights: mean 478 x 2 and basis 64 x 478 x 2, one
    standard deviation each, are the shape model; links 1330 x 2 the mesh's edges, from which the
    normalised graph `adjacency` (478 x 478) is made; spread 478 the error of hidden nodes in frame
    units (root mean square of the distance), measured on faces kept aside.
    """

    mean: Tensor
    basis: Tensor
    links: Tensor
    adjacency: Tensor
    spread: Tensor

    def __init__(self, refinement: str = "graph", width: int = 64) -> None:
        super().__init__()
        self.refinement = refinement
        self.register_buffer("mean", torch.full((NODES, 2), 0.5))
        self.register_buffer("basis", torch.zeros(COMPONENTS, NODES, 2))
        self.register_buffer("links", torch.zeros(EDGES, 2, dtype=torch.int16))
        self.register_buffer("adjacency", torch.eye(NODES), persistent=False)
        self.register_buffer("spread", torch.zeros(NODES))
        self.register_load_state_dict_post_hook(lambda network, _: network.link(network.links))
        self.guess = FirstGuess(COMPONENTS)
        self.stem = convolution(4, 32, 2)
        self.fine = nn.Sequential(convolution(32, 64, 2), Residual(64))
        self.middle = nn.Sequential(convolution(64, 96, 2), Residual(96))
        self.coarse = nn.Sequential(
            convolution(96, 128, 2), Residual(128), nn.Conv2d(128, 64, 1), nn.ReLU(inplace=True)
        )
        self.code = nn.Sequential(nn.Linear(64 * 16 + COMPONENTS, 160), nn.ReLU(inplace=True))
        self.coefficients = nn.Linear(160, COMPONENTS)
        self.from_stem = nn.Conv2d(32, width // 2, 1)
        self.from_fine = nn.Conv2d(64, width, 1)
        self.from_middle = nn.Conv2d(96, width, 1)
        self.from_code = nn.Linear(160, width)
        self.identity = nn.Parameter(0.1 * torch.randn(NODES, width))
        self.enter = nn.Linear(width + width // 2 + 5, width)
        self.first_mix = GraphConvolution(width, width)
        self.second_mix = GraphConvolution(width, width)
        self.move = nn.Linear(width, 2)
        for layer in (self.coefficients, self.move):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> LandmarkNetwork:
        """The network with these weights; its graph is laid along their links."""
        network = cls()
        network.load_state_dict(tensors)
        return network

    def link(self, links: Tensor) -> None:
        """Lay the graph along the edges, 1330 x 2 node numbers."""
        self.links.copy_(links)
        self.adjacency.copy_(normalised_adjacency(self.links.cpu().numpy(), NODES))

    def forward(self, crops: Tensor, hole: Tensor | None = None) -> Tensor:
        """The mesh, B x 478 x 2 in frame units (0 .. 1 over the crop).

        crops: B x 3 x S x S RGB in [-1, 1], any S; differentiable in them. hole: B x 1 x S x S,
        1 hidden, or None. Hidden pixels have no say.
        """
        return self.predict(crops, hole).nodes

    def embed(self, crops: Tensor, hole: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(mesh B x 478 x 2, node embeddings B x 478 x D); arguments as of `forward`."""
        mesh = self.predict(crops, hole)
        return mesh.nodes, mesh.embeddings

    def predict(self, crops: Tensor, hole: Tensor | None = None) -> Mesh:
        """Both stages of the prediction; arguments as of `forward`."""
        x = network_inputs(crops, hole)
        stem = self.stem(x)
        fine = self.fine(stem)
        middle = self.middle(fine)
        guess = self.guess(x)
        code = self.code(torch.cat([self.coarse(middle).flatten(1), guess], 1))
        first = self._shaped(guess + self.coefficients(code))
        above = F.interpolate(self.from_middle(middle), scale_factor=2.0, mode="bilinear")
        fine, stem = self.from_fine(fine) + above, self.from_stem(stem)
        return self._refined(x[:, 3:], stem, fine, code, first)

    @exact
    def _shaped(self, modes: Tensor) -> Tensor:
        """The meshes of shape coefficients, B x 478 x 2."""
        return self.mean + (modes @ self.basis.flatten(1)).view(-1, NODES, 2)

    @exact
    def _refined(
        self, hole: Tensor, stem: Tensor, fine: Tensor, code: Tensor, first: Tensor
    ) -> Mesh:
        """The meshes `first` with every node moved by what is seen at its place. In float32 too:
        light arithmetic on large arrays, which casting would cost more than it saves."""
        # Where to look is not what a gradient should change: it flows through what is seen.
        nodes = self._nodes(hole, stem, fine, code, first.detach())
        return Mesh(first + STEP * self.move(nodes), first, nodes)

    def _nodes(
        self, hole: Tensor, stem: Tensor, fine: Tensor, code: Tensor, places: Tensor
    ) -> Tensor:
        """The refinement's last hidden layer, B x 478 x width."""
        seen = torch.cat(
            [
                _sampled(fine, places),
                _sampled(stem, places),
                _sampled(hole, places),
                (20 * (places - self.mean)).transpose(0, 1),
                (2 * places - 1).transpose(0, 1),
            ],
            -1,
        )
        nodes = self.enter(seen) + self.from_code(code) + self.identity[:, None]
        nodes = F.relu(nodes).transpose(0, 1)
        adjacency = sparse_on_cpu(self.adjacency) if self.refinement == "graph" else None
        nodes = nodes + self.first_mix(nodes, adjacency)
        return nodes + self.second_mix(nodes, adjacency)


@exact
def network_inputs(crops: Tensor, hole: Tensor | None = None, side: int = SIDE) -> Tensor:
    """B x 4 x side x side: RGB in [-1, 1], 0 where hidden, and the hole.

    Of a coarse pixel that is partly hidden, only the visible part is averaged.
    """
    visible = torch.ones_like(crops[:, :1]) if hole is None else (hole < 0.5).to(crops.dtype)
    # Where a pixel is hidden its value must not even be multiplied: it may be NaN.
    x = torch.cat([torch.where(visible > 0, crops, torch.zeros_like(crops)), visible], 1)
    if x.shape[-1] != side or x.shape[-2] != side:
        x = F.interpolate(x, (side, side), mode="bilinear", align_corners=False, antialias=True)
    share = x[:, 3:]
    seen = (share > AVERAGED).to(x.dtype)
    return torch.cat([x[:, :3] / share.clamp_min(AVERAGED) * seen, 1 - seen], 1)


def read_mesh(
    network: LandmarkNetwork, crop: np.ndarray, hole: np.ndarray | None = None
) -> np.ndarray:
    """The mesh of one crop, 478 x 2 float64 frame units.

    crop: S x S x 3 uint8 RGB. hole: S x S bool, True hidden, or None.
    """
    pixels = torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1)))[None].float()
    hidden = None if hole is None else torch.from_numpy(hole.astype(np.float32))[None, None]
    device = network.mean.device
    with torch.inference_mode():
        nodes = network(
            (pixels / 127.5 - 1).to(device), None if hidden is None else hidden.to(device)
        )
    return nodes[0].double().cpu().numpy()


def settle(network: LandmarkNetwork, rgb: np.ndarray, frame: np.ndarray) -> np.ndarray | None:
    """The mesh of a face that is said to lie in a frame, 478 x 2 float64 photo pixels.

    rgb: H x W x 3 uint8 photo. frame: 2 x 3, a rough placement. The network reads the crop, the
    mesh it reads places the next crop, a few times over, from several frames beside it. Where
    there is a face they meet; where there is none every frame keeps its own average mesh, and the
    answer is None.
    """
    meshes = []
    for x, y in ((-NUDGE, -NUDGE), (NUDGE, NUDGE)):
        nudged = geometry.compose(np.array([[1, 0, x], [0, 1, y]], np.float64), frame)
        for _ in range(ROUNDS):
            crop = geometry.cut(rgb, nudged, 2 * SIDE)
            mesh = geometry.transform(geometry.invert(nudged), read_mesh(network, crop))
            nudged = geometry.frame_from_mesh(mesh)
        meshes.append(mesh)
    mesh = (meshes[0] + meshes[1]) / 2
    apart = float(np.linalg.norm(meshes[0] - meshes[1], axis=1).mean())
    placed = geometry.transform(frame, mesh).mean(0)
    here = bool(np.abs(placed - 0.5).max() < ASTRAY)
    return mesh if here and apart < APART * inter_ocular(mesh) else None


def _sampled(maps: Tensor, places: Tensor) -> Tensor:
    """Maps B x C x h x w read bilinearly at B x N x 2 places in frame units: N x B x C."""
    grid = (2 * places - 1)[:, :, None]
    read = F.grid_sample(maps, grid, padding_mode="border", align_corners=False)
    return read[..., 0].permute(2, 0, 1)
