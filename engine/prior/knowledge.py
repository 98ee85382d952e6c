"""Geometry and expression as observations of the face prior.

Both are linear in the prior's coefficients z, up to a noise that was measured when the rows were
fitted. Geometry is told through the modes of a shape model (PCA of aligned meshes, Cootes et al.
1995): nodes err together, so 956 coordinates as independent rows would shout down the pixels.
Expression is told as centred log-probabilities of EMOTIONS. A module that is off is a row left
out of the system.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.prior.prior import Observation
from engine.readings import EMOTIONS

TENSORS = (
    "mesh_mean",
    "mesh_modes",
    "mesh_rows",
    "mesh_noise",
    "mesh_spread",
    "emotion_mean",
    "emotion_rows",
    "emotion_noise",
    "emotion_spread",
    "emotion_classes",
)
LEAST = 1e-3  # probability below which classes are not told apart
FARTHEST = 3.0  # standard deviations that an asked-for expression may change a face by
ASKED = 0.05  # share of the fit's noise that an asked-for expression is held to
DRAGGED = 0.05  # the same for geometry the user dragged
FIXED = 0.003  # crop units that a seen node may move when a hidden one is dragged
SNAP = 0.06  # crop units within which neighbours follow what the shape model cannot express


class Knowledge:
    """The fitted rows of a prior with K components and P modes.

    Tensors: mesh_mean 478 x 2 (crop units); mesh_modes 956 x P, one standard deviation each;
    mesh_rows P x K; mesh_noise P, variance of a mode given z; mesh_spread P, error variance of the
    landmark network on hidden nodes; emotion_mean 7; emotion_rows 7 x K; emotion_noise,
    emotion_spread 7; emotion_classes 7 x 7, the mean log-probabilities of each expression.
    """

    def __init__(self, tensors: dict[str, Tensor], device: str | torch.device = "cpu") -> None:
        values = {name: tensors[name].to(device, torch.float32) for name in TENSORS}
        self.mesh_mean = values["mesh_mean"]
        self._modes, self._mesh_rows = values["mesh_modes"], values["mesh_rows"]
        self._mesh_noise, self._mesh_spread = values["mesh_noise"], values["mesh_spread"]
        self._mean, self._emotion_rows = values["emotion_mean"], values["emotion_rows"]
        self._emotion_noise = values["emotion_noise"]
        self._emotion_spread = values["emotion_spread"]
        self._classes = self._within_reach(values["emotion_classes"])
        self._to_modes = torch.linalg.pinv(self._modes)

    @classmethod
    def of(cls, tensors: dict[str, Tensor], device: str | torch.device = "cpu") -> Knowledge | None:
        """The knowledge in a prior's tensors, None where the prior was fitted without."""
        return cls(tensors, device) if set(TENSORS) <= set(tensors) else None

    def mesh(self, z: Tensor) -> Tensor:
        """The most probable mesh of coefficients z (B x K): B x 478 x 2 in crop units."""
        return self.mesh_mean + (z @ self._mesh_rows.mT @ self._modes.mT).view(len(z), -1, 2)

    def modes_of(self, nodes: Tensor) -> Tensor:
        """B x P shape coefficients of meshes B x 478 x 2."""
        return (nodes - self.mesh_mean).flatten(1) @ self._to_modes.mT

    def geometry(self, nodes: Tensor, hidden: Tensor, *, dragged: bool = False) -> Observation:
        """The observation of a mesh (B x 478 x 2, crop units) of which `hidden` (B x 478, 0 or 1)
        nodes are predictions; `dragged` holds the fill to what the user asked for."""
        noise = self._mesh_noise * (DRAGGED if dragged else 1.0)
        share = hidden.mean(1, keepdim=True)
        spread = 0.0 if dragged else share.sqrt() * self._mesh_spread
        precision = 1 / (noise + spread).expand(len(nodes), -1)
        return Observation(self._mesh_rows, self.modes_of(nodes), precision)

    def kept(self, probabilities: Tensor) -> Observation:
        """The observation of an expression that was read off the visible part, B x 7."""
        values = log_odds(probabilities) - self._mean
        return Observation(
            self._emotion_rows, values, 1 / (self._emotion_noise + self._emotion_spread)
        )

    def asked(self, emotion: str, strength: float, count: int = 1) -> Observation:
        """The observation of an expression that the user asks for; strength 1 is the average face
        of that expression (or as far as faces go towards it), 0 the average face."""
        values = self._wanted(emotion, strength).expand(count, -1)
        return Observation(self._emotion_rows, values, 1 / (ASKED * self._emotion_noise))

    def express(
        self, nodes: Tensor, hidden: Tensor, visible: Tensor, emotion: str, strength: float
    ) -> Tensor:
        """Meshes (B x 478 x 2) whose hidden nodes moved as a face's do when its expression goes
        from the one read off the visible part (B x 7) to the one asked for."""
        rows = self._emotion_rows
        change = self._wanted(emotion, strength) - (log_odds(visible) - self._mean)
        # The most probable change of z that makes this change of expression.
        noisy = rows @ rows.mT
        noisy.diagonal().add_(self._emotion_noise)
        z = torch.linalg.solve(noisy, change.mT).mT @ rows
        shift = (z @ self._mesh_rows.mT @ self._modes.mT).view(len(nodes), -1, 2)
        return nodes + shift * hidden.unsqueeze(-1)

    def _within_reach(self, classes: Tensor) -> Tensor:
        """The classes' log-odds, those drawn in that no face is known to come by: where the map is
        poor (surprise, disgust) a class's mean would take the face far out of its space."""
        rows, change = self._emotion_rows, classes - self._mean
        noisy = rows @ rows.mT + torch.diag(ASKED * self._emotion_noise)
        z = torch.linalg.solve(noisy, change.mT).mT @ rows
        share = (FARTHEST / z.norm(dim=1, keepdim=True).clamp_min(1e-6)).clamp_max(1)
        return self._mean + share * change

    def _wanted(self, emotion: str, strength: float) -> Tensor:
        return strength * (self._classes[EMOTIONS.index(emotion)] - self._mean)

    def drag(
        self, nodes: Tensor, hidden: Tensor, moved: Sequence[tuple[int, float, float]]
    ) -> Tensor:
        """A mesh (478 x 2, crop units) with some hidden nodes put elsewhere and the others of the
        hidden part following.

        moved: (node, x, y). The displacement is the most probable one of the shape model that
        leaves the seen nodes (hidden: 478, 0 or 1) where they are; what it cannot express fades
        out around each dragged node, so that these arrive exactly.
        """
        index = torch.tensor([node for node, _, _ in moved], device=nodes.device)
        target = nodes.new_tensor([[x, y] for _, x, y in moved])
        modes = self._modes.view(-1, 2, self._modes.shape[1])
        seen = modes[hidden < 0.5].flatten(0, 1)
        pulled = modes[index].flatten(0, 1)
        precision = (seen.mT @ seen + 100 * pulled.mT @ pulled) / FIXED**2
        precision.diagonal().add_(1.0)
        pull = pulled.mT @ (target - nodes[index]).flatten() * 100 / FIXED**2
        shift = (self._modes @ torch.linalg.solve(precision, pull)).view(-1, 2)
        shift = shift * hidden.unsqueeze(-1)
        for node, place in zip(index.tolist(), target, strict=True):
            left = place - nodes[node] - shift[node]
            near = torch.exp(-((nodes - nodes[node]) ** 2).sum(-1) / (2 * SNAP**2))
            shift = shift + (near * hidden).unsqueeze(-1) * left
        # Two dragged nodes close together pull at each other; the last word is the user's.
        shift[index] = target - nodes[index]
        return nodes + shift


def log_odds(probabilities: Tensor) -> Tensor:
    """Probabilities (B x 7) as centred log-probabilities, in which expression is linear in z."""
    logs = probabilities.clamp_min(LEAST).log()
    return logs - logs.mean(-1, keepdim=True)
