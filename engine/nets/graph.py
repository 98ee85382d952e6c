"""Graph convolution over the face mesh (Kipf & Welling 2016, "Semi-Supervised Classification with
Graph Convolutional Networks", arXiv 1609.02907).

Networks keep the normalised adjacency as a buffer that is saved with their weights, so that
neither inference nor training needs MediaPipe, which alone knows the mesh's edges.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


def normalised_adjacency(edges: np.ndarray, nodes: int) -> Tensor:
    """D^-1/2 (A + I) D^-1/2 of an undirected graph, nodes x nodes float32.

    edges: E x 2 node numbers, as of `engine.face.face_model.edges`; direction and repeats do not
    matter. Symmetric, its largest eigenvalue is 1.
    """
    pairs = torch.as_tensor(np.asarray(edges, np.int64)).view(-1, 2)
    linked = torch.eye(nodes, dtype=torch.float64)
    linked[pairs[:, 0], pairs[:, 1]] = 1
    linked[pairs[:, 1], pairs[:, 0]] = 1
    scale = linked.sum(1).rsqrt()
    return (scale[:, None] * linked * scale[None, :]).float()


class GraphConvolution(nn.Module):
    """`ReLU(A H W + b)`, or without the ReLU: every node's new features are mixed from its own
    and its neighbours'."""

    def __init__(self, inner: int, outer: int, *, activation: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(inner, outer)
        self.activation = activation

    def forward(self, features: Tensor, adjacency: Tensor | None = None) -> Tensor:
        """features: B x N x inner; adjacency: N x N, dense or sparse; None leaves every node
        alone.

        Returns B x N x outer, laid out node by node: several layers in a row need no copies.
        """
        mixed = features.transpose(0, 1) @ self.linear.weight.mT
        if adjacency is not None:
            shape = mixed.shape
            mixed = (adjacency @ mixed.reshape(shape[0], -1).to(adjacency.dtype)).view(shape)
        mixed = mixed + self.linear.bias
        return (F.relu(mixed) if self.activation else mixed).transpose(0, 1)


def sparse_on_cpu(adjacency: Tensor) -> Tensor:
    """The same matrix in the form that multiplies fastest: sparse on a CPU (seven links a node
    of 478), dense elsewhere."""
    return adjacency.to_sparse() if adjacency.device.type == "cpu" else adjacency
