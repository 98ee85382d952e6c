"""The light that a face is filled in: the prior's, and its own again at the end."""

from __future__ import annotations

from engine.fill.exposure import Exposure
from engine.fill.face_fill import EvenFill, FaceFill, PicturedFill


def even_light(fill: FaceFill, _: bool) -> EvenFill:
    """Reads crop, hole. Writes light, and even: the crop as bright and as coloured as faces are."""
    light = Exposure.of(fill.crop, fill.hole, fill.prior.average)
    even = light.evened(fill.crop)
    return fill.becomes(EvenFill, light=light, even=even, told=fill.known.conditions)


def restore_light(fill: PicturedFill, _: bool) -> PicturedFill:
    """Reads light, picture. Writes picture: in the light that the photo has."""
    return fill.becomes(type(fill), picture=fill.light.restored(fill.picture))
