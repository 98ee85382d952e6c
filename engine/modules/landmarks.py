"""Geometry: 478 nodes of the face, the hidden ones as they are predicted or dragged."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine.modules.module import Module, Row, Sight, mark, wish

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.face.landmarks import LandmarkNetwork
    from engine.prior import Observation


@dataclass(frozen=True)
class LandmarkWish:
    """landmarks: whether the fill keeps the geometry the face had."""

    landmarks: bool = wish(
        True,
        "Keep the geometry the face had.",
        labels={False: mark("face shape free")},
        batch=mark("Keep the geometry (landmarks)"),
    )


class Landmarks(Module):
    """Its network predicts hidden nodes; the prior and the generator are told all of them."""

    name, key = "landmarks", "landmark"
    title, menu, shortcut = mark("Face shape"), mark("Keep the face &shape"), "Shift+L"
    off = MappingProxyType({"landmarks": False})
    prepared, drags = True, True
    wish = LandmarkWish
    row = Row(
        mark("Landmark shift"),
        mark(
            "How far hidden landmarks of the fill lie from where they were expected, "
            "in eye distances"
        ),
        lambda reading: reading.shift,
        digits=1,
    )

    def load(self, device: str) -> LandmarkNetwork | None:
        from engine.catalogue.weights import load
        from engine.face.landmarks import LandmarkNetwork

        return load("landmarks", LandmarkNetwork, device)

    def see(self, sight: Sight) -> None:
        """Seen nodes as found, hidden ones as the network predicts them; none where neither is to
        be had."""
        import torch

        network, mesh = sight.networks.get(self.name), sight.mesh
        if sight.nodes is not None or network is None:
            return  # what MediaPipe says of hidden nodes is no knowledge
        assert sight.hole is not None
        predicted = network(sight.crop, sight.hole)
        if sight.person is not None:
            predicted = sight.person(predicted)
        hidden = nodes_in_hole(predicted, sight.hole)
        if mesh is not None:
            found = mesh.to(sight.crop)[None]
            # A node that either account puts into the hole is hidden.
            hidden = torch.maximum(nodes_in_hole(found, sight.hole), hidden)
            predicted = torch.where(hidden.unsqueeze(-1) > 0, predicted, found)
        sight.nodes, sight.hidden = predicted, hidden
        self._decide(sight)
        sight.told = sight.nodes

    def _decide(self, sight: Sight) -> None:
        """A mouth that is hidden whole is open or closed; every other variant of one that may be
        either is what the fill is not."""
        import torch

        from engine.face.mouth import decided

        nodes = sight.nodes
        if sight.shapes is None or nodes is None or sight.hidden is None or len(nodes) != 1:
            return
        mesh, hidden = nodes[0].cpu().numpy(), sight.hidden[0].cpu().numpy()
        other = sight.variant % 2 == 1
        mouth = decided(sight.shapes, mesh, hidden, asked=sight.open, other=other)
        if mouth is not None:
            sight.nodes, sight.decided = torch.from_numpy(mouth).to(nodes)[None], True

    def shaped(self, sight: Sight, nodes: Tensor, wishes: Any, push: float) -> Tensor:
        """With hidden nodes put elsewhere, and the others following."""
        import torch

        if sight.shapes is None or sight.hidden is None or not sight.moved:
            return nodes
        mesh, hidden = nodes[0].cpu().numpy(), sight.hidden[0].cpu().numpy()
        moved = sight.shapes.drag(mesh, hidden, sight.moved)
        return torch.from_numpy(moved.nodes).to(nodes)[None]

    def condition(self, sight: Sight, wishes: Any) -> tuple[Tensor, Tensor] | None:
        """(nodes B x 478 x 2 in crop units, hidden B x 478)."""
        told = sight.told
        return None if told is None or sight.hidden is None else (told, sight.hidden)

    def observe(self, sight: Sight, wishes: Any) -> Observation | None:
        from engine.face.mouth import PAIRS

        if sight.knowledge is None or sight.nodes is None or sight.hidden is None:
            return None
        # Of the face as it is: the prior solves that one first.
        mesh = sight.knowledge.geometry(sight.nodes, sight.hidden)
        return mesh.beside(sight.knowledge.apart(sight.nodes, PAIRS)) if sight.decided else mesh

    def branch(self, stride: int) -> nn.Module:
        from engine.generator.branches import LandmarkBranch

        return LandmarkBranch(stride=stride)

    def reading(self, sight: Sight, filled: Tensor | None, wishes: Any) -> dict[str, Any]:
        """mesh, undragged: in crop units; of an asked-for expression the hidden nodes lie where the
        fill has them, else where they were expected."""
        if sight.told is None or sight.hidden is None:
            return {}
        nodes, shift = sight.told, None
        if filled is not None:
            shift = self._shift(sight, filled)
            if sight.pushed:
                nodes = self._painted(sight, filled)
        read = {"mesh": nodes[0].cpu().numpy(), "shift": shift}
        if sight.undragged is not None:
            read["undragged"] = sight.undragged[0].cpu().numpy()
        return {**read, "hidden": sight.hidden[0].cpu().numpy() > 0}

    def _painted(self, sight: Sight, filled: Tensor) -> Tensor:
        """1 x 478 x 2: the nodes of a sight, the hidden ones as they are found in a filled crop.

        The network's own offset, as the seen nodes have it, is taken off first."""
        import torch

        nodes, network = sight.told, sight.networks.get(self.name)
        assert nodes is not None
        assert sight.hidden is not None
        if network is None:
            return nodes
        found = network(filled, torch.zeros_like(filled[:, :1]))
        hidden = sight.hidden.unsqueeze(-1) > 0
        seen = ~hidden.expand_as(found)
        if seen.any():
            away = torch.where(seen, found - nodes, 0).sum(1, keepdim=True)
            found = found - away / seen.sum(1, keepdim=True).clamp(min=1)
        return torch.where(hidden, found, nodes)

    def _shift(self, sight: Sight, filled: Tensor) -> float | None:
        """How far the hidden nodes of a filled crop lie from where they were expected, mean in
        inter-ocular distances; None where nothing is hidden or nothing can be measured."""
        import torch

        from engine.face.mesh import eye_centres

        nodes, network = sight.told, sight.networks.get(self.name)
        assert nodes is not None
        assert sight.hidden is not None
        hidden = sight.hidden[0] > 0
        if network is None or not hidden.any():
            return None
        found = network(filled, torch.zeros_like(filled[:, :1]))[0]
        distances = (found - nodes[0]).norm(dim=-1)
        left, right = eye_centres(nodes[0].cpu().numpy())
        unit = max(1e-6, float(((left - right) ** 2).sum() ** 0.5))
        return float(distances[hidden].mean()) / unit


def nodes_in_hole(nodes: Tensor, hole: Tensor) -> Tensor:
    """Which nodes (B x 478 x 2, crop units) lie in the hole (B x 1 x S x S): B x 478 of 0 and 1."""
    side = hole.shape[-1]
    places = (nodes * side).floor().long().clamp(0, side - 1)
    flat = places[..., 1] * side + places[..., 0]
    return (hole.flatten(1).gather(1, flat) > 0.5).to(nodes.dtype)
