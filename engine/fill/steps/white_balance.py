"""The light that a face is filled in: the prior's, and its own again at the end."""

from __future__ import annotations

from engine.fill.face_fill import BalancedFill, FaceFill, PicturedFill
from engine.fill.white_balance import WhiteBalance


def set_white_balance(fill: FaceFill, _: bool) -> BalancedFill:
    """Reads crop, hole. Writes white_balance, and balanced: the crop as bright and as
    coloured as faces are."""
    balance = WhiteBalance.of(fill.crop, fill.hole, fill.prior.average)
    return fill.becomes(
        BalancedFill,
        white_balance=balance,
        balanced=balance.apply(fill.crop),
        told=fill.known.conditions,
    )


def undo_white_balance(fill: PicturedFill, _: bool) -> PicturedFill:
    """Reads white_balance, picture. Writes picture: in the light that the photo has."""
    return fill.becomes(type(fill), picture=fill.white_balance.undo(fill.picture))
