"""Expression: kept as it is read off the visible part, or asked for by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine.modules.module import Change, Module, Row, Sight, mark, wish
from engine.readings import EMOTION_CHOICES, EMOTIONS, KEEP, OFF, FaceReading

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.face.emotion import EmotionNetwork
    from engine.prior import FacePrior, Observation

# How far an asked-for expression is pushed, tried in turn until the emotion network reads it off
# the fill as likelier than not (knowledge.changed).
PUSHES = (1.0, 2.0, 3.0)
NEAR = 3.5  # standard deviations up to which a change is made that is not read at all
FAINT = 0.35  # probability from which on it is read well enough to go further


@dataclass(frozen=True)
class EmotionWish:
    """emotion: "keep" (what is read off the visible part), "off", or one of EMOTIONS, asked for
    with `strength` 0 .. 1.5: 0 leaves the face's own, 1 is as clear as the average face of that
    expression."""

    emotion: str = wish(
        KEEP,
        "keep (what the visible part says), off, or one of anger, disgust, fear, happiness, "
        "neutral, sadness, surprise.",
        choices=EMOTION_CHOICES,
        title=mark("Expression asked for"),
        tip=mark("The expression the hidden part is given"),
    )
    strength: float = wish(
        1.0,
        "Of an asked-for emotion, 0 to 1.5.",
        bounds=(0, 1.5),
        title=mark("Strength"),
        tip=mark("100 %: as the average face of that expression"),
        remembered=True,
    )


def expression_change(reading: FaceReading) -> float | None:
    """Total variation of a face's expression before and after: 0 the same, 1 nothing in common."""
    if reading.before is None or reading.after is None:
        return None
    return sum(abs(a - b) for a, b in zip(reading.before, reading.after, strict=True)) / 2


class Emotion(Module):
    """Its network reads the visible part. An expression to keep is told to the prior and the
    generator; one that is asked for changes the face that the prior solved."""

    name, key = "emotion", "emotion"
    title, menu, shortcut = mark("Emotion"), mark("&Emotion module"), "Shift+E"
    off = MappingProxyType({"emotion": OFF})
    wish = EmotionWish
    row = Row(
        mark("Expression change"),
        mark("The share of the expression that is another one in the fill than in the photo"),
        expression_change,
    )

    def load(self, device: str) -> EmotionNetwork | None:
        from engine.face.emotion import load_emotion

        return load_emotion(device)

    def see(self, sight: Sight) -> None:
        network = sight.networks.get(self.name)
        if network is not None:
            sight.visible = network.read(sight.crop, sight.hole)

    def shift(self, sight: Sight, wishes: Any) -> Tensor | None:
        import torch

        asked = asked_for(wishes)
        if not asked or sight.knowledge is None or sight.nodes is None or sight.hidden is None:
            return None
        if sight.visible is None:
            return torch.zeros_like(sight.nodes)
        shift = sight.knowledge.express(sight.hidden, sight.visible, asked, PUSHES[1])
        return wishes.strength * shift

    def condition(self, sight: Sight, wishes: Any) -> tuple[Tensor] | None:
        """(B x 7 probabilities,)."""
        asked = asked_for(wishes)
        if asked:
            told = named(asked, wishes.strength).to(sight.crop)
            return None if sight.knowledge is None else (told,)
        return None if sight.visible is None else (sight.visible,)

    def observe(self, sight: Sight, wishes: Any) -> Observation | None:
        if asked_for(wishes) or sight.knowledge is None or sight.visible is None:
            return None
        assert sight.hole is not None
        return sight.knowledge.kept(sight.visible, sight.hole)

    def change(self, sight: Sight, wishes: Any, prior: FacePrior) -> Change | None:
        asked = asked_for(wishes)
        if not asked or sight.knowledge is None:
            return None
        return partial(self.expressed, sight, prior, asked, wishes.strength)

    def expressed(
        self, sight: Sight, prior: FacePrior, emotion: str, strength: float, z: Tensor
    ) -> Tensor:
        """The prior's face z (1 x K) with another expression, no further than is needed.

        Of the PUSHES the first is taken with which the emotion network reads the expression off
        the filled crop, else the one with which it reads most of it among those that leave a face a
        face; `strength` scales the change.
        """
        import torch
        from torch.nn import functional as F

        knowledge, network = sight.knowledge, sight.networks.get(self.name)
        assert knowledge is not None
        assert sight.hole is not None
        tried = torch.cat([knowledge.changed(z, emotion, push) for push in PUSHES])
        chosen = 1
        if network is not None:
            size = (prior.side, prior.side)
            small = F.interpolate(sight.crop, size=size, mode="bilinear", antialias=True)
            hidden = (F.interpolate(sight.hole, size=size, mode="area") > 0).to(sight.hole)
            filled = prior.composite(prior.render(tried), small, hidden)
            likely = network.read(filled)[:, EMOTIONS.index(emotion)]
            clear = (likely > 0.5).nonzero()
            fit = ((tried - z).norm(dim=1) < NEAR) | (likely > FAINT)
            chosen = int(clear[0]) if len(clear) else int((likely * fit).argmax())
        return z + strength * (tried[chosen] - z)

    def branch(self, stride: int) -> nn.Module:
        from engine.generator.branches import EmotionBranch

        return EmotionBranch()

    def reading(self, sight: Sight, filled: Tensor | None, wishes: Any) -> dict[str, Any]:
        """before, after: probabilities of EMOTIONS."""
        network, read = sight.networks.get(self.name), {}
        if sight.visible is not None:
            read["before"] = tuple(sight.visible[0].tolist())
        if network is not None and filled is not None:
            read["after"] = tuple(network.read(filled)[0].tolist())
        return read


def asked_for(wishes: Any) -> str | None:
    """The expression that is asked for by name, None where none is."""
    return wishes.emotion if wishes.emotion not in (KEEP, OFF) else None


def named(emotion: str, strength: float) -> Tensor:
    """1 x 7 probabilities that say an expression as clearly as `strength` (0 .. 1.5)."""
    import torch

    even = torch.full((1, len(EMOTIONS)), 1 / len(EMOTIONS))
    clear = torch.full((1, len(EMOTIONS)), 0.02)
    clear[0, EMOTIONS.index(emotion)] = 1 - 0.02 * (len(EMOTIONS) - 1)
    share = min(1.0, strength)
    return share * clear + (1 - share) * even
