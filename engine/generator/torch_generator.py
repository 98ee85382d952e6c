"""The generator on PyTorch: the back end of models in safetensors."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, inference_mode

from engine.base.errors import Cancelled
from engine.generator.branches import Hints
from engine.generator.dmfn import Dmfn, paint, sharpen
from engine.generator.tensors import read_tensors


@dataclass(frozen=True, eq=False)
class TorchGenerator:
    """A Dmfn, ready to fill, as a back end (see `engine.generator.backend.Generator`). input:
    "prior" sharpens, "zero" paints."""

    network: Dmfn
    input: str

    @classmethod
    def load(cls, path: Path, input: str, device: str) -> TorchGenerator:
        """The generator whose tensors a file holds, on a device."""
        network = Dmfn.of(read_tensors(path))
        return cls(network.eval().requires_grad_(False).to(device), input)

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
            return finish(self.network, crop, hole, hints)


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
