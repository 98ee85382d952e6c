"""What is measured of a filled photo at its own size, against the untouched photo.

Figures of aligned crops of 256 pixels see neither a jaw torn open nor a mouth that became skin, nor
detail that is missing at 2,000. These are taken where the eye looks: around the hole, at the lips'
true place, at what was face, on the mesh that a finder sees in the fill. Pictures are H x W x 3
uint8, holes H x W bool, meshes 478 x 2 photo pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from engine.base.brightness import LUMA
from engine.face.mesh import LIPS, OVAL, eye_centres, inter_ocular
from engine.face.parts import part_mask
from training.lpips import Lpips

AROUND = 0.1  # of the hole's box, how much more of the photo is compared
SCALED = 256  # pixels of the longer side of the box when it is compared at one size
FAINT, TORN = 0.2, 0.03  # a fill is wrong whose lips have less edges, or that has more background
APART = 40.0  # of 441 in RGB: nearer to the background's colour, a face cannot be told from it
HALF = 0.5  # of the way from the truth to the background, from which on a pixel is painted like it
LEAST = 200  # pixels that say how fine a region is
SHAPE = ("width", "corners", "upper_lip", "opening")
SMILING, NEUTRAL = "smiling", "neutral"


def distances(
    lpips: Lpips, fill: np.ndarray, truth: np.ndarray, hole: np.ndarray
) -> tuple[float, float]:
    """LPIPS around the hole at the photo's own size, and scaled to SCALED pixels."""
    ys, xs = np.nonzero(hole)
    pad = int(AROUND * max(np.ptp(ys), np.ptp(xs)))
    here = np.s_[max(0, ys.min() - pad) : ys.max() + pad, max(0, xs.min() - pad) : xs.max() + pad]
    pair = [np.ascontiguousarray(picture[here]) for picture in (fill, truth)]
    high, wide = pair[0].shape[:2]
    by = SCALED / max(high, wide)
    # The smallest picture that the trunk's strides leave anything of.
    size = max(48, round(wide * by)), max(48, round(high * by))
    how = cv2.INTER_AREA if by < 1 else cv2.INTER_CUBIC
    scaled = [cv2.resize(picture, size, interpolation=how) for picture in pair]
    return lpips.measure(*(_at_least(p, 48) for p in pair)), lpips.measure(*scaled)


def lip_edges(
    fill: np.ndarray, truth: np.ndarray, hole: np.ndarray, mesh: np.ndarray
) -> float | None:
    """Contrast of edges inside the lips' true outline where it is hidden, over the truth's; None
    where no lip is hidden. Near 0 the mouth became skin."""
    where = _outlined(mesh, LIPS, hole.shape) & hole
    if not where.any():
        return None
    blur = 0.02 * inter_ocular(mesh)
    return float(_slope(fill, blur)[where].mean() / max(1e-6, _slope(truth, blur)[where].mean()))


def like_background(
    fill: np.ndarray, truth: np.ndarray, hole: np.ndarray, mesh: np.ndarray
) -> float | None:
    """Share of what was face in the hole that is painted more like the background beside it than
    like the truth; None where no face is hidden."""
    where = _outlined(mesh, OVAL, hole.shape) & hole
    if not where.any():
        return None
    behind = background(truth, mesh)
    across, _, middle = _axes(mesh)
    ys, xs = np.nonzero(where)
    right = ((np.stack([xs, ys], 1) + 0.5 - middle) @ across > 0).astype(int)
    was = truth[where].astype(np.float64)
    way = behind[right] - was
    far = np.square(way).sum(1)
    gone = ((fill[where] - was) * way).sum(1) / np.maximum(far, 1)
    return float(((gone > HALF) & (far > APART**2)).mean())


