"""Closed forms under autocast: what is solved inside mixed precision is what is solved outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.base.brightness import blurred, luma
from engine.base.exact import exact
from engine.catalogue.weights import load
from engine.face import geometry
from engine.face.emotion import fer_inputs
from engine.face.frames import matrix_of
from engine.face.landmarks import LandmarkNetwork, network_inputs
from engine.fill.membrane import closing, membrane
from engine.fill.networks import Networks, load_networks
from engine.fill.pipeline import PREVIEW, fill_by_prior, fill_crop
from engine.fill.steps.expression import look_of
from engine.fill.steps.sharpness import equalise_sharpness
from engine.fill.steps.tone import toned
from engine.fill.white_balance import WhiteBalance
from engine.modules.registry import Wishes
from engine.prior import Observation
from engine.prior.change import change
from engine.prior.climb import climbed

MOUTH = np.s_[79:110, 34:94]  # of an aligned face, 128 pixels wide


def mixed() -> torch.autocast:
    """Emulated where the processor has no bfloat16."""
    return torch.autocast("cpu", torch.bfloat16)


def same(solve: Callable[[], Tensor], near: float = 0.0) -> Tensor:
    """Checks that a closed form has one float32 answer inside mixed precision and outside."""
    outside = solve()
    with mixed():
        inside = solve()
    assert inside.dtype == outside.dtype == torch.float32
    assert float((inside - outside).abs().max()) <= near
    return outside


@pytest.fixture(scope="module")
def networks() -> Networks:
    return load_networks("prior", "cpu")


@pytest.fixture(scope="module")
def pixels(photo, face) -> np.ndarray:
    """The astronaut's face, 128 x 128 x 3 float32 in [0, 1]."""
    return geometry.cut(photo.rgb8, matrix_of(face), 128).astype(np.float32) / 255


@pytest.fixture(scope="module")
def mesh(face) -> np.ndarray:
    return geometry.transform(matrix_of(face), face.mesh)


@pytest.fixture(scope="module")
def crop(pixels) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] * 2 - 1


@pytest.fixture(scope="module")
def hidden() -> np.ndarray:
    hole = np.zeros((128, 128), bool)
    hole[MOUTH] = True
    return hole


@pytest.fixture(scope="module")
def hole(hidden) -> Tensor:
    return torch.from_numpy(hidden.astype(np.float32))[None, None]


@pytest.mark.parametrize("variant", [0, 2])
@pytest.mark.parametrize("told", [False, True])
def test_a_fill_is_the_one_outside(networks, pixels, hidden, mesh, told: bool, variant) -> None:
    wishes = Wishes() if told else Wishes(emotion="off", landmarks=False)

    def filled() -> Tensor:
        guidance = networks.look(pixels, hidden, mesh, wishes, variant=variant, seed=5)
        assert bool(guidance.observations) == told
        return torch.from_numpy(fill_crop(networks, pixels, hidden, guidance, table=PREVIEW))

    same(filled)


def test_an_expression_is_climbed_to_by_the_same_steps(
    networks, pixels, hidden, mesh, monkeypatch
) -> None:
    climbs = []

    def counted(*asked: Any) -> Tensor:
        climbs.append(climbed(*asked))
        return climbs[-1]

    monkeypatch.setattr("engine.prior.climb.climbed", counted)

    def filled() -> Tensor:
        guidance = networks.look(pixels, hidden, mesh, Wishes(emotion="anger"))
        return torch.from_numpy(fill_crop(networks, pixels, hidden, guidance, table=PREVIEW))

    same(filled)
    outside, inside = climbs
    assert torch.equal(inside, outside)


def test_a_face_is_solved_and_changed_alike(networks, crop, hole, mesh) -> None:
    prior, knowledge = networks.prior, networks.guide.knowledge
    nodes = torch.from_numpy(mesh).float()[None]
    observation = knowledge.geometry(nodes, torch.ones(1, 478))
    posterior = prior.posterior(crop, hole, [observation])
    z = same(lambda: prior.posterior(crop, hole, [observation]).mean)
    same(lambda: prior.render(z))
    same(lambda: posterior.sample(torch.Generator().manual_seed(3), 1.0))
    after = knowledge.mesh(z + 0.2)
    changed = change(knowledge, z, posterior, nodes, after)
    same(lambda: change(knowledge, z, posterior, nodes, after, ("happiness", 1.0)).z)
    same(lambda: look_of(prior, z, changed, crop, hole))
    same(lambda: knowledge.mesh(z))
    same(lambda: knowledge.modes_of(nodes))


