"""A photo in another profile than sRGB is shown in its true colours."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter

from engine.inpaint import Patch
from engine.photo import Photo, open_photo
from gui.canvas.painting import draw_photo, preview_image
from gui.canvas.pyramid import Pyramid
from gui.canvas.viewport import Viewport
from gui.qimage import rgb_from_image

WIDE = bytes(imagecodecs.cms_profile("adobergb"))


@pytest.fixture(params=["RGB", "RGBA"])
def wide(request: pytest.FixtureRequest, tmp_path: Path) -> Photo:
    colours = np.full((40, 60, 3), (60, 200, 90), np.uint8)
    if request.param == "RGBA":
        colours = np.dstack([colours, np.full((40, 60), 255, np.uint8)])
    Image.fromarray(colours).save(tmp_path / "wide.png", icc_profile=WIDE)
    return open_photo(tmp_path / "wide.png")


def drawn(photo: Photo) -> np.ndarray:
    image = QImage(60, 40, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    draw_photo(painter, Pyramid(photo.pixels), Viewport(), QRect(0, 0, 60, 40), photo)
    painter.end()
    return rgb_from_image(image)


def test_the_canvas_shows_srgb(qapp, wide: Photo) -> None:
    assert np.array_equal(drawn(wide)[..., :3], wide.rgb8)
    assert np.abs(wide.rgb8[0, 0].astype(int) - (60, 200, 90)).max() > 20


def test_a_preview_has_the_photos_look(qapp, wide: Photo) -> None:
    patch = Patch((0, 0, 60, 40), wide.own8, np.full((40, 60), 255, np.uint8), "preview", 0.0)
    _, image = preview_image(patch, wide)
    assert np.array_equal(rgb_from_image(image)[..., :3], wide.rgb8)
