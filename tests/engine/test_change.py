"""Changed faces: pictures carried from mesh to mesh, and climbs that end where they should."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.fill.steps.dim import dimmed
from engine.fill.steps.move import carried
from engine.prior.climb import LENGTH, MOST, climbed

SIDE = 96


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
