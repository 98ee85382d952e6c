"""Fills as sharp as the photo around them, and no sharper.

A fill that was learnt by mean errors is softer than a photograph, and beside sharp skin one sees
it. How much softer is measured, the fill's finest detail against that of the face's visible part,
and unsharp masking makes up for it. A blurred photo gets a fill as blurred: how wide edges are is
measured on the strongest ones, which every part of a face has some of.

What is raised is detail, never the seam, which is no detail of the face, nor the faint pattern of
an even surface; and no pixel goes far beyond its neighbours, or lips get white rims.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.base.brightness import blurred, luma
from engine.base.exact import exact
from engine.face.regions import LEAST_SEEN, aligned_face
from engine.fill.face_fill import PicturedFill

FINE, COARSE = 1 / 256, 2 / 256  # sigmas in crop units: what is compared, what is raised
SIGMAS = (FINE, COARSE, 4 / 256)  # octaves whose shares tell how wide edges are
# How many times as fine as the fill the photo may be before anything is done, and the most that is
# added of the coarser band; chosen by LPIPS and SSIM on faces kept aside.
EXCUSED, MOST = 0.8, 1.0
FAINT = 0.004  # [-1, 1] units: of the coarser band, what is pattern and not detail
SEAM = 6 / 256  # crop units beside the visible part over which the raising sets in
BEYOND = 0.25  # of the range of a pixel's neighbours, how far beyond it a raised pixel may go
COLOURED = 0.5  # how much of it a contrast of colours is raised: teeth between red lips turn green
DARK = 0.01  # [-1, 1] units above black below which there is no colour
EDGES = 0.1  # share of a region's pixels that are its edges
WIDTHS = (0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0)  # of 256: blurs that are tried
SOFTER = 0.6  # how much of the fill's share of fine octaves the photo must lack before any is


@exact
def equalise_sharpness(filled: Tensor, hole: Tensor, inner: Tensor | None = None) -> Tensor:
    """The crops with their fills as sharp as what is visible of the face, the rest as it was.

    filled: B x 3 x S x S from -1 (black) on, 1 is white. hole: B x 1 x S x S, 1 hidden. inner: B x
    1 x S x S in 0..1, how much of what is raised counts at each pixel (a face's edge raised is a
    dark line around it); None: all. Returns the shape of `filled`; a fill may come out a little
    brighter than white.
    """
    side = filled.shape[-1]
    # Where the two meet there is a little of both.
    covered, outer = 1 - _grown(1 - hole), 1 - _grown(hole)
    seen = outer * aligned_face(side)[0].to(filled)
    blurs = _blurs(filled)
    as_blurred = _as_blurred(filled, blurs, hole, covered, seen)
    if as_blurred is not filled:
        filled, blurs = as_blurred, _blurs(as_blurred)
    fine = (filled - blurs[FINE]).abs().mean(1, keepdim=True)
    amounts = [
        _amount(detail[part > 0.5], detail[visible > 0.5], side)
        for detail, part, visible in zip(fine, covered, seen, strict=True)
    ]
    amount = filled.new_tensor(amounts).view(-1, 1, 1, 1)
    if not amount.any():
        return filled
    band = filled - blurs[COARSE]
    band = band.sign() * (band.abs() - FAINT).clamp_min(0)
    # A contrast of light has the colour that is there, whatever the light's own is.
    there = (blurs[COARSE] + 1).clamp_min(0)
    light = there * luma(band) / luma(there).clamp_min(DARK)
    band = light + COLOURED * (band - light)
    share = _depth(hole, SEAM * side) * (1 if inner is None else inner)
    raised = filled + amount * share * band
    highest, lowest = _neighbours(filled, cv2.dilate), _neighbours(filled, cv2.erode)
    beyond = BEYOND * (highest - lowest)
    raised = raised.clamp(lowest - beyond, highest + beyond)
    return torch.where(hole > 0.5, raised.clamp_min(-1), filled)


def _blurs(pictures: Tensor) -> dict[float, Tensor]:
    """The pictures blurred by each of SIGMAS."""
    return {sigma: blurred(pictures, sigma * pictures.shape[-1]) for sigma in SIGMAS}


def _as_blurred(
    filled: Tensor, blurs: dict[float, Tensor], hole: Tensor, covered: Tensor, seen: Tensor
) -> Tensor:
    """The crops with their fills (in `covered`) blurred to the width of the edges in `seen`, both
    B x 1 x S x S; `filled` itself where none is too sharp. blurs: of `filled`."""
    side = filled.shape[-1]
    octaves = _octaves(filled, blurs)
    wanted, found = _fineness(octaves, seen), _fineness(octaves, covered)
    out = filled
    for number, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
        if not theirs or theirs >= SOFTER * ours:
            continue
        one, hidden, part = (t[number : number + 1] for t in (filled, hole, covered))
        for width in WIDTHS:
            painted = torch.where(hidden > 0.5, blurred(one, width * side / 256), one)
            if theirs >= _fineness(_octaves(painted, _blurs(painted)), part)[0]:
                break
        out = torch.cat([out[:number], painted, out[number + 1 :]])
    return out


def _octaves(pictures: Tensor, blurs: dict[float, Tensor]) -> Tensor:
    """How much there is of each octave from the finest on, octaves x B x 1 x S x S."""
    levels = [pictures, *blurs.values()]
    return torch.stack([(a - b).abs().mean(1, keepdim=True) for a, b in pairwise(levels)])


def _fineness(octaves: Tensor, where: Tensor) -> list[float]:
    """How fine the edges of each picture are in its part `where` (B x 1 x S x S): the finest
    octave's share of all there. 0 where there are too few pixels to say."""
    side = where.shape[-1]
    result = []
    for number, part in enumerate(where > 0.5):
        if part.sum() < LEAST_SEEN * side * side:
            result.append(0.0)
            continue
        bands = octaves[:, number][:, part]
        strength = bands.sum(0)
        edges = strength >= strength.quantile(1 - EDGES)
        parts = bands[:, edges].mean(1)
        result.append(float(parts[0] / parts.sum().clamp_min(1e-9)))
    return result


