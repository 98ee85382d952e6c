"""What the emotion networks are shown in training: moved, turned, lit and partly hidden faces.

Everything is drawn from one torch.Generator, for a whole batch at once.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.face.emotion import FER_SCALE, FER_SHIFT, masked
from engine.face.geometry import LEFT_EYE, MOUTH

EYE_LINE = FER_SCALE * LEFT_EYE[1] + FER_SHIFT[1]
MOUTH_LINE = FER_SCALE * MOUTH[1] + FER_SHIFT[1]
# x0, y0, x1, y1 in units of a FER2013 picture; what measuring hides.
PART_BOXES = {
    "mouth": (0.22, MOUTH_LINE - 0.15, 0.78, MOUTH_LINE + 0.17),
    "eyes": (0.08, EYE_LINE - 0.16, 0.92, EYE_LINE + 0.11),
}


def plain_inputs(pixels: Tensor, part: str | None = None) -> Tensor:
    """B x 2 x 48 x 48 network inputs of B x 48 x 48 uint8, a part's box (PART_BOXES) hidden."""
    grey = pixels[:, None].float() / 127.5 - 1
    visible = torch.ones_like(grey)
    if part is not None:
        box = torch.tensor(PART_BOXES[part]).expand(len(pixels), 4)
        visible = 1 - _boxes(box, pixels.shape[-1])
    return masked(grey * visible, visible)


def augmented(pixels: Tensor, side: int, holes: bool, generator: torch.Generator) -> Tensor:
    """B x 2 x side x side training inputs of B x 48 x 48 uint8.

    side below 48 shows the same at less density. holes: hide something in half of them.
    """
    count = len(pixels)

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(count, generator=generator) * (high - low) + low

    grey = pixels[:, None].float() / 127.5 - 1
    # Fills are softer than photos; a reader that trusts only grain would not read them.
    soft = F.avg_pool2d(F.pad(grey, (1, 1, 1, 1), mode="replicate"), 3, 1)
    grey = torch.where((uniform(0, 1) < 0.1).view(-1, 1, 1, 1), soft, grey)

    zoom = torch.exp(uniform(-0.16, 0.1))
    angle = uniform(-1, 1) * math.radians(11)
    mirror = (uniform(0, 1) < 0.5).float() * 2 - 1
    reach = 0.12
    cosine, sine = zoom * angle.cos(), zoom * angle.sin()
    theta = torch.stack(
        [
            torch.stack([cosine * mirror, -sine, uniform(-reach, reach)], 1),
            torch.stack([sine * mirror, cosine, uniform(-reach, reach)], 1),
        ],
        1,
    )
    grid = F.affine_grid(theta, [count, 2, side, side], align_corners=False)
    pair = torch.cat([grey, torch.ones_like(grey)], 1)
    pair = F.grid_sample(pair, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    weighted, visible = pair[:, :1], pair[:, 1:]
    if holes:
        shown = 1 - random_holes(count, side, generator)
        weighted, visible = weighted * shown, visible * shown
    x = masked(weighted, visible)
    contrast, light = uniform(0.7, 1.3).view(-1, 1, 1, 1), uniform(-0.2, 0.2).view(-1, 1, 1, 1)
    lit = ((x[:, :1] * contrast + light).clamp(-1, 1)) * (1 - x[:, 1:])
    return torch.cat([lit, x[:, 1:]], 1)


def random_holes(count: int, side: int, generator: torch.Generator) -> Tensor:
    """count x 1 x side x side in {0, 1}: half empty; else mouth, eyes, squares or strokes."""

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator) * (high - low) + low

    def part(name: str) -> Tensor:
        x0, y0, x1, y1 = PART_BOXES[name]
        centre_x, centre_y = (
            (x0 + x1) / 2 + uniform(-0.08, 0.08),
            (y0 + y1) / 2 + uniform(-0.1, 0.1),
        )
        width, height = (x1 - x0) * uniform(0.6, 1.15), (y1 - y0) * uniform(0.6, 1.3)
        return _around(centre_x, centre_y, width, height)

    extent = uniform(0.2, 0.6)
    square = _around(uniform(0.1, 0.9), uniform(0.1, 0.9), extent, extent * uniform(0.6, 1.6))
    kind = torch.rand(count, generator=generator)
    boxes = torch.where((kind < 0.12)[:, None], part("mouth"), square)
    boxes = torch.where(((kind >= 0.12) & (kind < 0.24))[:, None], part("eyes"), boxes)
    hole = _boxes(boxes, side)
    drawn = _strokes(uniform(0, 1, 4, 2), uniform(0.03, 0.09), side)
    hole = torch.where((kind < 0.36).view(-1, 1, 1, 1), hole, drawn)
    return torch.where((kind < 0.5).view(-1, 1, 1, 1), hole, torch.zeros_like(hole))


def _around(x: Tensor, y: Tensor, width: Tensor, height: Tensor) -> Tensor:
    return torch.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], 1)


def _centres(side: int) -> tuple[Tensor, Tensor]:
    line = (torch.arange(side) + 0.5) / side
    return line.view(1, 1, 1, side), line.view(1, 1, side, 1)


def _boxes(boxes: Tensor, side: int) -> Tensor:
    """B x 1 x side x side, 1 inside B x 4 boxes (x0, y0, x1, y1 in 0..1)."""
    x, y = _centres(side)
    x0, y0, x1, y1 = (edge.view(-1, 1, 1, 1) for edge in boxes.unbind(1))
    return ((x >= x0) & (x < x1) & (y >= y0) & (y < y1)).float()


def _strokes(points: Tensor, radius: Tensor, side: int) -> Tensor:
    """B x 1 x side x side, 1 within a radius (B) of the polyline through B x K x 2 points."""
    x, y = _centres(side)
    place = torch.stack(torch.broadcast_tensors(x, y), -1)  # 1 x 1 x side x side x 2
    nearest = torch.full((len(points), 1, side, side), torch.inf)
    for start, end in zip(points.unbind(1)[:-1], points.unbind(1)[1:], strict=True):
        start, along = start.view(-1, 1, 1, 1, 2), (end - start).view(-1, 1, 1, 1, 2)
        share = ((place - start) * along).sum(-1) / (along * along).sum(-1).clamp_min(1e-6)
        off = place - start - share.clamp(0, 1)[..., None] * along
        nearest = torch.minimum(nearest, off.square().sum(-1))
    return (nearest < radius.view(-1, 1, 1, 1) ** 2).float()
