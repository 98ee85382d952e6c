"""What lies between the lips: teeth with the contrast of teeth, and no black holes.

A mean over mouths whose teeth begin and end a little elsewhere is greyer than any of them: smiles
are painted with four fifths of the contrast that theirs have, and get the rest back. A mouth that
is opened because an expression asks for it is darkened without end, since the network that reads
expressions likes it dark: it is never darker than open mouths are. And what is squeezed between
lips as they close is not seen any more.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.base.brightness import blurred, luma
from engine.face.mesh import INNER_LIPS
from engine.face.mouth import LOWER, UPPER, openness
from engine.fill.face_fill import RenderedFill
from engine.fill.pale import softened, strengthened
from engine.prior.prior import Changed, Fine

SOFT = 1.5 / 256  # crop units: sigma of the edge of what is between lips
# A mouth is open by the height between the middles of its lips over its width: teeth are seen from
# the first on, surely from the second on; wide open from the third on, surely from the fourth on.
PARTED, OPEN = (0.06, 0.12), (0.15, 0.4)
BESIDE = 8 / 256  # crop units: sigma of the surroundings that teeth stand out from
# How bright an open mouth is in shares of the skin around, from the upper lip to the lower one:
# teeth, the dark behind them, the tongue. The mean of 161 that are open by half their width and
# more. It is redder than skin (so much of its red, green and blue), and darker to the corners.
DOWN = ((0.0, 0.2, 0.38, 0.55, 0.8, 1.0), (0.6, 0.58, 0.36, 0.38, 0.52, 0.62))
HUE, CORNER = (1.15, 0.88, 1.0), 0.55
AROUND = 0.08  # crop units: sigma of what is the skin around
DARKEST = 0.85  # of that brightness, the least that is painted


def toothed(pictures: Tensor, meshes: Tensor, hole: Tensor, teeth: float) -> Tensor:
    """Painted faces whose teeth have their contrast, the more so the more of them is hidden.

    pictures: B x 3 x S x S. meshes: B x 478 x 2, crop units. hole: B or 1 x 1 x S x S, 1 hidden.
    teeth: how many times their contrast wholly hidden ones get (engine.prior.retouch).
    """
    side = pictures.shape[-1]
    light = luma(pictures)
    out = pictures.clone()
    for number, hidden in enumerate(hole.expand(len(pictures), -1, -1, -1)[:, 0].cpu().numpy()):
        inside = teeth_of(meshes[number], side)
        share = float(hidden[inside].mean()) if inside.any() else 0.0
        more = (teeth - 1) * _ramp(openness(meshes[number].cpu().numpy()), PARTED) * share**2
        if more:
            out[number] += strengthened(light[number], inside, more, BESIDE * side, SOFT * side)
    return out


def teeth_of(mesh: Tensor, side: int) -> np.ndarray:
    """Where teeth are seen if any are: between the lips of a mesh (478 x 2, crop units), side x
    side bool."""
    return between(mesh, side) > 0


def lightened(pictures: Tensor, meshes: Tensor) -> Tensor:
    """Changed faces (B x 3 x S x S from -1, black, on) whose open mouths are no black holes.
    meshes: B x 478 x 2, crop units, as they are now."""
    side = pictures.shape[-1]
    shares = [_ramp(openness(mesh.cpu().numpy()), OPEN) for mesh in meshes]
    if not any(shares):
        return pictures
    hue = pictures.new_tensor(HUE).view(3, 1, 1)
    out = pictures.clone()
    for number, (mesh, share) in enumerate(zip(meshes, shares, strict=True)):
        inside = between(mesh, side)
        soft = share * softened(inside, SOFT * side)
        light = torch.from_numpy(_light(mesh, side)).to(pictures)
        outside = torch.from_numpy(1.0 - inside)[None, None].to(pictures)
        known = torch.cat([(pictures[number : number + 1] + 1) * outside, outside], 1)
        skin, weight = blurred(known, AROUND * side)[0].split((3, 1))
        least = DARKEST * light * hue * skin / weight.clamp_min(1e-3) - 1
        more = (least - pictures[number]).clamp_min(0)
        out[number] += torch.from_numpy(soft).to(pictures) * more
    return out


def opened(before: Tensor, after: Tensor, side: int) -> Tensor:
    """How much of what is between the lips is still seen, B x 1 x side x side: 1 everywhere but
    between lips (`after`) that have closed."""
    shares = []
    for then, now in zip(before, after, strict=True):
        areas = [_area(mesh) for mesh in (then, now)]
        share = min(1.0, areas[1] / max(areas[0], 1e-6))
        inside = cv2.dilate(between(now, side), np.ones((3, 3), np.uint8))
        shares.append(1 - (1 - share) * softened(inside, SOFT * side))
    return torch.from_numpy(np.stack(shares))[:, None].to(after)


def between(mesh: Tensor, side: int) -> np.ndarray:
    """Where it is between the inner lips of a mesh (478 x 2, crop units): side x side uint8."""
    inside = np.zeros((side, side), np.uint8)
    cv2.fillPoly(inside, [corners(mesh, INNER_LIPS, side)], (1,))
    return inside


def corners(mesh: Tensor, nodes: tuple[int, ...], side: int) -> np.ndarray:
    """The pixels at nodes of a mesh, N x 2 int32."""
    return np.round(_ring(mesh, nodes) * side - 0.5).astype(np.int32)


def _light(mesh: Tensor, side: int) -> np.ndarray:
    """How bright each place of an open mouth is, side x side float32 in shares of the skin."""
    upper, lower = (_ring(mesh, nodes) * side for nodes in (UPPER, LOWER))
    steps = np.arange(side) + 0.5
    top, bottom = (
        np.interp(steps, np.maximum.accumulate(c[:, 0]), c[:, 1]) for c in (upper, lower)
    )
    down = np.clip((steps[:, None] - top) / np.maximum(bottom - top, 1e-3), 0, 1)
    left, right = upper[0, 0], upper[-1, 0]
    across = np.clip((steps - left) / max(right - left, 1.0), 0, 1)
    light = np.interp(down, *DOWN) * (CORNER + (1 - CORNER) * np.sin(np.pi * across))
    return light.astype(np.float32)


def _ramp(value: float, edges: tuple[float, float]) -> float:
    low, high = edges
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _area(mesh: Tensor) -> float:
    return float(cv2.contourArea(_ring(mesh, INNER_LIPS).astype(np.float32)))


def _ring(mesh: Tensor, nodes: tuple[int, ...]) -> np.ndarray:
    return mesh[list(nodes)].cpu().numpy()


def open_mouth(fill: RenderedFill, given: tuple[Fine, Changed]) -> RenderedFill:
    """Reads changed, share, picture. Writes picture and share."""
    changed = given[1]
    still = opened(changed.before, changed.after, fill.side)
    return fill.becomes(
        RenderedFill,
        picture=lightened(fill.picture, changed.after),
        share=still if fill.share is None else fill.share * still,
    )


def clear_teeth(fill: RenderedFill, given: tuple[Fine, Tensor]) -> RenderedFill:
    """Reads shape, hole, picture. Writes picture."""
    picture = toothed(fill.picture, given[1], fill.hole, fill.prior.retouch.teeth)
    return fill.becomes(RenderedFill, picture=picture)