def test_what_networks_answer_in_bfloat16_is_widened(networks, crop, hole) -> None:
    narrow = crop.bfloat16()
    assert torch.equal(
        same(lambda: fill_by_prior(networks.prior, narrow, hole.bfloat16())),
        fill_by_prior(networks.prior, narrow.float(), hole),
    )
    for solve in (luma, lambda one: blurred(one, 2.0), lambda one: toned(one, hole)):
        assert torch.equal(same(lambda solve=solve: solve(narrow)), solve(narrow.float()))
    for solve in (membrane, lambda one, hidden: closing(one, hidden, 3.0)):
        wide = solve(narrow.float(), hole)
        assert torch.equal(same(lambda solve=solve: solve(narrow, hole)), wide)
    row = torch.zeros(1, networks.prior.components)
    row[0, 3] = 1.0
    observation = Observation(row, torch.tensor([[2.5]]), torch.tensor([8.0]))
    half = Observation(*(told.bfloat16() for told in vars(observation).values()))
    z = same(lambda: networks.prior.posterior(crop, hole, [half]).mean)
    assert torch.equal(z, networks.prior.posterior(crop, hole, [observation]).mean)
    told = networks.guide.knowledge.kept(torch.full((1, 7), 1 / 7, dtype=torch.bfloat16), hole)
    assert told.values.dtype == told.precision.dtype == torch.float32


def test_light_tones_and_sharpness_are_read_alike(crop, hole) -> None:
    average = torch.nn.functional.avg_pool2d(crop, 2)[0]
    dark = (crop + 1) * torch.tensor([0.2, 0.3, 0.4]).view(1, 3, 1, 1) - 1
    gain = same(lambda: WhiteBalance.of(dark, hole, average).gain)
    assert float(gain.min()) > 1.5
    balance = WhiteBalance(gain)
    same(lambda: balance.undo(balance.apply(dark)))
    grey = luma(crop).expand(-1, 3, -1, -1)
    painted = torch.where(hole > 0, crop, grey)
    assert not torch.equal(same(lambda: toned(painted, hole)), painted)
    soft = torch.where(hole > 0, blurred(crop, 2.0), crop)
    assert not torch.equal(same(lambda: equalise_sharpness(soft, hole)), soft)


def test_pictures_are_resampled_to_the_same_places(crop, hole) -> None:
    same(lambda: fer_inputs(crop, hole))  # by half a pixel of 48 elsewhere where bfloat16 says
    same(lambda: network_inputs(crop, hole))
    same(lambda: blurred(crop, 2.0))


def test_the_first_guess_of_a_mesh_is_the_one_outside(crop, hole) -> None:
    installed = load("landmarks", LandmarkNetwork)
    assert installed is not None
    x = network_inputs(crop, hole)
    same(lambda: installed.guess(x))
    many = x.repeat(8, 1, 1, 1)
    same(lambda: installed.guess.posterior(many))
    # A trunk that corrects nothing: what is left is the guess and the shapes that it means.
    untrained = LandmarkNetwork().eval()
    untrained.mean.copy_(installed.mean)
    untrained.basis.copy_(installed.basis)
    untrained.guess.load_state_dict(installed.guess.state_dict())
    first = same(lambda: untrained.predict(crop, hole).first.detach())
    assert float((first - installed.mean).abs().max()) > 0.005


def test_a_gradient_flows_through_and_is_the_same(crop, hole) -> None:
    installed = load("landmarks", LandmarkNetwork)
    assert installed is not None

    x = network_inputs(crop, hole).requires_grad_()
    outside = installed.guess(x).square().sum()
    with mixed():
        inside = installed.guess(x).square().sum()
    slopes = [torch.autograd.grad(one, x)[0] for one in (outside, inside)]
    assert torch.equal(*slopes)
    assert float(slopes[0].abs().max()) > 0
    narrow = crop.bfloat16().requires_grad_()
    with mixed():
        energy = blurred(narrow, 2.0).square().sum()
    energy.backward()
    assert float(narrow.grad.abs().max()) > 0


def test_networks_around_it_stay_in_mixed_precision() -> None:
    one = torch.eye(4)

    @exact
    def product(wide: Tensor, *, broken: bool = False) -> Tensor:
        if broken:
            raise ZeroDivisionError
        return wide @ wide

    with mixed():
        assert product(one.half()).dtype == torch.float32
        assert (one @ one).dtype == torch.bfloat16
        with pytest.raises(ZeroDivisionError):
            product(wide=one, broken=True)
        assert (one @ one).dtype == torch.bfloat16
        with torch.autocast("cpu", enabled=False):
            assert product(one).dtype == (one @ one).dtype == torch.float32
    assert product(one.double()).dtype == torch.float64
