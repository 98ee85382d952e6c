"""What the modules tell a generator: their branches, together and loaded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from engine.generator.branches import Conditions, Hints
from engine.modules.registry import MODULES

if TYPE_CHECKING:
    from engine.catalogue.weights import Manifest


class Branches(nn.Module):
    """The branches of some modules, by their keys. stride: of the generator they speak to. given:
    what a branch starts with, by key and then by name."""

    def __init__(
        self, keys: Iterable[str], stride: int = 4, given: dict[str, dict[str, Any]] | None = None
    ) -> None:
        super().__init__()
        keys = set(keys)
        for module in MODULES:
            branch = module.branch(stride) if module.key in keys else None
            if branch is not None:
                for name, value in (given or {}).get(module.key, {}).items():
                    setattr(branch, name, value)
                self.add_module(module.key, branch)

    @classmethod
    def of(cls, tensors: dict[str, Tensor], stride: int = 4) -> Branches:
        """The branches that these tensors (their state) are of; those of no module of this program
        are left out."""
        branches = cls(kinds(tensors), stride)
        known = branches.state_dict()
        branches.load_state_dict({name: t for name, t in tensors.items() if name in known})
        return branches

    def forward(self, conditions: Conditions, rows: slice, columns: slice, side: int) -> Hints:
        """The hints for the window `rows` x `columns` of side x side crops."""
        hints = Hints()
        for key, branch in self.named_children():
            told = conditions.get(key)
            if told is not None:
                said = branch(*told.values, rows=rows, columns=columns, side=side)
                hints = hints + said.told_to(told.use)
        return hints


def kinds(tensors: Iterable[str]) -> set[str]:
    """The keys of the modules whose branches these tensors' names are of."""
    return {name.partition(".")[0] for name in tensors}


def load_branches(manifest: Manifest, device: str = "cpu", stride: int = 4) -> Branches | None:
    """The branches of a generator of the catalogue, None where it has none. stride: its own."""
    from engine.catalogue import weights

    tensors = weights.load_modules(manifest)
    if tensors is None:
        return None
    return Branches.of(tensors, stride).eval().requires_grad_(False).to(device)
