"""What the modules are told in training, and the losses that follow from it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.catalogue.weights import load
from engine.face.emotion import EmotionNetwork
from engine.face.face_model import edges
from engine.face.landmarks import LandmarkNetwork
from engine.face.mesh import LEFT_EYE, RIGHT_EYE, mirror_permutation
from training import losses
from training.conditions import PREDICTION_ERROR, conditions, hidden_nodes, predicted, taught
from training.config import ModuleSwitches
from training.crops import TrainingCrops, kept_apart
from training.faces import FaceShards


@pytest.fixture(scope="module")
def shards(prepared) -> FaceShards:
    return FaceShards(prepared[0])


def crops_of(shards: FaceShards, **options) -> TrainingCrops:
    return TrainingCrops(shards, 32, 0, 4, **{"shared": False, **options})


def test_the_mirror_swaps_the_eyes_and_keeps_the_graph() -> None:
    order = mirror_permutation()
    assert np.array_equal(order[order], np.arange(478))
    assert {order[n] for n in LEFT_EYE} == set(RIGHT_EYE)
    graph = {tuple(pair) for pair in edges()}
    kept = sum(tuple(sorted((order[a], order[b]))) in graph for a, b in graph)
    assert kept > 0.99 * len(graph)


def test_the_left_eye_stays_on_the_left_of_mirrored_samples(shards) -> None:
    crops = crops_of(shards)
    for number in range(12):
        nodes = crops[number].nodes
        assert nodes[list(LEFT_EYE), 0].mean() < nodes[list(RIGHT_EYE), 0].mean()


def test_hidden_nodes_err_together_and_seen_ones_do_not(shards) -> None:
    mesh = shards.mesh_in_crop(0, 1)
    hole = np.zeros((64, 64), bool)
    hole[32:] = True
    hidden = hidden_nodes(mesh, hole)
    assert np.array_equal(hidden, mesh[:, 1] >= 0.5)
    rng = np.random.default_rng(0)
    errors = np.stack([predicted(mesh, hidden, rng) - mesh for _ in range(200)])
    assert not errors[:, ~hidden].any()
    assert np.sqrt((errors[:, hidden] ** 2).mean()) == pytest.approx(PREDICTION_ERROR, rel=0.15)
    inside = np.array([pair for pair in edges() if hidden[pair].all()])
    steps = np.abs(errors[:, inside[:, 0]] - errors[:, inside[:, 1]]).mean()
    assert steps < 0.4 * np.abs(errors[:, hidden]).mean()


def test_modules_are_told_as_often_as_dropout_leaves(shards) -> None:
    crops = crops_of(shards, dropout=0.4)
    told = torch.stack([crops[number].told for number in range(150)])
    assert told.mean(0).tolist() == pytest.approx([0.6, 0.6], abs=0.12)
    assert 0.1 < (told[:, 0] - told[:, 1]).abs().mean() < 0.9  # each by itself
    assert all(torch.equal(a, b) for a, b in zip(crops[7], crops[7], strict=True))


def test_faces_kept_apart_are_never_drawn(shards) -> None:
    apart = kept_apart(len(shards), 16, 0)
    assert len(apart) == len(shards) // 10
    assert kept_apart(30, 16, 0) == []  # three faces say nothing
    crops = crops_of(shards, apart=apart)
    draws = np.searchsorted(crops._chances, np.random.default_rng(0).random(4000))
    assert not set(draws.tolist()) & set(apart)


def test_a_module_that_is_off_is_told_nothing(shards, readers) -> None:
    sample = crops_of(shards)[0]
    batch = type(sample)(*(t[None] for t in sample))
    blind, reading = (
        taught(batch, {}, None),
        taught(batch, {"emotion": load("emotion", EmotionNetwork)}, None),
    )
    assert conditions(reading, batch.told, ModuleSwitches()) == {}
    landmark = conditions(reading, batch.told, ModuleSwitches(landmark=True))
    assert landmark.keys() == {"landmark"}
    assert torch.equal(landmark["landmark"].values[0], batch.nodes)
    emotion = conditions(reading, batch.told, ModuleSwitches(emotion=True))
    assert emotion.keys() == {"emotion"}
    assert emotion["emotion"].values[0].sum().item() == pytest.approx(1, abs=1e-4)
    assert conditions(blind, batch.told, ModuleSwitches(emotion=True)) == {}


@pytest.mark.parametrize(
    ("loss", "kind", "of"),
    [
        (losses.emotion, "emotion", EmotionNetwork),
        (losses.landmark, "landmarks", LandmarkNetwork),
    ],
)
def test_reading_losses_vanish_for_equal_faces_and_pull_at_others(shards, readers, loss, kind, of):
    network = load(kind, of)
    target = torch.stack([crops_of(shards)[n].crop for n in (0, 1)])
    output = target.clone()
    output[:, :, 16:] = 0
    output.requires_grad_()
    assert loss(network, target, target).item() == pytest.approx(0, abs=1e-6)
    value = loss(network, output, target)
    value.backward()
    assert value.item() > 0
    assert output.grad[:, :, 16:].abs().sum() > 0
    assert all(p.grad is None for p in network.parameters())
