"""The independent judge: a plain network that only measures, so that no loss can flatter it.

Another architecture, other first weights and no holes in its training: what the emotion network
was taught to like, this one was not.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.face.emotion import EMOTIONS, fer_inputs, probabilities


class PlainEmotionNetwork(nn.Module):
    """B x 2 x H x W -> (features B x 4*width x H/8 x W/8, logits B x 7): plain convolutions with
    max-pooling (after VGG, Simonyan and Zisserman 2015); the hole's channel is ignored."""

    temperature: Tensor

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inner = 1
        for outer in (width, 2 * width, 4 * width):
            for repeat in range(2):
                layers += [
                    nn.Conv2d(inner, outer, 3, 2 if outer == width and repeat == 0 else 1, 1),
                    nn.BatchNorm2d(outer),
                    nn.LeakyReLU(0.1, inplace=True),
                ]
                inner = outer
            if outer != width:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))
        self.trunk = nn.Sequential(*layers)
        self.drop = nn.Dropout(0.3)
        self.classifier = nn.Linear(2 * inner, len(EMOTIONS))
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.trunk(x[:, :1])
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1)
        return features, self.classifier(self.drop(pooled))

    def inputs(self, crops: Tensor, hole: Tensor | None = None) -> Tensor:
        """See `engine.face.emotion.fer_inputs`."""
        return fer_inputs(crops, hole)

    @torch.no_grad()
    def read(self, crops: Tensor, hole: Tensor | None = None) -> Tensor:
        """Calibrated probabilities B x 7 of aligned crops, as EmotionNetwork.read."""
        return probabilities(self, self.inputs(crops, hole))


def load_judge(device: str = "cpu") -> PlainEmotionNetwork | None:
    """The installed judge, frozen and in eval mode; None where none is installed."""
    from engine.generator.weights import installed, load_tensors

    models = [m for m in installed() if m.kind == "judge"]
    if not models:
        return None
    tensors = load_tensors(models[-1])
    network = PlainEmotionNetwork(tensors["trunk.0.weight"].shape[0])
    network.load_state_dict(tensors)
    return network.to(device).eval().requires_grad_(False)
