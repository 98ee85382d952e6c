"""The face in its hole, its border carried in so that no seam is seen."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.base.brightness import luma
from engine.base.exact import exact
from engine.face.regions import BEYOND, CRISP, depths, interiors, mattes
from engine.fill.face_fill import PicturedFill, RenderedFill
from engine.fill.membrane import CONTOUR, closing, membrane, reached
from engine.fill.steps.render import AROUND, enlarged

FADING = 20 / 256  # crop units inside its outline over which a mean face fades away
CUT = 0.02  # crop units beyond its outline that a face is painted on where a matte cuts it later
BRIGHTER = 0.15  # [-1, 1] units from which on a background is surely brighter than a face


def close_seam(fill: RenderedFill, _: bool) -> RenderedFill:
    """Reads balanced, hole, shape, outline, own, picture. Writes picture: the crop with the face in
    its hole; and inside, where an outline is known."""
    picture = composite(fill.picture, fill.balanced, fill.hole, fill.shape, fill.own, fill.beyond)
    inside = None
    if fill.outline is not None:
        inside = interiors(fill.outline, fill.side).to(picture)
    return fill.becomes(RenderedFill, picture=picture, inside=inside)


@exact
def composite(
    faces: Tensor,
    crops: Tensor,
    hole: Tensor,
    meshes: Tensor | None = None,
    own: Tensor | None = None,
    beyond: float = 0.0,
) -> Tensor:
    """Rendered faces (B x 3 x s x s, any s) at the crops' size, in their holes, seam closed.

    meshes: B x 478 x 2 in crop units; the face and what is behind it are then two layers, each
    closed with its own side's border, so that a white wall does not tint a cheek. own: as of
    BalancedFill. beyond: as of FaceFill.
    """
    side = crops.shape[-1]
    faces = enlarged(faces, side)
    part = (..., *reached(hole, round(AROUND * side)))
    seen, hidden, ours = crops[part], hole[part], faces[part]
    contour = CONTOUR * side
    if meshes is None:
        ours = ours + closing(seen - ours, hidden, contour)
    else:
        facing = mattes(meshes, side, CRISP)
        facing = (facing if own is None else facing * own)[part].to(ours)
        behind = ours + membrane(seen - ours, _unseen(hidden, 1 - facing))
        ours = unmixed(ours, behind, depths(meshes, side)[part].to(ours))
        ours = ours + closing(seen - ours, _unseen(hidden, facing), contour)
        if beyond:
            # What lies there is none of the face's border, though the face is painted on it.
            facing = mattes(meshes, side, CRISP, BEYOND + beyond)[part].to(ours)
        ours = facing * ours + (1 - facing) * behind
    filled = crops.clone()
    # Brighter than white only where the crop is (see engine.fill.steps.white_balance).
    ours = ours.clamp(-1, max(1.0, float(crops.max())))
    filled[part] = seen * (1 - hidden) + hidden * ours
    return filled


def unmixed(faces: Tensor, behind: Tensor, depth: Tensor) -> Tensor:
    """Soft faces with their own colours up to their edge and beyond (B x 3 x h x w).

    A mean of faces fades into what is behind it. Near the edge what of a colour lies on the way
    from the face's, further inside, to that of a brighter background is taken back. What fades into
    a darker one is left: faces are darker towards their edge by themselves. behind: B x 3 x h x w.
    depth: B x 1 x h x w, as of `depths`.
    """
    edge = (depth < FADING).to(faces)
    inner = membrane(faces, edge)
    way = behind - inner
    length = way.square().sum(1, keepdim=True)
    share = ((faces - inner) * way).sum(1, keepdim=True) / length.clamp_min(1e-6)
    brighter = (luma(way) / BRIGHTER).clamp(0, 1)
    return faces - edge * brighter * share.clamp(0, 1) * way


def _unseen(hole: Tensor, share: Tensor) -> Tensor:
    """What is hidden of one side of a silhouette: the hole, and what is on the other side."""
    return 1 - (1 - hole) * (share > 0.5).to(hole)


def paste(fill: PicturedFill, _: bool) -> PicturedFill:
    """Reads crop, hole, picture. Writes picture: outside the hole the crop, all in [-1, 1]."""
    picture = torch.where(fill.hole > 0.5, fill.picture, fill.crop).clamp(-1, 1)
    return fill.becomes(type(fill), picture=picture)
