"""What learns: the generator and its modules, as one network, from a batch to composited fills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.base.errors import MienError
from engine.fill.pipeline import fill_by_prior
from engine.generator.branches import Conditions
from engine.generator.dmfn import CONTEXT, Dmfn, grid_of, paint, sharpen, window_of
from engine.generator.torch_generator import TorchGenerator
from engine.modules.branches import Branches
from engine.modules.registry import MODULES
from engine.prior import FacePrior
from engine.prior.knowledge import Knowledge
from engine.prior.retouch import Retouch
from training.conditions import conditions, observations, taught
from training.config import TrainingConfig
from training.faces import FaceShards
from training.sample import Sample

if TYPE_CHECKING:
    from engine.fill.networks import Networks

BRANCHES = "modules."  # prefix of a module's tensors beside the generator's
AVERAGED_MESHES = 2000
JITTER, ZOOM = 16, (0.8, 1.1)  # of pictures before the cheap trunk looks: pixels, and sizes


class Telling:
    """What is told of the window `rows` x `columns` of side x side crops.

    A plain class: Fabric looks for tensors to convert in everything a network is called with, and
    refuses frozen dataclasses.
    """

    def __init__(self, conditions: Conditions, rows: slice, columns: slice, side: int) -> None:
        self.conditions, self.rows, self.columns, self.side = conditions, rows, columns, side


class Learner(nn.Module):
    """The generator with its modules, called as `sharpen` and `paint` call a generator.

    The hints are made inside `forward`, so that training on several processes sees every weight in
    one call. modules_on: None trains the plain generator.
    """

    def __init__(self, generator: Dmfn, modules_on: Branches | None = None) -> None:
        super().__init__()
        self.generator, self.speaking = generator, modules_on

    def forward(self, x: Tensor, telling: Telling | None = None) -> Tensor:
        if self.speaking is None or telling is None:
            return self.generator(x)
        hints = self.speaking(telling.conditions, telling.rows, telling.columns, telling.side)
        return self.generator(x, hints)

    def tensors(self) -> dict[str, Tensor]:
        """Every weight: the generator's by their own names, the modules' prefixed `modules.`."""
        named = dict(self.generator.state_dict())
        if self.speaking is not None:
            named |= {BRANCHES + name: t for name, t in self.speaking.state_dict().items()}
        return named

    def load(self, tensors: dict[str, Tensor]) -> None:
        """The inverse of `tensors`. Modules that are not among them stay as they are: a plain
        generator may get modules, and modules that are off are left out. Raises MienError."""
        generator, modules = split(tensors)
        try:
            self.generator.load_state_dict(generator)
            if self.speaking is not None and modules:
                known = self.speaking.state_dict()
                fitting = {name: t for name, t in modules.items() if name in known}
                self.speaking.load_state_dict({**known, **fitting})
        except RuntimeError as error:
            raise MienError(
                f"These weights fit no generator of this program ({error}); start from another."
            ) from error


def split(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """(the generator's tensors, the modules' without their prefix)."""
    modules = {k.removeprefix(BRANCHES): t for k, t in tensors.items() if k.startswith(BRANCHES)}
    return {k: t for k, t in tensors.items() if not k.startswith(BRANCHES)}, modules


def new_learner(config: TrainingConfig, shards: FaceShards | None) -> Learner:
    """A learner at its start: modules without effect, and a generator that sharpens nothing.

    shards: whose mean mesh the landmark module knows; only looked at where it is on.
    """
    generator = Dmfn(grid=config.grid)
    if config.input == "prior":
        generator.start_at_zero()
    modules = None
    if config.modules:
        given: dict[str, dict[str, Tensor]] = {}
        if config.modules.landmark:
            given["landmark"] = {"adjacency": _adjacency()}
            if shards is not None:
                given["landmark"]["mean"] = mean_mesh(shards)
        modules = Branches(config.modules.on, generator.stride, given)
    learner = Learner(generator, modules)
    learner.generator.requires_grad_(config.train_generator)
    return learner


def mean_mesh(shards: FaceShards) -> Tensor:
    """The mean mesh in crop units, 478 x 2, of at most AVERAGED_MESHES faces spread evenly."""
    stride = max(1, len(shards) // AVERAGED_MESHES)
    meshes = [shards.mesh_in_crop(index, 1) for index in range(0, len(shards), stride)]
    return torch.from_numpy(np.mean(meshes, 0)).float()


def _adjacency() -> Tensor:
    """The mesh's graph."""
    from engine.face.mesh import NODES
    from engine.nets.graph import normalised_adjacency
    from training.landmarks.links import mesh_links

    return normalised_adjacency(mesh_links().numpy(), NODES)


