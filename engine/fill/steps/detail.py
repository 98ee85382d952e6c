"""Detail finer than the crop, painted in the mean shape: lashes, lids, irises, creases of lips."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import torch

from engine.base.brightness import LUMA
from engine.base.errors import raise_if_cancelled
from engine.detail.crisp import EyesOfMean, crisper
from engine.detail.mean_view import SIDE, InMeanView, MeanView
from engine.detail.paint import painted
from engine.detail.pores import plain_skin, without_lines
from engine.face import geometry
from engine.face.regions import interiors
from engine.fill.photo_fill import FullShare
from engine.fill.steps.sharpness import blur_to_match
from engine.fill.steps.tone import colourless
from engine.prior.warp import MeanShape

# Pixels of the photo to one of the crop, a side: from where on detail is added, and whole.
FINER, WHOLE = 1.15, 1.8
# A picture of the mean shape is looked at in so many times smaller ones too, and there the visible
# face must have so much of the fill's fineness. Of 16 sharp portraits all have more in the whole
# picture; blurred by 1 pixel they have three quarters there, by 3 half in the next. What is sharp
# in one is not looked at in a smaller one: there eyes have finer edges than cheeks, which is none
# of a lens (two sharp portraits of six were blurred by it).
LEVELS = ((1, 0.95), (2, 0.9), (4, 0.7))
Levels = tuple[tuple[int, float], ...]


def finer(fill: FullShare) -> np.ndarray | None:
    """A face that is larger in the photo than in its crop, and whose nodes are known."""
    if fill.whole.loaded.networks.detail is None:
        return None
    return larger(fill)


def larger(fill: FullShare) -> np.ndarray | None:
    """The nodes (478 x 2, crop units) of a face that is larger in the photo than in its crop; None
    of another, and where they are not known."""
    networks, told = fill.whole.loaded.networks, fill.guidance.sight.told
    if networks.prior.fine is None or told is None:
        return None
    if geometry.frame_side(fill.share.frame) <= FINER * len(fill.crop):
        return None
    return told[0].cpu().numpy()


def in_mean_view(fill: FullShare, nodes: np.ndarray) -> InMeanView:
    """A share in the mean view; made once. nodes: 478 x 2, crop units."""
    if fill.in_mean_view is not None:
        return fill.in_mean_view
    fine = fill.whole.loaded.networks.prior.fine
    assert fine is not None
    frame, shape = fill.share.frame, fine.appearance.shape
    window = geometry.bounds(frame, fill.whole.photo.size)
    picture, filled = fill.painted_in(window)
    view = MeanView(shape, nodes, frame)
    mean = torch.from_numpy(shape.points[: shape.face])[None]
    inside = interiors(mean, SIDE)[0, 0].numpy()
    hole = filled.view(np.uint8) * np.uint8(255)
    before, where = (view.brought(p, window[:2]) for p in (picture, hole))
    return InMeanView(before, (where > 127) & (inside > 0), inside, view)


def changed(fill: FullShare, seen: InMeanView, change: np.ndarray) -> FullShare:
    """The share with a change of its picture in the mean view (SIDE x SIDE x 3 float32 of 255, in
    the hole alone)."""
    networks, frame = fill.whole.loaded.networks, fill.share.frame
    finer_by = geometry.frame_side(frame) / len(fill.crop)
    whole = min(1.0, (finer_by - FINER) / (WHOLE - FINER))
    change = change * (whole * seen.inside[..., None])
    with torch.inference_mode():
        if colourless(*networks.tensors(fill.crop, fill.hidden)):
            change = np.repeat((change @ np.array(LUMA, np.float32))[..., None], 3, 2)
    added = seen.view.put_back(change / 255, fill.box) * fill.hidden_there[..., None]
    pixels = fill.pixels + added
    return fill.becomes(FullShare, pixels=pixels, in_mean_view=seen.changed(change))


@lru_cache(maxsize=2)
def _eyes_of(shape: MeanShape) -> EyesOfMean:
    return EyesOfMean(shape.points[: shape.face])


def paint_detail(fill: FullShare, nodes: np.ndarray) -> FullShare:
    """Reads pixels, crop, hidden. Writes pixels: in the hole, with the detail network's detail, its
    eyes as crisp as the face. Raises Cancelled within a quarter of a second: a hand that goes on
    does not wait for a preview's detail."""
    networks = fill.whole.loaded.networks
    assert networks.detail is not None
    assert networks.prior.fine is not None
    network, shape = networks.detail, networks.prior.fine.appearance.shape
    seen = in_mean_view(fill, nodes)
    raise_if_cancelled(fill.cancel)
    painted_on = painted(network, seen.picture, seen.hole) - seen.picture
    painted_on = without_lines(painted_on, seen.hole & plain_skin(shape.points, SIDE))
    raise_if_cancelled(fill.cancel)
    change = as_soft(seen, painted_on, LEVELS)
    raise_if_cancelled(fill.cancel)
    if change is painted_on:  # as sharp as the photo is: its eyes may be
        finer_by = geometry.frame_side(fill.share.frame) / SIDE
        where = seen.picture, change, seen.hole, seen.seen
        change = crisper(network, *where, _eyes_of(shape), finer_by)
    raise_if_cancelled(fill.cancel)
    return changed(fill, seen, change)


def as_soft(view: InMeanView, change: np.ndarray, levels: Levels) -> np.ndarray:
    """A change of a picture (SIDE x SIDE x 3 float32 of 255, in the hole alone), blurred until the
    fill is no sharper than what is visible of the face, by `levels` of smaller pictures; itself
    where it is not."""
    before, hole, seen = view.picture, view.hole, view.seen
    light = np.array(LUMA, np.float32)
    for by, excused in levels:
        size = (SIDE // by, SIDE // by)
        grey, covered, outer = (
            torch.from_numpy(cv2.resize(p, size, interpolation=cv2.INTER_AREA))[None, None]
            for p in ((before + change) @ light, hole.astype(np.float32), seen.astype(np.float32))
        )
        covered, outer = ((part > 0.99).float() for part in (covered, outer))
        sigma = blur_to_match(grey, covered, covered, outer, by / SIDE, excused) * SIDE
        if not sigma:
            break
        change = cv2.GaussianBlur(change, (0, 0), sigma)
        # It reached the hole's border, where no seam may be: it sets in behind it.
        depth = 2 * cv2.GaussianBlur(hole.astype(np.float32), (0, 0), sigma) - 1
        change *= depth.clip(0)[..., None]
    return change
