"""Detail painted on a face in the mean shape, in the part of it that was filled."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.base.brightness import LUMA
from engine.base.exact import exact
from engine.detail.mean_view import SIDE
from engine.detail.network import CELL, DetailNetwork, network_inputs

# Pixels: sigma of what colours have no detail below. Lids and lashes are detail of light; what a
# network adds in colours is fringes. LPIPS of eyes is 0.5 % better so, of mouths 0.5 % worse.
HUES = 3.0
# Pixels of a picture that the network looks at around a hole, and around a place within it.
AROUND, NEAR = 32, 16
# The network answers by cells, and their lattice is in what it paints: a catchlight is a cross, an
# iris is woven. In the mean of its answers to pictures half a cell apart it is not (cycle spinning,
# Coifman and Donoho 1995).
SHIFTS = ((0, 0), (0, CELL // 2), (CELL // 2, 0), (CELL // 2, CELL // 2))


@exact
@torch.inference_mode()
def painted(network: DetailNetwork, picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A picture with the network's detail in its hole, SIDE x SIDE x 3 float32 in 0..255.

    picture: SIDE x SIDE x 3 in 0..255, uint8 or float32, in its hole (SIDE x SIDE bool) the fill.
    """
    out = np.asarray(picture, np.float32).copy()
    if hole.any():
        part = _around(hole)
        added = _answer(network, _seen(network, out, hole), *part)
        out[part] += _hued(added) * hole[part][..., None]
    return out


@exact
@torch.inference_mode()
def spun(
    network: DetailNetwork, picture: np.ndarray, hole: np.ndarray, places: Sequence[np.ndarray]
) -> np.ndarray:
    """The same without the lattice of the network's cells at some small places (each SIDE x SIDE
    bool); elsewhere the picture as it is. Skin is not to be asked for: its pores are hardly more
    than that lattice (LPIPS around glasses would be 1.29 of what it is)."""
    out = np.asarray(picture, np.float32).copy()
    seen = _seen(network, out, hole)
    for where in (place & hole for place in places):
        if where.any():
            part = _around(where, NEAR)
            added = np.mean([_answer(network, seen, *part, off) for off in SHIFTS], 0)
            out[part] += _hued(added) * where[part][..., None]
    return out


def _seen(network: DetailNetwork, picture: np.ndarray, hole: np.ndarray) -> Tensor:
    device = network.positions.device
    rgb = torch.from_numpy(picture.transpose(2, 0, 1).copy())[None].to(device) / 127.5 - 1
    hidden = torch.from_numpy(hole.astype(np.float32))[None, None].to(device)
    return network_inputs(rgb, hidden)


def _hued(added: np.ndarray) -> np.ndarray:
    light = added @ np.array(LUMA, np.float32)[:, None]
    return light + cv2.GaussianBlur(added - light, (0, 0), HUES)


def _answer(
    network: DetailNetwork, seen: Tensor, rows: slice, columns: slice, off: tuple[int, int] = (0, 0)
) -> np.ndarray:
    """What the network adds in a window of whole cells, h x w x 3 float32 of 255, if its cells
    begin `off` pixels (down, right) before the picture does."""
    # One cell more, since their borders are not the window's.
    more = [CELL if by else 0 for by in off]
    window = [
        slice(s.start - by, s.stop - by + one)
        for s, by, one in zip((rows, columns), off, more, strict=True)
    ]
    cells = [
        slice(s.start // CELL, (s.stop + one) // CELL)
        for s, one in zip((rows, columns), more, strict=True)
    ]
    part = seen[..., window[0], window[1]].contiguous(memory_format=torch.channels_last)
    change = network(part, network.places(off)[..., cells[0], cells[1]])[0]
    added = change.permute(1, 2, 0).cpu().numpy() * 127.5
    height, width = rows.stop - rows.start, columns.stop - columns.start
    return added[off[0] : off[0] + height, off[1] : off[1] + width]


def _around(where: np.ndarray, by: int = AROUND) -> tuple[slice, slice]:
    """Whole cells around a part of the picture (SIDE x SIDE bool)."""
    rows, columns = (_window(np.flatnonzero(where.any(axis)), by) for axis in (1, 0))
    return rows, columns


def _window(hidden: np.ndarray, by: int) -> slice:
    """Whole cells around the hidden rows (or columns), whose numbers are given."""
    low, high = max(0, int(hidden[0]) - by), min(SIDE, int(hidden[-1]) + 1 + by)
    return slice(low // CELL * CELL, -(-high // CELL) * CELL)
