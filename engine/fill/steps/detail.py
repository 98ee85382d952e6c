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
    """Reads pixels, crop, hidden. Writes pixels: in the hole, with the detail network's detail."""
    networks = fill.whole.loaded.networks
    assert networks.detail is not None
    assert networks.prior.fine is not None
    frame, box = fill.share.frame, fill.box
    window = geometry.bounds(frame, fill.whole.photo.size)
    picture, filled = fill.painted_in(window)
    shape = networks.prior.fine.appearance.shape
    view = MeanView(shape, nodes, frame)
    # At a face's edge it draws dark lines, as the generator does: none there.
    mean = torch.from_numpy(shape.points[: shape.face])[None]
    inside = interiors(mean, SIDE)[0, 0].numpy()
    hole = filled.view(np.uint8) * np.uint8(255)
    before, where = (view.brought(p, window[:2]) for p in (picture, hole))
    where = where > 127
    change = painted(networks.detail, before, where & (inside > 0)) - before
    change *= inside[..., None] / 255
    with torch.inference_mode():
        if colourless(*networks.tensors(fill.crop, fill.hidden)):
            change = np.repeat((change @ np.array(LUMA, np.float32))[..., None], 3, 2)
    finer_by = geometry.frame_side(frame) / len(fill.crop)
    whole = min(1.0, (finer_by - FINER) / (WHOLE - FINER))
    added = whole * view.put_back(change, box)
    return fill.becomes(FullShare, pixels=fill.pixels + added * fill.hidden_there[..., None])
