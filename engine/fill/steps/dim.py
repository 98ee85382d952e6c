"""What a change of expression darkens, dimmed as light would dim it.

A change of coefficients adds, and light multiplies. Teeth that sink into the dark of an open mouth
would shine on in their detail, and turn green where their red runs out first.
"""

from __future__ import annotations

from torch import Tensor

from engine.base.brightness import blurred, luma
from engine.fill.face_fill import RenderedFill
from engine.fill.steps.move import carried
from engine.fill.steps.render import enlarged
from engine.prior.prior import Changed, Fine

BLACK = 1 / 255  # [-1, 1] units above black, below which shares of light mean nothing
HUE = 0.08  # crop units around, whose mean is the hue that the dark takes


def dimmed(pictures: Tensor, solved: Tensor) -> tuple[Tensor, Tensor]:
    """Changed faces as light would dim them, and the share of their detail that is left.

    pictures, solved: B x 3 x S x S, -1 is black: the changed faces, and in the same places the
    faces as they were solved. What has become darker keeps as much of its detail as of its light,
    B x 1 x S x S in 0..1, and takes the hue of the skin and lips around.
    """
    now, then = (luma(one).clamp_min(-1) + 1 + BLACK for one in (pictures, solved))
    share = (now / then).clamp(0, 1)
    around = blurred(solved, HUE * pictures.shape[-1]) + 1
    dark = around * (now / luma(around).clamp_min(BLACK)) - 1
    return share * pictures.clamp_min(-1) + (1 - share) * dark, share


def dim_light(fill: RenderedFill, given: tuple[Fine, Changed]) -> RenderedFill:
    """Reads z, changed, picture. Writes picture, and share: what is left of the detail where the
    change has made it darker."""
    fine, changed = given
    solved = enlarged(fill.prior.render(fill.z), fill.side)
    solved = carried(solved, fine.appearance.shape, changed.before, changed.after)
    picture, share = dimmed(fill.picture, solved)
    return fill.becomes(RenderedFill, picture=picture, share=share)
