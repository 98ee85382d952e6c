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

from engine.base.brightness import LUMA, blurred, luma
from engine.base.exact import exact
from engine.face.regions import LEAST_SEEN, aligned_face
from engine.fill.face_fill import PicturedFill

FINE, COARSE = 1 / 256, 2 / 256  # sigmas in crop units: what is compared, what is raised
OCTAVES = (1, 2, 4)  # sigmas of octaves whose shares tell how wide edges are, of the finest one's
# How many times as fine as the fill the photo may be before anything is done, and the most that is
# added of the coarser band; chosen by LPIPS and SSIM on faces kept aside.
EXCUSED, MOST = 0.8, 1.0
FAINT = 0.004  # [-1, 1] units: of the coarser band, what is pattern and not detail
SEAM = 6 / 256  # crop units beside the visible part over which the raising sets in
BEYOND = 0.25  # of the range of a pixel's neighbours, how far beyond it a raised pixel may go
COLOURED = 0.5  # how much of it a contrast of colours is raised: teeth between red lips turn green
DARK = 0.01  # [-1, 1] units above black below which there is no colour
EDGES = 0.1  # share of a region's pixels that are its edges
WIDTHS = (0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0)  # blurs that are tried, of the finest sigma
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
    softened = []
    for number in range(len(filled)):
        one, hidden, part, beside = (t[number : number + 1] for t in (filled, hole, covered, seen))
        sigma = blur_to_match(one, hidden, part, beside, FINE, SOFTER)
        softened.append(_blurred_in(one, hidden, sigma))
    filled = torch.cat(softened)
    blurs = {sigma: blurred(filled, sigma * side) for sigma in (FINE, COARSE)}
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


@exact
def blur_to_match(
    filled: Tensor, hole: Tensor, covered: Tensor, seen: Tensor, finest: float, excused: float
) -> float:
    """How much a fill must be blurred for its edges to be as wide as those that are seen: a sigma
    in crop units, 0 where it is not sharper than they are.

    filled: 1 x C x S x S. hole, covered, seen: 1 x 1 x S x S, 1 is hidden; what is compared of the
    fill, and of what is visible. finest: sigma of the finest octave, in crop units. excused: the
    share of the fill's fineness that is enough.
    """
    octaves = _octaves(filled, finest)
    ours, theirs = (_fineness(octaves, where) for where in (covered, seen))
    if not theirs or theirs >= excused * ours:
        return 0.0
    for width in WIDTHS:
        softer = _blurred_in(filled, hole, width * finest)
        if theirs >= _fineness(_octaves(softer, finest), covered):
            break
    return width * finest


def fineness(picture: np.ndarray, where: np.ndarray) -> float:
    """How fine edges are in a part `where` (S x S bool) of a picture (S x S x 3 in 0..255): the
    finest octave's share of three, the finest sigma one pixel. 0 where there are too few to say."""
    grey = picture.astype(np.float32) @ np.array(LUMA, np.float32)
    octaves = _octaves(torch.from_numpy(grey)[None, None], 1 / len(grey))
    return _fineness(octaves, torch.from_numpy(where.astype(np.float32))[None, None])


def _blurred_in(filled: Tensor, hole: Tensor, sigma: float) -> Tensor:
    """A picture blurred in its hole; sigma in crop units."""
    if not sigma:
        return filled
    return torch.where(hole > 0.5, blurred(filled, sigma * filled.shape[-1]), filled)


def _octaves(picture: Tensor, finest: float) -> Tensor:
    """How much there is of each octave of a picture (1 x C x S x S) from the finest on, octaves x S
    x S."""
    side = picture.shape[-1]
    levels = [picture, *(blurred(picture, times * finest * side) for times in OCTAVES)]
    return torch.stack([(a - b).abs().mean(1)[0] for a, b in pairwise(levels)])


def _fineness(octaves: Tensor, where: Tensor) -> float:
    """How fine edges are in a part `where` (1 x 1 x S x S): the finest octave's share of all there.
    0 where there are too few pixels to say."""
    side = where.shape[-1]
    part = where[0, 0] > 0.5
    if part.sum() < LEAST_SEEN * side * side:
        return 0.0
    bands = octaves[:, part]
    strength = bands.sum(0)
    parts = bands[:, strength >= strength.quantile(1 - EDGES)].mean(1)
    return float(parts[0] / parts.sum().clamp_min(1e-9))


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
