"""Geometry and expression as rows of the prior: exact algebra on a small made-up face space."""

from __future__ import annotations

import pytest
import torch

from engine.prior.knowledge import FARTHEST, Knowledge, log_odds
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


def test_an_observed_mesh_pulls_the_face_towards_it(knowledge) -> None:
    drawn = torch.Generator().manual_seed(1)
    mesh = knowledge.mesh(torch.randn(1, K, generator=drawn))
    seen = torch.zeros(1, 478)
    before = (mesh - knowledge.mesh_mean).norm()
    believed = knowledge.mesh(believe(knowledge.geometry(mesh, seen)))
    assert (mesh - believed).norm() < 0.7 * before
    predicted = knowledge.mesh(believe(knowledge.geometry(mesh, seen + 1)))
    assert (mesh - believed).norm() < (mesh - predicted).norm() < before
    dragged = knowledge.mesh(believe(knowledge.geometry(mesh, seen + 1, dragged=True)))
    assert (mesh - dragged).norm() < (mesh - believed).norm()


def test_a_dragged_node_arrives_and_the_seen_ones_stay(knowledge) -> None:
    nodes = knowledge.mesh_mean
    hidden = (nodes[:, 1] > 0.6).float()
    node = int(nodes[:, 1].argmax())
    x, y = (nodes[node] + torch.tensor([0.03, -0.02])).tolist()
    moved = knowledge.drag(nodes, hidden, [(node, x, y)])
    assert moved[node].tolist() == pytest.approx([x, y], abs=1e-6)
    assert torch.equal(moved[hidden == 0], nodes[hidden == 0])
    near = (nodes - nodes[node]).norm(dim=1) < 0.05
    followed = (moved - nodes)[near & (hidden > 0)]
    assert (followed @ torch.tensor([0.03, -0.02]) > 0).all()


def reading(knowledge: Knowledge, z: torch.Tensor) -> torch.Tensor:
    return z @ knowledge._emotion_rows.mT + knowledge._mean


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_an_asked_for_expression_comes_nearer_and_no_face_leaves_the_space(
    knowledge, emotion: str
) -> None:
    z = torch.randn(5, K, generator=torch.Generator().manual_seed(3))
    wanted = knowledge._classes[EMOTIONS.index(emotion)]
    moved = knowledge.changed(z, emotion, 0.5)
    before = (reading(knowledge, z) - wanted).norm(dim=1)
    assert ((reading(knowledge, moved) - wanted).norm(dim=1) < before).all()
    assert ((knowledge.changed(z, emotion, 9.0) - z).norm(dim=1) <= FARTHEST + 1e-4).all()


def test_a_push_scales_the_change_and_none_is_none(knowledge) -> None:
    z = torch.zeros(1, K)
    none, less, more = (knowledge.changed(z, "fear", s) for s in (0.0, 0.1, 0.2))
    assert torch.equal(none, z)
    assert torch.allclose(less * 2, more, atol=1e-5)


def test_a_reading_without_a_mouth_is_worth_less(knowledge) -> None:
    read = torch.tensor([[0.0, 0, 0, 1, 0, 0, 0]])
    hole = torch.zeros(3, 1, 64, 64)
    hole[1, :, 40:48] = 1
    hole[2, :, 32:] = 1
    seen, partly, hidden = knowledge.kept(read.expand(3, 7), hole).precision[:, 3].tolist()
    assert seen > partly > hidden > 0


def test_expressing_moves_hidden_nodes_only_and_nothing_when_it_is_there(knowledge) -> None:
    hidden = torch.zeros(1, 478)
    hidden[:, 200:] = 1
    even = torch.full((1, 7), 1 / 7)
    shift = knowledge.express(hidden, even, "happiness", 1.0)
    assert not shift[:, :200].any()
    assert shift[:, 200:].norm() > 0
    there = (knowledge._classes[3]).softmax(-1)[None]
    assert knowledge.express(hidden, there, "happiness", 1.0).norm() < shift.norm()


def test_log_odds_are_centred_and_bounded() -> None:
    odds = log_odds(torch.tensor([[1.0, 0, 0, 0, 0, 0, 0]]))
    assert odds.sum().item() == pytest.approx(0, abs=1e-5)
    assert torch.isfinite(odds).all()
