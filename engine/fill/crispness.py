"""Fills as crisp as the photo around them, and no crisper.

A fill that was learnt by mean errors is softer than a photograph, and beside sharp skin one sees
it. How much softer is measured, the fill's finest detail against that of the face's visible part,
and unsharp masking makes up for it. A blurred photo gets a fill as blurred: how wide edges are is
measured on the strongest ones, which every part of a face has some of.

What is raised is detail, never the seam, which is no detail of the face, nor the faint pattern of
an even surface; and no pixel goes far beyond its neighbours, or lips get white rims.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.base.brightness import blurred

FINE, COARSE = 1 / 256, 2 / 256  # sigmas in crop units: what is compared, what is raised
# How many times as fine as the fill the photo may be before anything is done, and the most that is
# added of the coarser band; chosen by LPIPS and SSIM on faces kept aside.
EXCUSED, MOST = 0.8, 1.0
LEAST = 0.02  # share of the crop that must be visible face before it says anything
FAINT = 0.004  # [-1, 1] units: of the coarser band, what is pattern and not detail
SEAM = 6 / 256  # crop units beside the visible part over which the raising sets in
BEYOND = 0.25  # of the range of a pixel's neighbours, how far beyond it a raised pixel may go
EDGES = 0.1  # share of a region's pixels that are its edges
SIGMAS = (1 / 256, 2 / 256, 4 / 256)  # crop units: octaves whose shares tell how wide edges are
WIDTHS = (0.0, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0)  # of 256: blurs that are tried
SOFTER = 0.6  # how much of the fill's share of fine octaves the photo must lack before any is
FACE = ((0.5, 0.5), (0.35, 0.46))  # middle and half axes of the face in crop units


def crispened(filled: Tensor, hole: Tensor, inner: Tensor | None = None) -> Tensor:
    """The crops with their fills as crisp as what is visible of the face, the rest as it was.

    filled: B x 3 x S x S from -1 (black) on, 1 is white. hole: B x 1 x S x S, 1 hidden. inner: B x
    1 x S x S in 0..1, how much of what is raised counts at each pixel (a face's edge raised is a
    dark line around it); None: all. Returns the shape of `filled`; a fill may come out a little
    brighter than white.
    """
    side = filled.shape[-1]
    # Where the two meet there is a little of both.
    covered, outer = 1 - _grown(1 - hole), 1 - _grown(hole)
    face = face_area(side)[0].to(filled)
    filled = _as_blurred(filled, hole, covered, outer * face)
    fine = (filled - blurred(filled, FINE * side)).abs().mean(1, keepdim=True)
    amounts = [
        _amount(detail[part > 0.5], detail[seen * face > 0.5], side)
        for detail, part, seen in zip(fine, covered, outer, strict=True)
    ]
    amount = filled.new_tensor(amounts).view(-1, 1, 1, 1)
    if not amount.any():
        return filled
    band = filled - blurred(filled, COARSE * side)
    band = band.sign() * (band.abs() - FAINT).clamp_min(0)
    share = _depth(hole, SEAM * side) * (1 if inner is None else inner)
    raised = filled + amount * share * band
    highest, lowest = F.max_pool2d(filled, 3, 1, 1), -F.max_pool2d(-filled, 3, 1, 1)
    beyond = BEYOND * (highest - lowest)
    raised = raised.clamp(lowest - beyond, highest + beyond)
    return torch.where(hole > 0.5, raised.clamp_min(-1), filled)


def _as_blurred(filled: Tensor, hole: Tensor, inner: Tensor, seen: Tensor) -> Tensor:
    """The crops with their fills blurred to the width of the edges in `seen` (B x 1 x S x S)."""
    side = filled.shape[-1]
    wanted = _fineness(filled, seen)
    out = filled
    for number in range(len(filled)):
        one = filled[number : number + 1]
        if not wanted[number]:
            continue
        for width in WIDTHS:
            soft = blurred(one, width * side / 256) if width else one
            painted = torch.where(hole[number : number + 1] > 0.5, soft, one)
            (found,) = _fineness(painted, inner[number : number + 1])
            if wanted[number] >= (SOFTER if not width else 1.0) * found:
                break
        if width:
            out = torch.cat([out[:number], painted, out[number + 1 :]])
    return out


def _fineness(pictures: Tensor, where: Tensor) -> list[float]:
    """How fine the edges of each picture are in its part `where`: the finest octaves' share of
    all there. 0 where there are too few pixels to say."""
    side = pictures.shape[-1]
    blurs = [pictures, *(blurred(pictures, sigma * side) for sigma in SIGMAS)]
    octaves = [(a - b).abs().mean(1, keepdim=True) for a, b in pairwise(blurs)]
    result = []
    for number, part in enumerate(where > 0.5):
        if part.sum() < LEAST * side * side:
            result.append(0.0)
            continue
        bands = torch.stack([octave[number][part] for octave in octaves])
        strength = bands.sum(0)
        edges = strength >= strength.quantile(1 - EDGES)
        parts = bands[:, edges].mean(1)
        result.append(float(parts[0] / parts.sum().clamp_min(1e-9)))
    return result


def _amount(inside: Tensor, outside: Tensor, side: int) -> float:
    if len(inside) == 0 or len(outside) < LEAST * side * side:
        return 0.0
    ratio = float(outside.median()) / max(float(inside.median()), 1e-6)
    return min(max(ratio - EXCUSED, 0.0), MOST)


def _depth(hole: Tensor, reach: float) -> Tensor:
    """B x 1 x S x S: 0 at the border of a hole, 1 from `reach` pixels inside on."""
    steps = max(1, round(reach))
    left, depth = hole, torch.zeros_like(hole)
    for _ in range(steps):
        left = 1 - F.max_pool2d(1 - left, 3, 1, 1)
        depth = depth + left / steps
    return depth


def _grown(mask: Tensor) -> Tensor:
    """A 0-or-1 mask, two pixels wider."""
    return F.max_pool2d(mask, 5, 1, 2)


def face_area(side: int) -> Tensor:
    """1 x 1 x side x side, 1 where an aligned face lies."""
    (x, y), (width, height) = FACE
    line = (torch.arange(side) + 0.5) / side
    across, down = ((line - x) / width) ** 2, ((line - y) / height) ** 2
    return (across.view(1, 1, 1, side) + down.view(1, 1, side, 1) < 1).float()
