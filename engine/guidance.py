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
from engine.prior.change import change
from engine.prior.climb import climbed
from engine.prior.knowledge import Knowledge
from engine.prior.prior import Changed, Posterior
from engine.readings import EMOTIONS, KEEP, OFF

if TYPE_CHECKING:
    from engine.face.emotion import EmotionNetwork
    from engine.face.landmarks import LandmarkNetwork
    from engine.face.shape import ShapeModel

LANDMARKS, EMOTION = "landmarks", "emotion"  # the modules, as readings name them
Moved = tuple[int, float, float]
# How far an asked-for expression is pushed, tried in turn until the emotion network reads it
# clearly off the fill.
PUSHES = (0.7, 1.0, 1.5, 2.0, 3.0)
CLEAR = 0.75  # probability from which on an expression counts as read


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
    solved: the same before anything was dragged or asked for; undragged: with what was asked for.
    placed: the nodes that were dragged.
    visible: 1 x 7 probabilities of EMOTIONS read off the visible part, None without the network.
    modules: which modules have a say ("landmarks", "emotion").
    """

    observations: tuple[Observation, ...] = ()
    asked: tuple[str, float] | None = None
    conditions: Conditions = field(default_factory=Conditions)
    nodes: Tensor | None = None
    hidden: Tensor | None = None
    solved: Tensor | None = None
    undragged: Tensor | None = None
    placed: tuple[Moved, ...] = ()
    visible: Tensor | None = None
    modules: tuple[str, ...] = ()
    variant: int = 0
    seed: int = 0

    @property
    def changes(self) -> bool:
        """Whether the face is painted otherwise than it was solved."""
        return self.asked is not None or bool(self.placed)


@dataclass(frozen=True, eq=False)
class Guide:
    """The networks that look at a crop; any of them may be missing, and its module is then off."""

    emotion: EmotionNetwork | None
    landmarks: LandmarkNetwork | None
    knowledge: Knowledge | None
    shapes: ShapeModel | None = None

    def look(self, crop: Tensor, hole: Tensor, mesh: Tensor | None, wishes: Wishes) -> Guidance:
        """The guidance for one crop.

        crop: 1 x 3 x S x S in [-1, 1], hole: 1 x 1 x S x S. mesh: 478 x 2 in crop units as found
        in the photo; only its seen nodes are used. None where no mesh was found: then all nodes
        are the network's.
        """
        nodes, hidden = self.nodes(crop, hole, mesh)
        visible, knowledge = self.read(crop, hole), self.knowledge
        asked = wishes.emotion if wishes.emotion not in (KEEP, OFF) else None
        if asked and (knowledge is None or not wishes.strength):
            asked = None
        told, undragged, placed = nodes, nodes, ()
        if nodes is not None and hidden is not None and knowledge is not None:
            asking = (asked, wishes.strength) if asked else None
            told = self.shaped(nodes, hidden, visible, asking, PUSHES[1])
            undragged = told
            if wishes.landmarks and wishes.moved:
                dragged = self.dragged(told, hidden, wishes.moved)
                placed = () if torch.equal(dragged, told) else wishes.moved
                told = dragged if placed else told
        observations: list[Observation] = []
        modules: list[str] = []
        told_emotion = None
        if wishes.landmarks and nodes is not None and hidden is not None:
            modules.append(LANDMARKS)
            if knowledge is not None:
                # Of the face as it is: the prior solves that one first.
                observations.append(knowledge.geometry(nodes, hidden))
        if asked:
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
            (asked, wishes.strength) if asked else None,
            Conditions(told if on else None, hidden if on else None, told_emotion),
            told,
            hidden,
            nodes,
            undragged,
            placed,
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

    def shaped(
        self,
        nodes: Tensor,
        hidden: Tensor,
        visible: Tensor | None,
        asked: tuple[str, float] | None,
        push: float,
    ) -> Tensor:
        """1 x 478 x 2: a mesh whose hidden nodes take the expression that is asked for."""
        if asked is None or self.shapes is None or visible is None:
            return nodes
        emotion, strength = asked
        mesh, which, read = (one[0].cpu().numpy() for one in (nodes, hidden, visible))
        moved = self.shapes.express(mesh, which, read, emotion, strength * push)
        return torch.from_numpy(moved.nodes).to(nodes)[None]

    def dragged(self, nodes: Tensor, hidden: Tensor, placed: tuple[Moved, ...]) -> Tensor:
        """1 x 478 x 2: a mesh with some hidden nodes put elsewhere and the others following."""
        if self.shapes is None or not placed:
            return nodes
        moved = self.shapes.drag(nodes[0].cpu().numpy(), hidden[0].cpu().numpy(), placed)
        return torch.from_numpy(moved.nodes).to(nodes)[None]

    def changed(
        self,
        z: Tensor,
        posterior: Posterior,
        *,
        prior: FacePrior,
        crop: Tensor,
        hole: Tensor,
        guidance: Guidance,
    ) -> Changed:
        """The face z (1 x K) as its guidance wants it: dragged, and with the expression that is
        asked for, pushed no further than is needed.

        Of the PUSHES the first is taken with which the emotion network reads the expression off
        the filled crop; else the one with which it reads most of it, and on from there by the
        network's gradient.
        """
        assert self.knowledge is not None
        nodes, hidden = guidance.solved, guidance.hidden
        if nodes is None or hidden is None:
            nodes = self.knowledge.mesh(z)
            hidden = nodes_in_hole(nodes, hole)

        def pushed(push: float) -> Changed:
            assert self.knowledge is not None
            after = self.shaped(nodes, hidden, guidance.visible, guidance.asked, push)
            after = self.dragged(after, hidden, guidance.placed)
            asked = guidance.asked and (guidance.asked[0], guidance.asked[1] * push)
            return change(self.knowledge, z, posterior, nodes, after, asked)

        if guidance.asked is None:
            return pushed(0.0)
        if self.emotion is None:
            return pushed(PUSHES[1])
        which = EMOTIONS.index(guidance.asked[0])
        tries: list[tuple[float, Changed, Tensor]] = []
        for push in PUSHES:
            tried = pushed(push)
            picture = prior.previewed(z, tried, crop, hole)
            likely = float(self.emotion.read(picture)[0, which])
            if likely > CLEAR:
                return tried
            tries.append((likely, tried, picture))
        _, best, shown = max(tries, key=lambda one: one[0])
        z = self._climbed(best.z, posterior, prior, shown, hole, which)
        # The climb has a say in the shape, as far as it remains a face; the user has the last one.
        said = self.knowledge.mesh(z) - self.knowledge.mesh(best.z)
        after = best.after + said * hidden.unsqueeze(-1)
        if self.shapes is not None:
            start, end, where = (one[0].cpu().numpy() for one in (nodes, after, hidden))
            after = torch.from_numpy(self.shapes.held(start, end, where).nodes).to(nodes)[None]
        return Changed(z, nodes, self.dragged(after, hidden, guidance.placed))

    def _climbed(
        self,
        z: Tensor,
        posterior: Posterior,
        prior: FacePrior,
        shown: Tensor,
        hole: Tensor,
        which: int,
    ) -> Tensor:
        """Coefficients of a face whose expression (of EMOTIONS) is not read clearly yet, taken
        further; shown: 1 x 3 x s x s, the face in its crop."""
        assert self.emotion is not None
        network = self.emotion
        small = (F.interpolate(hole, size=shown.shape[-2:], mode="area") > 0).to(shown)

        def read(pictures: Tensor) -> Tensor:
            # With the mirror image, as every reading is.
            both = network.inputs(torch.cat([pictures, pictures.flip(-1)]))
            return network(both)[1].mean(0, keepdim=True) / network.temperature

        return climbed(z, posterior.factor, prior.render, shown, small, read, which, CLEAR)

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
