"""Detail painted on a face in the mean shape, in the part of it that was filled."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from engine.base.brightness import LUMA
from engine.base.exact import exact
from engine.detail.mean_view import SIDE
from engine.detail.network import CELL, DetailNetwork, network_inputs

# Pixels: sigma of what colours have no detail below. Lids and lashes are detail of light; what a
# network adds in colours is fringes. LPIPS of eyes is 0.5 % better so, of mouths 0.5 % worse.
HUES = 3.0
AROUND = 32  # pixels of a picture around a hole that the network looks at


@exact
@torch.inference_mode()
def painted(network: DetailNetwork, picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A picture with the network's detail in its hole, SIDE x SIDE x 3 float32 in 0..255.

    picture: SIDE x SIDE x 3 in 0..255, uint8 or float32, in its hole (SIDE x SIDE bool) the fill.
    """
    out = np.asarray(picture, np.float32).copy()
    if not hole.any():
        return out
    rows, columns = (_window(np.flatnonzero(hole.any(axis))) for axis in (1, 0))
    device = network.positions.device
    rgb = torch.from_numpy(out.transpose(2, 0, 1).copy())[None].to(device) / 127.5 - 1
    hidden = torch.from_numpy(hole.astype(np.float32))[None, None].to(device)
    seen = network_inputs(rgb, hidden)[..., rows, columns]
    seen = seen.contiguous(memory_format=torch.channels_last)
    cells = [slice(s.start // CELL, s.stop // CELL) for s in (rows, columns)]
    change = network(seen, network.places()[..., cells[0], cells[1]])[0]
    added = change.permute(1, 2, 0).cpu().numpy() * 127.5
    light = added @ np.array(LUMA, np.float32)[:, None]
    hue = cv2.GaussianBlur(added - light, (0, 0), HUES)
    out[rows, columns] += (light + hue) * hole[rows, columns, None]
    return out


def _window(hidden: np.ndarray) -> slice:
    """Whole cells around the hidden rows (or columns), whose numbers are given."""
    low, high = max(0, int(hidden[0]) - AROUND), min(SIDE, int(hidden[-1]) + 1 + AROUND)
    return slice(low // CELL * CELL, -(-high // CELL) * CELL)
