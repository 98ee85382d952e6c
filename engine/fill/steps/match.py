"""The fill beside the face it is part of: its tones, its sharpness, its own pixels elsewhere."""

from __future__ import annotations

import torch

from engine.fill.face_fill import PicturedFill
from engine.fill.sharpness import equalise_sharpness
from engine.fill.tone import toned


def match_tone(fill: PicturedFill, _: bool) -> PicturedFill:
    """Reads hole, picture. Writes picture (see engine.fill.tone)."""
    return fill.becomes(type(fill), picture=toned(fill.picture.float(), fill.hole))


def match_sharpness(fill: PicturedFill, _: bool) -> PicturedFill:
    """Reads hole, inside, picture. Writes picture (see engine.fill.sharpness)."""
    return fill.becomes(
        type(fill), picture=equalise_sharpness(fill.picture, fill.hole, fill.inside)
    )


def paste(fill: PicturedFill, _: bool) -> PicturedFill:
    """Reads crop, hole, picture. Writes picture: outside the hole the crop, all in [-1, 1]."""
    picture = torch.where(fill.hole > 0.5, fill.picture, fill.crop).clamp(-1, 1)
    return fill.becomes(type(fill), picture=picture)
