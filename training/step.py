"""The losses of one step: which are on, what they need, and nothing else loaded.

Every loss looks at the composited picture. Those of the trunk and the discriminator see the part
that was sharpened; expression and geometry need the whole face, so the part is put back first.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from engine.base.errors import MienError
from training import losses
from training.adversary import Adversary, Seen
from training.config import Weights
from training.learner import Fills
from training.lpips import Lpips
from training.perceptual import STAGES, StVgg


class Objective:
    """The generator's losses by name, as a configuration's weights have them.

    Raises MienError where a loss needs a network that is not installed.
    """

    def __init__(
        self, weights: Weights, device: torch.device, lpips_file: str = "", patch: int = 0
    ) -> None:
        from engine.catalogue.weights import load
        from engine.face.emotion import EmotionNetwork
        from engine.face.landmarks import LandmarkNetwork

        if weights.lpips and not lpips_file:
            raise MienError("The lpips loss needs its weights; give their file with --lpips.")
        self.weights, self.patch = weights, patch
        self.trunk = StVgg().to(device) if weights.needs_trunk else None
        self.lpips = Lpips(Path(lpips_file)).to(device) if weights.lpips else None
        name = str(device)
        self.emotion = load("emotion", EmotionNetwork, name) if weights.emotion else None
        self.landmarks = load("landmarks", LandmarkNetwork, name) if weights.landmark else None
        for wanted, network, name in (
            (weights.emotion, self.emotion, "emotion"),
            (weights.landmark, self.landmarks, "landmarks"),
        ):
            if wanted and network is None:
                raise MienError(
                    f"This loss needs a network that is not installed; train one with 'main.py "
                    f"train {name}' or set its weight to 0."
                )

    def look(self, fills: Fills) -> Seen | None:
        """What the trunk sees of a part of the fills; None where no loss asks it."""
        if self.trunk is None or not (self.weights.perceptual or self.weights.projected):
            return None
        output, target, hole = fills.near(self.patch)
        with torch.no_grad():
            theirs = self.trunk(target, STAGES)
        return Seen(self.trunk(output, STAGES), theirs, hole)

    def __call__(
        self, fills: Fills, seen: Seen | None = None, adversaries: Iterable[Adversary] = ()
    ) -> dict[str, Tensor]:
        """Every loss that is on, unweighted. seen: what `look` saw of these fills."""
        weights, output, target = self.weights, fills.output, fills.target
        parts: dict[str, Tensor] = {}
        if weights.pixel:
            parts["pixel"] = (output - target).abs().mean()
        if self.trunk is not None and seen is not None and weights.perceptual:
            parts["perceptual"] = self.trunk.between(seen.ours, seen.theirs)
        if self.lpips is not None:
            parts["lpips"] = self.lpips(*fills.jittered())
        if self.trunk is not None and (weights.feature or weights.alignment):
            with torch.no_grad():
                theirs = self.trunk(target)
            ours = self.trunk(output)
            if weights.feature:
                parts["feature"] = losses.feature_matching(output, target, ours, theirs)
            if weights.alignment:
                parts["alignment"] = losses.alignment(ours[3], theirs[3])
        for adversary in adversaries:
            parts |= adversary.against(fills, seen)
        if self.emotion is not None or self.landmarks is not None:
            whole = fills.whole()
            if self.emotion is not None:
                parts["emotion"] = losses.emotion(self.emotion, whole, fills.crop)
            if self.landmarks is not None:
                parts["landmark"] = losses.landmark(self.landmarks, whole, fills.crop)
        return parts

    def total(self, parts: dict[str, Tensor]) -> Tensor:
        """The weighted sum that the generator learns from."""
        return torch.stack([getattr(self.weights, name) * x for name, x in parts.items()]).sum()
