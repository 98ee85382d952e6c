"""The picture after every step of a fill, for whoever works on the steps (`inpaint --steps`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.fill.face_fill import BalancedFill, PicturedFill
from engine.fill.step import Step


class StepPictures:
    """Writes a PNG for each step of each face that is filled, as `run_steps` tells of them:
    `1-03-render.png` is what the third step, render, made of the first face."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._face, self._number = folder, 0, 0

    def __call__(self, step: Step[Any, Any, Any], fill: Any) -> None:
        """After a step. fill: as the step left it."""
        from PIL import Image

        from engine.fill.pipeline import FACE, as_array

        if step.name == FACE[0].name:
            self._face, self._number = self._face + 1, 0
        self._number += 1
        if not isinstance(fill, BalancedFill):
            return
        picture = fill.picture if isinstance(fill, PicturedFill) else fill.balanced
        pixels = (as_array(picture) * 255 + 0.5).astype("uint8")
        name = f"{self._face}-{self._number:02d}-{step.name}.png"
        Image.fromarray(pixels).save(self._folder / name)
