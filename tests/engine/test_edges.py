"""A face's edge: as sharp as the photo's own, ended where the photo says, in its own tones."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from engine.catalogue.weights import find, load_tensors
from engine.face import geometry
from engine.face.regions import CRISP, Matte, mattes, without
from engine.fill.steps.blend import ended
from engine.fill.steps.matte import SHARPEST, edge_width
from engine.fill.steps.seam import CUT, composite
from engine.fill.steps.texture import joined
from engine.prior import FacePrior
from engine.prior.appearance import FADING

SIDE = 800.0  # pixels of a frame


@pytest.mark.parametrize("sigma", [1.5, 2.5, 4.0])
def test_how_soft_edges_are_is_read_off_the_photo(sigma: float) -> None:
    y, x = np.mgrid[:400, :400].astype(np.float32)
    light = np.where((x - 200) ** 2 + (y - 200) ** 2 < 120**2, 200, 60).astype(np.float32)
    light = cv2.GaussianBlur(light, (0, 0), sigma)
    light += np.random.default_rng(0).normal(0, 1, light.shape).astype(np.float32)
    known = np.ones(light.shape, bool)
    assert edge_width(light, known, SIDE) * SIDE == pytest.approx(sigma, rel=0.15)
    # What something hides tells nothing, however sharp it is.
    known[150:250, 100:300] = False
    light[160:240, 110:290] = 255
    light[170:230, 120:280] = 0
    assert edge_width(light, known, SIDE) * SIDE == pytest.approx(sigma, rel=0.15)


def test_where_nothing_tells_edges_are_as_soft_as_meshes_are_unsure() -> None:
    known = np.ones((300, 300), bool)
    assert edge_width(np.full((300, 300), 90, np.float32), known, SIDE) == CRISP
    step = np.repeat(np.where(np.arange(300) < 150, 20, 230)[None], 300, 0).astype(np.float32)
    assert SHARPEST <= edge_width(step, known, SIDE) < 2 / SIDE
    assert edge_width(cv2.GaussianBlur(step, (0, 0), 12), known, SIDE) == CRISP


def test_a_matte_ends_beside_a_wall_that_is_seen() -> None:
    side, middle = 600, 300
    y, x = np.mgrid[:side, :side]
    away = np.hypot(x - middle, y - middle)
    matte = Matte((away < 210).astype(np.float32), np.array([[1, 0, 0], [0, 1, 0]]) / side)
    box = (0, 0, side, side)
    skin, wall = np.array([0.7, 0.5, 0.4]), np.array([0.9, 0.9, 0.9])
    hidden = (y > middle) & (away < 192)  # the fill's jaw ends at 210, the true one at 192
    pixels = np.broadcast_to(skin, (side, side, 3)).astype(np.float32)
    seen = np.where((away < 192)[..., None], skin, wall).astype(np.float32)
    new = ended(seen, pixels, hidden, matte, box).over(box)
    assert new[middle + 191, middle] < 0.5
    assert new[middle + 186, middle] == pytest.approx(1)
    assert np.array_equal(ended(pixels, pixels, hidden, matte, box).values, matte.values)
    all_of_it = without(matte, np.zeros((side, side), np.float32), box)
    assert all_of_it.values == pytest.approx(matte.values)


@pytest.fixture(scope="module")
def prior() -> FacePrior:
    return FacePrior(load_tensors(find("prior")))


def test_a_face_has_its_own_tones_at_its_edge(prior: FacePrior, photo, face) -> None:
    frame = geometry.frame_from_mesh(face.mesh)
    mesh = geometry.transform(frame, face.mesh[:, :2].astype(np.float64)).astype(np.float32)
    assert prior.fine is not None
    average = prior.fine.prior.average[None]
    dark = torch.full((1, 3, 256, 256), -0.2)  # inside as the average face, dark at its edge
    window = (slice(0, 256), slice(0, 256))
    meshes = torch.from_numpy(mesh)[None]
    detailed = prior.fine.appearance.detailed(dark, average, meshes, window, 256)
    inside = mattes(meshes, 256)[0, 0].numpy() > 0.5
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3) / 256
    away = mesh[152, 1] * 256
    rows = np.arange(256)[:, None]
    below = (rows > away - 60) & (depth > 0.02)
    change = (detailed - dark)[0].mean(0).numpy()
    # The average face is as bright at its jaw as further inside, or darker: nothing is lightened.
    assert np.abs(change[below & (depth < FADING / 2)]).mean() < 0.15
    shaded = dark.clone()
    fading = torch.from_numpy(np.clip(1 - depth / FADING, 0, 1).astype(np.float32))
    shaded[0] -= 0.5 * fading
    lighter = (prior.fine.appearance.detailed(shaded, average, meshes, window, 256) - shaded)[0]
    rim = below & (depth < FADING / 3)
    assert float(lighter.mean(0).numpy()[rim].mean()) > 0.08
    assert float(lighter.mean(0).numpy()[depth > 1.5 * FADING].mean()) < 0.03


def test_beyond_its_outline_a_face_is_painted_but_is_none_of_the_border() -> None:
    mesh = torch.from_numpy(_oval()).float()[None]
    hole = torch.zeros(1, 1, 256, 256)
    hole[..., 128:230, 40:216] = 1
    crops = torch.full((1, 3, 256, 256), 0.8)  # a white wall
    face = mattes(mesh, 256) > 0.5
    crops = torch.where(face, torch.tensor(0.1), crops)
    faces = torch.full((1, 3, 256, 256), 0.1)
    plain = composite(faces, crops, hole, mesh)
    wide = composite(faces, crops, hole, mesh, None, CUT)
    outside = ~face & (hole > 0)
    near = torch.nn.functional.max_pool2d(face.float(), 7, 1, 3) > 0
    beside = (outside & near).expand_as(crops)
    assert plain[beside].mean() > wide[beside].mean() + 0.1
    inside = (face & (hole > 0)).expand_as(crops)
    assert float((wide[inside] - 0.1).abs().max()) < 0.05  # and no wall in the cheeks


def _oval() -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, 478, endpoint=False)
    return np.column_stack([0.5 + 0.28 * np.cos(angles), 0.5 + 0.33 * np.sin(angles)])


def test_a_slit_between_parts_of_a_person_is_no_wall() -> None:
    rng = np.random.default_rng(1)
    skin, wall = np.array([190, 140, 110]), np.array([225, 230, 228])
    y, x = np.mgrid[:160, :160]
    person = (x < 100) | (x > 112)  # cheek and ear
    picture = np.where(person[..., None], skin, wall) + rng.integers(-4, 5, (160, 160, 1))
    hole = (y > 60) & (y < 100) & (x >= 100) & (x <= 112)
    picture[:60] = np.where((x < 100)[:60, :, None], skin, wall)  # wall is seen above
    person[:60] = (x < 100)[:60]
    gap, picture = hole.copy(), picture.astype(np.uint8)
    closed = joined(picture, hole, gap, person & ~hole, 0, None)
    assert np.array_equal(closed[~hole], picture[~hole])
    middle = closed[75:90, 103:110].astype(int)
    assert np.abs(middle - skin).max() < 25
    none = joined(picture, hole, np.zeros_like(gap), person & ~hole, 0, None)
    assert np.array_equal(none, picture)
