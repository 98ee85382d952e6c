"""The emotion network: framing, holes, gradients, and what the installed one reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.catalogue.weights import load
from engine.face import geometry
from engine.face.emotion import (
    EMOTIONS,
    FER_SCALE,
    FER_SHIFT,
    SIDE,
    EmotionNetwork,
    fer_inputs,
)
from engine.face.parts import part_mask


@pytest.fixture(scope="module")
def network() -> EmotionNetwork:
    torch.manual_seed(0)
    return EmotionNetwork(8).eval()


@pytest.fixture(scope="module")
def installed() -> EmotionNetwork:
    network = load("emotion", EmotionNetwork)
    if network is None:
        pytest.skip("no emotion network is installed")
    return network


@pytest.fixture(scope="module")
def aligned(astronaut: np.ndarray, face) -> tuple[Tensor, np.ndarray]:
    """(the astronaut's face as 1 x 3 x 256 x 256, its mesh in crop pixels)."""
    frame = geometry.frame_from_mesh(face.mesh)
    crop = torch.from_numpy(geometry.cut(astronaut, frame, 256)).permute(2, 0, 1)
    return crop[None].float() / 127.5 - 1, geometry.transform(frame, face.mesh) * 256


@pytest.mark.parametrize("side", [40, 96, 256, 301])
def test_a_point_of_the_frame_comes_out_where_fer2013_has_it_at_any_size(side: int) -> None:
    crop = torch.full((1, 3, side, side), -1.0)
    spot = np.array(geometry.MOUTH)
    low, high = (
        ((spot - 0.05) * side).round().astype(int),
        ((spot + 0.05) * side).round().astype(int),
    )
    crop[..., low[1] : high[1], low[0] : high[0]] = 1.0
    light = fer_inputs(crop)[0, 0] + 1
    line = (torch.arange(SIDE) + 0.5) / SIDE
    centre = (
        np.array([(light.sum(0) * line).sum(), (light.sum(1) * line).sum()]) / light.sum().item()
    )
    drawn = (low + high) / 2 / side
    assert np.allclose(centre, FER_SCALE * drawn + np.array(FER_SHIFT), atol=0.005)


def test_hidden_pixels_have_no_say_even_when_they_are_no_numbers(network: EmotionNetwork) -> None:
    crops = torch.rand(2, 3, 200, 200) * 2 - 1
    hole = torch.zeros(2, 1, 200, 200)
    hole[:, :, 90:170, 60:140] = 1
    other = torch.where(hole > 0, torch.full_like(crops, float("nan")), crops)
    expected, actual = network.read(crops, hole), network.read(other, hole)
    assert torch.equal(expected, actual)
    assert not torch.allclose(expected, network.read(crops), atol=1e-6)


def test_the_hole_is_zeroed_and_named(network: EmotionNetwork) -> None:
    hole = torch.zeros(1, 1, 96, 96)
    hole[..., 48:, :] = 1
    x = network.inputs(torch.ones(1, 3, 96, 96), hole)
    assert x.shape == (1, 2, SIDE, SIDE)
    hidden = x[:, 1] > 0
    assert 0.4 < hidden.float().mean() < 0.6
    assert x[:, 0][hidden].abs().max() == 0
    assert torch.allclose(x[:, 0][~hidden], torch.ones(()), atol=1e-5)


def test_the_gradient_of_features_and_logits_reaches_the_visible_crop_only(
    network: EmotionNetwork,
) -> None:
    crops = (torch.rand(1, 3, 128, 128) * 2 - 1).requires_grad_()
    hole = torch.zeros(1, 1, 128, 128)
    hole[..., 70:110, 40:90] = 1
    features, logits = network(network.inputs(crops, hole))
    (features.square().mean() + logits.square().mean()).backward()
    assert crops.grad is not None
    assert crops.grad[..., 74:106, 44:86].abs().max() == 0
    seen = crops.grad[..., 30:60, 30:100].abs().sum(1) > 0
    assert seen.float().mean() > 0.95


def test_shapes_follow_width_and_probabilities_sum_to_one(network: EmotionNetwork) -> None:
    features, logits = network(torch.rand(3, 2, SIDE, SIDE))
    assert features.shape == (3, 64, 6, 6)
    assert logits.shape == (3, len(EMOTIONS))
    read = network.read(torch.rand(3, 3, 64, 64))
    assert torch.allclose(read.sum(1), torch.ones(3), atol=1e-5)


def test_a_face_and_its_mirror_image_are_read_alike(network: EmotionNetwork) -> None:
    crop = torch.rand(1, 3, 96, 96) * 2 - 1
    assert torch.allclose(network.read(crop), network.read(crop.flip(-1)), atol=1e-5)


def test_a_higher_temperature_is_less_sure(network: EmotionNetwork) -> None:
    crop = torch.rand(4, 3, 96, 96) * 2 - 1
    before = network.read(crop).max(1).values
    network.temperature.fill_(3.0)
    after = network.read(crop).max(1).values
    network.temperature.fill_(1.0)
    assert (after < before).all()


def test_the_installed_network_reads_a_smile(installed: EmotionNetwork, aligned) -> None:
    read = installed.read(aligned[0])[0]
    assert EMOTIONS[int(read.argmax())] == "happiness"
    assert read.max() > 0.5


def test_the_smile_is_lost_with_the_mouth_not_with_the_hair(
    installed: EmotionNetwork, aligned
) -> None:
    crop, mesh = aligned
    happy = EMOTIONS.index("happiness")
    mouth = torch.from_numpy(part_mask(mesh, "lower_face", (256, 256)) > 0)[None, None].float()
    hair = torch.zeros(1, 1, 256, 256)
    hair[..., :50, :] = 1
    assert EMOTIONS[int(installed.read(crop, hair).argmax())] == "happiness"
    assert installed.read(crop, mouth)[0, happy] < installed.read(crop)[0, happy]


def test_the_installed_network_is_frozen_and_small(installed: EmotionNetwork) -> None:
    from engine.catalogue.weights import installed as models

    assert not any(p.requires_grad for p in installed.parameters())
    assert not installed.training
    manifest = next(m for m in models() if m.kind == "emotion")
    assert manifest.bytes < 3 * 2**20


def test_without_a_model_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.catalogue.weights.installed", list)
    assert load("emotion", EmotionNetwork) is None


@pytest.mark.parametrize("kind", ["emotion", "judge", "landmarks"])
def test_a_network_that_only_looks_is_stored_in_halves_and_never_fills_by_default(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.catalogue import weights

    before = weights.find()
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path))
    manifest = weights.write_model(
        tmp_path / "zz", {"w": torch.ones(1000)}, "card", name="zz", title="Z", kind=kind
    )
    assert manifest.bytes < 2500
    assert weights.find("zz").kind == kind
    assert weights.find() == before
