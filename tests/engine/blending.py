"""A filled crop brought back into a photo, by the rows of the table that do it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from engine.face.finder import Face
from engine.face.placement import FOUND, Placed
from engine.face.regions import Matte
from engine.fill.photo_fill import DoneShare, ReadShare
from engine.fill.pipeline import SHARE
from engine.fill.shares import Share
from engine.fill.step import run_steps
from engine.inpaint import FillOptions
from engine.mask import Mask
from engine.photo import photo_from_array
from engine.readings import FaceReading


def blended(
    photo: np.ndarray,
    crop: np.ndarray,
    frame: np.ndarray,
    hole: np.ndarray,
    box: tuple[int, int, int, int],
    matte: Matte | None = None,
    without: tuple[str, ...] = (),
) -> np.ndarray:
    """The pixels of a box of the photo (uint8), its hole filled from a crop. without: names of the
    rows that are left out."""
    face = Face((0.0, 0.0, 1.0, 1.0), 1.0, 0.0, None)
    x, y, width, height = box
    mask = Mask(hole.view(np.uint8) * np.uint8(255))
    whole: Any = SimpleNamespace(
        photo=photo_from_array(photo),
        hole=hole,
        live=False,
        faces=(face,),
        placement=SimpleNamespace(faces=(Placed(face, FOUND, 1.0),)),
        request=SimpleNamespace(mask=mask, options=FillOptions()),
        loaded=SimpleNamespace(exemplars=None, networks=SimpleNamespace(detail=None)),
    )
    unknown: Any = SimpleNamespace(sight=SimpleNamespace(told=None))  # its nodes
    given = ReadShare(
        whole=whole,
        share=Share(face, frame, box, hole[y : y + height, x : x + width]),
        number=0,
        begun=0.0,
        crop=crop,
        hidden=np.zeros(crop.shape[:2], bool),
        guidance=unknown,
        matte=matte,
        filled=crop,
        reading=FaceReading(0),
    )
    first = [step.name for step in SHARE].index("to_photo")
    done: DoneShare = run_steps(given, [s for s in SHARE[first:] if s.name not in without])
    return done.patch.pixels
