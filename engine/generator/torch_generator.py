"""The generator on PyTorch: the back end of models in safetensors."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, inference_mode

from engine.base.device import AUTO, BFLOAT16, EXACT, FLOAT32, TORCH, has_bfloat16
from engine.base.errors import Cancelled
from engine.generator.branches import Hints
from engine.generator.dmfn import Dmfn, paint, sharpen
from engine.nets.tensors import read_tensors


@dataclass(frozen=True, eq=False)
class TorchGenerator:
    """A Dmfn, ready to fill, as a back end (see `engine.generator.backend.Generator`). input:
    "prior" sharpens, "zero" paints. precision: what it calculates in."""

    network: Dmfn
    input: str
    precision: str = FLOAT32

    @classmethod
    def load(cls, path: Path, input: str, device: str, precision: str = AUTO) -> TorchGenerator:
        """The generator whose tensors a file holds, on a device; in bfloat16 on a processor that
        has it, unless it is to be exact.

        That takes 0.57 of float32's time (0.21 s for 0.37 s, 256 x 256, one core) and moves a
        pixel of the hole by a third of a grey level at most. On a GPU float32 is no bottleneck.
        """
        network = Dmfn.of(read_tensors(path)).eval().requires_grad_(False)
        if precision != EXACT and device == "cpu" and has_bfloat16():
            # Autocast would convert the weights anew in every pass; the bits are the same.
            return cls(network.to(torch.bfloat16), input, BFLOAT16)
        return cls(network.to(device), input)

    @property
    def backend(self) -> str:
        """What runs it."""
        return TORCH

    @property
    def stride(self) -> int:
        """Crop pixels a cell of the feature grid."""
        return self.network.stride

    @inference_mode()
    def paint(
        self,
        crop: Tensor,
        hole: Tensor,
        hints: Hints | None = None,
        cancel: threading.Event | None = None,
    ) -> Tensor:
        """As of the protocol; raises Cancelled within one layer."""
        finish = sharpen if self.input == "prior" else paint
        with Interruptible(self.network, cancel):
            return finish(self._run, crop, hole, hints)

    def _run(self, x: Tensor, hints: Hints | None = None) -> Tensor:
        # The network alone: what is made of its output stays float32.
        with torch.autocast("cpu", torch.bfloat16, enabled=self.precision == BFLOAT16):
            return self.network(x, hints)


class Interruptible:
    """Lets a forward pass be cancelled between its layers (a pass takes most of a second here)."""

    def __init__(self, network: Dmfn, cancel: threading.Event | None) -> None:
        self._network, self._cancel, self._hooks = network, cancel, []
        self._thread = threading.get_ident()  # others may use the network at the same time

    def __enter__(self) -> None:
        if self._cancel is not None:
            for module in self._network.modules():
                if not list(module.children()):
                    self._hooks.append(module.register_forward_pre_hook(self._check))

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _check(self, *_: object) -> None:
        mine = threading.get_ident() == self._thread
        if mine and self._cancel is not None and self._cancel.is_set():
            raise Cancelled
