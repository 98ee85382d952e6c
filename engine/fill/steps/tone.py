"""Fills in the photo's own tones: a grey photo gets a grey fill, a sepia one a sepia fill.

The prior and the generator know colour photographs. Where the visible part of a crop has no colour
of its own, each channel following from the brightness alone, what they paint is brought onto the
same curve.
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.base.brightness import blurred_within, luma
from engine.base.exact import exact
from engine.fill.face_fill import PicturedFill

# Mean departure from the curve, [-1, 1] units, of what is told in one tone, without what is finer
# than SMOOTH (crop units): JPEG's noise. Of 255 tinted pictures in three qualities none had more
# than 0.009, of 85 in colour none less than 0.014. With the noise in it a pink face before a grey
# wall was as near to its curve as sepia is, and its lips came out grey.
COLOURLESS, SMOOTH = 0.0125, 4 / 256
LEAST = 0.02  # share of the crop that must be visible before it says anything


@exact
def toned(filled: Tensor, hole: Tensor) -> Tensor:
    """The crops with fills in one tone where the visible part is in one tone, else as they were.

    filled: B x 3 x S x S from -1 (black) on, 1 is white. hole: B x 1 x S x S, 1 hidden. Returns the
    shape of `filled`.
    """
    out = []
    for picture, hidden in zip(filled, hole.expand(len(filled), -1, -1, -1), strict=True):
        visible = hidden[0] < 0.5
        out.append(_toned(picture, visible) if visible.float().mean() >= LEAST else picture)
    return torch.stack(out)


def colourless(crop: Tensor, hole: Tensor) -> bool:
    """Whether the visible part of a crop (1 x 3 x S x S, its hole 1 x 1 x S x S) is told in one
    tone."""
    visible = hole[0, 0] < 0.5
    return bool(visible.float().mean() >= LEAST) and _tones(crop[0], visible) is not None


def _toned(picture: Tensor, visible: Tensor) -> Tensor:
    tones = _tones(picture, visible)
    return picture if tones is None else torch.where(visible, picture, tones)


def _tones(picture: Tensor, visible: Tensor) -> Tensor | None:
    """The picture in the one tone of its visible part, None where that has colours."""
    light = luma(picture[None])[0, 0]
    powers = torch.stack([torch.ones_like(light), light, light.square()], -1)
    seen = powers[visible]
    told = picture[:, visible].T
    # Ridge: an even picture leaves the curve's slope open, which is then the brightness itself.
    grey = torch.zeros(3, 3).to(picture)
    grey[1] = 1
    square = seen.T @ seen + 1e-3 * len(seen) * torch.eye(3).to(picture)
    curve = grey + torch.linalg.solve(square, seen.T @ (told - seen @ grey))
    tones = (powers @ curve).permute(2, 0, 1)
    where = visible.to(picture)[None, None]
    off = blurred_within((picture - tones)[None], where, SMOOTH * picture.shape[-1])[0]
    if off[:, visible].abs().mean() > COLOURLESS:
        return None
    return tones.clamp_min(-1)


def match_tone(fill: PicturedFill, _: bool) -> PicturedFill:
    """Reads hole, picture. Writes picture."""
    return fill.becomes(type(fill), picture=toned(fill.picture.float(), fill.hole))