@dataclass(frozen=True)
class Fills:
    """Composited fills of one batch, B x 3 x h x w, with what they are measured against.

    output, target, hole: of the part that was sharpened (the whole crop, or the window around a
    shared hole). crop: the untouched whole crops; window: where the part lies in them.
    """

    output: Tensor
    target: Tensor
    hole: Tensor
    crop: Tensor
    window: tuple[slice, slice]

    def near(self, side: int) -> tuple[Tensor, Tensor, Tensor]:
        """(output, target, hole) of a square part around a random place of the hole; 0 means
        all."""
        height, width = self.hole.shape[-2:]
        places = self.hole.amax((0, 1)).nonzero()
        if not side or not len(places):
            return self.output, self.target, self.hole
        y, x = places[int(torch.randint(len(places), ()))].tolist()
        top = min(max(0, y - side // 2), max(0, height - side))
        left = min(max(0, x - side // 2), max(0, width - side))
        part = (..., slice(top, top + side), slice(left, left + side))
        return self.output[part], self.target[part], self.hole[part]

    def jittered(self) -> tuple[Tensor, Tensor]:
        """(output, target) without some first rows and columns and at a slightly other size.

        The generator's cells and the strides of a perceptual trunk would else lie on one lattice
        for ever, and marks on that lattice please the trunk and nobody else.
        """
        top, left = (int(n) for n in torch.randint(0, JITTER, (2,)))
        both = torch.cat([self.output, self.target])[..., top:, left:]
        size = [round(n * float(torch.empty(()).uniform_(*ZOOM))) for n in both.shape[-2:]]
        both = F.interpolate(both.float(), size=size, mode="bilinear", antialias=True)
        output, target = both.chunk(2)
        return output, target

    def whole(self) -> Tensor:
        """The whole crops with the part in its place, B x 3 x S x S."""
        if self.output.shape == self.crop.shape:
            return self.output
        whole = self.crop.clone()
        whole[(..., *self.window)] = self.output
        return whole


class Filler:
    """From a batch to its fills: the prior's, then the learner's, as the program does it."""

    def __init__(self, config: TrainingConfig, prior: Path | None, device: torch.device) -> None:
        self.config = config
        self.prior, self.knowledge = None, None
        if prior is not None and config.input == "prior":
            from engine.catalogue.weights import MANIFEST, load_prior, read_manifest

            manifest = read_manifest(prior / MANIFEST)
            tensors = load_prior(manifest)
            self.prior = FacePrior(tensors, device, retouch=Retouch.of(manifest.retouch))
            self.knowledge = Knowledge.of(tensors, device) if config.modules else None
        self.networks: dict[str, Any] = {}
        for module in MODULES:
            if module.key not in config.modules.on or module.prepared:
                continue
            self.networks[module.name] = module.load(str(device))
            if self.networks[module.name] is None:
                raise MienError(
                    f"The module needs an {module.name} network; train one with 'main.py train "
                    f"{module.name}' or switch the module off."
                )

    def __call__(
        self, network: Callable[..., Tensor], batch: Sample, *, varied: bool = False
    ) -> Fills:
        """The fills of a batch by a Learner (or what wraps it).

        Where one hole is shared, of the window around it; `varied` gives the window another
        context each time, since users' holes are no bounding boxes either.
        """
        crops, holes = batch.crop, batch.hole
        sight = taught(batch, self.networks, self.knowledge)
        told = conditions(sight, batch.told, self.config.modules)
        side = crops.shape[-1]
        everything = slice(0, side), slice(0, side)
        if self.prior is None:
            telling = Telling(told, *everything, side)
            return Fills(paint(network, crops, holes, telling), crops, holes, crops, everything)  # type: ignore[arg-type]
        shared = self.config.shared_holes or len(holes) == 1
        covered = holes[:1] if shared else holes
        with torch.no_grad():
            known = observations(sight, told, covered)
            shape = told.get("landmark")
            meshes, use = (None, None) if shape is None else (shape.values[0], shape.use)
            fill = fill_by_prior(self.prior, crops, covered, known, meshes=meshes, use=use)
        window = everything
        if shared:
            context = CONTEXT + int(torch.randint(-12, 33, ())) if varied else CONTEXT
            window = window_of(holes[:1], context)
        part = (..., *window)
        telling = Telling(told, *window, side)
        output = sharpen(network, fill[part], holes[part], telling)  # type: ignore[arg-type]
        return Fills(output, crops[part], holes[part], crops, window)


def as_networks(
    tensors: dict[str, Tensor], base: Networks, *, input: str | None = None, **facts: Any
) -> Networks:
    """Weights of a run (see `Learner.tensors`) as the program fills with them.

    base: any loaded model, whose prior and guide are used. input: of the generator;
    None takes the base's. facts: name, side.
    """
    plain, told = split(tensors)
    generator = Dmfn(grid=grid_of(plain))
    modules = Branches.of(told, generator.stride) if told else None
    learner = Learner(generator, modules)
    learner.load(tensors)
    learner.eval().requires_grad_(False).to(base.device)
    if input is None:
        input = "prior" if base.generator is None else base.generator.input
    ready = TorchGenerator(learner.generator, input)
    return replace(base, generator=ready, branches=modules, **facts)
