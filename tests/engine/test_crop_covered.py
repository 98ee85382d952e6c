"""A head before another: what is seen of it tells nothing of the face behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.face import geometry
from engine.face.finder import Face
from engine.face.frames import matrix_of
from engine.face.regions import outlined
from engine.fill.shares import Share
from engine.fill.steps.crop import HEAD, covered

SIDE = 128
LIGHT, DARK = 0.8, 0.3


def drawn(face: Face, shift: float, dark_in_front: bool) -> tuple[np.ndarray, np.ndarray, Face]:
    """A crop of a light face and a dark one beside it, the outline of the dark one, and it."""
    assert face.mesh is not None
    frame = matrix_of(face)
    moved = face.mesh + np.array([shift * geometry.frame_side(frame), 0])
    other = replace(face, mesh=moved)
    ours, theirs = (
        outlined(geometry.transform(frame, mesh[:, :2].astype(np.float64)), SIDE) > 127
        for mesh in (face.mesh, moved)
    )
    crop = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    order = ((ours, LIGHT), (theirs, DARK)) if dark_in_front else ((theirs, DARK), (ours, LIGHT))
    for part, tone in order:
        crop[part] = tone
    return crop, theirs, other


@pytest.mark.parametrize("shift", [0.25, 0.4])
def test_the_head_in_front_is_none_of_the_face_behind(face, shift) -> None:
    crop, theirs, other = drawn(face, shift, dark_in_front=True)
    share = Share(face, matrix_of(face), (0, 0, 1, 1), np.ones((1, 1), bool))
    hidden = np.zeros((SIDE, SIDE), bool)
    found = covered(crop, hidden, share, other)
    assert (found & theirs).sum() > 0.98 * theirs.sum()
    assert found.sum() < 1.3 * HEAD**2 * theirs.sum()


def test_a_face_in_front_is_seen_whole(face) -> None:
    crop, _, other = drawn(face, 0.4, dark_in_front=False)
    share = Share(face, matrix_of(face), (0, 0, 1, 1), np.ones((1, 1), bool))
    hidden = np.zeros((SIDE, SIDE), bool)
    assert not covered(crop, hidden, share, other).any()
    beside = drawn(face, 1.2, dark_in_front=True)[2]
    assert not covered(crop, hidden, share, beside).any()
