"""Scans of one bit and drawings: filled in their own colours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from engine.face.parts import part_mask
from engine.inpaint import FillRequest
from engine.mask import Mask
from engine.photo import photo_from_array
from engine.photo.palette import DOTS, palette_of


@pytest.fixture(scope="module")
def scan(astronaut) -> np.ndarray:
    """Her portrait as a fax sends it, three times as large."""
    large = cv2.resize(astronaut[:260, 110:340], None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    dots = np.asarray(Image.fromarray(large).convert("1"))
    return np.repeat((dots * np.uint8(255))[..., None], 3, 2)


def drawn(photo: np.ndarray) -> np.ndarray:
    return (cv2.medianBlur(photo, 9) // 64 * 64 + 20).astype(np.uint8)


def test_few_colours_are_told_and_many_are_not(astronaut, scan) -> None:
    palette = palette_of(scan)
    assert palette is not None
    assert palette.dotted
    assert palette.colours.tolist() == [[0, 0, 0], [255, 255, 255]]
    drawing = palette_of(drawn(astronaut))
    assert drawing is not None
    assert not drawing.dotted
    assert 10 < len(drawing.colours) <= 64
    line = np.full((60, 60, 3), 255, np.uint8)
    cv2.line(line, (5, 5), (50, 40), (0, 0, 0), 2)
    lines = palette_of(line)
    assert lines is not None
    assert not lines.dotted
    assert palette_of(astronaut) is None
    assert palette_of(np.full((40, 40, 3), 90, np.uint8)) is None
    assert palette_of(line.astype(np.uint16) * 257) is None


def test_dots_stand_for_the_greys_they_are_made_of(scan) -> None:
    palette = palette_of(scan)
    assert palette is not None
    ramp = np.repeat(np.linspace(0, 255, 256)[None], 200, 0).astype(np.uint8)
    dots = palette.kept(np.repeat(ramp[..., None], 3, 2))
    assert set(np.unique(dots)) == {0, 255}
    columns = dots[..., 0].reshape(200, 16, 16).mean((0, 2))
    assert np.abs(columns - ramp[0].reshape(16, 16).mean(1)).max() < 8


def test_a_mouth_comes_back_in_a_scan_of_one_bit(inpainter, scan) -> None:
    photo = photo_from_array(scan)
    faces = inpainter.find_faces(photo)
    assert len(faces) == 1
    mask = part_mask(faces[0].mesh, "mouth", photo.size)
    out = photo.apply(*inpainter.fill(FillRequest(photo, Mask(mask))).patches).pixels
    assert np.array_equal(out[mask == 0], scan[mask == 0])
    assert set(np.unique(out)) == {0, 255}

    def smooth(pixels: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(pixels[..., 0].astype(np.float32), (0, 0), 2.5 * DOTS)

    hole = mask > 0
    lips = smooth(out)[hole]
    assert lips.max() - lips.min() > 40  # there is a mouth, not the grey of a cheek
    assert np.abs(lips - smooth(scan)[hole]).mean() < 30


def test_a_drawing_is_filled_in_its_own_colours(inpainter, astronaut) -> None:
    drawing = drawn(cv2.resize(astronaut[:260, 110:340], None, fx=2, fy=2))
    photo = photo_from_array(drawing)
    faces = inpainter.find_faces(photo)
    mask = part_mask(faces[0].mesh, "mouth", photo.size)
    out = photo.apply(*inpainter.fill(FillRequest(photo, Mask(mask))).patches).pixels
    hers = {tuple(c) for c in drawing.reshape(-1, 3)}
    assert {tuple(c) for c in out[mask == 255]} <= hers
    assert len({tuple(c) for c in out[mask == 255]}) >= 3
    assert np.array_equal(out[mask == 0], drawing[mask == 0])
