"""The generator: its exact size, its zero start, and its hands off what is visible."""

from __future__ import annotations

import pytest
import torch

from engine.generator.dmfn import GRIDS, HALF, Dmfn, grid_of, paint, sharpen, window_of

STAGES = {
    "e1": 6_464,
    "e2": 73_856,
    "e3": 147_584,
    "e4": 295_168,
    "blocks": 8 * 885_312,
    "d1": 590_080,
    "d2": 672_000,
    "d3": 168_064,
    "out": 1_731,
}


@pytest.fixture(scope="module")
def generator() -> Dmfn:
    torch.manual_seed(0)
    return Dmfn().eval().requires_grad_(False)


def size(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("grid", GRIDS)
def test_parameters_stage_by_stage(grid: str) -> None:
    generator = Dmfn(grid=grid)
    assert {name: size(part) for name, part in generator.named_children()} == STAGES
    assert size(generator) == 9_037_443
    assert all(size(block) == 885_312 for block in generator.blocks)


@pytest.mark.parametrize("grid", GRIDS)
def test_a_generator_is_made_anew_from_its_tensors(grid: str) -> None:
    first = Dmfn(grid=grid).eval()
    again = Dmfn.of(first.state_dict()).eval()
    assert again.grid == grid_of(first.state_dict()) == grid
    crop = torch.randn(1, 4, 64, 64)
    with torch.no_grad():
        assert torch.equal(first(crop), again(crop))


@pytest.mark.parametrize("side", [64, 104])
def test_the_half_grid_works_on_a_quarter_of_the_places(side: int) -> None:
    generator = Dmfn(grid=HALF).eval().requires_grad_(False)
    sizes = []
    generator.e4.register_forward_hook(lambda _m, _i, output: sizes.append(output.shape))
    output = generator(torch.randn(2, 4, side, side))
    assert output.shape == (2, 3, side, side)
    assert sizes == [(2, 256, side // 8, side // 8)]
    # Its output is no stretched smaller picture: each of the four pixels of a cell has its say.
    cells = output.unfold(2, 2, 2).unfold(3, 2, 2).flatten(-2)
    assert cells.std(-1).mean() > 0.01


@pytest.mark.parametrize("side", [64, 96, 132])
def test_any_multiple_of_four_comes_back_in_its_size(generator: Dmfn, side: int) -> None:
    output = generator(torch.randn(1, 4, side, side))
    assert output.shape == (1, 3, side, side)
    assert output.abs().max() <= 1


@pytest.mark.parametrize("grid", GRIDS)
def test_sharpening_starts_as_the_fill_it_is_given(grid: str) -> None:
    fresh = Dmfn(grid=grid).start_at_zero().eval()
    fill, hole = torch.rand(2, 3, 64, 64) * 2 - 1, (torch.rand(2, 1, 64, 64) > 0.5).float()
    with torch.no_grad():
        assert torch.equal(sharpen(fresh, fill, hole), fill)


def test_both_forms_leave_the_visible_alone(generator: Dmfn) -> None:
    crop, hole = torch.rand(1, 3, 64, 64) * 2 - 1, torch.zeros(1, 1, 64, 64)
    hole[..., 20:40, 10:50] = 1
    for form in (sharpen, paint):
        result = form(generator, crop, hole)
        assert torch.equal(result[hole.expand_as(crop) == 0], crop[hole.expand_as(crop) == 0])
        assert not torch.allclose(result, crop)


def test_sharpening_leaves_the_colours_to_the_fill() -> None:
    fill, hole = torch.rand(1, 3, 64, 64) * 2 - 1, torch.ones(1, 1, 64, 64)

    def blue(*_) -> torch.Tensor:
        return torch.tensor([0.1, 0.1, 0.7]).view(1, 3, 1, 1).expand_as(fill)

    change = sharpen(blue, fill, hole) - fill
    assert torch.allclose(change, change[:, :1].expand_as(change), atol=1e-5)  # blue is but dark
    assert change.mean() == pytest.approx(0.299 * 0.1 + 0.587 * 0.1 + 0.114 * 0.7, abs=1e-4)


def test_painting_never_looks_into_the_hole(generator: Dmfn) -> None:
    crop, hole = torch.rand(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)
    hole[..., 16:48, 16:48] = 1
    other = torch.where(hole > 0, torch.rand_like(crop), crop)
    assert torch.equal(paint(generator, crop, hole) * hole, paint(generator, other, hole) * hole)


@pytest.mark.parametrize(
    ("top", "left", "height", "width"), [(0, 0, 3, 3), (250, 250, 6, 6), (64, 64, 128, 128)]
)
def test_a_window_holds_its_hole_and_fits_the_network(top, left, height, width) -> None:
    hole = torch.zeros(1, 1, 256, 256)
    hole[..., top : top + height, left : left + width] = 1
    rows, columns = window_of(hole)
    assert hole[..., rows, columns].sum() == hole.sum()
    for span in (rows, columns):
        assert 0 <= span.start < span.stop <= 256
        assert (span.stop - span.start) % 32 == 0
