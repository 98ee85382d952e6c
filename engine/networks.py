"""The loaded networks of one model: the prior, the generator unless the model is the prior, and
what guides them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from engine.base.device import AUTO, FLOAT32, TORCH, check_device, choose_device
from engine.base.errors import Cancelled

if TYPE_CHECKING:
    from torch import Tensor

    from engine.fill.exposure import Exposure
    from engine.generator.backend import Generator
    from engine.generator.branches import Conditions
    from engine.generator.modules import Branches
    from engine.guidance import Guidance, Guide
    from engine.modules import Wishes
    from engine.modules.module import Moved
    from engine.prior import FacePrior
    from engine.prior.prior import Changed, Posterior

PRIOR = "prior"  # the model name that stops after the prior
PRIOR_SIDE = 256
# Of a face that is changed the generator has a say only in what is finer than this (crop units).
DETAIL = 4 / 256
VARIETY = 1.0  # of variants: 1 is a true sample of what the visible part leaves open


@dataclass(frozen=True, eq=False)
class Networks:
    """name: the model. device: where it runs. side: the crop's side in pixels it was made for."""

    name: str
    device: str
    side: int
    prior: FacePrior
    generator: Generator | None
    guide: Guide
    branches: Branches | None = None

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
    ) -> Guidance:
        """What the modules say of a crop: S x S x 3 float32 in [0, 1], hole S x S bool, mesh
        478 x 2 in crop units or None; the rest as of `Guide.look`."""
        import torch

        with torch.inference_mode():
            known = None if mesh is None else torch.from_numpy(np.asarray(mesh, np.float32))
            pixels, hidden = self._tensors(crop, hole)
            pixels = self._exposure(pixels, hidden).evened(pixels).clamp(-1, 1)
            return self.guide.look(
                pixels, hidden, known, wishes, moved=moved, variant=variant, seed=seed
            )

    def fill(
        self,
        crop: np.ndarray,
        hole: np.ndarray,
        cancel: threading.Event | None = None,
        before_generator: Callable[[], None] | None = None,
        guidance: Guidance | None = None,
    ) -> np.ndarray:
        """The crop with its hole filled.

        crop: S x S x 3 float32 in [0, 1]. hole: S x S bool. guidance: of this crop; None leaves
        every module off. Returns S x S x 3 float32 in [0, 1], outside the hole `crop` itself.
        Raises Cancelled, on PyTorch within one layer of the generator.
        """
        import torch

        from engine.base.brightness import blurred
        from engine.generator.dmfn import window_of

        with torch.inference_mode():
            pixels, hidden = self._tensors(crop, hole)
            exposure = self._exposure(pixels, hidden)
            filled, told = exposure.evened(pixels), {} if guidance is None else guidance.conditions
            sharpens = self.generator is not None and self.generator.input == "prior"
            inner = None
            if self.generator is None or sharpens:
                filled, told, inner = self._prior(filled, hidden, guidance)
            if before_generator is not None:
                before_generator()
            if self.generator is not None:
                whole = slice(0, crop.shape[0])
                rows, columns = window_of(hidden) if sharpens else (whole, whole)
                hints = None
                if self.branches is not None and told:
                    hints = self.branches(told, rows, columns, crop.shape[0])
                part = filled[..., rows, columns], hidden[..., rows, columns]
                _check(cancel)  # for back ends that run in one go
                # What is brighter than white it has never seen; that stays as it is.
                shown = part[0].clamp(-1, 1)
                painted = self.generator.paint(shown, part[1], hints, cancel)
                _check(cancel)
                change = painted - shown
                if inner is not None:
                    # It draws jaws with a dark line around them.
                    change = change * inner[..., rows, columns]
                if guidance is not None and guidance.changes:
                    # It paints what is to be expected, and would take back what was asked for.
                    change = change - blurred(change, DETAIL * crop.shape[0])
                filled = filled.clone()
                filled[..., rows, columns] += change
            return _finished(filled, exposure, pixels, hidden, inner)

    def prior_fill(
        self, crop: np.ndarray, hole: np.ndarray, guidance: Guidance | None = None
    ) -> np.ndarray:
        """The prior's fill alone; shapes and ranges as in `fill`."""
        import torch

        with torch.inference_mode():
            pixels, hidden = self._tensors(crop, hole)
            exposure = self._exposure(pixels, hidden)
            filled, _, inner = self._prior(exposure.evened(pixels), hidden, guidance)
            return _finished(filled, exposure, pixels, hidden, inner)

    def read(self, guidance: Guidance, filled: np.ndarray | None) -> dict[str, Any]:
        """What the modules read of a face, and of its filled crop where something is filled; see
        `Guide.reading`."""
        import torch

        with torch.inference_mode():
            pixels = None
            if filled is not None:
                pixels, nothing = self._tensors(filled, np.zeros(filled.shape[:2], bool))
                pixels = self._exposure(pixels, nothing).evened(pixels).clamp(-1, 1)
            return self.guide.reading(guidance, pixels)

    def _prior(
        self, pixels: Tensor, hidden: Tensor, guidance: Guidance | None
    ) -> tuple[Tensor, Conditions, Tensor | None]:
        """The prior's fill, what the generator is told of it, and how far inside the face each
        pixel is (engine.face.silhouette), None where no mesh says."""
        from engine.face.silhouette import interiors

        if guidance is None:
            return self.prior.fill(pixels, hidden), {}, None
        told, meshes = guidance.conditions, guidance.meshes
        fill = partial(self.prior.fill, pixels, hidden)
        fill = partial(fill, guidance.observations, meshes=meshes)
        if guidance.changes:

            def change(z: Tensor, posterior: Posterior) -> Changed:
                nonlocal told, meshes
                changed = guidance.changed(z, posterior, self.prior)
                told, meshes = guidance.told(changed), changed.after
                return changed

            fill = partial(fill, change=change)
        if guidance.variant:
            import torch

            seeded = torch.Generator().manual_seed(1000 * guidance.seed + guidance.variant)
            fill = partial(fill, generator=seeded, spread=VARIETY)
        filled = fill()
        inner = None if meshes is None else interiors(meshes, pixels.shape[-1]).to(filled)
        return filled, told, inner

    def _exposure(self, pixels: Tensor, hidden: Tensor) -> Exposure:
        from engine.fill.exposure import Exposure

        return Exposure.of(pixels, hidden, self.prior.average)

    def _tensors(self, crop: np.ndarray, hole: np.ndarray) -> tuple[Tensor, Tensor]:
        import torch

        pixels = torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1)))[None] * 2 - 1
        hidden = torch.from_numpy(hole.astype(np.float32))[None, None]
        return pixels.to(self.device), hidden.to(self.device)


