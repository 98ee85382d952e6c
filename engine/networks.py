"""The loaded networks of one model: the prior, and the generator unless the model is the prior."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.device import choose_device
from engine.errors import Cancelled

if TYPE_CHECKING:
    from torch import Tensor

    from engine.generator.dmfn import Dmfn
    from engine.prior import FacePrior

PRIOR = "prior"  # the model name that stops after the prior
PRIOR_SIDE = 256


@dataclass(frozen=True, eq=False)
class Networks:
    """name: the model. device: where it runs. side: the crop's side in pixels it was made for."""

    name: str
    device: str
    side: int
    prior: FacePrior
    generator: Dmfn | None
    input: str

    def fill(
        self,
        crop: np.ndarray,
        hole: np.ndarray,
        cancel: threading.Event | None = None,
        before_generator: Callable[[], None] | None = None,
    ) -> np.ndarray:
        """The crop with its hole filled.

        crop: S x S x 3 float32 in [0, 1]. hole: S x S bool. Returns S x S x 3 float32 in [0, 1],
        outside the hole `crop` itself. Raises Cancelled within one block of the generator.
        """
        import torch

        from engine.generator.dmfn import paint, sharpen, window_of

        with torch.inference_mode():
            pixels, hidden = self._tensors(crop, hole)
            filled = pixels
            if self.generator is None or self.input == "prior":
                filled = self.prior.fill(pixels, hidden)
            if before_generator is not None:
                before_generator()
            if self.generator is not None:
                with _Interruptible(self.generator, cancel):
                    if self.input == "prior":
                        rows, columns = window_of(hidden)
                        part = filled[..., rows, columns], hidden[..., rows, columns]
                        filled = filled.clone()
                        filled[..., rows, columns] = sharpen(self.generator, *part)
                    else:
                        filled = paint(self.generator, filled, hidden)
            return _array(filled)

    def prior_fill(self, crop: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """The prior's fill alone; shapes and ranges as in `fill`."""
        import torch

        with torch.inference_mode():
            return _array(self.prior.fill(*self._tensors(crop, hole)))

    def _tensors(self, crop: np.ndarray, hole: np.ndarray) -> tuple[Tensor, Tensor]:
        import torch

        pixels = torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1)))[None] * 2 - 1
        hidden = torch.from_numpy(hole.astype(np.float32))[None, None]
        return pixels.to(self.device), hidden.to(self.device)


def _array(filled: Tensor) -> np.ndarray:
    return ((filled[0].float().clamp(-1, 1) + 1) / 2).permute(1, 2, 0).cpu().numpy()


class _Interruptible:
    """Lets a forward pass be cancelled between its layers (a pass takes most of a second here)."""

    def __init__(self, network: Dmfn, cancel: threading.Event | None) -> None:
        self._network, self._cancel, self._hooks = network, cancel, []

    def __enter__(self) -> None:
        if self._cancel is not None:
            for module in self._network.modules():
                if not list(module.children()):
                    self._hooks.append(module.register_forward_pre_hook(self._check))

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _check(self, *_: object) -> None:
        if self._cancel is not None and self._cancel.is_set():
            raise Cancelled


def load_networks(model: str = "default", device: str = "auto") -> Networks:
    """Load a model of the catalogue onto a device; both are checked first.

    Raises MienError for an unknown model, a broken weight file or a missing device.
    """
    from engine.generator import weights
    from engine.generator.dmfn import Dmfn
    from engine.prior import FacePrior

    chosen = choose_device(device)
    prior = FacePrior(weights.load_tensors(weights.find(PRIOR)), chosen)
    manifest = weights.find(model)
    if manifest.kind == "prior":
        return Networks(PRIOR, chosen, PRIOR_SIDE, prior, None, "prior")
    generator = Dmfn()
    generator.load_state_dict(weights.load_tensors(manifest))
    generator.eval().requires_grad_(False).to(chosen)
    return Networks(manifest.name, chosen, manifest.native_crop, prior, generator, manifest.input)
