"""Geometry and expression as observations of the face prior.

Both are linear in the prior's coefficients z, up to a noise that was measured when the rows were
fitted. Geometry is told through the modes of a shape model (PCA of aligned meshes, Cootes et al.
1995): nodes err together, so 956 coordinates as independent rows would shout down the pixels.
Expression is told as centred log-probabilities of EMOTIONS. A module that is off is a row left
out of the system.

An expression that is asked for is not told with the pixels: the smiling cheeks beside a hole and a
mouth that is to be closed contradict each other, and the mouth would be pushed past any face. The
face is solved as it is; then z makes the most probable change that changes its reading as asked
(engine.prior.change).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.base.exact import exact
from engine.prior.prior import Observation

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
FARTHEST = 5.0  # standard deviations that an asked-for expression may change a face by
DECIDED = 1 / 6  # of what modes leave open, the noise of what was decided: it was not measured
MOUTH_BOX = (0.33, 0.63, 0.67, 0.84)  # x0, y0, x1, y1 in crop units; most of what a face says


class Knowledge:
    """The fitted rows of a prior with K components and P modes.

    Tensors: mesh_mean 478 x 2 (crop units); mesh_modes 956 x P, one standard deviation each;
    mesh_rows P x K; mesh_noise P, variance of a mode given z; mesh_spread P, error variance of the
    landmark network on hidden nodes; emotion_mean 7; emotion_rows 7 x K; emotion_noise 7;
    emotion_spread 2 x 7, variance of what the emotion network reads off a face whose mouth is seen
    and hidden, given the pixels; emotion_classes 7 x 7, the mean log-probabilities of each
    expression.
    """

    @exact
    def __init__(self, tensors: dict[str, Tensor], device: str | torch.device = "cpu") -> None:
        values = {name: tensors[name].to(device, torch.float32) for name in TENSORS}
        self.mesh_mean = values["mesh_mean"]
        self._modes, self.mesh_rows = values["mesh_modes"], values["mesh_rows"]
        self.mesh_noise, self._mesh_spread = values["mesh_noise"], values["mesh_spread"]
        self.mean, self.emotion_rows = values["emotion_mean"], values["emotion_rows"]
        self.emotion_noise = values["emotion_noise"]
        self._emotion_spread = values["emotion_spread"]
        self.classes = values["emotion_classes"]
        self._to_modes = torch.linalg.pinv(self._modes)

    @classmethod
    def of(cls, tensors: dict[str, Tensor], device: str | torch.device = "cpu") -> Knowledge | None:
        """The knowledge in a prior's tensors, None where the prior was fitted without."""
        return cls(tensors, device) if set(TENSORS) <= set(tensors) else None

    @exact
    def mesh(self, z: Tensor) -> Tensor:
        """The most probable mesh of coefficients z (B x K): B x 478 x 2 in crop units."""
        return self.mesh_mean + (z @ self.mesh_rows.mT @ self._modes.mT).view(len(z), -1, 2)

    @exact
    def modes_of(self, nodes: Tensor) -> Tensor:
        """B x P shape coefficients of meshes B x 478 x 2."""
        return (nodes - self.mesh_mean).flatten(1) @ self._to_modes.mT

    @exact
    def geometry(self, nodes: Tensor, hidden: Tensor) -> Observation:
        """The observation of a mesh (B x 478 x 2, crop units) of which `hidden` (B x 478, 0 or 1)
        nodes are predictions."""
        spread = hidden.mean(1, keepdim=True).sqrt() * self._mesh_spread
        precision = 1 / (self.mesh_noise + spread).expand(len(nodes), -1)
        return Observation(self.mesh_rows, self.modes_of(nodes), precision)

    @exact
    def apart(self, nodes: Tensor, pairs: Sequence[tuple[int, int]]) -> Observation:
        """The observation of how far pairs of nodes of a mesh (B x 478 x 2, crop units) are apart
        on average, up and down, which is decided: a mesh's modes hardly tell it."""
        upper, lower = (list(side) for side in zip(*pairs, strict=True))
        modes = self._modes.view(-1, 2, self._modes.shape[1])
        between = (modes[lower] - modes[upper]).mean(0)[1:]
        offsets = nodes - self.mesh_mean
        values = (offsets[:, lower] - offsets[:, upper]).mean(1)[:, 1:]
        noise = (between**2) @ self.mesh_noise
        return Observation(between @ self.mesh_rows, values, 1 / (DECIDED * noise))

    @exact
    def kept(self, probabilities: Tensor, hole: Tensor) -> Observation:
        """The observation of an expression that was read off the visible part, B x 7; hole:
        B x 1 x S x S. A reading without a mouth is worth little beside the pixels."""
        values = log_odds(probabilities) - self.mean
        share = mouth_hidden(hole).unsqueeze(1)
        seen, hidden = 1 / self._emotion_spread
        return Observation(self.emotion_rows, values, (1 - share) * seen + share * hidden)


def mouth_hidden(hole: Tensor) -> Tensor:
    """Which share of the mouth's place a hole (B x 1 x S x S) covers: B."""
    side = hole.shape[-1]
    x0, y0, x1, y1 = (round(edge * side) for edge in MOUTH_BOX)
    return hole[:, 0, y0:y1, x0:x1].float().mean((1, 2))


@exact
def log_odds(probabilities: Tensor) -> Tensor:
    """Probabilities (B x 7) as centred log-probabilities, in which expression is linear in z."""
    logs = probabilities.clamp_min(LEAST).log()
    return logs - logs.mean(-1, keepdim=True)
