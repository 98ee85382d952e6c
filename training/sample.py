"""One sample of a generator's training: what a batch is made of."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Sample(NamedTuple):
    """One sample, or with a leading B a batch of them; all float32.

    crop: 3 x S x S in [-1, 1]. hole: 1 x S x S of 0 and 1. nodes: 478 x 2 in crop units (0..1), as
    the landmark module is told them: seen ones where they are, hidden ones as predicted. hidden:
    478 of 0 and 1. told: 2 of 0 and 1, whether the landmark and the emotion module may speak.
    """

    crop: Tensor
    hole: Tensor
    nodes: Tensor
    hidden: Tensor
    told: Tensor
