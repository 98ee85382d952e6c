"""Membrane interpolation: the smoothest surface over a hole that meets its border.

Used to close seams: the difference between photo and fill is known outside the hole and is
carried in, so that colours agree at the border and nothing else changes (Pérez et al. 2003,
*Poisson Image Editing*, with a zero guidance field). Solved coarse to fine: on each level the
known values are averages of the known pixels below, and a few relaxation sweeps settle the rest.
OpenCV does the sweeps: on a processor they cost a sixth of what they do as tensor operations.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.base.exact import exact

SWEEPS = 12
COARSEST = 4
# Of a difference at the border, [-1, 1] units, what may be light and is carried all over the hole;
# and how far the rest is carried, in crop units.
LIGHT, CONTOUR = 0.15, 5 / 256
CROSS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4


@exact
def closing(difference: Tensor, hole: Tensor, contour: float) -> Tensor:
    """What is added to a fill so that it meets the photo at the hole's border.

    difference: B x 3 x H x W, photo minus fill, read outside the hole; hole: B x 1 x H x W or one
    for all. A difference of light is carried over the whole hole. A larger one says that the fill
    has the face where the photo has something else: it is evened out beside the border (over
    `contour` pixels), and no background glows through a cheek.
    """
    return _each(lambda values, hidden: _closing(values, hidden, contour), difference, hole)


@exact
def membrane(values: Tensor, hole: Tensor) -> Tensor:
    """Fill the hole of `values` harmonically.

    values: B x C x H x W float, read only where `hole` is 0. hole: B x 1 x H x W or one for all,
    1 = unknown. Returns B x C x H x W: `values` outside the hole, the membrane inside. With no
    known pixel at all the result is 0.
    """
    return _each(surface_over, values, hole)


def reached(hole: Tensor, border: int) -> tuple[slice, slice]:
    """(rows, columns) of all holes (B x 1 x H x W) and of `border` pixels around them; everything
    where there is no hole."""
    touched = hole.amax((0, 1)) > 0
    rows, columns = (_span(touched.any(d), touched.shape[1 - d], border) for d in (1, 0))
    return rows, columns


def _span(touched: Tensor, length: int, border: int) -> slice:
    places = touched.nonzero()
    if not len(places):
        return slice(0, length)
    low, high = int(places[0]) - border, int(places[-1]) + 1 + border
    wanted = min(length, -(-(high - low) // 32) * 32)  # halves evenly on the way down
    start = min(max(0, (low + high - wanted) // 2), length - wanted)
    return slice(start, start + wanted)


def _each(solve, values: Tensor, hole: Tensor) -> Tensor:
    """Every picture of a batch by itself, as H x W x C and H x W arrays of float32."""
    planes = values.detach().float().permute(0, 2, 3, 1).cpu().numpy()
    holes = hole.detach().float().expand(len(values), -1, -1, -1)[:, 0].cpu().numpy()
    solved = [solve(*pair) for pair in zip(planes, holes, strict=True)]
    return torch.from_numpy(np.stack(solved)).permute(0, 3, 1, 2).to(values)


def _closing(difference: np.ndarray, hole: np.ndarray, contour: float) -> np.ndarray:
    size = np.abs(difference).max(-1, keepdims=True)
    light = difference * (LIGHT / np.maximum(size, LIGHT))
    carried = surface_over(np.concatenate([light, difference - light], -1), hole)
    depth = cv2.distanceTransform((hole > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    # Without any border all is infinitely deep.
    near = np.exp(-np.minimum(depth, max(hole.shape)) / np.float32(contour))[..., None]
    return carried[..., :3] + carried[..., 3:] * near


def surface_over(values: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """`membrane` of one picture: values H x W x C and hole H x W, float32; H x W x C float32."""
    known = 1 - hole.astype(np.float32)
    levels = [(values * known[..., None], known)]
    while min(levels[-1][1].shape) > COARSEST:
        levels.append(_halved(*levels[-1]))
    coarse, weight = levels[-1]
    surface = np.broadcast_to(
        (coarse * weight[..., None]).sum((0, 1)) / max(1.0, float(weight.sum())), coarse.shape
    ).astype(np.float32)
    for level, (seen, weight) in enumerate(reversed(levels)):
        if level:
            size = weight.shape[::-1]
            surface = _planes(cv2.resize(surface, size, interpolation=cv2.INTER_LINEAR))
        surface = _relaxed(surface, seen, weight)
    return surface


def _halved(values: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of the known pixels of every two by two, and where there are any."""
    odd = known.shape[0] % 2, known.shape[1] % 2
    both = np.concatenate([values * (known > 0)[..., None], known[..., None]], -1)
    if any(odd):
        both = _planes(cv2.copyMakeBorder(both, 0, odd[0], 0, odd[1], cv2.BORDER_CONSTANT))
    size = both.shape[1] // 2, both.shape[0] // 2
    both = cv2.resize(both, size, interpolation=cv2.INTER_AREA)
    weight = both[..., -1:]
    present = weight > 0
    return both[..., :-1] / np.maximum(weight, 1e-6) * present, present[..., 0].astype(np.float32)


def _relaxed(surface: np.ndarray, values: np.ndarray, known: np.ndarray) -> np.ndarray:
    unknown = np.repeat((known <= 0).astype(np.float32)[..., None], values.shape[-1], -1)
    seen = values * (1 - unknown)
    surface = surface * unknown + seen
    for _ in range(SWEEPS):
        surface = _planes(cv2.filter2D(surface, -1, CROSS, borderType=cv2.BORDER_REPLICATE))
        surface *= unknown
        surface += seen
    return surface


def _planes(picture: np.ndarray) -> np.ndarray:
    """With the channels that OpenCV drops where there is but one."""
    return picture if picture.ndim == 3 else picture[..., None]
