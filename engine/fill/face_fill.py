"""What a face's fill is made of, state by state. Each state has all that the one before it had, so
its type says what is there; what only some fills have is None in the others.

B crops of S x S pixels each: RGB in [-1, 1] (above 1 is what is brighter than white in the prior's
light), holes 1 = hidden. The program fills one at a time, a training many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.fill.step import State
from engine.generator.branches import Conditions
from engine.prior.prior import Changed, FacePrior, Observation, Posterior

if TYPE_CHECKING:
    from engine.fill.memory import Solutions
    from engine.fill.networks import Networks
    from engine.fill.white_balance import WhiteBalance
    from engine.modules.guidance import Guidance


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of faces beside their visible pixels.

    observations: for the prior. meshes: B x 478 x 2 in crop units. use: B of 0 and 1, whose meshes
    count; None: all. conditions: for the generator.
    """

    observations: tuple[Observation, ...] = ()
    meshes: Tensor | None = None
    use: Tensor | None = None
    conditions: Conditions = field(default_factory=dict)


@dataclass(frozen=True, eq=False, kw_only=True)
class FaceFill(State):
    """What is given. crop: B x 3 x S x S. hole: B or 1 x 1 x S x S. networks: None where only the
    prior's rows are run. guidance: whose wishes change the face. dice: draws a variant; None takes
    the most probable face. solutions: of faces solved before; None solves anew."""

    prior: FacePrior
    crop: Tensor
    hole: Tensor
    known: Known = field(default_factory=Known)
    networks: Networks | None = None
    guidance: Guidance | None = None
    dice: torch.Generator | None = None
    solutions: Solutions | None = None
    beyond: float = 0.0

    @property
    def side(self) -> int:
        """Pixels of the crop's side."""
        return self.crop.shape[-1]


@dataclass(frozen=True, eq=False, kw_only=True)
class BalancedFill(FaceFill):
    """The crop in the light that the prior knows. white_balance: what it was brought
    there by. balanced: B x 3 x S x S. told: what the generator is told. own: B x 1 x S x S, 0 at
    visible pixels that are not the face's although its outline is there; None: no outline is known.
    """

    white_balance: WhiteBalance
    balanced: Tensor
    told: Conditions
    own: Tensor | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class SolvedFill(BalancedFill):
    """The face that is most probable. z: B x K, posterior: what else it may be. shape: B x 478 x 2,
    the mesh that it is painted by, None where neither a network nor the prior says one. outline:
    the same where a network has said it. changed: the face as it is wanted, None where as it is.
    """

    posterior: Posterior
    z: Tensor
    shape: Tensor | None
    outline: Tensor | None
    changed: Changed | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class PicturedFill(BalancedFill):
    """picture: B x 3 x S x S, first the face alone, then the crop with it in its hole. generated:
    what the generator adds. inside: B x 1 x S x S, how far within the face each pixel lies, 0..1;
    None where no outline says."""

    picture: Tensor
    generated: Generated | None = None
    inside: Tensor | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class RenderedFill(SolvedFill, PicturedFill):
    """A face that the prior painted. share: B x 1 x S x S, how much of its fine detail is left;
    None: all."""

    share: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Generated:
    """What the generator adds in its window: change, B x 3 x h x w; window: rows, columns."""

    change: Tensor
    window: tuple[slice, slice]
