"""The face in its hole, its border carried in so that no seam is seen."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.base.exact import exact
from engine.face.regions import interiors, mattes
from engine.fill.face_fill import PicturedFill, RenderedFill
from engine.fill.membrane import CONTOUR, closing, membrane, reached
from engine.fill.steps.render import AROUND, enlarged


def close_seam(fill: RenderedFill, _: bool) -> RenderedFill:
    """Reads balanced, hole, shape, outline, picture. Writes picture: the crop with the face in its
    hole; and inside, where an outline is known."""
    picture = composite(fill.picture, fill.balanced, fill.hole, fill.shape)
    inside = None
    if fill.outline is not None:
        inside = interiors(fill.outline, fill.side).to(picture)
    return fill.becomes(RenderedFill, picture=picture, inside=inside)


@exact
def composite(faces: Tensor, crops: Tensor, hole: Tensor, meshes: Tensor | None = None) -> Tensor:
    """Rendered faces (B x 3 x s x s, any s) at the crops' size, in their holes, seam closed.

    meshes: B x 478 x 2 in crop units; face and background are then closed each with its own side's
    border, so that a white wall does not tint a cheek.
    """
    side = crops.shape[-1]
    faces = enlarged(faces, side)
    part = (..., *reached(hole, round(AROUND * side)))
    seen, hidden, ours = crops[part], hole[part], faces[part]
    difference, contour = seen - ours, CONTOUR * side
    if meshes is None:
        ours = ours + closing(difference, hidden, contour)
    else:
        facing = mattes(meshes, side)[part].to(ours)
        if (facing * hidden).any():
            ours = ours + facing * closing(difference, _unseen(hidden, facing), contour)
        if ((1 - facing) * hidden).any():
            ours = ours + (1 - facing) * membrane(difference, _unseen(hidden, 1 - facing))
    filled = crops.clone()
    # Brighter than white only where the crop is (see engine.fill.steps.white_balance).
    ours = ours.clamp(-1, max(1.0, float(crops.max())))
    filled[part] = seen * (1 - hidden) + hidden * ours
    return filled


def _unseen(hole: Tensor, share: Tensor) -> Tensor:
    """What is hidden of one side of a silhouette: the hole, and what is on the other side."""
    return 1 - (1 - hole) * (share > 0.5).to(hole)


def paste(fill: PicturedFill, _: bool) -> PicturedFill:
    """Reads crop, hole, picture. Writes picture: outside the hole the crop, all in [-1, 1]."""
    picture = torch.where(fill.hole > 0.5, fill.picture, fill.crop).clamp(-1, 1)
    return fill.becomes(type(fill), picture=picture)
