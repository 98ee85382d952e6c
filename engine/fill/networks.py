"""The loaded networks of one model: the prior, the generator unless the model is the prior, and
what guides them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from engine.base.device import AUTO, FLOAT32, TORCH, check_device, choose_device

if TYPE_CHECKING:
    from torch import Tensor

    from engine.detail.network import DetailNetwork
    from engine.face.recognition import RecognitionNetwork
    from engine.generator.backend import Generator
    from engine.modules.branches import Branches
    from engine.modules.guidance import Guidance, Guide
    from engine.modules.module import Moved, Person
    from engine.modules.registry import Wishes
    from engine.prior import FacePrior

PRIOR = "prior"  # the model name that stops after the prior
PRIOR_SIDE = 256


@dataclass(frozen=True, eq=False)
class Networks:
    """name: the model. device: where it runs. side: the crop's side in pixels it was made for.
    detail: paints what is finer than the crop; None where no such network is installed."""

    name: str
    device: str
    side: int
    prior: FacePrior
    generator: Generator | None
    guide: Guide
    branches: Branches | None = None
    detail: DetailNetwork | None = None

    @cached_property
    def recognition(self) -> RecognitionNetwork | None:
        """What tells people apart, loaded when it is first asked; None where none is installed."""
        from engine.catalogue.weights import load
        from engine.face.recognition import RecognitionNetwork

        return load("recognition", RecognitionNetwork, self.device)

    @property
    def precision(self) -> str:
        """What the generator calculates in, "float32" or "bfloat16"; the rest is float32."""
        return FLOAT32 if self.generator is None else self.generator.precision

    @property
    def backend(self) -> str:
        """What runs the generator; the rest is torch's."""
        return TORCH if self.generator is None else self.generator.backend

    def look(
        self,
        crop: np.ndarray,
        hole: np.ndarray,
        mesh: np.ndarray | None,
        wishes: Wishes,
        *,
        moved: tuple[Moved, ...] = (),
        variant: int = 0,
        seed: int = 0,
        person: Person | None = None,
    ) -> Guidance:
        """What the modules say of a crop: S x S x 3 float32 in [0, 1], hole S x S bool, mesh
        478 x 2 in crop units or None; the rest as of `Guide.look`."""
        import torch

        with torch.inference_mode():
            known = None if mesh is None else torch.from_numpy(np.asarray(mesh, np.float32))
            pixels, hidden = self.tensors(crop, hole)
            return self.guide.look(
                self.balanced(pixels, hidden),
                hidden,
                known,
                wishes,
                moved=moved,
                variant=variant,
                seed=seed,
                person=person,
            )

    def read(self, guidance: Guidance, filled: np.ndarray | None) -> dict[str, Any]:
        """What the modules read of a face, and of its filled crop where something is filled; see
        `Guide.reading`."""
        import torch

        with torch.inference_mode():
            pixels = None
            if filled is not None:
                pixels, nothing = self.tensors(filled, np.zeros(filled.shape[:2], bool))
                pixels = self.balanced(pixels, nothing)
            return self.guide.reading(guidance, pixels)

    def balanced(self, pixels: Tensor, hidden: Tensor) -> Tensor:
        """Crops (B x 3 x S x S in [-1, 1]) in the light that faces were learnt in, as networks read
        them. hidden: B x 1 x S x S or 1 x ..., where they are not looked at."""
        from engine.fill.white_balance import WhiteBalance

        return WhiteBalance.of(pixels, hidden, self.prior.average).apply(pixels).clamp(-1, 1)

    def tensors(self, crop: np.ndarray, hole: np.ndarray) -> tuple[Tensor, Tensor]:
        """A crop (S x S x 3 in [0, 1]) and its hole (S x S bool) as the steps take them."""
        import torch

        pixels = torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1)))[None] * 2 - 1
        hidden = torch.from_numpy(hole.astype(np.float32))[None, None]
        return pixels.to(self.device), hidden.to(self.device)


_shared: WeakValueDictionary[tuple[str, str, str, bool], Networks] = WeakValueDictionary()
_loading = threading.Lock()


def shared_networks(
    model: str = "default", device: str = "auto", precision: str = AUTO, many: bool = False
) -> Networks:
    """The same as `load_networks`, loaded once for all who use it at a time: preview and fill, and
    every thread of a batch. It goes when the last of them lets go."""
    with _loading:
        wanted = (model, device, precision, many)
        networks = _shared.get(wanted)
        if networks is None:
            networks = _shared[wanted] = load_networks(*wanted)
        return networks


def load_networks(
    model: str = "default", device: str = "auto", precision: str = AUTO, many: bool = False
) -> Networks:
    """Load a model of the catalogue onto a device; both are checked first.

    precision: of the generator, auto or exact; prior and modules solve in float32 always. many:
    whether they will fill many photos (see engine.generator.backend.Demand).

    Raises MienError for an unknown model, a broken weight file or a missing device.
    """
    from engine.catalogue import weights

    manifest = weights.find_filler(model)  # before torch, which takes seconds to load
    check_device(device)
    from engine.detail.network import DetailNetwork
    from engine.generator.backend import BACKENDS, Demand
    from engine.modules.branches import load_branches
    from engine.modules.guidance import Guide
    from engine.prior import FacePrior
    from engine.prior.knowledge import Knowledge
    from engine.prior.retouch import Retouch

    chosen = choose_device(device)
    of_prior = weights.find(PRIOR)
    tensors = weights.load_prior(of_prior)
    prior = FacePrior(tensors, chosen, retouch=Retouch.of(of_prior.retouch))
    guide = Guide.load(Knowledge.of(tensors, chosen), chosen)
    detail = weights.load("detail", DetailNetwork, chosen)
    if manifest.kind == "prior":
        return Networks(PRIOR, chosen, PRIOR_SIDE, prior, None, guide, None, detail)
    weights.verify(manifest)
    generator = BACKENDS[manifest.format](
        manifest.path, manifest.input, Demand(chosen, precision, many)
    )
    branches = load_branches(manifest, chosen, generator.stride)
    side = manifest.native_crop
    return Networks(manifest.name, chosen, side, prior, generator, guide, branches, detail)
