"""Fills in the photo's own tones."""

from __future__ import annotations

import pytest
import torch

from engine.fill.steps.tone import toned


@pytest.fixture
def colours() -> torch.Tensor:
    torch.manual_seed(0)
    small = torch.rand(1, 3, 12, 12) * 1.6 - 0.8
    return torch.nn.functional.interpolate(small, size=(96, 96), mode="bicubic").clamp(-1, 1)


@pytest.fixture
def hole() -> torch.Tensor:
    mask = torch.zeros(1, 1, 96, 96)
    mask[..., 30:70, 20:80] = 1
    return mask


def luma(picture: torch.Tensor) -> torch.Tensor:
    return (picture * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)


def test_a_grey_photo_gets_a_grey_fill_as_bright_as_the_coloured_one(colours, hole) -> None:
    grey = luma(colours).expand(-1, 3, -1, -1)
    filled = toned(torch.where(hole > 0, colours, grey), hole)
    inside = hole.expand_as(filled) > 0
    assert (filled[:, :1] - filled[:, 1:]).abs().max() < 0.01
    assert (filled - grey)[inside].abs().max() < 0.02
    assert torch.equal(filled[~inside], grey[~inside])


def test_a_sepia_photo_gets_a_sepia_fill(colours, hole) -> None:
    brightness = luma(colours)
    curves = [0.9 * brightness + 0.1, brightness, 0.8 * brightness - 0.15 + 0.05 * brightness**2]
    sepia = torch.cat(curves, 1)
    filled = toned(torch.where(hole > 0, colours, sepia), hole)
    offset = (filled[:, 0] - filled[:, 2])[hole[:, 0] > 0]
    expected = (sepia[:, 0] - sepia[:, 2])[hole[:, 0] > 0]
    assert (offset - expected).abs().mean() < 0.05


def test_a_photo_with_colour_keeps_what_was_painted(colours, hole) -> None:
    assert torch.equal(toned(colours, hole), colours)
    assert torch.equal(toned(colours, torch.ones_like(hole)), colours)


def test_a_pink_face_before_a_grey_wall_is_no_sepia(hole) -> None:
    """Black hair, pink skin and a pale wall lie on one curve, but for what is a little redder."""
    torch.manual_seed(1)
    picture = torch.full((1, 3, 96, 96), 0.75)
    picture[..., :20, :] = -0.85
    skin = torch.tensor([0.35, 0.05, 0.0]).view(1, 3, 1, 1)
    picture[..., 10:90, 15:85] = skin
    picture[..., 72:90, 20:80] += torch.tensor([0.1, -0.06, -0.04]).view(1, 3, 1, 1)  # cheeks, ears
    picture[..., 18:26, 25:75] += torch.tensor([-0.08, 0.03, 0.1]).view(1, 3, 1, 1)  # a cool light
    picture += 0.005 * torch.randn_like(picture)
    assert torch.equal(toned(picture, hole), picture)


def test_noise_of_a_coarse_jpeg_is_no_colour(colours, hole) -> None:
    brightness = luma(colours)
    tinted = torch.cat([brightness, 0.9 * brightness - 0.05, 0.7 * brightness - 0.2], 1)
    noisy = tinted + 0.05 * torch.randn_like(tinted)
    filled = toned(torch.where(hole > 0, colours, noisy), hole)
    inside = hole.expand_as(filled) > 0
    assert (colours - tinted)[inside].abs().mean() > 0.2  # what was painted
    assert (filled - tinted)[inside].abs().mean() < 0.07
