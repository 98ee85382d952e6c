"""The losses of one step: which are on, what they need, and nothing else loaded.

Every loss looks at the composited picture. Those of the trunk and the discriminator see the part
that was sharpened; expression and geometry need the whole face, so the part is put back first.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import MienError
from training import losses
from training.config import Weights
from training.learner import Fills
from training.lpips import Lpips
from training.perceptual import StVgg


class Objective:
    """The generator's losses by name, as a configuration's weights have them.

    Raises MienError where a loss needs a network that is not installed.
    """

    def __init__(
        self, weights: Weights, device: torch.device, lpips_file: str = "", patch: int = 0
    ) -> None:
        from engine.face.emotion import load_emotion
        from engine.face.landmarks import load_landmarks

        if weights.lpips and not lpips_file:
            raise MienError("The lpips loss needs its weights; give their file with --lpips.")
        self.weights, self.patch = weights, patch
        self.trunk = StVgg().to(device) if weights.needs_trunk else None
        self.lpips = Lpips(Path(lpips_file)).to(device) if weights.lpips else None
        self.emotion = load_emotion(str(device)) if weights.emotion else None
        self.landmarks = load_landmarks(str(device)) if weights.landmark else None
        for wanted, network, name in (
            (weights.emotion, self.emotion, "emotion"),
            (weights.landmark, self.landmarks, "landmarks"),
        ):
            if wanted and network is None:
                raise MienError(
                    f"This loss needs a network that is not installed; train one with 'main.py "
                    f"train {name}' or set its weight to 0."
                )

    def __call__(self, fills: Fills, discriminator: nn.Module | None) -> dict[str, Tensor]:
        """Every loss that is on, unweighted. discriminator: called, but never changed, here."""
        weights, output, target = self.weights, fills.output, fills.target
        parts: dict[str, Tensor] = {}
        if weights.pixel:
            parts["pixel"] = (output - target).abs().mean()
        if self.trunk is not None and weights.perceptual:
            parts["perceptual"] = self.trunk.distance(*fills.near(self.patch))
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
        if discriminator is not None:
            parts |= _adversary(discriminator, fills, weights)
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


def _adversary(discriminator: nn.Module, fills: Fills, weights: Weights) -> dict[str, Tensor]:
    parts: dict[str, Tensor] = {}
    discriminator.requires_grad_(False)
    with torch.no_grad():
        real, real_maps = discriminator(fills.target, fills.hole)
    fake, fake_maps = discriminator(fills.output, fills.hole)
    discriminator.requires_grad_(True)
    if weights.matching:
        parts["matching"] = losses.discriminator_matching(fake_maps, real_maps)
    if weights.adversarial:
        parts["adversarial"] = losses.relativistic(real, fake, for_generator=True)
    return parts


def discriminator_loss(discriminator: nn.Module, fills: Fills) -> Tensor:
    """What the discriminator learns from one batch of fills."""
    pictures = torch.cat([fills.target, fills.output.detach()])
    logits, _ = discriminator(pictures, torch.cat([fills.hole, fills.hole]))
    real, fake = logits.chunk(2)
    return losses.relativistic(real, fake, for_generator=False)
