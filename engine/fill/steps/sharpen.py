"""What the generator adds, and what of it is left out."""

from __future__ import annotations

from torch import Tensor

from engine.base.brightness import blurred
from engine.base.errors import raise_if_cancelled
from engine.fill.face_fill import BalancedFill, Generated, PicturedFill
from engine.generator.backend import Generator
from engine.generator.dmfn import window_of

# Of a face that is changed the generator has a say only in what is finer than this (crop units).
DETAIL = 4 / 256


def generator_of(fill: BalancedFill) -> Generator | None:
    """The generator of the fill's model; None where the prior is all of it."""
    return None if fill.networks is None else fill.networks.generator


def show_hole(fill: BalancedFill, _: Generator) -> PicturedFill:
    """Writes picture: the crop as it is, for a generator that paints its hole from nothing."""
    return fill.becomes(PicturedFill, picture=fill.balanced)


def sharpen(fill: PicturedFill, generator: Generator) -> PicturedFill:
    """Reads picture, hole, told. Writes generated, of the window around the hole; of a generator
    that paints a whole crop, of the whole crop."""
    whole = slice(0, fill.side), slice(0, fill.side)
    window = window_of(fill.hole) if generator.input == "prior" else whole
    branches, hints = fill.networks and fill.networks.branches, None
    if branches is not None and fill.told:
        hints = branches(fill.told, *window, fill.side)
    part = (..., *window)
    # What is brighter than white it has never seen; that stays as it is.
    shown = fill.picture[part].clamp(-1, 1)
    painted = generator.paint(shown, fill.hole[part], hints, fill.cancel)
    raise_if_cancelled(fill.cancel)  # for back ends that run in one go
    return fill.becomes(type(fill), generated=Generated(painted - shown, window))


def generated(fill: PicturedFill) -> Generated | None:
    """What the generator has added."""
    return fill.generated


def at_an_edge(fill: PicturedFill) -> tuple[Generated, Tensor] | None:
    """What the generator has added, and where the face ends."""
    made, inside = fill.generated, fill.inside
    return None if made is None or inside is None else (made, inside)


def spare_jaw(fill: PicturedFill, given: tuple[Generated, Tensor]) -> PicturedFill:
    """Writes generated: nothing at a face's edge."""
    made, inside = given
    change = made.change * inside[(..., *made.window)]
    return fill.becomes(type(fill), generated=Generated(change, made.window))


def against_a_wish(fill: PicturedFill) -> Generated | None:
    """What the generator has added to a face that was asked to be another."""
    asked = fill.guidance is not None and fill.guidance.changes
    return fill.generated if asked else None


def spare_expression(fill: PicturedFill, made: Generated) -> PicturedFill:
    """Writes generated: its fine detail alone."""
    change = made.change - blurred(made.change, DETAIL * fill.side)
    return fill.becomes(type(fill), generated=Generated(change, made.window))


def add_generated(fill: PicturedFill, made: Generated) -> PicturedFill:
    """Reads generated. Writes picture."""
    picture = fill.picture.clone()
    picture[(..., *made.window)] += made.change
    return fill.becomes(type(fill), picture=picture)
