"""Expression: kept as it is read off the visible part, or asked for by name."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine.modules.module import Module, Push, Row, Sight, Solved, mark, wish
from engine.readings import EMOTION_CHOICES, EMOTIONS, KEEP, OFF, FaceReading

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.face.emotion import EmotionNetwork
    from engine.prior import Observation
    from engine.prior.prior import Changed

# How far an asked-for expression is pushed, tried in turn until the emotion network reads it
# clearly off the fill.
PUSHES = (0.7, 1.0, 1.5, 2.0, 3.0)
CLEAR = 0.75  # probability from which on an expression counts as read
# What only this network sees in exactly these pixels is no expression: a face is read also moved by
# so many pixels of the prior's, and blurred.
NUDGES = ((0, 0), (2, -2), (-2, 2))
BLUR = 1.0


# In the order they are shown: what photos hold most comes first.
WORDS = {
    "happiness": mark("Happiness"),
    "neutral": mark("Neutral"),
    "surprise": mark("Surprise"),
    "sadness": mark("Sadness"),
    "anger": mark("Anger"),
    "fear": mark("Fear"),
    "disgust": mark("Disgust"),
}
assert set(WORDS) == set(EMOTIONS)

# What of a face an expression moves. A smile leaves the brows.
MOVES = dict.fromkeys(WORDS, ("eyes", "brows", "mouth")) | {"happiness": ("eyes", "mouth")}


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
        words={KEEP: mark("Keep"), **WORDS},
        menu={KEEP: mark("&Keep the expression"), **WORDS},
        labels={KEEP: mark("Expression kept"), OFF: mark("Expression free")},
        batch=mark("Expression"),
        parts=MOVES,
    )
    strength: float = wish(
        1.0,
        "Of an asked-for emotion, 0 to 1.5.",
        bounds=(0, 1.5),
        title=mark("Strength"),
        tip=mark("100 %: as the average face of that expression"),
        remembered=True,
        scales="emotion",
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
    title, menu, shortcut = mark("Expression"), mark("H&eed the expression"), "Shift+E"
    off = MappingProxyType({"emotion": OFF})
    wish = EmotionWish
    presets = MappingProxyType({mark("Give a smile"): ("mouth", {"emotion": "happiness"})})
    row = Row(
        mark("Expression change"),
        mark("The share of the expression that is another one in the fill than in the photo"),
        expression_change,
    )

    def load(self, device: str) -> EmotionNetwork | None:
        from engine.catalogue.weights import load
        from engine.face.emotion import EmotionNetwork

        return load("emotion", EmotionNetwork, device)

    def see(self, sight: Sight) -> None:
        network = sight.networks.get(self.name)
        if network is not None:
            sight.visible = network.read(sight.crop, sight.hole)

    def shaped(self, sight: Sight, nodes: Tensor, wishes: Any, push: float) -> Tensor:
        """With hidden nodes that take the expression that is asked for."""
        import torch

        from engine.face.mouth import decided

        asked, shapes = asked_for(wishes), sight.shapes
        if not asked or shapes is None or sight.visible is None or sight.hidden is None:
            return nodes
        emotion, strength = asked
        # A face as it was solved shows more than its visible part: it smiles, or does not.
        shown = sight.further.get(self.name, sight.visible)
        mesh, hidden, read = (t[0].cpu().numpy() for t in (nodes, sight.hidden, shown))
        moved = shapes.express(mesh, hidden, read, emotion, strength * push).nodes
        if mouth_of(wishes) is False:
            # People's faces, and so the change, differ in how their lips meet; these do.
            shut = decided(shapes, moved, hidden, asked=False)
            moved = moved if shut is None else shut
        return torch.from_numpy(moved).to(nodes)[None]

    def condition(self, sight: Sight, wishes: Any) -> tuple[Tensor] | None:
        """(B x 7 probabilities,)."""
        if wishes.emotion == KEEP:
            return None if sight.visible is None else (sight.visible,)
        if not self.pushes(sight, wishes):
            return None
        return (named(wishes.emotion, wishes.strength).to(sight.crop),)

    def observe(self, sight: Sight, wishes: Any) -> Observation | None:
        if wishes.emotion != KEEP or sight.knowledge is None or sight.visible is None:
            return None
        assert sight.hole is not None
        return sight.knowledge.kept(sight.visible, sight.hole)

    def pushes(self, sight: Sight, wishes: Any) -> bool:
        return asked_for(wishes) is not None and sight.knowledge is not None

    def change(self, sight: Sight, wishes: Any, push: Push, solved: Solved) -> Changed:
        """Of the PUSHES the first is taken with which the emotion network reads the expression off
        the filled crop; else the one with which it reads most of it, and on from there by the
        network's gradient, where the expression may open the mouth."""
        import torch

        from engine.prior.prior import Changed

        network = sight.networks.get(self.name)
        if network is None:
            return push(PUSHES[1])
        assert sight.hole is not None
        assert sight.hidden is not None
        assert sight.knowledge is not None
        which = EMOTIONS.index(wishes.emotion)
        sight.further[self.name] = network.read(solved.show(push(0.0)))
        tries: list[tuple[float, Changed, Tensor]] = []
        for share in PUSHES:
            tried = push(share)
            picture = solved.show(tried)
            likely = float(network.read(picture)[0, which])
            if likely > CLEAR:
                return tried
            tries.append((likely, tried, picture))
        _, best, shown = max(tries, key=lambda one: one[0])
        if mouth_of(wishes) is False:
            # Climbing opens closed lips, for the network likes their dark line; and a wish of less
            # strength is not pushed to where faces end.
            return best if wishes.strength >= 1 else tries[PUSHES.index(1.0)][1]
        z = self._climbed(best.z, sight, solved, shown, which)
        # The climb has a say in the shape, as far as it remains a face; the user has the last one.
        said = sight.knowledge.mesh(z) - sight.knowledge.mesh(best.z)
        after = best.after + said * sight.hidden.unsqueeze(-1)
        if sight.shapes is not None:
            meshes = (one[0].cpu().numpy() for one in (best.before, after, sight.hidden))
            after = torch.from_numpy(sight.shapes.held(*meshes).nodes).to(after)[None]
        return Changed(z, best.before, solved.settle(after))

    def _climbed(
        self, z: Tensor, sight: Sight, solved: Solved, shown: Tensor, which: int
    ) -> Tensor:
        """Coefficients of a face whose expression (of EMOTIONS) is not read clearly yet, taken
        further; shown: 1 x 3 x s x s, the face in its crop."""
        import torch
        from torch.nn import functional as F

        from engine.base.brightness import blurred
        from engine.prior.climb import climbed

        network = sight.networks[self.name]
        assert sight.hole is not None
        small = (F.interpolate(sight.hole, size=shown.shape[-2:], mode="area") > 0).to(shown)

        def read(picture: Tensor) -> Tensor:
            moved = [torch.roll(picture, nudge, (-2, -1)) for nudge in NUDGES]
            pictures = torch.cat([*moved, blurred(picture, BLUR)])
            # With the mirror image, as every reading is.
            both = network.inputs(torch.cat([pictures, pictures.flip(-1)]))
            straight, mirrored = network(both)[1].chunk(2)
            return (straight + mirrored) / (2 * network.temperature)

        factor, render = solved.posterior.factor, solved.prior.render
        return climbed(z, factor, render, shown, small, read, which, CLEAR)

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


def asked_for(wishes: Any) -> tuple[str, float] | None:
    """(expression, strength) that is asked for by name, None where none is."""
    if wishes.emotion in (KEEP, OFF) or not wishes.strength:
        return None
    return wishes.emotion, wishes.strength


def named(emotion: str, strength: float) -> Tensor:
    """1 x 7 probabilities that say an expression as clearly as `strength` (0 .. 1.5)."""
    import torch

    even = torch.full((1, len(EMOTIONS)), 1 / len(EMOTIONS))
    clear = torch.full((1, len(EMOTIONS)), 0.02)
    clear[0, EMOTIONS.index(emotion)] = 1 - 0.02 * (len(EMOTIONS) - 1)
    share = min(1.0, strength)
    return share * clear + (1 - share) * even


def mouth_of(wishes: Any) -> bool | None:
    """Whether the expression that is asked for has an open mouth; None where it may have either. A
    mouth that says nothing is closed."""
    asked = asked_for(wishes)
    return False if asked and asked[0] == "neutral" else None
