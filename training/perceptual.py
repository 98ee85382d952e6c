"""The perceptual trunk: ST-VGG, a VGG16 made tolerant of shifts (Ghildyal & Liu 2022).

Its weights come with the package stlpips-pytorch (BSD-2); the network is written here, since the
package's own code needs torchvision. It serves as the feature trunk of the published losses and,
with the package's learnt weights per channel, as a perceptual distance (ST-LPIPS).
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.base.errors import MienError
from engine.base.exact import exact

# (number of the blur-pool that begins the slice, its convolutions), as the weights name them.
_SLICES: tuple[tuple[int | None, tuple[int, ...]], ...] = (
    (None, (0, 2)),
    (5, (6, 8)),
    (11, (12, 14, 16)),
    (19, (20, 22, 24)),
    (27, (28, 30, 32)),
)
CHANNELS = (64, 128, 256, 512, 512)
STAGES = 4  # that the distance is taken over


class StVgg(nn.Module):
    """B x 3 x H x W in [-1, 1] -> the feature maps after each of the first `stages` slices."""

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        weights = torch.load(path or _weight_file(), map_location="cpu", weights_only=True)
        for name, tensor in weights.items():
            self.register_buffer(_plain(name), tensor.float())

    def forward(self, x: Tensor, stages: int = 5) -> list[Tensor]:
        x = (x - self._at("scaling_layer.shift")) / self._at("scaling_layer.scale")
        features = []
        for number, (pool, convolutions) in enumerate(_SLICES[:stages], start=1):
            if pool is not None:
                x = _blur_pool(x, self._at(f"net.slice{number}.{pool}.filt"))
            for layer in convolutions:
                name = f"net.slice{number}.{layer}"
                weight, bias = self._at(f"{name}.weight"), self._at(f"{name}.bias")
                x = F.relu(F.conv2d(x, weight, bias, padding=1))
            features.append(x)
        return features

    def distance(self, one: Tensor, other: Tensor, stages: int = STAGES) -> Tensor:
        """The mean ST-LPIPS distance of two batches over the first stages; no gradient reaches
        `other`."""
        with torch.no_grad():
            targets = self(other, stages)
        return self.between(self(one, stages), targets)

    @exact
    def between(self, ours: list[Tensor], theirs: list[Tensor]) -> Tensor:
        """`distance` of two batches whose feature maps are known."""
        total = torch.zeros((), device=ours[0].device)
        for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            a, b = _unit(a.float()), _unit(b.float())
            weight = self._at(f"lin{number}.model.1.weight")
            total = total + F.conv2d((a - b).square(), weight).mean()
        return total

    def _at(self, name: str) -> Tensor:
        return self.get_buffer(_plain(name))


def _plain(name: str) -> str:
    return name.replace(".", "_")


def _weight_file() -> Path:
    package = find_spec("stlpips_pytorch")
    if package is None or not package.submodule_search_locations:
        raise MienError(
            "The perceptual losses need the package stlpips-pytorch; install Mien with its "
            "'training' extra."
        )
    root = Path(next(iter(package.submodule_search_locations)))
    return root / "weights" / "vST0.0" / "vgg_shift_tolerant.pth"


def _blur_pool(x: Tensor, kernel: Tensor) -> Tensor:
    """Max pooling without aliasing (Zhang 2019): dense maximum, binomial blur, every second."""
    x = F.max_pool2d(x, 2, 1)
    x = F.pad(x, (1, 1, 1, 1), mode="reflect")
    return F.conv2d(x, kernel.to(x.dtype), stride=2, groups=kernel.shape[0])


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True) + 1e-10).sqrt()
