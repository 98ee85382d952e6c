"""Which of the visible pixels beside a hole are the face's own."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.base.brightness import luma
from engine.base.hidden import AVERAGED
from engine.face.regions import depths
from engine.fill.face_fill import RenderedFill
from engine.fill.membrane import membrane

DEEP = 0.05  # crop units inside a mesh's outline from which on a visible pixel is the face's
LIGHT_SIDE = 64  # pixels of the map of how the light differs from the face's; it is smooth
FEWEST = 0.01  # share of a crop that must be deep and visible before light is read off it
SMOOTH = 1 / 256  # crop units: sigma within which pixels are looked at together
# Of [-1, 1]: what colours of a face are off at least, beside what they are off deep in it; and
# from how many times that on a pixel is none of the face.
LEAST_OFF, FAR = 0.08, 3.0


def own_border(fill: RenderedFill, shape: Tensor) -> RenderedFill:
    """Reads balanced, hole, picture. Writes own: B x 1 x S x S, 0 where a visible pixel lies inside
    the mesh's outline but is no face, 1 elsewhere.

    A mesh is partly predicted, and its outline may reach over the wall. Colours that were carried
    from there into the hole would grey a cheek. Near the outline a pixel must look like the face
    as it is rendered, in the light that the visible face further inside has; how much faces are
    off their rendering is measured there too. What is darker is left in: beards, hair and the
    shade of a jaw are the face's own, and are off it as much.
    """
    side = fill.side
    off = fill.balanced - fill.picture
    depth = depths(shape, side).to(off)
    visible = (1 - fill.hole).expand_as(depth)
    deep = visible * (depth > DEEP)
    off = _blurred(off, visible, SMOOTH * side)
    own = torch.ones_like(depth)
    for number in range(len(own)):
        one = slice(number, number + 1)
        expected, spread = _light(off[one], deep[one])
        rest = off[one] - expected
        apart = (rest / spread).square().mean(1, keepdim=True).sqrt()
        edge = (visible[one] > 0) & (depth[one] <= DEEP) & (luma(rest) > 0)
        own[one] = torch.where(edge & (apart > FAR), 0.0, own[one])
    return fill.becomes(RenderedFill, own=own)


def _light(off: Tensor, deep: Tensor) -> tuple[Tensor, Tensor]:
    """What the photo is off a rendering (1 x 3 x S x S) by its light, and how much it is off beside
    that (1 x 3 x 1 x 1), read where `deep` (1 x 1 x S x S) is 1."""
    spread = off.new_full((1, 3, 1, 1), LEAST_OFF)
    if deep.mean() < FEWEST:
        return torch.zeros_like(off), 2 * spread
    size = (min(LIGHT_SIDE, deep.shape[-1]),) * 2
    share = F.interpolate(deep, size=size, mode="area")
    small = F.interpolate(off * deep, size=size, mode="area") / share.clamp_min(1e-3)
    light = membrane(small, (share < AVERAGED).to(off))
    light = F.interpolate(light, size=off.shape[-2:], mode="bilinear", align_corners=False)
    rest = (off - light).abs().movedim(1, 0)[:, deep[:, 0] > 0].median(1).values
    return light, (spread.square() + (1.48 * rest.view(1, 3, 1, 1)).square()).sqrt()


def _blurred(values: Tensor, weight: Tensor, sigma: float) -> Tensor:
    """Values (B x 3 x S x S) blurred over the pixels that count (B x 1 x S x S)."""
    planes = torch.cat([values * weight, weight], 1).permute(0, 2, 3, 1).cpu().numpy()
    soft = [cv2.GaussianBlur(np.ascontiguousarray(p), (0, 0), max(0.5, sigma)) for p in planes]
    both = torch.from_numpy(np.stack(soft)).permute(0, 3, 1, 2).to(values)
    return both[:, :3] / both[:, 3:].clamp_min(1e-3)
