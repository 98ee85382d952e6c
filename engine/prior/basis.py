"""The components of a face prior, kept as halves, and what visible pixels say of their weights.

Mirror images in the training set make every component either symmetric or antisymmetric. Only
the left halves are stored, and the normal equations fall apart into three blocks that cost a
third of the whole: that is what lets the prior follow a brush.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


class Basis:
    """A mean and its components at one size of pixels.

    mean: 3 x S x S/2; even, odd: 3 x S x S/2 x K_e | K_o, the left halves of the symmetric and
    antisymmetric components, in units of one standard deviation.
    """

    def __init__(self, mean: Tensor, even: Tensor, odd: Tensor) -> None:
        self._planes = mean.shape
        self._mean = mean.reshape(-1)
        self._even, self._odd = even.flatten(0, 2), odd.flatten(0, 2)
        self.components = self._even.shape[1] + self._odd.shape[1]

    @property
    def halves(self) -> bool:
        """Whether its pixels can be put together by fours."""
        return not any(length % 2 for length in self._planes[-2:])

    def halved(self) -> Basis:
        """The same in pixels twice as large."""
        height, width = self._planes[-2:]

        def pooled(rows: Tensor) -> Tensor:
            planes = rows.T.reshape(-1, height, width)
            small = F.avg_pool2d(planes, 2).reshape(rows.shape[1], -1)
            return small.T.reshape(3, height // 2, width // 2, -1).contiguous()

        return Basis(pooled(self._mean[:, None])[..., 0], pooled(self._even), pooled(self._odd))

    def render(self, z: Tensor) -> Tensor:
        """The faces of coefficients z (B x K): B x 3 x S x S."""
        count = self._even.shape[1]
        even = z[:, :count] @ self._even.mT + self._mean
        odd = z[:, count:] @ self._odd.mT
        half = (len(z), *self._planes)
        left, right = (even + odd).view(half), (even - odd).view(half)
        return torch.cat([left, right.flip(-1)], -1)

    def told(self, values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """What pixels say: (B' W B, of every face or one for all; B' W (values - mean), B x K).

        values: B x 3 x S x S. weight: B x 1 x S x S or 1 x ..., the precision of each pixel.
        """
        half = self._planes[-1]
        left, right = values[..., :half], values[..., half:].flip(-1)
        w_left = weight[..., :half].expand(-1, 3, -1, -1).flatten(1)
        w_right = weight[..., half:].flip(-1).expand(-1, 3, -1, -1).flatten(1)
        left, right = left.flatten(1) - self._mean, right.flatten(1) - self._mean
        sum_even, sum_odd = w_left * left + w_right * right, w_left * left - w_right * right
        normal = torch.stack(
            [self._normal(t, d) for t, d in zip(w_left + w_right, w_left - w_right, strict=True)]
        )
        return normal, torch.cat([sum_even @ self._even, sum_odd @ self._odd], dim=1)

    def _normal(self, total: Tensor, difference: Tensor) -> Tensor:
        """B' W B for one face, K x K, by its even, odd and mixed blocks."""
        rows = total > 0
        if rows.float().mean() < 0.9:
            even, odd = self._even[rows], self._odd[rows]
            total, difference = total[rows], difference[rows]
        else:
            even, odd = self._even, self._odd
        weighted = total.unsqueeze(1)
        even_even = even.mT @ (weighted * even)
        odd_odd = odd.mT @ (weighted * odd)
        even_odd = even.mT @ (difference.unsqueeze(1) * odd)
        return torch.cat(
            [torch.cat([even_even, even_odd], 1), torch.cat([even_odd.mT, odd_odd], 1)], 0
        )
