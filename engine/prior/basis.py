"""The components of a face prior, kept as halves, and what visible pixels say of their weights.

Mirror images in the training set make every component either symmetric or antisymmetric. Only
the left halves are stored, and the normal equations fall apart into three blocks that cost a
third of the whole: that is what lets the prior follow a brush.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

MOST = 0.9  # of the rows in use, from which on it does not pay to pick them out


class Basis:
    """A mean and its components at one size of pixels.

    mean: 3 x S x S/2; even, odd: R x K_e | K_o, the left halves of the symmetric and antisymmetric
    components, in units of one standard deviation, at the R places of the mean (3 x S x S/2 in a
    row) that `places` counts up; None: at all of them. Elsewhere every face is the mean, and what
    is seen there says nothing.
    """

    def __init__(
        self, mean: Tensor, even: Tensor, odd: Tensor, places: Tensor | None = None
    ) -> None:
        self._planes = mean.shape
        self._mean = mean.reshape(-1)
        self._places = slice(None) if places is None else places
        self._even, self._odd = even, odd
        self.components = even.shape[1] + odd.shape[1]

    @property
    def average(self) -> Tensor:
        """The mean face, 3 x S x S."""
        left = self._mean.view(self._planes)
        return torch.cat([left, left.flip(-1)], -1)

    @property
    def halves(self) -> bool:
        """Whether its pixels can be put together by fours."""
        return not any(length % 2 for length in self._planes[-2:])

    def halved(self) -> Basis:
        """The same in pixels twice as large."""
        planes, height, width = self._planes
        every = torch.arange(planes * height * width, device=self._mean.device)
        places = every[self._places]
        plane, row, column = (
            places // (height * width),
            places // width % height,
            places % width,
        )
        larger = (plane * (height // 2) + row // 2) * (width // 2) + column // 2
        cells, where = larger.unique(return_inverse=True)
        quarter = row % 2 * 2 + column % 2

        def pooled(rows: Tensor) -> Tensor:
            # Of four pixels each is known or has no say; one after the other, so that no copy of
            # all places is made.
            sums = rows.new_zeros(len(cells), rows.shape[1])
            for number in range(4):
                of_these = quarter == number
                sums.index_add_(0, where[of_these], rows[of_these])
            return sums.div_(4)

        mean = F.avg_pool2d(self._mean.view(self._planes), 2)
        even, odd = pooled(self._even), pooled(self._odd)
        return Basis(mean, even, odd, None if isinstance(self._places, slice) else cells)

    def render(self, z: Tensor) -> Tensor:
        """The faces of coefficients z (B x K): B x 3 x S x S."""
        count = self._even.shape[1]
        even, odd = z[:, :count] @ self._even.mT, z[:, count:] @ self._odd.mT
        left, right = (self._mean.repeat(len(z), 1) for _ in range(2))
        left[:, self._places] += even + odd
        right[:, self._places] += even - odd
        left, right = (part.view(len(z), *self._planes) for part in (left, right))
        return torch.cat([left, right.flip(-1)], -1)

    def told(self, values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """What pixels say: (B' W B, of every face or one for all; B' W (values - mean), B x K).

        values: B x 3 x S x S. weight: B x 1 x S x S or 1 x ..., the precision of each pixel.
        """
        w_left, w_right = self._folded(weight.expand(-1, 3, -1, -1))
        mean = self._mean[self._places]
        left, right = (part - mean for part in self._folded(values))
        total, difference = w_left + w_right, w_left - w_right
        sum_even, sum_odd = w_left * left + w_right * right, w_left * left - w_right * right
        even, odd = self._even, self._odd
        used = total.amax(0) > 0
        if used.float().mean() < MOST:
            even, odd, total, difference = (
                even[used],
                odd[used],
                total[:, used],
                difference[:, used],
            )
            sum_even, sum_odd = sum_even[:, used], sum_odd[:, used]
        normal = torch.stack([_normal(even, odd, *w) for w in zip(total, difference, strict=True)])
        return normal, torch.cat([sum_even @ even, sum_odd @ odd], dim=1)

    def _folded(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """The left and the mirrored right half of B x 3 x S x S at the places: B x R each."""
        half = self._planes[-1]
        left, right = planes[..., :half], planes[..., half:].flip(-1)
        return left.flatten(1)[:, self._places], right.flatten(1)[:, self._places]


def _normal(even: Tensor, odd: Tensor, total: Tensor, difference: Tensor) -> Tensor:
    """B' W B for one face, K x K, by its even, odd and mixed blocks."""
    rows = total > 0
    if rows.float().mean() < MOST:
        even, odd, total, difference = even[rows], odd[rows], total[rows], difference[rows]
    weighted = total.unsqueeze(1)
    even_even = even.mT @ (weighted * even)
    odd_odd = odd.mT @ (weighted * odd)
    even_odd = even.mT @ (difference.unsqueeze(1) * odd)
    return torch.cat([torch.cat([even_even, even_odd], 1), torch.cat([even_odd.mT, odd_odd], 1)])
