"""Painted mouths: lips that are red, teeth with contrast, open mouths that are no black holes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from engine.base.brightness import luma
from engine.face.mesh import INNER_LIPS, LIPS, NODES
from engine.face.mouth import OPEN, decided, openness
from engine.face.shape import load_shapes
from engine.fill.steps.lips import coloured, reddened
from engine.fill.steps.mouth import DARKEST, lightened, opened, toothed
from engine.prior.retouch import Retouch

RETOUCH = Retouch()


def mouths(shape, gap: float) -> torch.Tensor:
    """The mean mesh with its lips `gap` apart, 1 x 478 x 2 crop units."""
    mesh = torch.from_numpy(shape.points[: shape.face].copy())
    inner, outer = list(INNER_LIPS), list(LIPS)
    middle = mesh[inner, 1].mean()
    for ring, extra in ((inner, 0.0), (outer, 0.03)):
        away = mesh[ring, 1] - middle
        mesh[ring, 1] = middle + away / away.abs().max() * (gap / 2 + extra)
    return mesh[None]


def test_lips_are_as_red_as_they_were(shape) -> None:
    before, after = mouths(shape, 0.06), mouths(shape, 0.01)
    side, skin = 128, torch.tensor([0.5, 0.2, 0.0]).view(1, 3, 1, 1)
    solved = skin.repeat(1, 1, side, side)
    lipstick = solved - torch.tensor([0.3, 0.7, 0.6]).view(1, 3, 1, 1)
    kept = coloured(lipstick, solved, before, after)
    middle = float(after[0, list(LIPS), 1].mean())
    lower = round((middle + 0.018) * side)
    assert torch.allclose(kept[0, :, lower, side // 2], skin[0, :, 0, 0], atol=0.15)
    assert torch.equal(kept[..., : side // 2, :], lipstick[..., : side // 2, :])
    assert torch.allclose(coloured(solved, solved, before, after), solved, atol=1e-5)


def test_hidden_lips_get_the_redness_back_that_lips_have(shape) -> None:
    mesh, side = mouths(shape, 0.01), 128
    lips = np.zeros((side, side), np.uint8)
    ring = np.round(mesh[0, list(LIPS)].numpy() * side).astype(np.int32)
    cv2.fillPoly(lips, [ring], (1,))
    skin, redder = (
        torch.tensor(c).view(1, 3, 1, 1) for c in ([0.5, 0.2, 0.0], [0.1, -0.05, -0.05])
    )
    pale = skin + redder * torch.from_numpy(lips)
    hidden, half = torch.ones(1, 1, side, side), torch.ones(1, 1, side, side)
    half[..., : side // 2] = 0
    middle = round(float(mesh[0, list(LIPS), 1].mean()) * side) + 2

    def redness(picture: torch.Tensor) -> float:
        return float(picture[0, 0, middle, 70] - picture[0, 1, middle, 70]) - 0.3

    more = redness(reddened(pale, mesh, hidden, RETOUCH.redness)) / redness(pale)
    assert 1.15 < more < 1.45
    less = redness(reddened(pale, mesh, half, RETOUCH.redness)) / redness(pale)
    assert 1.02 < less < 0.5 + more / 2
    assert torch.equal(reddened(pale, mesh, 0 * hidden, RETOUCH.redness), pale)
    # As bright as they were, and the skin around them as it was.
    assert torch.allclose(
        luma(reddened(pale, mesh, hidden, RETOUCH.redness)), luma(pale), atol=1e-5
    )
    assert torch.equal(
        reddened(pale, mesh, hidden, RETOUCH.redness)[..., : side // 2, :],
        pale[..., : side // 2, :],
    )


def test_what_is_between_lips_goes_as_they_close(shape) -> None:
    wide, narrow = mouths(shape, 0.06), mouths(shape, 0.012)
    closed = opened(wide, narrow, 128)
    x, y = 64, round(float(narrow[0, list(INNER_LIPS), 1].mean()) * 128)
    assert float(closed[0, 0, y, x]) == pytest.approx(0.2, abs=0.12)
    assert bool((closed[..., :64, :] == 1).all())
    assert bool((opened(narrow, wide, 128) == 1).all())


def toothy(mesh: torch.Tensor, side: int) -> tuple[torch.Tensor, np.ndarray]:
    """Skin with stripes between the lips of a mesh, and where these are."""
    inside = np.zeros((side, side), np.uint8)
    ring = np.round(mesh[0, list(INNER_LIPS)].numpy() * side).astype(np.int32)
    cv2.fillPoly(inside, [ring], (1,))
    stripes = 0.1 * torch.sign(torch.sin(torch.arange(side) * np.pi / 4 + 0.1))
    picture = torch.full((1, 3, side, side), 0.2) + stripes * torch.from_numpy(inside)
    return picture, inside


def test_hidden_teeth_get_the_contrast_back_that_teeth_have(shape) -> None:
    side = 256
    mesh = mouths(shape, 0.08)
    picture, inside = toothy(mesh, side)
    core = cv2.erode(inside, np.ones((9, 9), np.uint8)) > 0
    hidden = torch.ones(1, 1, side, side)

    def contrast(one: torch.Tensor) -> float:
        return float(one[0, 0][torch.from_numpy(core)].std())

    more = contrast(toothed(picture, mesh, hidden, RETOUCH.teeth)) / contrast(picture)
    assert more == pytest.approx(RETOUCH.teeth, abs=0.06)
    # No colour comes in, and the skin stays.
    raised = toothed(picture, mesh, hidden, RETOUCH.teeth)
    assert torch.allclose(raised[:, 0], raised[:, 2])
    assert torch.equal(raised[..., : side // 2, :], picture[..., : side // 2, :])
    # Teeth that are seen, and lips that are closed, are left alone.
    assert torch.equal(toothed(picture, mesh, 0 * hidden, RETOUCH.teeth), picture)
    shut = mouths(shape, 0.005)
    assert torch.equal(toothed(picture, shut, hidden, RETOUCH.teeth), picture)


def test_an_open_mouth_is_no_black_hole(shape) -> None:
    side = 256
    mesh = mouths(shape, 0.12)
    _, inside = toothy(mesh, side)
    skin = torch.tensor([0.4, 0.1, 0.0]).view(1, 3, 1, 1)
    black = torch.where(torch.from_numpy(inside) > 0, -torch.ones(()), skin)
    lit = lightened(black, mesh)
    x = side // 2
    rows = np.flatnonzero(inside[:, x])
    light = (luma(lit)[0, 0, rows, x] + 1) / float(luma(skin) + 1)
    # Teeth, the dark behind them, the tongue; never as bright as skin.
    top, dark, tongue = (float(light[round(s * (len(rows) - 1))]) for s in (0.15, 0.45, 0.9))
    assert dark < 0.8 * top < 0.5
    assert 1.2 * dark < tongue < 0.6
    assert DARKEST * 0.2 < dark < DARKEST * 0.4
    red, green, _ = (float(v) for v in lit[0, :, rows[len(rows) // 2], x] + 1)
    assert red / green > 1.4 / 1.1
    columns = np.flatnonzero(inside.any(0))
    aside = int(columns[len(columns) // 6])
    middle = int(np.flatnonzero(inside[:, aside]).mean())
    corner = float(luma(lit)[0, 0, middle, aside] + 1) / float(luma(skin) + 1)
    assert corner < 0.95 * dark
    # What is lighter already stays, and so does a mouth that is hardly open.
    pale = skin.repeat(1, 1, side, side)
    assert torch.equal(lightened(pale, mesh), pale)
    assert torch.equal(lightened(black, mouths(shape, 0.01)), black)


def expecting(wide: float) -> tuple[np.ndarray, np.ndarray]:
    """A mean face whose hidden mouth is expected to be open by so much of its width, and what is
    hidden: all below the nose."""
    shapes = load_shapes()
    assert shapes is not None
    hidden = (shapes.mean[:, 1] > 0.62).astype(np.float64)
    mesh = shapes.mean.copy()
    ring = list(INNER_LIPS)
    middle = mesh[ring, 1].mean()
    mesh[ring, 1] = middle + (mesh[ring, 1] - middle) * wide / openness(mesh)
    return mesh, hidden


@pytest.mark.parametrize(("wide", "painted"), [(0.03, 0.0), (0.08, 0.0), (0.1, OPEN), (0.25, 0.25)])
def test_a_hidden_mouth_is_open_or_closed(wide: float, painted: float) -> None:
    mesh, hidden = expecting(wide)
    mouth = decided(load_shapes(), mesh, hidden)
    assert mouth is not None
    assert openness(mouth) == pytest.approx(painted, abs=0.01)
    assert np.array_equal(mouth[hidden == 0], mesh[hidden == 0])
    # Its corners stay where they were expected: an open mouth is not another smile.
    width = np.linalg.norm(mesh[61] - mesh[291])
    assert np.linalg.norm(mouth[[61, 291]] - mesh[[61, 291]], axis=1).max() < 0.005 * width


def test_the_other_variant_of_an_undecided_mouth_is_the_other_one() -> None:
    shapes = load_shapes()
    for wide, painted in ((0.08, OPEN), (0.1, 0.0), (0.01, 0.0), (0.25, 0.25)):
        other = decided(shapes, *expecting(wide), other=True)
        assert other is not None
        assert openness(other) == pytest.approx(painted, abs=0.01)
    asked = decided(shapes, *expecting(0.2), asked=False)
    assert asked is not None
    assert openness(asked) == pytest.approx(0, abs=0.01)


def test_lips_that_are_seen_are_not_decided() -> None:
    mesh, hidden = expecting(0.08)
    hidden[13] = 0
    assert decided(load_shapes(), mesh, hidden) is None
    assert decided(load_shapes(), mesh, np.zeros(NODES)) is None
    assert decided(load_shapes(), np.full_like(mesh, 0.5), np.ones(NODES)) is None  # no face
