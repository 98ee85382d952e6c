"""The crop of a face, and what is known of the face in it."""

from __future__ import annotations

import numpy as np

from engine.base.hidden import SHARPENED
from engine.face import geometry
from engine.face.finder import Face
from engine.face.frames import mesh_in_crop
from engine.face.regions import outlined
from engine.fill.photo_fill import CutShare, GuidedShare, ShareFill
from engine.fill.shares import Share
from engine.fill.steps.references import known_person
from engine.photo import Photo

PREVIEW_SIDE = 128  # pixels of a crop that follows the brush: a quarter of what a fill solves
HEAD = 1.12  # meshes that a head is wide, its ears and some of its hair
MEET, FEWEST = 0.03, 60  # share of an outline that another's covers; pixels that tell a colour


def cut_crop(fill: ShareFill, _: bool) -> CutShare:
    """Writes crop, hidden."""
    whole = fill.whole
    side = PREVIEW_SIDE if whole.live else whole.loaded.networks.side
    crop, hidden = crop_of(whole.photo, whole.hole, fill.share.frame, side)
    for other in whole.faces:
        if other is not fill.share.face:
            hidden = hidden | covered(crop, hidden, fill.share, other)
    return fill.becomes(CutShare, crop=crop, hidden=hidden)


def covered(crop: np.ndarray, hidden: np.ndarray, share: Share, other: Face) -> np.ndarray:
    """Where another face is before the one of a crop, S x S bool: what is seen there tells nothing
    of this one.

    Where both outlines lie the crop shows the one in front: it is that whose colour elsewhere is
    nearer to the colour there. Nothing where the outlines hardly meet, or too little is seen.
    """
    side = len(crop)
    nothing = np.zeros((side, side), bool)
    if other.mesh is None or share.face.mesh is None:
        return nothing
    ours, theirs, head = (
        outlined(
            _spread(geometry.transform(share.frame, mesh[:, :2].astype(np.float64)), wide), side
        )
        > 127
        for mesh, wide in ((share.face.mesh, 1.0), (other.mesh, 1.0), (other.mesh, HEAD))
    )
    both = ours & theirs
    parts = [part & ~hidden for part in (both, ours & ~head, theirs & ~ours)]
    if both.sum() < MEET * ours.sum() or min(part.sum() for part in parts) < FEWEST:
        return nothing
    there, own, another = (np.median(crop[part], axis=0) for part in parts)
    return head if np.abs(there - another).sum() < np.abs(there - own).sum() else nothing


def _spread(nodes: np.ndarray, times: float) -> np.ndarray:
    middle = nodes.mean(0)
    return middle + times * (nodes - middle)


def crop_of(
    photo: Photo, hole: np.ndarray, frame: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """What the networks see: (crop side x side x 3 float32 in [0, 1], hole side x side bool).

    A crop pixel is hidden where the hole had any part in it: its colour is mixed with what the
    user wants gone. Enlarging mixes in from two photo pixels around. What lies beyond the photo is
    hidden as well: its mirror image there is of no face.
    """
    import cv2

    # Cut first: converting a whole large photo would cost every preview a quarter second.
    crop = photo.to_srgb(geometry.cut(photo.own8, frame, side)).astype(np.float32) / 255
    share = geometry.cut(hole, frame, side)
    reach = max(1, int(np.ceil(2 * side / geometry.frame_side(frame))))
    reached = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    hidden = cv2.dilate((share > SHARPENED).astype(np.uint8), reached)
    return crop, hidden.astype(bool) | geometry.beyond(frame, photo.size, side)


def ask_modules(fill: CutShare, _: bool) -> GuidedShare:
    """Reads crop, hidden. Writes guidance: what the modules say under the request's options."""
    options, share, face = fill.whole.request.options, fill.share, fill.face
    moved = []
    for node in options.nodes:
        if node.face == face and options.landmarks:
            x, y = geometry.transform(share.frame, np.array([[node.x, node.y]]))[0]
            moved.append((node.node, float(x), float(y)))
    wishes, person = known_person(fill)
    guidance = fill.whole.loaded.networks.look(
        fill.crop,
        fill.hidden,
        mesh_in_crop(share.face, share.frame),
        wishes,
        moved=tuple(moved),
        variant=options.variant,
        seed=options.seed,
        person=person,
    )
    return fill.becomes(GuidedShare, guidance=guidance)


def nodes_of(fill: GuidedShare) -> np.ndarray | None:
    """The nodes of a face, 478 x 2 in crop units; None where they are not known."""
    told = fill.guidance.sight.told
    return None if told is None else told[0].cpu().numpy().astype(np.float64)
