"""Things people have in front of their faces, drawn over a photo: what a hole hides in real life.

An evaluation that hides a face under one flat colour is kind to every finder; dark glasses, cloth,
a hand or another face are not. Everything is drawn by the code in this package, seeded, on the
face's own mesh, in the photo's own light, with its edges and grain. `wear` puts a thing on a face
and says which mask asks for it to go; `cover` hides a hole that is given under what fits its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from engine.base.errors import MienError
from engine.face.mesh import eye_centres, mouth_centre
from training.worn import clothes, eyewear, hair, hands, held, masks, overlays
from training.worn.held import Portrait
from training.worn.scene import Scene

__all__ = ["INSIDES", "KINDS", "WORN", "Portrait", "Worn", "cover", "wear"]

INSIDES = ("flat", "worn")
WORN = "worn"  # as a kind: any of KINDS, drawn
_OTHER = "other_head"
_DRAWN: dict[str, Callable[[Scene], None]] = {
    draw.__name__: draw
    for draw in (
        *(masks.surgical_mask, masks.cloth_mask, masks.patterned_mask, masks.ffp_mask),
        *(clothes.scarf, clothes.collar, clothes.hat, hair.loose_hair, hair.bangs),
        *(hands.hand, hands.fingers, held.phone, held.cup, held.microphone, held.paper),
        *(held.sticker, held.balloon, eyewear.sunglasses, eyewear.clear_glasses, eyewear.headset),
        *(overlays.censor_bar, overlays.pixelation, overlays.blur, overlays.rain),
        overlays.subtitles,
    )
}
KINDS = (*_DRAWN, _OTHER)
# What lies on the face and turns with it; the others are stiff, or parts of the picture.
_BENT = ("surgical_mask", "cloth_mask", "patterned_mask", "ffp_mask", "scarf", "collar", "hat")
_BENT += ("loose_hair", "bangs", "sunglasses", "clear_glasses", "headset")
# What may cover a hole over the eyes, over the mouth, over both.
_EYES = ("sunglasses", "sunglasses", "headset", "bangs", "hat", "hand", "phone", "censor_bar")
_MOUTH = ("surgical_mask", "cloth_mask", "patterned_mask", "ffp_mask", "scarf", "collar", "hand")
_MOUTH += ("cup", "microphone", "phone", "paper")
_BOTH = (_OTHER, _OTHER, "hand", "paper", "balloon", "phone", "loose_hair", "pixelation", "blur")
_TRIES = 4  # things that are tried on a hole
_ENOUGH = 0.9  # share of a hole from which on a thing covers it


class Worn(NamedTuple):
    """photo: H x W x 3 uint8, with the thing. mask: H x W uint8, 0 or 255, what a user would mark:
    all that the thing and its shadow changed, and a margin."""

    photo: np.ndarray
    mask: np.ndarray


def wear(
    photo: np.ndarray,
    mesh: np.ndarray,
    kind: str,
    rng: np.random.Generator,
    other: Portrait | None = None,
) -> Worn:
    """A face with a thing on or before it.

    photo: H x W x 3 uint8. mesh: 478 x 2, photo pixels. kind: one of KINDS, or WORN. other: whose
    head "other_head" shows; without one it is the back of a head. The same generator state gives
    the same picture. Raises MienError for an unknown kind, and for a face outside its photo.
    """
    if kind == WORN:
        kind = str(rng.choice(KINDS))
    if kind not in KINDS:
        raise MienError(f"'{kind}' is nothing to wear; choose one of {', '.join(KINDS)}.")
    scene = Scene(photo, mesh, rng, stiff=kind not in _BENT)
    if kind == _OTHER:
        held.other_head(scene, other)
    else:
        _DRAWN[kind](scene)
    return Worn(*scene.result())


def cover(
    photo: np.ndarray,
    hole: np.ndarray,
    mesh: np.ndarray,
    inside: str,
    rng: np.random.Generator,
    other: Portrait | None = None,
) -> np.ndarray:
    """The photo with its hole covered, a new H x W x 3 uint8 array; outside it is the photo.

    hole: H x W bool. mesh: 478 x 2 in photo pixels. inside: "flat", one colour, or "worn", what
    fits the place. other: somebody whose head may be what is in front.
    """
    thing = np.empty_like(photo)
    thing[:] = rng.integers(0, 256, 3)
    if inside == WORN:
        thing = _fitting(photo, hole, mesh, rng, other)
    return np.where(hole[..., None], thing, photo)


def _fitting(
    photo: np.ndarray,
    hole: np.ndarray,
    mesh: np.ndarray,
    rng: np.random.Generator,
    other: Portrait | None,
) -> np.ndarray:
    """The photo with a thing that covers the hole. What of the hole it leaves free continues the
    thing's colours: nothing of the face shows through."""
    eyes = any(_holds(hole, point) for point in eye_centres(mesh))
    mouth = _holds(hole, mouth_centre(mesh))
    kinds = _EYES if eyes and not mouth else _MOUTH if mouth and not eyes else _BOTH
    best, covered, most = photo, np.zeros_like(hole), -1.0
    for kind in rng.permutation(list(kinds))[:_TRIES]:
        worn = wear(photo, mesh, str(kind), rng, other).photo
        changed = (worn != photo).any(-1) & hole
        share = float(changed.sum()) / max(1, int(hole.sum()))
        if share > most:
            best, covered, most = worn, changed, share
        if share >= _ENOUGH:
            break
    rest = hole & ~covered
    if not rest.any() or not covered.any():
        return best
    labels = cv2.distanceTransformWithLabels(
        (~covered).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    colours = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    colours[labels[covered]] = best[covered]
    filled = best.copy()
    filled[rest] = colours[labels[rest]]
    return filled


def _holds(hole: np.ndarray, point: np.ndarray) -> bool:
    x, y = np.floor(point).astype(int)
    return bool(0 <= x < hole.shape[1] and 0 <= y < hole.shape[0] and hole[y, x])
