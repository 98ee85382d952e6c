"""Stubble that is seen on the neck alone goes on under a mask; other necks shave nobody."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.face import geometry
from engine.face.mesh import LIPS
from engine.fill import create_inpainter
from engine.fill.steps.beard import SIDE, beard_in
from engine.fill.steps.stubble import CHIN, NOSE, TILE, beard_area, stubble, throat
from engine.inpaint import FillRequest
from engine.mask import Mask
from engine.photo import photo_from_array


@pytest.fixture(scope="module")
def nodes(face) -> np.ndarray:
    """Of a face a little smaller than its frame, so that there is a neck in it."""
    frame = geometry.frame_from_mesh(face.mesh)
    whole = geometry.transform(frame, face.mesh[:, :2].astype(np.float64))
    return (whole - (0.5, 0.45)) * 0.85 + (0.5, 0.45)


@pytest.fixture(scope="module")
def hole(nodes: np.ndarray) -> np.ndarray:
    """A mask over nose, mouth and chin."""
    covered = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillConvexPoly(covered, cv2.convexHull(np.round(nodes * SIDE).astype(np.int32)), (1,))
    covered[: round(nodes[NOSE, 1] * SIDE) - 40] = 0
    return cv2.dilate(covered, np.ones((9, 9), np.uint8)) > 0


def skin(hairs: float, where: np.ndarray) -> np.ndarray:
    """Light of skin with fine contrast all over, and more of it in some places."""
    noise = np.random.default_rng(0).normal(0, 1, (SIDE, SIDE)).astype(np.float32)
    return np.float32(0.6) + noise * np.where(where, hairs, 0.006).astype(np.float32)


def test_hair_on_a_neck_is_hair_under_the_mask(nodes, hole) -> None:
    neck = np.arange(SIDE)[:, None] > nodes[CHIN, 1] * SIDE - 10
    beard = beard_in(skin(0.03, neck & ~hole), hole, nodes)
    assert beard is not None
    assert beard.on_neck
    assert beard.grows[~hole].max() == 0
    x, y = (nodes[CHIN] * SIDE - (0, 20)).astype(int)
    assert beard.grows[y, x] > 0.9
    assert beard.seen[throat(nodes, hole)].mean() > 0.5
    assert beard_in(skin(0.006, neck), hole, nodes) is None
    # Of a chin that is seen the neck tells nothing.
    mouth = np.zeros_like(hole)
    x, y = (nodes[list(LIPS)].mean(0) * SIDE).astype(int)
    chin = round(nodes[CHIN, 1] * SIDE)
    mouth[y - 25 : chin - 12, x - 45 : x + 45] = True
    assert beard_in(skin(0.05, np.arange(SIDE)[:, None] > chin - 8), mouth, nodes) is None
    # A necklace or the shade of a jaw is contrast too, but not all over.
    shade = skin(0.006, neck)
    shade[round(nodes[CHIN, 1] * SIDE) + 8 :] *= 0.5
    assert beard_in(shade, hole, nodes) is None


def test_beards_grow_on_jaws_chins_and_lips(nodes) -> None:
    area = beard_area(nodes, SIDE)
    lips = np.zeros((SIDE, SIDE), np.uint8)
    corners = np.round(nodes[list(LIPS)] * SIDE).astype(np.int32)
    cv2.fillConvexPoly(lips, cv2.convexHull(corners), (1,))
    assert area[lips > 0].max() < 0.1
    jaw, upper_lip, bridge, cheeks = 172, 164, 6, (50, 280)
    for node in (CHIN, jaw, upper_lip, bridge, *cheeks):
        x, y = np.round(nodes[node] * SIDE).astype(int)
        # At the outline itself the edge is soft.
        assert (area[max(0, y - 6), x] > 0.4) == (node in (CHIN, jaw, upper_lip)), node


def test_the_texture_is_as_strong_as_that_of_the_neck() -> None:
    rng = np.random.default_rng(1)
    grain = cv2.GaussianBlur(rng.normal(0, 1, (120, 300)).astype(np.float32), (0, 0), 0.8)
    light = 130 * np.exp(0.1 * grain / grain.std())
    picture = np.repeat(light.clip(0, 255).astype(np.uint8)[..., None], 3, 2)
    source = np.zeros((120, 300), bool)
    source[20:100, 20:280] = True
    texture = stubble(picture, source, 6.0, 0)
    assert texture is not None
    assert texture.shape == (TILE, TILE)
    assert float(texture.std()) == pytest.approx(0.09, rel=0.2)
    assert abs(float(texture.mean())) < 0.01
    again = stubble(picture, source, 6.0, 0)
    assert again is not None
    assert np.array_equal(texture, again)
    assert stubble(picture, source & (np.arange(300) < 22), 6.0, 0) is None


def test_a_masked_man_keeps_his_stubble(photo, face) -> None:
    """The same photo with hairs on its neck and without: under the mask there are some too."""
    mesh, rgb = face.mesh[:, :2], photo.rgb8.copy()
    frame = geometry.frame_from_mesh(face.mesh)
    times = 3  # larger, so that a hair is more than a pixel
    large = cv2.resize(rgb, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    mesh = mesh * times
    covered = np.zeros(large.shape[:2], np.uint8)
    cv2.fillConvexPoly(covered, cv2.convexHull(np.round(mesh).astype(np.int32)), (255,))
    covered[: round(float(mesh[NOSE, 1])) - 20] = 0
    below = int(mesh[:, 1].max())
    neck = np.zeros(large.shape[:2], bool)
    reach = round(0.2 * times * geometry.frame_side(frame))
    middle = int(mesh[CHIN, 0])
    neck[below - 3 : below + reach, middle - reach : middle + reach] = True
    noise = cv2.GaussianBlur(
        np.random.default_rng(2).normal(0, 1, neck.shape).astype(np.float32), (0, 0), 1.0
    )
    hairy = large * np.exp(0.35 * noise / noise.std() * (neck & (covered == 0)))[..., None]
    fine = []
    inpainter = create_inpainter()
    for picture in (large, hairy.clip(0, 255).astype(np.uint8)):
        shown = photo_from_array(picture)
        fill = shown.apply(*inpainter.fill(FillRequest(shown, Mask(covered))).patches).rgb8
        assert np.array_equal(fill[covered == 0], picture[covered == 0])
        x, y = np.round(mesh[CHIN] - (0, 0.06 * times * geometry.frame_side(frame))).astype(int)
        chin = fill[y - 12 : y + 12, x - 30 : x + 30].astype(np.float32).mean(-1)
        fine.append(float((chin - cv2.GaussianBlur(chin, (0, 0), 3)).std()))
    assert fine[1] > 1.5 * fine[0]
