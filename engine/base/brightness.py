"""How bright pictures are, and their slow part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.base.exact import exact

if TYPE_CHECKING:
    from torch import Tensor

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)


@exact
def luma(pictures: Tensor) -> Tensor:
    """The brightness of RGB pictures, B x 3 x H x W to B x 1 x H x W."""
    return (pictures * pictures.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


@exact
def blurred(pictures: Tensor, sigma: float) -> Tensor:
    """A Gaussian blur of B x C x H x W, its border mirrored; sigma in pixels."""
    import torch
    import torch.nn.functional as F

    reach = max(1, round(3 * sigma))
    places = torch.arange(-reach, reach + 1, dtype=pictures.dtype, device=pictures.device)
    weights = torch.exp(-(places**2) / (2 * sigma**2))
    weights = (weights / weights.sum()).expand(pictures.shape[1], 1, 1, -1)
    padded = F.pad(pictures, (reach,) * 4, mode="reflect")
    across = F.conv2d(padded, weights, groups=pictures.shape[1])
    return F.conv2d(across, weights.transpose(2, 3), groups=pictures.shape[1])


@exact
def blurred_within(pictures: Tensor, where: Tensor, sigma: float) -> Tensor:
    """The same of the pixels that count alone: where, B x 1 x H x W, is 1 there and 0 elsewhere. A
    place with none of them near has 0."""
    return blurred(pictures * where, sigma) / blurred(where, sigma).clamp_min(1e-3)
