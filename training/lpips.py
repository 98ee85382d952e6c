"""LPIPS v0.1 with the AlexNet trunk (Zhang et al. 2018), computed as published.

The weights are not part of this project: a safetensors file with the trunk's `features.N.weight`
and `.bias` and the learnt `lin0.weight` .. `lin4.weight` is given by the user.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.base.errors import MienError
from engine.base.exact import exact

# (layer number in the weights, stride, padding, max pooling before it)
_LAYERS = ((0, 4, 2, False), (3, 1, 2, True), (6, 1, 1, True), (8, 1, 1, False), (10, 1, 1, False))
_SHIFT = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
_SCALE = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)


class Lpips(nn.Module):
    """The distance with the weights of one file. Raises MienError when the file does not fit."""

    def __init__(self, path: Path) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        super().__init__()
        try:
            weights = {k: v.float() for k, v in load_file(str(path)).items()}
            if not {"features.10.bias", "lin4.weight"} <= set(weights):
                raise KeyError("features.10.bias")
        except (OSError, SafetensorError, KeyError) as error:
            raise MienError(
                f"{path} holds no LPIPS-Alex weights ({error}); give their safetensors file."
            ) from error
        for name, tensor in {**weights, "shift": _SHIFT, "scale": _SCALE}.items():
            self.register_buffer(name.replace(".", "_"), tensor)

    @torch.inference_mode()
    def measure(self, one: np.ndarray, other: np.ndarray) -> float:
        """The distance of two H x W x 3 uint8 pictures; 0 for equal ones."""
        return float(self(tensor_of(one), tensor_of(other)))

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """The mean distance of two batches B x 3 x H x W in [-1, 1]; no gradient reaches
        `other`."""
        with torch.no_grad():
            theirs = self._maps(other)
        return self._between(self._maps(one), theirs)

    @exact
    def _between(self, ours: list[Tensor], theirs: list[Tensor]) -> Tensor:
        total = torch.zeros((), device=ours[0].device)
        for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            weight = self.get_buffer(f"lin{number}_weight").view(1, -1, 1, 1)
            total = total + F.conv2d((_unit(a) - _unit(b)).square(), weight).mean()
        return total

    def _maps(self, x: Tensor) -> list[Tensor]:
        x = (x - self.get_buffer("shift")) / self.get_buffer("scale")
        maps = []
        for layer, stride, padding, pooled in _LAYERS:
            if pooled:
                x = F.max_pool2d(x, 3, 2)
            weight = self.get_buffer(f"features_{layer}_weight")
            bias = self.get_buffer(f"features_{layer}_bias")
            x = F.relu(F.conv2d(x, weight, bias, stride=stride, padding=padding))
            maps.append(x)
        return maps


def tensor_of(picture: np.ndarray) -> Tensor:
    """A picture (H x W x 3 uint8) as networks take it, 1 x 3 x H x W in [-1, 1]."""
    return torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1


def _unit(features: Tensor) -> Tensor:
    # Inside the root, or its gradient is infinite where nothing fires.
    features = features.float()
    return features / (features.square().sum(1, keepdim=True) + 1e-12).sqrt()
