"""Geometry and expression as rows of the prior: exact algebra on a small made-up face space."""

from __future__ import annotations

import pytest
import torch

from engine.prior.change import change
from engine.prior.knowledge import FARTHEST, Knowledge, log_odds
from engine.prior.prior import Posterior
from engine.readings import EMOTIONS

K, MODES = 12, 6


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    drawn = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=drawn)

    # Smooth modes: a node moves as its neighbours do.
    places = torch.rand(478, 2, generator=drawn)
    waves = torch.stack([torch.sin((2 + k) * places.sum(1) + k) for k in range(MODES)], -1)
    modes = 0.02 * torch.stack([waves, waves.roll(1, -1)], 1).reshape(956, MODES)
    return Knowledge(
        {
            "mesh_mean": places,
            "mesh_modes": modes,
            "mesh_rows": normal(MODES, K) / 3,
            "mesh_noise": torch.full((MODES,), 0.2),
            "mesh_spread": torch.full((MODES,), 0.5),
            "emotion_mean": normal(7),
            "emotion_rows": normal(7, K) / 2,
            "emotion_noise": torch.full((7,), 0.3),
            "emotion_spread": torch.stack([torch.full((7,), 0.4), torch.full((7,), 9.0)]),
            "emotion_classes": 3 * torch.eye(7) + normal(7, 7) / 9,
        }
    )


def believe(observation, z: int = K) -> torch.Tensor:
    """The posterior mean of z ~ N(0, I) after one observation."""
    rows = observation.rows
    w = observation.precision.expand_as(observation.values)[0]
    matrix = rows.mT @ (w[:, None] * rows) + torch.eye(z)
    return torch.linalg.solve(matrix, rows.mT @ (w * observation.values[0]))[None]


def test_a_gap_that_is_decided_is_there_and_no_node_is_held(knowledge) -> None:
    pairs = ((10, 20), (30, 40))
    nodes = knowledge.mesh_mean[None].clone()
    nodes[:, [20, 40], 1] += 0.01
    mesh = knowledge.geometry(knowledge.mesh_mean[None], torch.ones(1, 478))

    def gap(z: torch.Tensor) -> float:
        moved = knowledge.mesh(z)[0] - knowledge.mesh_mean
        return float((moved[[20, 40], 1] - moved[[10, 30], 1]).mean())

    alone = gap(believe(mesh.beside(knowledge.apart(knowledge.mesh_mean[None], pairs))))
    assert alone == pytest.approx(0, abs=1e-6)
    assert gap(believe(mesh.beside(knowledge.apart(nodes, pairs)))) > 0.006


def test_an_observed_mesh_pulls_the_face_towards_it(knowledge) -> None:
    drawn = torch.Generator().manual_seed(1)
    mesh = knowledge.mesh(torch.randn(1, K, generator=drawn))
    seen = torch.zeros(1, 478)
    before = (mesh - knowledge.mesh_mean).norm()
    believed = knowledge.mesh(believe(knowledge.geometry(mesh, seen)))
    assert (mesh - believed).norm() < 0.7 * before
    predicted = knowledge.mesh(believe(knowledge.geometry(mesh, seen + 1)))
    assert (mesh - believed).norm() < (mesh - predicted).norm() < before


def free(count: int) -> Posterior:
    """A belief that no pixel says anything of."""
    return Posterior(torch.zeros(count, K), torch.eye(K).expand(count, -1, -1))


def reading(knowledge: Knowledge, z: torch.Tensor) -> torch.Tensor:
    return z @ knowledge.emotion_rows.mT + knowledge.mean


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_an_asked_for_expression_comes_nearer_and_no_face_leaves_the_space(
    knowledge, emotion: str
) -> None:
    z = torch.randn(5, K, generator=torch.Generator().manual_seed(3))
    wanted = knowledge.classes[EMOTIONS.index(emotion)]
    mesh = knowledge.mesh(z)
    moved = change(knowledge, z, free(5), mesh, mesh, (emotion, 0.5)).z
    before = (reading(knowledge, z) - wanted).norm(dim=1)
    assert ((reading(knowledge, moved) - wanted).norm(dim=1) < before).all()
    far = change(knowledge, z, free(5), mesh, mesh, (emotion, 99.0)).z
    assert (far - z).norm(dim=1).tolist() == pytest.approx([FARTHEST] * 5, rel=1e-4)


def test_coefficients_follow_a_shape_as_far_as_the_pixels_let_them(knowledge) -> None:
    drawn = torch.Generator().manual_seed(4)
    z = torch.randn(1, K, generator=drawn)
    before, after = knowledge.mesh(z), knowledge.mesh(z + 0.5 * torch.randn(1, K, generator=drawn))
    moved = change(knowledge, z, free(1), before, after)
    left = (knowledge.mesh(moved.z) - after).norm()
    assert left < 0.7 * (before - after).norm()
    told = Posterior(z, 10 * torch.eye(K)[None])  # the pixels leave a hundredth of the variance
    held = change(knowledge, z, told, before, after)
    assert (held.z - z).norm() < 0.2 * (moved.z - z).norm()
    assert torch.equal(change(knowledge, z, free(1), before, before).z, z)


def test_a_reading_without_a_mouth_is_worth_less(knowledge) -> None:
    read = torch.tensor([[0.0, 0, 0, 1, 0, 0, 0]])
    hole = torch.zeros(3, 1, 64, 64)
    hole[1, :, 40:48] = 1
    hole[2, :, 32:] = 1
    seen, partly, hidden = knowledge.kept(read.expand(3, 7), hole).precision[:, 3].tolist()
    assert seen > partly > hidden > 0


def test_log_odds_are_centred_and_bounded() -> None:
    odds = log_odds(torch.tensor([[1.0, 0, 0, 0, 0, 0, 0]]))
    assert odds.sum().item() == pytest.approx(0, abs=1e-5)
    assert torch.isfinite(odds).all()
