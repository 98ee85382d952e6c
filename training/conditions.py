"""What the modules are told in training: geometry as it would be predicted, expression as it is.

At inference hidden nodes come from the landmark network and err together: a jaw is guessed too
low as a whole, not node by node. Training says the true mesh with errors of that kind, so that
the generator learns how far to trust it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from engine.base.exact import exact
from engine.generator.branches import Conditions, Told
from engine.modules.landmarks import nodes_in_hole
from engine.modules.module import Sight
from engine.modules.registry import MODULES, Wishes
from engine.prior import Observation

if TYPE_CHECKING:
    from engine.prior.knowledge import Knowledge
    from training.config import ModuleSwitches
    from training.sample import Sample

# Root mean square error of a hidden node's coordinate, in crop units: 0.03 inter-ocular distances
# in the plane, of which the frame holds 0.31.
PREDICTION_ERROR = 0.03 * 0.31 / 2**0.5
WAVES = 6  # of which a smooth error is made
LENGTHS = (0.3, 1.2)  # crop units, of the waves
KEPT = Wishes()  # everything as the face has it


def hidden_nodes(mesh: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Which nodes of a mesh (478 x 2, crop units) lie in a hole (S x S bool): 478 bool. A node
    beyond the crop is told by the nearest pixel."""
    inside = nodes_in_hole(torch.from_numpy(mesh)[None], torch.from_numpy(hole)[None, None])
    return inside[0].numpy() > 0


def predicted(mesh: np.ndarray, hidden: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mesh (478 x 2, crop units) whose hidden nodes err smoothly, as predictions do.

    The error is a sum of a few plane waves with random directions and phases; its size differs
    from sample to sample.
    """
    angles, phases = rng.uniform(0, 2 * np.pi, (2, WAVES))
    numbers = 2 * np.pi / rng.uniform(*LENGTHS, WAVES)
    directions = np.stack([np.cos(angles), np.sin(angles)]) * numbers
    amplitudes = rng.normal(0, PREDICTION_ERROR * (2 / WAVES) ** 0.5, (WAVES, 2))
    error = np.cos(mesh @ directions + phases) @ amplitudes
    return mesh + error * hidden[:, None]


@exact
def taught(sample: Sample, networks: Mapping[str, Any], knowledge: Knowledge | None) -> Sight:
    """What the modules are to say of a batch: the nodes that lie in it, and what their frozen
    networks read off the untouched crops."""
    sight = Sight(
        sample.crop,
        networks=networks,
        knowledge=knowledge,
        nodes=sample.nodes,
        told=sample.nodes,
        hidden=sample.hidden,
    )
    for module in MODULES:
        module.see(sight)
    return sight


def conditions(sight: Sight, told: Tensor, switches: ModuleSwitches) -> Conditions:
    """What a batch tells the modules that are on. told: B x (number of modules) of 0 and 1."""
    said: Conditions = {}
    for number, module in enumerate(MODULES):
        condition = module.condition(sight, KEPT) if module.key in switches.on else None
        if condition is not None:
            said[module.key] = Told(condition, told[:, number])
    return said


@exact
def observations(sight: Sight, told: Conditions, hole: Tensor) -> list[Observation]:
    """The same as observations of the prior, as the program tells it; hole: B x 1 x S x S, or one
    for all. A sample that a module does not speak to has the precision 0."""
    sight.hole = hole
    rows: list[Observation] = []
    for module in MODULES:
        observation = module.observe(sight, KEPT) if module.key in told else None
        if observation is not None:
            rows.append(_for_some(observation, told[module.key].use))
    return rows


def _for_some(observation: Observation, use: Tensor | None) -> Observation:
    if use is None:
        return observation
    precision = torch.broadcast_to(observation.precision, observation.values.shape)
    return replace(observation, precision=precision * use.unsqueeze(1))