def _finished(
    filled: Tensor, exposure: Exposure, pixels: Tensor, hidden: Tensor, inner: Tensor | None
) -> np.ndarray:
    """The crop (pixels: 1 x 3 x S x S) with a fill of its evened light, in its own light and tones
    and, where it is `inner` (1 x 1 x S x S or None), as crisp as it is, as an array."""
    import torch

    from engine.fill.crispness import crispened
    from engine.fill.tone import toned

    filled = exposure.restored(crispened(toned(filled.float(), hidden), hidden, inner))
    filled = torch.where(hidden > 0.5, filled, pixels)
    return ((filled[0].clamp(-1, 1) + 1) / 2).permute(1, 2, 0).cpu().numpy()


def _check(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled


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
    from engine.generator import weights

    manifest = weights.find_filler(model)  # before torch, which takes seconds to load
    check_device(device)
    from engine.generator.backend import BACKENDS, Demand
    from engine.generator.modules import load_branches
    from engine.guidance import Guide
    from engine.prior import FacePrior
    from engine.prior.knowledge import Knowledge

    chosen = choose_device(device)
    tensors = weights.load_prior(weights.find(PRIOR))
    prior = FacePrior(tensors, chosen)
    guide = Guide.load(Knowledge.of(tensors, chosen), chosen)
    if manifest.kind == "prior":
        return Networks(PRIOR, chosen, PRIOR_SIDE, prior, None, guide)
    weights.verify(manifest)
    generator = BACKENDS[manifest.format](
        manifest.path, manifest.input, Demand(chosen, precision, many)
    )
    branches = load_branches(manifest, chosen, generator.stride)
    side = manifest.native_crop
    return Networks(manifest.name, chosen, side, prior, generator, guide, branches)