def background(truth: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    """The colours (2 x 3) left and right behind the face: medians of the photo's border, its
    outermost twentieth, above the chin."""
    height, width = truth.shape[:2]
    rim = max(1, round(0.05 * min(height, width)))
    border = np.ones((height, width), bool)
    border[rim : height - rim, rim : width - rim] = False
    ys, xs = np.nonzero(border)
    across, down, middle = _axes(mesh)
    places = np.stack([xs, ys], 1) + 0.5 - middle
    above = places @ down < (mesh[152] - middle) @ down
    colours = truth[ys, xs].astype(np.float64)
    every = colours[above] if above.sum() >= LEAST else colours
    sides = []
    for side in (places @ across <= 0, places @ across > 0):
        mine = colours[above & side]
        sides.append(np.median(mine if len(mine) >= LEAST else every, 0))
    return np.array(sides)


def fineness(picture: np.ndarray, hole: np.ndarray, mesh: np.ndarray) -> float | None:
    """Energy of the picture's finest two octaves in the hidden skin over that in the visible skin;
    None where there is too little of either."""
    skin = part_mask(mesh, "skin", (hole.shape[1], hole.shape[0])) > 0
    side = 2 * max(2, round(0.02 * inter_ocular(mesh))) + 1
    kernel = np.ones((side, side), np.uint8)
    inside, outside = (
        cv2.erode((skin & part).astype(np.uint8), kernel) > 0 for part in (hole, ~hole)
    )
    if min(inside.sum(), outside.sum()) < LEAST:
        return None
    grey = picture.astype(np.float32) @ np.array(LUMA, np.float32)
    blurs = [grey, cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.GaussianBlur(grey, (0, 0), 2.0)]
    energy = np.square(blurs[0] - blurs[1]) + np.square(blurs[1] - blurs[2])
    return float(energy[inside].mean() / max(1e-6, energy[outside].mean()))


def mesh_off(mesh: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of two meshes' nodes in inter-ocular distances of the second."""
    return float(np.linalg.norm(mesh - truth, axis=1).mean() / inter_ocular(truth))


def mouth_shape(mesh: np.ndarray) -> dict[str, float]:
    """A mouth in inter-ocular distances, in the face's own axes: its width, how far its corners lie
    above the middle of the lips, how far the upper lip reaches towards the nose (0 at the nose's
    base, negative below), how far the inner lips are open."""
    _, down, middle = _axes(mesh)
    places = (mesh - middle) / inter_ocular(mesh)
    y = places @ down
    return {
        "width": float(np.linalg.norm(places[61] - places[291])),
        "corners": float((y[0] + y[17]) / 2 - (y[61] + y[291]) / 2),
        "upper_lip": float(y[2] - y[0]),
        "opening": float(y[14] - y[13]),
    }


def wrong(figures: dict[str, Any]) -> list[str]:
    """Why a fill is wrong, in words; empty where it is not."""
    reasons = []
    edges, torn = figures["edges"], figures["background"]
    if edges is not None and edges < FAINT:
        reasons.append(f"no lips ({edges:.2f} of the truth's edges)")
    if torn is not None and torn > TORN:
        reasons.append(f"background in the face ({100 * torn:.1f} %)")
    return reasons


def shapes(figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What became of mouths, over photos whose fill and truth both show a mesh.

    figures: each with "mouth" and "true_mouth" (see `mouth_shape`, None without a mesh) and
    "expression". Returns {"mouths", for each of SHAPE {"fill", "truth", "correlation"}; where some
    are smiling and some neutral also "smile", what of a smile's distance over the neutral mean
    the fills have, and "excess", how much of it the neutral ones do; "smiles_kept" and
    "unsmiling_kept", shares of photos whose corners lie on the truth's side of the middle between
    smiles and neutral faces}.
    """
    seen = [f for f in figures if f["mouth"] and f["true_mouth"]]
    told: dict[str, Any] = {"mouths": len(seen)}
    if not seen:
        return told
    fill, truth = (
        np.array([[f[key][name] for name in SHAPE] for f in seen])
        for key in ("mouth", "true_mouth")
    )
    smiling = np.array([f["expression"] == SMILING for f in seen])
    neutral = np.array([f["expression"] == NEUTRAL for f in seen])
    for number, name in enumerate(SHAPE):
        a, b = fill[:, number], truth[:, number]
        varied = len(a) > 2 and a.std() > 1e-9 and b.std() > 1e-9
        told[name] = {
            "fill": round(float(a.mean()), 4),
            "truth": round(float(b.mean()), 4),
            "correlation": round(float(np.corrcoef(a, b)[0, 1]), 3) if varied else None,
        }
    if not smiling.any() or not neutral.any():
        return told
    rest = truth[neutral].mean(0)
    smile = truth[smiling].mean(0) - rest
    for number, name in enumerate(SHAPE):
        if abs(smile[number]) > 1e-6:
            shares = [
                (fill[who].mean(0) - rest)[number] / smile[number] for who in (smiling, neutral)
            ]
            told[name] |= {"smile": round(shares[0], 3), "excess": round(shares[1], 3)}
    corners = SHAPE.index("corners")
    middle = rest[corners] + smile[corners] / 2
    up = (fill[:, corners] > middle) == (smile[corners] > 0)
    told["smiles_kept"] = round(float(up[smiling].mean()), 4)
    told["unsmiling_kept"] = round(float((~up[neutral]).mean()), 4)
    return told


def _axes(mesh: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(unit vectors across and down the face, the middle of its eyes)."""
    left, right = eye_centres(mesh)
    across = (right - left) / max(float(np.linalg.norm(right - left)), 1e-6)
    return across, np.array([-across[1], across[0]]), (left + right) / 2


def _outlined(mesh: np.ndarray, outline: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    canvas = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(canvas, [np.round(mesh[list(outline)] - 0.5).astype(np.int32)], (1,))
    return canvas > 0


def _slope(picture: np.ndarray, blur: float) -> np.ndarray:
    grey = picture.astype(np.float32) @ np.array(LUMA, np.float32)
    grey = cv2.GaussianBlur(grey, (0, 0), max(blur, 0.3))
    return np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1))


def _at_least(picture: np.ndarray, side: int) -> np.ndarray:
    """The picture, mirrored at its borders where it is smaller than `side`."""
    high, wide = picture.shape[:2]
    down, across = max(0, side - high), max(0, side - wide)
    if not down and not across:
        return picture
    return cv2.copyMakeBorder(picture, 0, down, 0, across, cv2.BORDER_REFLECT)
