"""Which of the visible pixels beside a hole are the face's own."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.base.brightness import blurred_within, luma
from engine.base.hidden import AVERAGED
from engine.face.regions import depths, mattes
from engine.fill.face_fill import BalancedFill
from engine.fill.membrane import membrane

DEEP = 0.05  # crop units inside a mesh's outline from which on a visible pixel is the face's
SKIN_SIDE = 16  # pixels of the map of how skin goes on; eyes and brows are no colours of its own
FEWEST = 0.01  # share of a crop that must be deep and visible before skin is read off it
MIXED = 2 / 256  # crop units beside what is no face that are not all face either
SMOOTH = 1 / 256  # crop units: sigma within which pixels are looked at together
# Of [-1, 1]: what a face's colours are off at least, beside what they are off deep in it, which is
# believed up to the second value (what is seen may be nothing but eyes); and from how many times
# both on a pixel is none of the face. Chosen on white walls beside 40 jaws, and by LPIPS on faces
# kept aside, which wants them large.
LEAST_OFF, MOST_OFF, FAR = 0.08, 0.05, 3.0


def known_outline(fill: BalancedFill) -> Tensor | None:
    """The outline that a network has said, B x 478 x 2 in crop units."""
    return fill.known.meshes


def own_border(fill: BalancedFill, outline: Tensor) -> BalancedFill:
    """Reads balanced, hole. Writes own: B x 1 x S x S, 0 where a visible pixel lies inside the
    outline, or right beside it, but is no face, 1 elsewhere.

    A mesh is partly predicted, and its outline may reach over the wall. Colours that were carried
    from there into the hole would grey a cheek. Near the outline a pixel must look like the skin
    further inside, as it goes on smoothly; how much the face is off that is measured there too.
    What is darker is left in: beards, hair and the shade of a jaw are the face's own.
    """
    side = fill.side
    depth = depths(outline, side).to(fill.balanced)
    reached = mattes(outline, side).to(depth)
    visible = (1 - fill.hole).expand_as(depth)
    shown = blurred_within(fill.balanced, visible, max(0.5, SMOOTH * side))
    deep = visible * (depth > DEEP)
    own, mixed = torch.ones_like(depth), max(1, round(MIXED * side))
    for number in range(len(own)):
        one = slice(number, number + 1)
        if deep[one].mean() < FEWEST:
            continue
        expected, spread = _skin(shown[one], deep[one])
        rest = shown[one] - expected
        apart = (rest / spread).square().mean(1, keepdim=True).sqrt()
        edge = (visible[one] > 0) & (depth[one] <= DEEP) & (reached[one] > 0) & (luma(rest) > 0)
        # A pixel beside one of the wall has some of it.
        wall = F.max_pool2d((edge & (apart > FAR)).to(own), 2 * mixed + 1, 1, mixed)
        own[one] = 1 - wall * (visible[one] > 0) * (depth[one] <= DEEP)
    use = fill.known.use
    if use is not None:
        own = torch.where(use.view(-1, 1, 1, 1) > 0, own, 1.0)
    return fill.becomes(type(fill), own=own)


def _skin(shown: Tensor, deep: Tensor) -> tuple[Tensor, Tensor]:
    """Colours (1 x 3 x S x S) as they go on smoothly from where `deep` (1 x 1 x S x S) is 1, and
    how much they are off that there (1 x 3 x 1 x 1)."""
    size = (min(SKIN_SIDE, deep.shape[-1]),) * 2
    share = F.interpolate(deep, size=size, mode="area")
    small = F.interpolate(shown * deep, size=size, mode="area") / share.clamp_min(1e-3)
    skin = membrane(small, (share < AVERAGED).to(shown))
    skin = F.interpolate(skin, size=shown.shape[-2:], mode="bilinear", align_corners=False)
    rest = (shown - skin).abs().movedim(1, 0)[:, deep[:, 0] > 0].median(1).values
    rest = rest.clamp_max(MOST_OFF)
    return skin, (LEAST_OFF**2 + (1.48 * rest.view(1, 3, 1, 1)).square()).sqrt()
