"""What the modules say of one crop: where the hidden nodes lie, which expression to paint.

`Guide` holds the networks that look (emotion, landmarks) and the prior's knowledge; it turns
options into a `Guidance`, which the prior takes as observations and the generator as conditions.
Whatever is hidden has no say: both networks see the crop with its hole zeroed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.generator.modules import Conditions
from engine.prior import FacePrior, Observation
from engine.prior.knowledge import Knowledge
from engine.readings import EMOTIONS, KEEP, OFF

if TYPE_CHECKING:
    from engine.face.emotion import EmotionNetwork
    from engine.face.landmarks import LandmarkNetwork

LANDMARKS, EMOTION = "landmarks", "emotion"  # the modules, as readings name them
Moved = tuple[int, float, float]
# How far an asked-for expression is pushed, tried in turn until the emotion network reads it off
# the fill as likelier than not (knowledge.changed).
PUSHES = (1.0, 2.0, 3.0)
NEAR = 3.5  # standard deviations up to which a change is made that is not read at all
FAINT = 0.35  # probability from which on it is read well enough to go further


@dataclass(frozen=True)
class Wishes:
    """The part of FillOptions that concerns one face, in crop units. moved: (node, x, y)."""

    landmarks: bool = True
    emotion: str = KEEP
    strength: float = 1.0
    moved: tuple[Moved, ...] = ()
    variant: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Guidance:
    """observations for the prior, and the expression (with its strength) that its face is changed
    to; conditions for the generator; what was read.

    nodes: 1 x 478 x 2 in crop units, None without a landmark network or a mesh; hidden: 1 x 478.
    visible: 1 x 7 probabilities of EMOTIONS read off the visible part, None without the network.
    modules: which modules have a say ("landmarks", "emotion").
    """

    observations: tuple[Observation, ...] = ()
    asked: tuple[str, float] | None = None
    conditions: Conditions = field(default_factory=Conditions)
    nodes: Tensor | None = None
    hidden: Tensor | None = None
    visible: Tensor | None = None
    modules: tuple[str, ...] = ()
    variant: int = 0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Guide:
    """The networks that look at a crop; any of them may be missing, and its module is then off."""

    emotion: EmotionNetwork | None
    landmarks: LandmarkNetwork | None
    knowledge: Knowledge | None

    def look(self, crop: Tensor, hole: Tensor, mesh: Tensor | None, wishes: Wishes) -> Guidance:
        """The guidance for one crop.

        crop: 1 x 3 x S x S in [-1, 1], hole: 1 x 1 x S x S. mesh: 478 x 2 in crop units as found
        in the photo; only its seen nodes are used. None where no mesh was found: then all nodes
        are the network's.
        """
        nodes, hidden = self.nodes(crop, hole, mesh)
        visible, knowledge = self.read(crop, hole), self.knowledge
        asked = wishes.emotion if wishes.emotion not in (KEEP, OFF) else None
        # `nodes` stay those of the face as it is: the prior solves that one first.
        told = nodes
        if nodes is not None and hidden is not None and knowledge is not None:
            shift = torch.zeros_like(nodes)
            if asked and visible is not None:
                shift = knowledge.express(hidden, visible, asked, PUSHES[1])
                shift = wishes.strength * shift
            told = nodes + shift
            if wishes.moved:
                told = knowledge.drag(told[0], hidden[0], wishes.moved)[None]
                nodes = told - shift
        observations: list[Observation] = []
        modules: list[str] = []
        told_emotion = None
        if wishes.landmarks and nodes is not None and hidden is not None:
            modules.append(LANDMARKS)
            if knowledge is not None:
                moved = bool(wishes.moved)
                observations.append(knowledge.geometry(nodes, hidden, dragged=moved))
        if asked and knowledge is not None:
            modules.append(EMOTION)
            told_emotion = _named(asked, wishes.strength).to(crop)
        elif wishes.emotion == KEEP and visible is not None:
            modules.append(EMOTION)
            told_emotion = visible
            if knowledge is not None:
                observations.append(knowledge.kept(visible, hole))
        on = LANDMARKS in modules
        return Guidance(
            tuple(observations),
            (asked, wishes.strength) if asked and knowledge is not None else None,
            Conditions(told if on else None, hidden if on else None, told_emotion),
            told,
            hidden,
            visible,
            tuple(modules),
            wishes.variant,
            wishes.seed,
        )

    def nodes(
        self, crop: Tensor, hole: Tensor, mesh: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """(1 x 478 x 2 nodes in crop units, 1 x 478 hidden): seen nodes as found, hidden ones as
        the network predicts them; (None, None) where neither is to be had."""
        if mesh is None and self.landmarks is None:
            return None, None
        predicted = None if self.landmarks is None else self.landmarks(crop, hole)
        if mesh is None:
            assert predicted is not None
            return predicted, nodes_in_hole(predicted, hole)
        found = mesh.to(crop)[None]
        if predicted is None:
            return None, None  # what MediaPipe says of hidden nodes is no knowledge
        # A node that either account puts into the hole is hidden.
        hidden = torch.maximum(nodes_in_hole(found, hole), nodes_in_hole(predicted, hole))
        return torch.where(hidden.unsqueeze(-1) > 0, predicted, found), hidden

    def expressed(
        self, z: Tensor, prior: FacePrior, crop: Tensor, hole: Tensor, emotion: str, strength: float
    ) -> Tensor:
        """The prior's face z (1 x K) with another expression, no further than is needed.

        Of the PUSHES the first is taken with which the emotion network reads the expression off
        the filled crop, else the one with which it reads most of it among those that leave a face a
        face; `strength` scales the change.
        """
        assert self.knowledge is not None
        tried = torch.cat([self.knowledge.changed(z, emotion, push) for push in PUSHES])
        chosen = 1
        if self.emotion is not None:
            size = (prior.side, prior.side)
            small = F.interpolate(crop, size=size, mode="bilinear", antialias=True)
            hidden = (F.interpolate(hole, size=size, mode="area") > 0).to(hole)
            filled = prior.composite(prior.render(tried), small, hidden)
            likely = self.emotion.read(filled)[:, EMOTIONS.index(emotion)]
            clear = (likely > 0.5).nonzero()
            fit = ((tried - z).norm(dim=1) < NEAR) | (likely > FAINT)
            chosen = int(clear[0]) if len(clear) else int((likely * fit).argmax())
        return z + strength * (tried[chosen] - z)

    def read(self, crop: Tensor, hole: Tensor | None = None) -> Tensor | None:
        """1 x 7 probabilities of EMOTIONS of a crop's visible part, None without the network."""
        return None if self.emotion is None else self.emotion.read(crop, hole)

    def painted(self, filled: Tensor, guidance: Guidance) -> Tensor:
        """1 x 478 x 2: the guidance's nodes, the hidden ones as they are found in a filled crop.

        The network's own offset, as the seen nodes have it, is taken off first."""
        assert guidance.nodes is not None
        assert guidance.hidden is not None
        if self.landmarks is None:
            return guidance.nodes
        found = self.landmarks(filled, torch.zeros_like(filled[:, :1]))
        hidden = guidance.hidden.unsqueeze(-1) > 0
        seen = ~hidden.expand_as(found)
        if seen.any():
            away = torch.where(seen, found - guidance.nodes, 0).sum(1, keepdim=True)
            found = found - away / seen.sum(1, keepdim=True).clamp(min=1)
        return torch.where(hidden, found, guidance.nodes)

    def shift(self, filled: Tensor, guidance: Guidance) -> float | None:
        """How far the hidden nodes of a filled crop lie from where they were expected, mean in
        inter-ocular distances; None where nothing is hidden or nothing can be measured."""
        if self.landmarks is None or guidance.nodes is None or guidance.hidden is None:
            return None
        hidden = guidance.hidden[0] > 0
        if not hidden.any():
            return None
        found = self.landmarks(filled, torch.zeros_like(filled[:, :1]))[0]
        distances = (found - guidance.nodes[0]).norm(dim=-1)
        from engine.face.mesh import eye_centres

        left, right = eye_centres(guidance.nodes[0].cpu().numpy())
        unit = max(1e-6, float(((left - right) ** 2).sum() ** 0.5))
        return float(distances[hidden].mean()) / unit


def nodes_in_hole(nodes: Tensor, hole: Tensor) -> Tensor:
    """Which nodes (B x 478 x 2, crop units) lie in the hole (B x 1 x S x S): B x 478 of 0 and 1."""
    side = hole.shape[-1]
    places = (nodes * side).floor().long().clamp(0, side - 1)
    flat = places[..., 1] * side + places[..., 0]
    return (hole.flatten(1).gather(1, flat) > 0.5).to(nodes.dtype)


def _named(emotion: str, strength: float) -> Tensor:
    """1 x 7 probabilities that say an expression as clearly as `strength` (0 .. 1.5)."""
    even = torch.full((1, len(EMOTIONS)), 1 / len(EMOTIONS))
    clear = torch.full((1, len(EMOTIONS)), 0.02)
    clear[0, EMOTIONS.index(emotion)] = 1 - 0.02 * (len(EMOTIONS) - 1)
    share = min(1.0, strength)
    return share * clear + (1 - share) * even
