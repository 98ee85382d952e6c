"""Changed faces: pictures carried from mesh to mesh, and climbs that end where they should."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from engine.base.brightness import luma
from engine.face.mesh import INNER_LIPS, LIPS
from engine.face.shape import load_shapes
from engine.prior.carry import carried
from engine.prior.climb import LENGTH, MOST, climbed
from engine.prior.dim import dimmed
from engine.prior.lips import coloured, opened, reddened
from engine.prior.warp import MeanShape, triangulated

SIDE = 96


@pytest.fixture(scope="module")
def shape() -> MeanShape:
    space = load_shapes()
    assert space is not None
    return MeanShape(space.mean, triangulated(space.mean))


def ramp() -> torch.Tensor:
    """A picture whose first channel tells the column, its second the row."""
    steps = (torch.arange(SIDE) + 0.5) / SIDE
    columns, rows = steps.expand(SIDE, -1), steps.unsqueeze(1).expand(-1, SIDE)
    return torch.stack([columns, rows, torch.zeros(SIDE, SIDE)])[None]


def test_a_picture_moves_with_its_mesh(shape) -> None:
    now = torch.from_numpy(shape.points[: shape.face])[None]
    mouth = (now[..., 1] - 0.735).abs().lt(0.08) & (now[..., 0] - 0.5).abs().lt(0.15)
    then = now + 0.03 * mouth.unsqueeze(-1) * torch.tensor([1.0, 0.0])
    moved = carried(ramp(), shape, now, then)
    x, y = round(0.53 * SIDE), round(0.735 * SIDE)
    # What is at the moved mouth now was 0.03 to the left of it.
    assert float(moved[0, 0, y, x]) == pytest.approx((x + 0.5) / SIDE - 0.03, abs=0.006)
    assert float(moved[0, 1, y, x]) == pytest.approx((y + 0.5) / SIDE, abs=0.006)
    top = moved[0, :, : SIDE // 3] - ramp()[0, :, : SIDE // 3]
    assert top.abs().max() < 0.004
    assert torch.equal(carried(ramp(), shape, now, now), ramp())


def test_a_folded_mesh_tears_nothing(shape) -> None:
    now = torch.from_numpy(shape.points[: shape.face])[None]
    then = now.clone()
    then[0, 61, 0] = 0.9  # a mouth corner beyond the other one
    moved = carried(ramp(), shape, now, then)
    assert torch.isfinite(moved).all()
    assert float((moved[..., 1:] - moved[..., :-1]).abs().max()) < 0.3


def test_teeth_in_the_dark_of_an_open_mouth_neither_shine_nor_turn_green() -> None:
    skin = torch.tensor([0.5, 0.0, -0.2]).view(1, 3, 1, 1).expand(-1, -1, SIDE, SIDE)
    solved = skin.clone()
    solved[..., 40:56, 40:56] = 0.6  # white teeth
    changed = solved.clone()
    # An expression takes as much of every channel, and more than there is of red.
    changed[..., 40:56, 40:56] += torch.tensor([-1.8, -1.35, -1.3]).view(3, 1, 1)
    dark, share = dimmed(changed, solved)
    red, green, blue = (float(v) for v in dark[0, :, 48, 48])
    assert -1 <= blue <= green <= red < -0.6
    assert float(share[0, 0, 48, 48]) < 0.2
    # What is as bright as before, or brighter, is left alone.
    assert torch.equal(dark[..., :32, :], skin[..., :32, :])
    lighter, whole = dimmed(solved, skin)
    assert torch.equal(lighter, solved)
    assert bool((whole == 1).all())


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

    more = redness(reddened(pale, mesh, hidden)) / redness(pale)
    assert 1.15 < more < 1.45
    less = redness(reddened(pale, mesh, half)) / redness(pale)
    assert 1.02 < less < 0.5 + more / 2
    assert torch.equal(reddened(pale, mesh, 0 * hidden), pale)
    # As bright as they were, and the skin around them as it was.
    assert torch.allclose(luma(reddened(pale, mesh, hidden)), luma(pale), atol=1e-5)
    assert torch.equal(reddened(pale, mesh, hidden)[..., : side // 2, :], pale[..., : side // 2, :])


def test_what_is_between_lips_goes_as_they_close(shape) -> None:
    wide, narrow = mouths(shape, 0.06), mouths(shape, 0.012)
    closed = opened(wide, narrow, 128)
    x, y = 64, round(float(narrow[0, list(INNER_LIPS), 1].mean()) * 128)
    assert float(closed[0, 0, y, x]) == pytest.approx(0.2, abs=0.12)
    assert bool((closed[..., :64, :] == 1).all())
    assert bool((opened(narrow, wide, 128) == 1).all())


def climb(clear: float, wanted: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A climb over pictures whose pixels are z itself, read by their first two."""
    z, hole = torch.zeros(1, 4), torch.ones(1, 1, 2, 2)
    hole[..., 1, 1] = 0
    factor = torch.diag(torch.tensor([1.0, 1.0, 2.0, 2.0]))[None]

    def render(one: torch.Tensor) -> torch.Tensor:
        return one.view(1, 1, 2, 2).expand(-1, 3, -1, -1) / 10

    def read(picture: torch.Tensor) -> torch.Tensor:
        return 40 * picture[:, 0].flatten(1)

    with torch.inference_mode():
        found = climbed(z, factor, render, render(z), hole, read, wanted, clear)
        logits = read(render(found))
    return found, logits.softmax(-1)


def test_a_climb_ends_when_it_is_read_and_never_goes_far() -> None:
    found, read = climb(0.6, 0)
    assert 0.6 < float(read[0, 0]) < 0.95
    assert float(found.norm()) <= 2 * LENGTH + 0.1
    far, _ = climb(1.0, 0)
    assert float(far.norm()) <= MOST + 1e-4


def test_what_is_seen_is_no_way_up() -> None:
    # The last pixel is not in the hole: only the others can be lowered for it.
    found, _ = climb(0.99, 3)
    assert float(found[0, 3]) == pytest.approx(0, abs=1e-6)
    assert np.all(found[0, :3].numpy() < 0)
