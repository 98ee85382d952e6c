"""The picture after every step of a fill, for whoever works on the steps (`inpaint --steps`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.fill.face_fill import BalancedFill, PicturedFill
from engine.fill.photo_fill import DoneShare, FilledShare, FullShare, PaintedFill, ShareFill
from engine.fill.step import Step


class StepPictures:
    """Writes a PNG for each step that makes pixels, as `run_steps` tells of them, in the order in
    which they are made: `1-03-render.png` is what the third step, render, made of the first face's
    crop, or at the end of its part of the photo; `photo-06-add_texture.png` is the whole photo.
    Steps that make none are counted all the same."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._face, self._of_face, self._of_photo = folder, 0, 0, 0

    def __call__(self, step: Step[Any, Any, Any], fill: Any) -> None:
        """After a step. fill: as the step left it."""
        from PIL import Image

        if step.name == "set_white_balance":  # a face's first step
            self._face, self._of_face = self._face + 1, 0
        of_face = isinstance(fill, (BalancedFill, FilledShare))
        if of_face:
            self._of_face += 1
            name = f"{self._face}-{self._of_face:02d}"
        else:
            self._of_photo += not isinstance(fill, ShareFill)
            name = f"photo-{self._of_photo:02d}"
        pixels = _pixels(fill)
        if pixels is not None:
            Image.fromarray(pixels).save(self._folder / f"{name}-{step.name}.png")


def _pixels(fill: Any) -> np.ndarray | None:
    """What a fill looks like, height x width x 3 uint8; None where it has no pixels of its own."""
    from engine.fill.pipeline import as_array

    if isinstance(fill, PaintedFill):
        return fill.photo.apply(*fill.patches).rgb8
    if isinstance(fill, DoneShare) or not isinstance(fill, (FullShare, BalancedFill)):
        return None
    if isinstance(fill, FullShare):
        return (fill.pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    picture = fill.picture if isinstance(fill, PicturedFill) else fill.balanced
    return (as_array(picture) * 255 + 0.5).astype(np.uint8)
