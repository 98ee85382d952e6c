"""White balance: faces are filled in the light that the prior knows, and brought back.

A prior of colours adds what it knows to a face; light multiplies. Lips painted with the contrast
of a well-lit face glow in a dark photo, and those of a dark face turn grey. So a crop is brought as
near to the brightness and the colour of the average face as faces lie by themselves before anything
looks at it, and the fill is brought back (von Kries 1902: a gain for each channel).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.base.brightness import LUMA
from engine.base.exact import exact
from engine.base.hidden import LIT
from engine.face.regions import LEAST_SEEN, aligned_face

# Logarithms of the brightness and of a cast that are a face's own; only what is beyond is light.
# Chosen by PSNR and LPIPS on faces of every skin, as they are and underexposed.
OWN, OWN_CAST = 0.25, 0.1
DARKEST, BRIGHTEST = 8.0, 0.6  # the gains of the darkest and the brightest photo that is believed


@dataclass(frozen=True)
class WhiteBalance:
    """gain: B x 3 x 1 x 1, what a crop's light is multiplied by to be near the average face's."""

    gain: Tensor

    @classmethod
    @exact
    def of(cls, crops: Tensor, hole: Tensor, average: Tensor) -> WhiteBalance:
        """Read off the visible part of faces; gain 1 where too little of one is visible.

        crops: B x 3 x S x S in [-1, 1]; what lies in the hole is not looked at. hole: B x 1 x S x S
        or 1 x 1 x S x S, 1 hidden. average: 3 x s x s in [-1, 1], the mean of aligned faces.
        """
        side = average.shape[-1]
        known = (1 - hole).expand(len(crops), -1, -1, -1)
        share = F.interpolate(known, size=(side, side), mode="area")
        seen = F.interpolate((crops + 1) / 2 * known, size=(side, side), mode="area")
        seen = seen / share.clamp_min(1e-3)
        visible = (share[:, 0] > LIT) & (aligned_face(side)[0, 0].to(crops) > 0)
        gains = [_gain(*pair, (average + 1) / 2) for pair in zip(seen, visible, strict=True)]
        return cls(torch.stack(gains).view(-1, 3, 1, 1))

    @exact
    def apply(self, crops: Tensor) -> Tensor:
        """Crops (B x 3 x H x W, -1 is black) in the light of the average face; above 1 is what is
        brighter than white there."""
        return (crops + 1) * self.gain - 1

    @exact
    def undo(self, crops: Tensor) -> Tensor:
        """What was brought there, in its own light."""
        return (crops + 1) / self.gain - 1


def _gain(seen: Tensor, visible: Tensor, average: Tensor) -> Tensor:
    if visible.float().mean() < LEAST_SEEN:
        return torch.ones(3).to(seen)
    ours, theirs = (one[:, visible].median(1).values.clamp_min(1 / 255) for one in (seen, average))
    luma = ours.new_tensor(LUMA)
    light = (theirs @ luma).log() - (ours @ luma).log()
    cast = theirs.log() - ours.log() - light
    gain = F.softshrink(light, OWN) + F.softshrink(cast, OWN_CAST)
    return gain.exp().clamp(BRIGHTEST, DARKEST)
