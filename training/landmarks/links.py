"""The mesh's graph, for the trainings that need it and nothing else of the landmark network's."""

from __future__ import annotations

import torch
from torch import Tensor


def mesh_links() -> Tensor:
    """The mesh's edges: of the installed landmark network, otherwise MediaPipe's."""
    from engine.catalogue.weights import load
    from engine.face.landmarks import LandmarkNetwork

    network = load("landmarks", LandmarkNetwork)
    if network is not None:
        return network.links.cpu()
    from engine.face.face_model import edges

    return torch.from_numpy(edges())
