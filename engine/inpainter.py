"""The door to fills: the inpainter of the program, at no cost until it is asked for something."""

from __future__ import annotations

from engine.inpaint import Inpainter


def create_inpainter() -> Inpainter:
    """The real inpainter; it loads its networks when they are first needed."""
    from engine.fill.filler import FaceInpainter  # with it comes torch

    return FaceInpainter()


def create_batch_inpainter() -> Inpainter:
    """One for many photos: of these the first takes longer, where the others then take less."""
    from engine.fill.filler import FaceInpainter

    return FaceInpainter(many=True)
