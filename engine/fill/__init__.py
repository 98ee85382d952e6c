"""The fill of a photo, from its request to its patches; here is the door: the inpainter of the
program, at no cost until it is asked for something.

`pipeline` says what happens to a pixel, `steps` do it over the values of `photo_fill` and
`face_fill`, `filler` runs them and holds what is loaded (`networks`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.inpaint import Inpainter

if TYPE_CHECKING:
    from engine.fill.step import Watch


def create_inpainter(watch: Watch | None = None) -> Inpainter:
    """The real inpainter; it loads its networks when they are first needed. watch: told of every
    step of a fill (see engine.fill.step.run_steps)."""
    from engine.fill.filler import FaceInpainter  # with it comes torch

    return FaceInpainter(watch)


def create_batch_inpainter() -> Inpainter:
    """One for many photos: of these the first takes longer, where the others then take less."""
    from engine.fill.filler import FaceInpainter

    return FaceInpainter(many=True)
