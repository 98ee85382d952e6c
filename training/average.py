"""Averaged weights: what a training is judged and used by."""

from __future__ import annotations

import torch
from torch import Tensor


class Average:
    """An exponential moving average of a network's tensors; whole numbers are taken as they are.

    tensors: at its start, copied. largest: decay of a step, less in the first steps, so that the
    fresh weights are soon forgotten.
    """

    def __init__(self, tensors: dict[str, Tensor], largest: float) -> None:
        self.tensors = {name: t.detach().clone() for name, t in tensors.items()}
        self._largest = largest

    @torch.no_grad()
    def follow(self, live: dict[str, Tensor], step: int) -> None:
        """Take in the live tensors after step number `step`, the first of which is 1."""
        decay = min(self._largest, (1 + step) / (10 + step))
        for name, averaged in self.tensors.items():
            if averaged.is_floating_point():
                averaged.lerp_(live[name], 1 - decay)
            else:
                averaged.copy_(live[name])

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on from a checkpoint's. Raises KeyError where it is of another network."""
        if set(tensors) != set(self.tensors):
            raise KeyError("other tensors")
        self.tensors = {name: tensors[name].to(t.device) for name, t in self.tensors.items()}
