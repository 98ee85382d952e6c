"""What the modules say of one crop: where the hidden nodes lie, which expression to paint.

`Guide` holds what the modules read with and the prior's knowledge; it turns wishes into a
`Guidance`, which the prior takes as observations and the generator as conditions. Whatever is
hidden has no say: every network sees the crop with its hole zeroed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from engine.generator.branches import Conditions, Told
from engine.modules import MODULES, Wishes
from engine.modules.module import Change, Moved, Sight
from engine.prior import FacePrior, Observation
from engine.prior.knowledge import Knowledge


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

    def change(self, prior: FacePrior) -> Change | None:
        """What the modules make of the face that the prior solved, one after the other."""
        on = (module for module in MODULES if module.name in self.modules)
        changes = [module.change(self.sight, self.wishes, prior) for module in on]
        wanted = [change for change in changes if change is not None]
        if not wanted:
            return None

        def change(z: Tensor) -> Tensor:
            for one in wanted:
                z = one(z)
            return z

        return change

    @property
    def meshes(self) -> Tensor | None:
        """The face's shape for the prior's fine detail, None where it is to be told by z."""
        return self.sight.told if self.conditions.get("landmark") else None


@dataclass(frozen=True, eq=False)
class Guide:
    """The networks of the modules, by name; one that is missing leaves its module without a say."""

    networks: Mapping[str, Any]
    knowledge: Knowledge | None

    @classmethod
    def load(cls, knowledge: Knowledge | None, device: str = "cpu") -> Guide:
        """With every installed network."""
        networks = {module.name: module.load(device) for module in MODULES}
        return cls(
            {n: network for n, network in networks.items() if network is not None}, knowledge
        )

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
    ) -> Guidance:
        """The guidance for one crop.

        crop: 1 x 3 x S x S in [-1, 1], hole: 1 x 1 x S x S. mesh: 478 x 2 in crop units as found
        in the photo; only its seen nodes are used. None where no mesh was found: then all nodes
        are the network's. moved: hidden nodes that were dragged.
        """
        sight = Sight(crop, hole, mesh, self.networks, self.knowledge, moved=moved)
        for module in MODULES:
            module.see(sight)
        self._place(sight, wishes)
        conditions: Conditions = {}
        observations: list[Observation] = []
        names: list[str] = []
        for module in MODULES:
            told = module.condition(sight, wishes) if module.is_on(wishes) else None
            if told is None:
                continue
            names.append(module.name)
            conditions[module.key] = Told(told)
            observation = module.observe(sight, wishes)
            if observation is not None:
                observations.append(observation)
        return Guidance(sight, wishes, tuple(observations), conditions, tuple(names), variant, seed)

    def _place(self, sight: Sight, wishes: Wishes) -> None:
        """The nodes as what is asked for moves them and as the user dragged them. `nodes` stay
        those of the face as it is: the prior solves that one first."""
        if sight.nodes is None or sight.hidden is None or sight.knowledge is None:
            return
        shifts = [module.shift(sight, wishes) for module in MODULES]
        for shift in shifts:
            if shift is not None:
                sight.shift = shift if sight.shift is None else sight.shift + shift
        if sight.shift is not None:
            sight.told = sight.nodes + sight.shift
        if sight.moved:
            assert sight.told is not None
            sight.told = sight.knowledge.drag(sight.told[0], sight.hidden[0], sight.moved)[None]
            sight.nodes = sight.told if sight.shift is None else sight.told - sight.shift

    def reading(self, guidance: Guidance, filled: Tensor | None) -> dict[str, Any]:
        """What the modules read of a face and of its filled crop (1 x 3 x S x S): fields of
        FaceReading, the mesh in crop units."""
        read: dict[str, Any] = {"figures": {}}
        for module in MODULES:
            told = module.reading(guidance.sight, filled, guidance.wishes)
            read["figures"] |= told.pop("figures", {})
            read |= told
        return read
