"""LPIPS v0.1 with the AlexNet trunk (Zhang et al. 2018), computed as published.

The weights are not part of this project: a safetensors file with the trunk's `features.N.weight`
and `.bias` and the learnt `lin0.weight` .. `lin4.weight` is given by the user.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.errors import MienError

# (layer number in the weights, stride, padding, max pooling before it)
_LAYERS = ((0, 4, 2, False), (3, 1, 2, True), (6, 1, 1, True), (8, 1, 1, False), (10, 1, 1, False))
_SHIFT = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
_SCALE = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)


class Lpips:
    """The distance with the weights of one file. Raises MienError when the file does not fit."""

    def __init__(self, path: Path) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            self._weights = {k: v.float() for k, v in load_file(str(path)).items()}
            if not {"features.10.bias", "lin4.weight"} <= set(self._weights):
                raise KeyError("features.10.bias")
        except (OSError, SafetensorError, KeyError) as error:
            raise MienError(f"{path} holds no LPIPS-Alex weights ({error}).") from error

    @torch.inference_mode()
    def __call__(self, one: np.ndarray, other: np.ndarray) -> float:
        """The distance of two H x W x 3 uint8 pictures; 0 for equal ones."""
        total = 0.0
        for number, (a, b) in enumerate(zip(self._maps(one), self._maps(other), strict=True)):
            weight = self._weights[f"lin{number}.weight"].view(1, -1, 1, 1)
            total += float(F.conv2d((_unit(a) - _unit(b)).square(), weight).mean())
        return total

    def _maps(self, picture: np.ndarray) -> list[Tensor]:
        x = torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
        x = (x - _SHIFT) / _SCALE
        maps = []
        for layer, stride, padding, pooled in _LAYERS:
            if pooled:
                x = F.max_pool2d(x, 3, 2)
            weight, bias = (self._weights[f"features.{layer}.{n}"] for n in ("weight", "bias"))
            x = F.relu(F.conv2d(x, weight, bias, stride=stride, padding=padding))
            maps.append(x)
        return maps


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True).sqrt() + 1e-10)
