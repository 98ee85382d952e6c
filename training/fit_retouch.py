"""Fit how much a prior's retouch (engine.prior.retouch) makes up for what averaging made pale.

Not by the error: a mean is the fill of least square error because it is pale, and every retouch
costs some. Lips shall be as much redder than what is beside them as lips of real faces are, and
teeth shall have as much contrast, in the sum over faces; the value at which they are is found by
golden section (Kiefer 1953).

Measured on what the prior paints by itself. A generator adds contrast of its own, and the shipped
values (1.45, 1.8) were chosen on its fills, by LPIPS and by eye: of 340 faces kept aside the
prior alone asks for 2.26 and 2.54. So `evaluate` has the last word on what is fitted here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.base.brightness import luma
from engine.base.errors import MienError
from engine.face.mouth import openness
from engine.fill.face_fill import BalancedFill, Known, RenderedFill
from engine.fill.pipeline import TRAINING
from engine.fill.step import run_steps
from engine.fill.steps.lips import BESIDE, colours_of, lips_of
from engine.fill.steps.mouth import PARTED, teeth_of
from engine.fill.white_balance import WhiteBalance
from engine.prior.prior import FacePrior
from engine.prior.retouch import HIGHEST, Retouch
from training.faces import FaceShards
from training.masks import draw_hole

SIDE = 256  # pixels of the crops, as the program fills them
GOLDEN = (math.sqrt(5) - 1) / 2
_NAMES = [step.name for step in TRAINING]
_PAINTED = TRAINING[: _NAMES.index("redden_lips")]
_RETOUCHED = TRAINING[_NAMES.index("redden_lips") : _NAMES.index("close_seam")]


@dataclass(frozen=True)
class RetouchOptions:
    """faces: at most so many are measured, evenly spread. fewest: of them that must show a part for
    its value to be fitted. hole: kind of training.masks, hiding the mouth. close: how near the
    value is found. seed: of the holes."""

    faces: int = 200
    fewest: int = 12
    hole: str = "mouth"
    close: float = 0.01
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Measure:
    """Of one value of the retouch. part: a mesh (478 x 2, crop units) and a side -> which pixels it
    is of, side x side bool. strength: a picture (1 x 3 x S x S) and the part -> how strong it is;
    not above 0 where a face says nothing."""

    part: Callable[[Tensor, int], np.ndarray]
    strength: Callable[[Tensor, np.ndarray], float]


def redness_of(picture: Tensor, lips: np.ndarray) -> float:
    """How much redder lips are than what is beside them, [-1, 1] units."""
    red = colours_of(picture)[0, 0].cpu().numpy()
    reach = round(2 * BESIDE * lips.shape[0])
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    beside = (cv2.dilate(lips.astype(np.uint8), disc) > 0) & ~lips
    return float(red[lips].mean() - red[beside].mean())


def contrast_of(picture: Tensor, teeth: np.ndarray) -> float:
    """How much the brightness between lips varies, [-1, 1] units."""
    return float(luma(picture)[0, 0].cpu().numpy()[teeth].std())


def _open_teeth(mesh: Tensor, side: int) -> np.ndarray:
    """Teeth that are surely seen; of a mouth hardly parted the retouch counts less."""
    inside = teeth_of(mesh, side)
    return inside if openness(mesh.cpu().numpy()) >= PARTED[1] else np.zeros_like(inside)


MEASURES = {
    "redness": Measure(lips_of, redness_of),
    "teeth": Measure(_open_teeth, contrast_of),
}
FEWEST_PIXELS = 40  # of a part at SIDE: a mouth that is hardly open shows no teeth to measure


def fit_retouch(
    prior: FacePrior, faces: FaceShards, options: RetouchOptions | None = None
) -> tuple[Retouch, dict[str, float]]:
    """(the retouch fitted to a prior, figures: for each value of how many faces, and how strong the
    part was without it in shares of the true one).

    A value whose part too few faces show stays as it was. Raises MienError where no face shows any.
    """
    options = options or RetouchOptions()
    painted = _painted(prior, faces, options)
    found, figures = prior.retouch, {}
    for name, measure in MEASURES.items():
        shown = [one for one in painted if _shows(measure, *one)]
        if len(shown) < options.fewest:
            continue

        at = partial(_strength, prior, found, name, shown)
        value = golden_section(lambda one, at=at: abs(at(one)), 0.0, HIGHEST, options.close)
        before = math.exp(at(1.0))
        found = replace(found, **{name: round(value, 3)})
        figures |= {f"{name}_faces": len(shown), f"{name}_without": round(before, 3)}
    if not figures:
        raise MienError(
            f"Of these faces fewer than {options.fewest} show lips or teeth; give more of them."
        )
    return found, figures


def golden_section(off: Callable[[float], float], low: float, high: float, close: float) -> float:
    """Where a function with one valley is least between two values, to within `close`."""
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = off(left), off(right)
    while high - low > close:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = off(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = off(right)
    return (low + high) / 2


Painted = tuple[RenderedFill, Tensor]  # a fill before its retouch, and the true crop


def _painted(prior: FacePrior, faces: FaceShards, options: RetouchOptions) -> list[Painted]:
    """Faces whose hole the prior has painted, as the program does it."""
    rng = np.random.default_rng(options.seed)
    result = []
    kept = np.unique(np.linspace(0, len(faces) - 1, min(options.faces, len(faces))).astype(int))
    for index in kept:
        picture = torch.from_numpy(faces.crop(int(index), SIDE)).permute(2, 0, 1)[None]
        crop = picture.to(prior.device, torch.float32) / 127.5 - 1
        mesh = faces.mesh_in_crop(int(index), SIDE)
        hidden = draw_hole(options.hole, SIDE, rng, mesh)
        hole = torch.from_numpy(hidden.astype(np.float32))[None, None].to(prior.device)
        meshes = torch.from_numpy(mesh / SIDE).float()[None].to(prior.device)
        with torch.inference_mode():
            balance = WhiteBalance.of(crop, hole, prior.average)
            even = balance.apply(crop)
            given = BalancedFill(
                prior=prior,
                crop=crop,
                hole=hole,
                known=Known(meshes=meshes),
                white_balance=balance,
                balanced=even,
                told={},
            )
            result.append((run_steps(given, _PAINTED), even))
    return result


def _shows(measure: Measure, fill: RenderedFill, true: Tensor) -> bool:
    if fill.shape is None:
        return False
    part = measure.part(fill.shape[0], SIDE)
    hidden = fill.hole[0, 0].cpu().numpy() > 0.5
    if part.sum() < FEWEST_PIXELS or not hidden[part].all():
        return False
    return measure.strength(true, part) > 0


def _strength(
    prior: FacePrior, retouch: Retouch, name: str, shown: list[Painted], value: float
) -> float:
    """The logarithm of how strong the painted parts are, with one value of the retouch, over how
    strong the true ones are, both summed over the faces."""
    measure, other = MEASURES[name], prior.retouched(replace(retouch, **{name: value}))
    ours = theirs = 0.0
    for fill, true in shown:
        assert fill.shape is not None
        with torch.inference_mode():
            done = run_steps(fill.becomes(RenderedFill, prior=other), _RETOUCHED)
        part = measure.part(fill.shape[0], SIDE)
        ours += measure.strength(done.picture, part)
        theirs += measure.strength(true, part)
    return math.log(max(ours, 1e-6) / theirs)