def _amount(inside: Tensor, outside: Tensor, side: int) -> float:
    if len(inside) == 0 or len(outside) < LEAST_SEEN * side * side:
        return 0.0
    ratio = float(outside.median()) / max(float(inside.median()), 1e-6)
    return min(max(ratio - EXCUSED, 0.0), MOST)


def _depth(hole: Tensor, reach: float) -> Tensor:
    """B x 1 x S x S: 0 at the border of a hole, 1 from `reach` pixels inside on."""
    steps = max(1, round(reach))
    # Steps to the nearest visible pixel, corners included; OpenCV counts the first one too.
    away = [
        cv2.distanceTransform((one > 0.5).astype(np.uint8), cv2.DIST_C, 3)
        for one in hole[:, 0].cpu().numpy()
    ]
    return ((torch.from_numpy(np.stack(away))[:, None].to(hole) - 1) / steps).clamp(0, 1)


def _grown(mask: Tensor) -> Tensor:
    """A 0-or-1 mask, two pixels wider."""
    return _neighbours(mask, cv2.dilate, 5)


def _neighbours(pictures: Tensor, by: Callable[..., np.ndarray], width: int = 3) -> Tensor:
    """The largest (by cv2.dilate) or the least (cv2.erode) of each pixel and its neighbours in a
    square, of B x C x S x S: a twentieth of the time of pooling."""
    square = np.ones((width, width), np.uint8)
    planes = pictures.cpu().numpy()
    each = [by(plane, square) for plane in planes.reshape(-1, *planes.shape[-2:])]
    return torch.from_numpy(np.stack(each)).view_as(pictures).to(pictures)


def match_sharpness(fill: PicturedFill, _: bool) -> PicturedFill:
    """Reads hole, inside, picture. Writes picture."""
    return fill.becomes(
        type(fill), picture=equalise_sharpness(fill.picture, fill.hole, fill.inside)
    )
