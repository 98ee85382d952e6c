"""The finest detail of hidden eyes, mouths and noses out of the user's own library of faces."""

from __future__ import annotations

import numpy as np

from engine.base.errors import MienError
from engine.detail.borrow import borrowed
from engine.detail.exemplars import Exemplars
from engine.fill.photo_fill import FullShare
from engine.fill.steps.detail import as_soft, changed, in_mean_view, larger

# As detail.LEVELS, of fills with exemplars in them: of 16 sharp portraits whose eyes or mouths are
# the photo's own all have more, and of those same blurred by 1 pixel hardly any.
LEVELS = ((1, 0.9), (2, 0.7))


def asked_for(fill: FullShare) -> tuple[Exemplars, np.ndarray] | None:
    """A library of faces that was chosen, and a face that is larger in the photo than in its crop.
    None where none was, or the face is small."""
    exemplars = fill.whole.loaded.exemplars
    nodes = None if exemplars is None else larger(fill)
    return None if exemplars is None or nodes is None else (exemplars, nodes)


def borrow_detail(fill: FullShare, given: tuple[Exemplars, np.ndarray]) -> FullShare:
    """Reads pixels, crop, hidden. Writes pixels: in hidden eyes, mouths and noses, with the finest
    octaves of the faces in the library that are most alike."""
    exemplars, nodes = given
    fine = fill.whole.loaded.networks.prior.fine
    assert fine is not None
    shape = fine.appearance.shape
    if not np.allclose(exemplars.shape, shape.points[: shape.face], atol=1e-4):
        raise MienError(
            "The library of faces was made for another face prior; make it anew with 'train "
            "exemplars'."
        )
    seen = in_mean_view(fill, nodes)
    stamp = fill.whole.photo.stamp
    new, taken = borrowed(exemplars, seen.picture, seen.hole, nodes, stamp)
    if not taken:
        return fill
    return changed(fill, seen, as_soft(seen, new - seen.picture, LEVELS))
