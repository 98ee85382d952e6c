"""The detail of the mean shape: fitted on the face alone, and better than a prior without it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.fill.pipeline import fill_by_prior
from engine.prior import FacePrior
from engine.prior.appearance import PREFIX
from training.faces import FaceShards
from training.fit_appearance import BEYOND, fit_appearance, inside_of
from training.fit_prior import PriorOptions, fit_prior

SIDE = 64


@pytest.fixture(scope="module")
def shards(prepared) -> FaceShards:
    return FaceShards(prepared[0])


@pytest.fixture(scope="module")
def tensors(shards) -> dict[str, torch.Tensor]:
    plain = fit_prior(shards, PriorOptions(side=48, components=24))
    return plain | fit_appearance(shards, PriorOptions(side=SIDE, components=24))


def test_components_are_kept_for_the_face_alone(tensors) -> None:
    inside = tensors[PREFIX + "inside"]
    places = int(inside.sum())
    assert inside.shape == (SIDE, SIDE // 2)
    assert 0.3 < places / inside.numel() < 0.8
    assert tensors[PREFIX + "even"].shape[:2] == (3, places)
    assert tensors[PREFIX + "odd"].shape[:2] == (3, places)


def test_the_inside_is_the_face_with_a_border_and_symmetric(tensors) -> None:
    mean = tensors[PREFIX + "shape"].numpy()
    inside = inside_of(mean, SIDE)
    assert np.array_equal(inside, inside[:, ::-1])
    pixels = np.clip(mean * SIDE, 0, SIDE - 1).astype(int)
    assert inside[pixels[:, 1], pixels[:, 0]].all()
    rows = np.flatnonzero(inside.any(1))
    top, bottom = mean[:, 1].min() - BEYOND, mean[:, 1].max() + BEYOND
    assert abs(rows[0] / SIDE - max(0, top)) < 2 / SIDE
    assert abs((rows[-1] + 1) / SIDE - min(1, bottom)) < 2 / SIDE


def test_the_detail_it_paints_stays_inside(shards, tensors) -> None:
    prior = FacePrior(tensors)
    mesh = torch.from_numpy(shards.mesh_in_crop(0, 1)).float()[None]
    hole = torch.zeros(1, 1, 256, 256)
    hole[..., 20:, 20:236] = 1
    crop = torch.from_numpy(shards.crop(0, 256)).permute(2, 0, 1)[None].float() / 127.5 - 1
    with_detail = fill_by_prior(prior, crop, hole, meshes=mesh)
    bare = {k: torch.zeros_like(t) if k == PREFIX + "inside" else t for k, t in tensors.items()}
    for name in ("even", "odd"):
        bare[PREFIX + name] = bare[PREFIX + name][:, :0]
    without = fill_by_prior(FacePrior(bare), crop, hole, meshes=mesh)
    middle = (..., slice(100, 200), slice(90, 166))
    corner = (..., slice(20, 40), slice(20, 40))  # hidden, and beside every face
    assert (with_detail - without)[middle].abs().mean() > 1e-3
    assert torch.equal(with_detail[corner], without[corner])
