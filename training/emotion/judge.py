"""The independent judges: networks that only measure, so that no loss can flatter them.

Other architectures, other first weights and no holes in their training: what the emotion network
was taught to like, these were not.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.face.emotion import EMOTIONS, fer_inputs, probabilities


class Judge(nn.Module):
    """B x 2 x H x W -> (features B x C x H/8 x W/8, logits B x 7); the hole's channel is
    ignored."""

    temperature: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("temperature", torch.ones(()))

    def inputs(self, crops: Tensor, hole: Tensor | None = None) -> Tensor:
        """See `engine.face.emotion.fer_inputs`."""
        return fer_inputs(crops, hole)

    @torch.no_grad()
    def read(self, crops: Tensor, hole: Tensor | None = None) -> Tensor:
        """Calibrated probabilities B x 7 of aligned crops, as EmotionNetwork.read."""
        return probabilities(self, self.inputs(crops, hole))


class PlainEmotionNetwork(Judge):
    """Plain convolutions with max-pooling (after VGG, Simonyan and Zisserman 2015); the features
    have 4 * width channels."""

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

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.trunk(x[:, :1])
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1)
        return features, self.classifier(self.drop(pooled))


class SqueezeEmotionNetwork(Judge):
    """Three stages of two convolutions, each stage ended by squeeze-and-excitation (Hu et al.
    2018); the features have 8 * width channels."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        layers: list[nn.Module] = _convolution(1, width)
        inner = width
        for outer in (2 * width, 4 * width, 8 * width):
            layers.append(nn.MaxPool2d(2))
            layers += _convolution(inner, outer) + _convolution(outer, outer)
            layers.append(_Excitation(outer))
            inner = outer
        self.stages = nn.Sequential(*layers)
        self.drop = nn.Dropout(0.4)
        self.classifier = nn.Linear(inner, len(EMOTIONS))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.stages(x[:, :1])
        return features, self.classifier(self.drop(features.mean((2, 3))))


class _Excitation(nn.Module):
    """Scales each channel by what all of them say of the whole picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // 8)
        self.excite = nn.Linear(channels // 8, channels)

    def forward(self, x: Tensor) -> Tensor:
        scale = self.excite(F.relu(self.squeeze(x.mean((2, 3))))).sigmoid()
        return x * scale[..., None, None]


def _convolution(inner: int, outer: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inner, outer, 3, 1, 1, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU(inplace=True),
    ]


def judge_of(tensors: dict[str, Tensor]) -> Judge:
    """The judge whose weights these are, frozen and in eval mode."""
    kind, first = PlainEmotionNetwork, "trunk.0.weight"
    if first not in tensors:
        kind, first = SqueezeEmotionNetwork, "stages.0.weight"
    network = kind(tensors[first].shape[0])
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def load_judge(device: str = "cpu", name: str | None = None) -> Judge | None:
    """An installed judge, frozen and in eval mode; None where none is installed.

    name: which one; the most accurate by its own figures if None.
    """
    from engine.catalogue.weights import installed, load_tensors

    models = [m for m in installed() if m.kind == "judge" and name in (None, m.name)]
    if not models:
        return None
    best = max(models, key=lambda m: float(m.figures.get("accuracy_mirror", 0)))
    return judge_of(load_tensors(best)).to(device)
