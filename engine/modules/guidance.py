"""What the modules say of one crop: where the hidden nodes lie, which expression to paint.

`Guide` holds what the modules read with and the prior's knowledge; it turns wishes into a
`Guidance`, which the prior takes as observations and the generator as conditions. Whatever is
hidden has no say: every network sees the crop with its hole zeroed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from engine.base.exact import exact
from engine.face.shape import ShapeModel, load_shapes
from engine.generator.branches import Conditions, Told
from engine.modules.emotion import asked_for, mouth_of
from engine.modules.landmarks import nodes_in_hole
from engine.modules.module import Module, Moved, Person, Sight, Solved
from engine.modules.registry import MODULES, Wishes
from engine.prior import FacePrior, Observation
from engine.prior.change import change
from engine.prior.knowledge import Knowledge
from engine.prior.prior import Changed, Posterior

# What the user drags has the last word: landmarks come first of the modules.
SHAPING = tuple(reversed(MODULES))


@dataclass(frozen=True)
class Guidance:
    """observations for the prior, conditions for the generator, and what both were made of.

    wishes: what was asked for. sight: what is seen of the crop. modules: those that have a say, by
    name. variant, seed: of the prior's draw.
    """

    sight: Sight
    wishes: Wishes = field(default_factory=Wishes)
    observations: tuple[Observation, ...] = ()
    conditions: Conditions = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    variant: int = 0
    seed: int = 0

    @property
    def asked(self) -> tuple[str, float] | None:
        """The expression and its strength that the face is changed to."""
        return asked_for(self.wishes) if self.sight.knowledge is not None else None

    @property
    def changes(self) -> bool:
        """Whether the face is painted otherwise than it was solved."""
        return bool(self._pushing) or self.sight.undragged is not None

    @property
    def _pushing(self) -> list[Module]:
        return [module for module in MODULES if module.pushes(self.sight, self.wishes)]

    @exact
    def changed(
        self,
        z: Tensor,
        posterior: Posterior,
        prior: FacePrior,
        show: Callable[[Changed], Tensor],
    ) -> Changed:
        """The face z (1 x K) as it is wanted: dragged, and with what is asked for, pushed no
        further than is needed. show: a changed face -> how it will look in its crop, 1 x 3 x s x
        s."""
        sight, knowledge = self.sight, self.sight.knowledge
        assert knowledge is not None
        nodes = sight.nodes
        if nodes is None or sight.hidden is None:
            assert sight.hole is not None
            nodes = knowledge.mesh(z)
            sight = replace(sight, hidden=nodes_in_hole(nodes, sight.hole))

        def pushed(push: float) -> Changed:
            after = nodes
            for module in SHAPING:
                after = module.shaped(sight, after, self.wishes, push)
            asked = self.asked and (self.asked[0], self.asked[1] * push)
            return change(knowledge, z, posterior, nodes, after, asked)

        def settle(mesh: Tensor) -> Tensor:
            return SHAPING[-1].shaped(sight, mesh, self.wishes, 1.0)

        for module in self._pushing:
            return module.change(
                sight, self.wishes, pushed, Solved(z, prior, posterior, settle, show)
            )
        return pushed(0.0)

    def told(self, changed: Changed) -> Conditions:
        """The conditions for the generator of a face that was changed."""
        sight = (
            replace(self.sight, told=changed.after) if self.sight.nodes is not None else self.sight
        )
        return conditions_of(sight, self.wishes)

    @property
    def meshes(self) -> Tensor | None:
        """The face's shape for the prior's fine detail, None where it is to be told by z."""
        return self.sight.told if self.conditions.get("landmark") else None


def conditions_of(sight: Sight, wishes: Wishes) -> Conditions:
    """What every module that is on and has something to say tells the generator."""
    said = {m.key: m.condition(sight, wishes) for m in MODULES if m.is_on(wishes)}
    return {key: Told(condition) for key, condition in said.items() if condition is not None}


@dataclass(frozen=True, eq=False)
class Guide:
    """The networks of the modules, by name; one that is missing leaves its module without a say."""

    networks: Mapping[str, Any]
    knowledge: Knowledge | None
    shapes: ShapeModel | None = None

    @classmethod
    def load(cls, knowledge: Knowledge | None, device: str = "cpu") -> Guide:
        """With every installed network."""
        networks = {module.name: module.load(device) for module in MODULES}
        found = {name: network for name, network in networks.items() if network is not None}
        return cls(found, knowledge, load_shapes())

    @exact
    def look(
        self,
        crop: Tensor,
        hole: Tensor,
        mesh: Tensor | None,
        wishes: Wishes,
        *,
        moved: tuple[Moved, ...] = (),
        variant: int = 0,
        seed: int = 0,
        person: Person | None = None,
    ) -> Guidance:
        """The guidance for one crop.

        crop: 1 x 3 x S x S in [-1, 1], hole: 1 x 1 x S x S. mesh: 478 x 2 in crop units as found
        in the photo; only its seen nodes are used. None where no mesh was found: then all nodes
        are the network's. moved: hidden nodes that were dragged. person: as of Sight.
        """
        known = (self.networks, self.knowledge, self.shapes)
        asked = {"variant": variant, "open": mouth_of(wishes)}
        sight = Sight(crop, hole, mesh, *known, moved=moved, person=person, **asked)
        for module in MODULES:
            module.see(sight)
        self._place(sight, wishes)
        conditions = conditions_of(sight, wishes)
        speaking = [module for module in MODULES if module.key in conditions]
        said = [module.observe(sight, wishes) for module in speaking]
        observations = tuple(observation for observation in said if observation is not None)
        names = tuple(module.name for module in speaking)
        return Guidance(sight, wishes, observations, conditions, names, variant, seed)

    def _place(self, sight: Sight, wishes: Wishes) -> None:
        """The nodes as the fill is to have them. `nodes` stay those of the face as it is: the prior
        solves that one first."""
        sight.pushed = any(module.pushes(sight, wishes) for module in MODULES)
        if sight.nodes is None or sight.knowledge is None:
            return
        before = told = sight.nodes
        for module in SHAPING:
            before, told = told, module.shaped(sight, told, wishes, 1.0)
        sight.told = told
        if not torch.equal(before, told):
            sight.undragged = before
        else:
            sight.moved = ()  # to where it was is not dragged

    @exact
    def reading(self, guidance: Guidance, filled: Tensor | None) -> dict[str, Any]:
        """What the modules read of a face and of its filled crop (1 x 3 x S x S): fields of
        FaceReading, the mesh in crop units."""
        read: dict[str, Any] = {"figures": {}}
        for module in MODULES:
            told = module.reading(guidance.sight, filled, guidance.wishes)
            read["figures"] |= told.pop("figures", {})
            read |= told
        return read
