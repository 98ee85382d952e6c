"""The landmark network: its graph, hidden pixels without a say, and real faces where installed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from engine.catalogue.weights import load
from engine.face import geometry
from engine.face.face_model import edges
from engine.face.finder import GUESSED, FaceFinder, FaceFrame
from engine.face.first_guess import FirstGuess
from engine.face.landmarks import LandmarkNetwork, network_inputs, read_mesh, settle
from engine.face.mesh import NODES, inter_ocular
from engine.face.parts import part_mask
from engine.nets.graph import GraphConvolution, normalised_adjacency, sparse_on_cpu


@pytest.fixture(scope="module")
def network() -> LandmarkNetwork:
    """Random weights everywhere, so that every path of the network has a say."""
    torch.manual_seed(0)
    made = LandmarkNetwork().eval()
    made.link(torch.from_numpy(edges()))
    made.basis.copy_(0.01 * torch.randn_like(made.basis))
    for buffer in (made.guess.basis, made.guess.rows):
        buffer.copy_(0.1 * torch.randn_like(buffer))
    for layer in (made.coefficients, made.move):
        torch.nn.init.normal_(layer.weight, std=0.3)
    return made


@pytest.fixture(scope="module")
def installed() -> LandmarkNetwork:
    found = load("landmarks", LandmarkNetwork)
    if found is None:
        pytest.skip("no landmark network is installed")
    return found


def crop_and_mesh(face, picture: np.ndarray, side: int = 128) -> tuple[np.ndarray, np.ndarray]:
    frame = geometry.frame_from_mesh(face.mesh)
    return geometry.cut(picture, frame, side), geometry.transform(frame, face.mesh)


def error(nodes: np.ndarray, true: np.ndarray) -> float:
    return float(np.linalg.norm(nodes - true, axis=1).mean()) / inter_ocular(true)


def test_the_adjacency_is_symmetric_and_its_largest_eigenvalue_is_one() -> None:
    adjacency = normalised_adjacency(edges(), NODES)
    assert torch.equal(adjacency, adjacency.mT)
    values = torch.linalg.eigvalsh(adjacency)
    assert float(values.abs().max()) == pytest.approx(1, abs=1e-5)


def test_the_adjacency_of_a_path_is_the_formula() -> None:
    # Degrees with the loops: 2, 3, 2.
    wanted = torch.tensor([[1 / 2, 6**-0.5, 0], [6**-0.5, 1 / 3, 6**-0.5], [0, 6**-0.5, 1 / 2]])
    assert torch.allclose(normalised_adjacency(np.array([[0, 1], [2, 1], [1, 2]]), 3), wanted)


def test_a_graph_convolution_is_relu_of_ahw_dense_or_sparse() -> None:
    torch.manual_seed(0)
    adjacency = normalised_adjacency(np.array([[0, 1], [1, 2]]), 3)
    layer, features = GraphConvolution(4, 5), torch.randn(2, 3, 4)
    weight, bias = layer.linear.weight, layer.linear.bias
    wanted = torch.relu(adjacency @ (features @ weight.mT) + bias)
    assert torch.allclose(layer(features, adjacency), wanted, atol=1e-6)
    assert torch.allclose(layer(features, sparse_on_cpu(adjacency)), wanted, atol=1e-6)


def test_the_network_is_small(network) -> None:
    assert sum(p.numel() for p in network.parameters()) <= 3_000_000


@pytest.mark.parametrize("side", [64, 96, 256])
def test_hidden_pixels_have_no_say(network, side: int) -> None:
    torch.manual_seed(1)
    crops, hole = torch.rand(2, 3, side, side) * 2 - 1, torch.zeros(2, 1, side, side)
    hole[..., side // 4 : side // 2 + 3, side // 3 :] = 1
    other = torch.where(hole > 0, torch.full_like(crops, float("nan")), crops)
    nodes, embeddings = network.embed(crops, hole)
    assert torch.equal(network(other, hole), nodes)
    assert nodes.shape == (2, NODES, 2)
    assert embeddings.shape[:2] == (2, NODES)
    assert not torch.equal(network(crops), nodes)


def test_the_gradient_reaches_visible_pixels_only(network) -> None:
    crops = torch.zeros(1, 3, 96, 96).uniform_(-1, 1).requires_grad_()
    hole = torch.zeros(1, 1, 96, 96)
    hole[..., 30:60, 30:60] = 1
    nodes, embeddings = network.embed(crops, hole)
    (nodes.square().sum() + embeddings.square().sum()).backward()
    gradient = crops.grad.abs().sum(1, keepdim=True)
    assert float(gradient[hole > 0].max()) == 0
    assert float((gradient[hole == 0] > 0).float().mean()) > 0.9


def test_a_coarse_pixel_is_the_mean_of_its_visible_part() -> None:
    crop, hole = torch.full((1, 3, 128, 128), 0.5), torch.zeros(1, 1, 128, 128)
    hole[..., 41:, :] = 1
    x = network_inputs(crop, hole)
    visible = x[0, 3] == 0
    assert torch.allclose(x[0, 0][visible], torch.tensor(0.5), atol=1e-5)
    assert float(x[0, :3][:, ~visible].abs().max()) == 0


def test_one_crop_and_many_are_guessed_alike(network) -> None:
    torch.manual_seed(2)
    x = torch.cat([torch.rand(9, 3, 64, 64), (torch.rand(9, 1, 64, 64) > 0.7).float()], 1)
    together = network.guess(x)
    alone = torch.cat([network.guess(row[None]) for row in x])
    assert torch.allclose(together, alone, atol=1e-3)


def test_the_first_guess_finds_what_a_crop_was_made_of() -> None:
    torch.manual_seed(3)
    guess = FirstGuess(4, components=4)
    guess.basis.copy_(torch.randn_like(guess.basis))
    guess.rows.copy_(torch.eye(4))
    guess.residual.fill_(0.01)
    z = torch.randn(3, 4)
    pixels = (z @ guess.basis.flatten(1)).view(3, 3, 24, 24)
    hole = torch.zeros(3, 1, 24, 24)
    hole[..., 6:18, 6:18] = 1
    assert torch.allclose(guess(torch.cat([pixels * (1 - hole), hole], 1)), z, atol=0.02)


def test_its_mesh_is_mediapipes(installed, face, photo) -> None:
    crop, true = crop_and_mesh(face, photo.rgb8)
    assert error(read_mesh(installed, crop), true) < 0.1


def test_a_hidden_mouth_is_expected_in_its_place(installed, face, photo) -> None:
    crop, true = crop_and_mesh(face, photo.rgb8)
    hole = part_mask(true * 128, "mouth", (128, 128)) > 0
    nodes = read_mesh(installed, np.where(hole[..., None], 0, crop), hole)
    places = (true * 128).astype(int).clip(0, 127)
    hidden = hole[places[:, 1], places[:, 0]]
    assert hidden.sum() > 30
    assert float(np.linalg.norm((nodes - true)[hidden], axis=1).mean()) < 0.12 * inter_ocular(true)


def test_a_face_settles_and_a_wall_does_not(installed, face, photo) -> None:
    frame = geometry.compose(
        np.array([[1, 0, 0.04], [0, 1, -0.03]]), geometry.frame_from_mesh(face.mesh)
    )
    mesh = settle(installed, photo.rgb8, frame)
    assert mesh is not None
    assert error(mesh, face.mesh) < 0.15
    rng = np.random.default_rng(0)
    blotches = cv2.resize(rng.integers(0, 255, (6, 6, 3)).astype(np.uint8), (300, 300))
    for picture in (np.full((300, 300, 3), 128, np.uint8), blotches):
        assert settle(installed, picture, geometry.frame_from_box(50, 60, 150, 180)) is None


def test_a_frame_gets_a_guessed_mesh_only_when_asked(
    installed, face, photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder = FaceFinder()
    monkeypatch.setattr(finder, "_mesh", lambda *_: None)  # as if MediaPipe saw nothing
    frame = FaceFrame(*face.box, face.angle)
    assert finder.mesh_in_frame(photo.rgb8, frame).mesh is None
    guessed = finder.mesh_in_frame(photo.rgb8, frame, guess=True)
    assert guessed.mesh is not None
    assert guessed.score == GUESSED
    assert error(guessed.mesh, face.mesh) < 0.2
    finder.close()
