"""Fills as sharp as the photo: soft ones are sharpened, sharp ones and the photo itself are not."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from engine.base.brightness import blurred, luma
from engine.fill.steps.sharpness import equalise_sharpness

SIDE = 128


@pytest.fixture(scope="module")
def grain() -> torch.Tensor:
    """A crop full of fine detail."""
    drawn = torch.Generator().manual_seed(0)
    coarse = torch.randn(1, 1, SIDE // 4, SIDE // 4, generator=drawn).expand(-1, 3, -1, -1)
    fine = torch.randn(1, 1, SIDE, SIDE, generator=drawn)
    return (0.2 * F.interpolate(coarse, scale_factor=4, mode="bicubic") + 0.1 * fine).clamp(-1, 1)


@pytest.fixture(scope="module")
def hole() -> torch.Tensor:
    made = torch.zeros(1, 1, SIDE, SIDE)
    made[..., 40:90, 40:90] = 1
    return made


def softened(crop: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    soft = F.avg_pool2d(F.pad(crop, (1, 1, 1, 1), mode="reflect"), 3, 1)
    return torch.where(where > 0.5, soft, crop)


def detail(crop: torch.Tensor, where: torch.Tensor) -> float:
    change = (crop[..., 1:] - crop[..., :-1]).abs()
    return float(change[(where[..., 1:] > 0.5).expand_as(change)].mean())


def test_a_soft_fill_beside_a_sharp_photo_is_sharpened(grain, hole) -> None:
    soft = softened(grain, hole)
    sharp = equalise_sharpness(soft, hole)
    assert 1.2 * detail(soft, hole) < detail(sharp, hole) < detail(grain, hole)


def test_colours_are_raised_by_less_than_light(grain, hole) -> None:
    # Teeth between red lips turned green.
    tinted = grain * torch.tensor([1.4, 0.85, 1.0]).view(1, 3, 1, 1)
    soft = softened(tinted, hole)
    sharp = equalise_sharpness(soft, hole)

    def red(one: torch.Tensor) -> torch.Tensor:
        return one[:, :1] - one[:, 1:2]

    lighter = detail(luma(sharp), hole) / detail(luma(soft), hole)
    redder = detail(red(sharp), hole) / detail(red(soft), hole)
    assert lighter > 1.15
    assert 1 + 0.3 * (lighter - 1) < redder < 1 + 0.7 * (lighter - 1)


def test_the_photo_outside_the_hole_stays_identical(grain, hole) -> None:
    sharp = equalise_sharpness(softened(grain, hole), hole)
    outside = (hole < 0.5).expand_as(grain)
    assert torch.equal(sharp[outside], grain[outside])
    assert sharp.abs().max() <= 1


def test_a_soft_photo_keeps_a_soft_fill(grain, hole) -> None:
    photo = F.interpolate(grain[..., ::8, ::8], scale_factor=8, mode="bicubic")
    fill = torch.where(hole > 0.5, softened(grain, hole), photo)
    assert torch.equal(equalise_sharpness(fill, hole), fill)


def test_where_nothing_of_a_face_is_seen_nothing_is_done(grain) -> None:
    everything = torch.ones(1, 1, SIDE, SIDE)
    assert torch.equal(equalise_sharpness(grain, everything), grain)
    assert torch.equal(equalise_sharpness(grain, torch.zeros_like(everything)), grain)


def test_only_the_inner_part_is_raised(grain, hole) -> None:
    soft = softened(grain, hole)
    inner = torch.zeros_like(hole)
    inner[..., : SIDE // 2] = 1
    raised, all_of_it = equalise_sharpness(soft, hole, inner), equalise_sharpness(soft, hole)
    assert torch.equal(raised[..., : SIDE // 2], all_of_it[..., : SIDE // 2])
    assert torch.equal(raised[..., SIDE // 2 :], soft[..., SIDE // 2 :])
    assert not torch.equal(all_of_it[..., SIDE // 2 :], soft[..., SIDE // 2 :])


def test_every_crop_of_a_batch_is_measured_alone(grain, hole) -> None:
    soft = softened(grain, hole)
    both = equalise_sharpness(torch.cat([soft, grain]), hole.expand(2, -1, -1, -1))
    assert torch.allclose(both[:1], equalise_sharpness(soft, hole), atol=1e-6)
    assert torch.allclose(both[1:], equalise_sharpness(grain, hole), atol=1e-6)


def test_the_seam_is_not_raised_and_an_even_surface_stays_even() -> None:
    torch.manual_seed(0)
    crop = torch.rand(1, 3, 256, 256) - 0.5  # a photo with the finest detail there is
    hole = torch.zeros(1, 1, 256, 256)
    hole[..., 80:180, 80:180] = 1
    even = torch.where(hole > 0, torch.zeros(()), crop)
    even[..., 100:160, 100:160] += 0.002 * torch.rand(1, 3, 60, 60)  # a pattern nobody sees
    result = equalise_sharpness(even, hole)
    inside = result[..., 80:180, 80:180]
    assert (inside - even[..., 80:180, 80:180]).abs().max() < 0.004


def test_no_pixel_goes_far_beyond_its_neighbours() -> None:
    torch.manual_seed(0)
    crop = torch.rand(1, 3, 256, 256) - 0.5
    hole = torch.zeros(1, 1, 256, 256)
    hole[..., 80:180, 80:180] = 1
    soft = torch.where(hole > 0, torch.zeros(()), crop)
    soft[..., 80:180, 130:180] = 0.4  # a lip's edge
    result = equalise_sharpness(soft, hole)[..., 90:170, 90:170]
    assert result.max() < 0.4 + 0.25 * 0.4 + 1e-4
    assert result.min() > -0.25 * 0.4 - 1e-4


def test_a_blurred_photo_gets_a_fill_as_blurred(hole) -> None:
    """Edges of the fill end as wide as those of the face around it."""
    drawn = torch.Generator().manual_seed(3)
    blocks = torch.randn(1, 3, SIDE // 8, SIDE // 8, generator=drawn).mul(0.3)
    sharp = F.interpolate(blocks, scale_factor=8, mode="nearest").clamp(-1, 1)
    for sigma in (2.0, 3.0):
        photo = blurred(sharp, sigma)
        filled = torch.where(hole > 0.5, sharp, photo)
        matched = equalise_sharpness(filled, hole)
        error, before = (matched - photo).square(), (filled - photo).square()
        inner = F.max_pool2d(1 - hole, 9, 1, 4).expand_as(photo) < 0.5
        assert error[inner].mean() < 0.15 * before[inner].mean()
        outside = (hole < 0.5).expand_as(photo)
        assert torch.equal(matched[outside], photo[outside])


def test_a_grey_picture_in_coloured_light_gets_no_other_colour(grain, hole) -> None:
    light = torch.tensor([1.3, 0.9, 1.0]).view(1, 3, 1, 1)
    soft = softened((0.5 * grain + 1) * light - 1, hole)
    sharp = (equalise_sharpness(soft, hole) + 1) / light
    assert detail(sharp, hole) > 1.1 * detail((soft + 1) / light, hole)
    assert float((sharp.amax(1) - sharp.amin(1)).max()) < 0.012
