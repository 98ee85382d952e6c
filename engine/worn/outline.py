"""The outline of what somebody wears, as a mask with a margin; nothing where nothing is worn.

The network looks at the aligned face and answers a share for every pixel of a small crop. What it
is sure of decides whether a thing is there at all; where it is, the outline follows the shares down
to what is likely, is drawn at the photo's own size, and goes on to both sides by a margin, since
the rim of a thing, its blur and its shadow are of no use to a fill.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from engine.base.errors import MienError
from engine.face import geometry
from engine.face.mesh import inter_ocular, roll
from engine.worn.things import CHANNELS, MARGIN, SIDE, THINGS

if TYPE_CHECKING:
    from engine.worn.network import WornNetwork

SURE, LIKELY = 0.6, 0.35  # shares from which a pixel shows that a thing is there, and is part of it
# Of the crop that must be sure, so that a thing is there: small frames take 2 % of it.
FEWEST = {"glasses": 0.006, "face_mask": 0.02}
SPECK = 0.0015  # of the crop: parts that are smaller belong to nothing
BEYOND = 0.07  # inter-ocular distances that a mask goes beyond the outline


HEADSTAND = 135.0  # degrees of turn from which on a face is looked at the other way round, too
# A frame's square turned half around the middle of the eyes.
UPSIDE_DOWN = np.array([[-1.0, 0.0, 1.0], [0.0, -1.0, 2 * geometry.LEFT_EYE[1]]])


@dataclass(frozen=True, eq=False)
class Seen:
    """A thing on a face. box: (x, y, width, height) in the photo; pixels: of that box, h x w uint8,
    255 where the thing is or its margin, else 0."""

    thing: str
    box: tuple[int, int, int, int]
    pixels: np.ndarray


def see(
    rgb: np.ndarray, mesh: np.ndarray, thing: str, network: WornNetwork | None = None
) -> Seen | None:
    """A thing on one face of a photo, None where it is not worn.

    rgb: H x W x 3 uint8. mesh: 478 x 2, photo pixels. thing: one of THINGS. network: instead of the
    installed one. Costs what the face's box costs. Raises MienError for another thing, and where
    no network is installed.
    """
    if thing not in THINGS:
        raise MienError(f"'{thing}' is nothing that is worn; choose one of {', '.join(THINGS)}.")
    mesh = np.asarray(mesh, np.float64)[:, :2]
    size = rgb.shape[1], rgb.shape[0]
    for frame in _frames(mesh):
        wide = geometry.grown(frame, MARGIN)
        box = geometry.bounds(wide, size)
        share = _looked(rgb, frame, thing, network or _installed())
        there = _there(share, FEWEST[thing])
        if there is not None and box[2] and box[3]:
            share = np.where(there, share, np.minimum(share, 0.5 * LIKELY))
            inside = geometry.put_back(share, wide, box) > LIKELY
            pixels = _with_margin(_filled(inside), BEYOND * inter_ocular(mesh))
            return Seen(thing, box, pixels) if pixels.any() else None
    return None


def worn_mask(
    rgb: np.ndarray, mesh: np.ndarray, thing: str, network: WornNetwork | None = None
) -> np.ndarray:
    """The same on the whole photo, H x W uint8, 0 or 255; all 0 where the thing is not worn."""
    pixels = np.zeros(rgb.shape[:2], np.uint8)
    seen = see(rgb, mesh, thing, network)
    if seen is not None:
        x, y, width, height = seen.box
        pixels[y : y + height, x : x + width] = seen.pixels
    return pixels


@lru_cache(maxsize=1)
def _installed() -> WornNetwork:
    from engine.catalogue.weights import load
    from engine.worn.network import WornNetwork

    network = load("worn", WornNetwork)
    if network is None:
        raise MienError("The model that sees what is worn is missing; reinstall Mien.")
    return network


def _frames(mesh: np.ndarray) -> list[np.ndarray]:
    """The frames that a face is looked at in, the first first."""
    frame = geometry.frame_from_mesh(mesh)
    if abs(roll(mesh)) < HEADSTAND:
        return [frame]
    # Under a cloth mask one mesh in six stands on its head, its eyes on the eyes; few people do.
    return [geometry.compose(UPSIDE_DOWN, frame), frame]


def _looked(rgb: np.ndarray, frame: np.ndarray, thing: str, network: WornNetwork) -> np.ndarray:
    """A thing's shares in the crop of a frame, SIDE x SIDE float32 in 0..1."""
    import torch

    crop = geometry.cut(rgb, frame, SIDE, margin=MARGIN).astype(np.float32) / 127.5 - 1
    shares = network.shares(torch.from_numpy(crop).permute(2, 0, 1)[None])
    return shares[0, CHANNELS.index(thing)].numpy()


def _there(share: np.ndarray, fewest: float) -> np.ndarray | None:
    """Where a thing is likely, joined to what is sure, bool; None where too little is sure."""
    import cv2

    sure = share > SURE
    if sure.mean() < fewest:
        return None
    count, parts = cv2.connectedComponents((share > LIKELY).astype(np.uint8), connectivity=8)
    labels = np.asarray(parts, np.int32)
    areas = np.bincount(labels[sure], minlength=count)
    kept = areas >= SPECK * share.size
    kept[0] = False
    return kept[labels] if kept.any() else None


def _filled(inside: np.ndarray) -> np.ndarray:
    """Without holes, uint8 0 and 1: behind a clear lens there is skin, and its rims' shadows."""
    import cv2

    outlines = cv2.findContours(
        inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )[0]
    return cv2.drawContours(np.zeros(inside.shape, np.uint8), outlines, -1, (1,), cv2.FILLED)


def _with_margin(inside: np.ndarray, by: float) -> np.ndarray:
    """0 or 255: what lies inside (uint8 0 and 1) or within so many pixels of it."""
    import cv2

    # By distances: a disc of hundreds of pixels would be laid on every pixel of 48 million.
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    # The network's steps are not the thing's; half the margin evens them out.
    away = cv2.GaussianBlur(away, (0, 0), max(0.5, by / 2))
    return (away <= max(2.0, by)).astype(np.uint8) * 255
