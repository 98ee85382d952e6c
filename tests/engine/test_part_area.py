"""A part of a face by its box is the part in the whole photo."""

from __future__ import annotations

import numpy as np
import pytest

from engine.face.finder import Face
from engine.face.parts import PARTS, area_of, part_area, part_mask


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("shift", [(700.0, 500.0), (-60.0, -30.0), (1100.25, 900.75)])
def test_a_part_lies_in_the_faces_box_and_is_the_same(
    face: Face, part: str, shift: tuple[float, float]
) -> None:
    assert face.mesh is not None
    mesh, size = face.mesh.astype(np.float64) + shift, (1400, 1200)
    whole = part_mask(mesh, part, size)
    found = part_area(mesh, part, size)
    assert found is not None
    (x, y, width, height), pixels = found
    put = np.zeros_like(whole)
    put[y : y + height, x : x + width] = pixels
    # A corner that lies on half a pixel may be rounded the other way.
    assert (put != whole).sum() <= 0.001 * max(1, (whole > 0).sum())
    assert pixels.size < 0.6 * whole.size


def test_a_face_outside_has_no_area(face: Face) -> None:
    assert face.mesh is not None
    assert part_area(face.mesh + 5000, "face", (600, 600)) is None
    assert area_of(face.mesh - 5000, (600, 600)) is None
