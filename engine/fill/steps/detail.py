"""Detail finer than the crop, painted in the mean shape: lashes, lids, irises, creases of lips."""

from __future__ import annotations

import numpy as np
import torch

from engine.base.brightness import LUMA
from engine.detail.mean_view import SIDE, MeanView
from engine.detail.paint import painted
from engine.face import geometry
from engine.face.regions import interiors
from engine.fill.photo_fill import FullShare
from engine.fill.steps.tone import colourless

# Pixels of the photo to one of the crop, a side: from where on detail is added, and whole.
FINER, WHOLE = 1.15, 1.8


def finer(fill: FullShare) -> np.ndarray | None:
    """A face that is larger in the photo than in its crop, and whose nodes are known."""
    networks, told = fill.whole.loaded.networks, fill.guidance.sight.told
    if networks.detail is None or networks.prior.fine is None or told is None:
        return None
    if geometry.frame_side(fill.share.frame) <= FINER * len(fill.crop):
        return None
    return told[0].cpu().numpy()


def paint_detail(fill: FullShare, nodes: np.ndarray) -> FullShare:
    """Reads pixels, seen, matte, guidance. Writes pixels: in the hole, with the detail network's
    detail."""
    networks, share, photo = fill.whole.loaded.networks, fill.share, fill.whole.photo
    assert networks.detail is not None
    assert networks.prior.fine is not None
    frame, box = share.frame, fill.box
    x, y, width, height = _both(geometry.bounds(frame, photo.size), box)
    part = np.s_[y : y + height, x : x + width]
    picture = photo.own8[part].copy()
    hole = np.zeros(picture.shape[:2], np.uint8)
    here = np.s_[box[1] - y : box[1] - y + box[3], box[0] - x : box[0] - x + box[2]]
    hidden = fill.hidden_there
    hole[here][hidden] = 255
    picture[here][hidden] = (fill.pixels[hidden].clip(0, 1) * 255 + 0.5).astype(np.uint8)
    shape = networks.prior.fine.appearance.shape
    view = MeanView(shape, nodes, frame)
    # At a face's edge it draws dark lines, as the generator does: none there.
    mean = torch.from_numpy(shape.points[: shape.face])[None]
    inside = interiors(mean, SIDE)[0, 0].numpy()
    before, where = view.brought(picture, (x, y)), view.brought(hole, (x, y)) > 127
    change = painted(networks.detail, before, where & (inside > 0)) - before
    change *= inside[..., None] / 255
    with torch.inference_mode():
        if colourless(*networks.tensors(fill.crop, fill.hidden)):
            change = np.repeat((change @ np.array(LUMA, np.float32))[..., None], 3, 2)
    finer_by = geometry.frame_side(frame) / len(fill.crop)
    whole = min(1.0, (finer_by - FINER) / (WHOLE - FINER))
    added = whole * view.put_back(change, box)
    return fill.becomes(FullShare, pixels=fill.pixels + added * hidden[..., None])


def _both(
    one: tuple[int, int, int, int], other: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    """The smallest box around two."""
    x, y = min(one[0], other[0]), min(one[1], other[1])
    right = max(one[0] + one[2], other[0] + other[2])
    lower = max(one[1] + one[3], other[1] + other[3])
    return x, y, right - x, lower - y
