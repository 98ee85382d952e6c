"""Who is it: the recognition network, what it is shown, and how it came out of dlib's file."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from engine.catalogue.weights import load
from engine.face import geometry
from engine.face.finder import Face, FaceFinder
from engine.face.frames import matrix_of, mesh_in_crop
from engine.face.parts import part_mask
from engine.face.recognition import (
    BLOCKS,
    CODE,
    COLOUR,
    NODES,
    PLACES,
    SIDE,
    RecognitionNetwork,
    face_view,
    without,
)
from engine.reference.identity import ZONES, Look, likenesses, told_of
from engine.reference.likeness import SAME
from engine.reference.trust import facing
from training.face_networks.recognition import tensors_of

CROP = 256


@pytest.fixture(scope="module")
def network() -> RecognitionNetwork:
    found = load("recognition", RecognitionNetwork)
    assert found is not None
    return found


def look(rgb: np.ndarray, face: Face) -> Look:
    frame = matrix_of(face)
    mesh = mesh_in_crop(face, frame)
    assert mesh is not None
    crop = geometry.cut(rgb, frame, CROP, border="edge").astype(np.float32) / 255
    return Look(crop, np.zeros((CROP, CROP), bool), mesh.astype(np.float64))


def hiding(one: Look, part: str) -> Look:
    """With a part painted over in green."""
    hidden = part_mask((one.mesh * CROP).astype(np.float32), part, (CROP, CROP)) > 0
    crop = one.crop.copy()
    crop[hidden] = (0, 1, 0)
    return replace(one, crop=crop, hidden=hidden)


@pytest.fixture(scope="module")
def she(astronaut: np.ndarray, face: Face) -> Look:
    return look(astronaut, face)


@pytest.fixture(scope="module")
def she_later(astronaut: np.ndarray, finder: FaceFinder) -> Look:
    """Mirrored, smaller, darker at one side and blurred."""
    shot = cv2.GaussianBlur(cv2.resize(astronaut[:, ::-1], None, fx=0.7, fy=0.7), (0, 0), 0.7)
    shot = (shot * np.linspace(0.45, 1, shot.shape[1])[None, :, None]).astype(np.uint8)
    return look(shot, finder.find(shot)[0])


@pytest.fixture(scope="module")
def he(hopper: np.ndarray, finder: FaceFinder) -> Look:
    return look(hopper, finder.find(hopper)[0])


def test_one_person_is_told_from_another(network, she: Look, she_later: Look, he: Look) -> None:
    same, other = likenesses(network, she, [she_later, he])
    assert same > SAME + 0.1
    assert other < SAME - 0.1
    assert likenesses(network, she, [she])[0] == pytest.approx(1, abs=1e-4)
    assert likenesses(network, she, []) == []


@pytest.mark.parametrize("part", ["glasses", "mouth", "lower_face", "left_half"])
def test_what_is_hidden_in_one_is_looked_at_in_neither(
    network, part: str, she: Look, she_later: Look, he: Look
) -> None:
    hidden = hiding(she, part)
    same, other = likenesses(network, hidden, [she_later, he])
    assert same > SAME > other
    # And what an album keeps of the others finds the one that fits.
    mine, zone, untold = told_of(network, hidden)
    assert ZONES[zone] == part
    assert untold == pytest.approx(0, abs=0.05)
    later, him = (told_of(network, one)[0] for one in (she_later, he))
    apart = [np.linalg.norm(mine[zone] - told[zone]) for told in (later, him)]
    assert 1 - apart[0] > SAME > 1 - apart[1]


def test_where_hardly_a_feature_is_seen_a_likeness_says_less(network, she: Look) -> None:
    codes, zone, untold = told_of(network, she)
    assert (codes.shape, ZONES[zone], untold) == ((len(ZONES), CODE), "", 0)
    bare = hiding(she, "skin")
    bare = replace(
        bare, hidden=part_mask((she.mesh * CROP).astype(np.float32), "face", (CROP, CROP)) > 0
    )
    assert told_of(network, bare)[2] == pytest.approx(0.2, abs=0.02)
    assert likenesses(network, she, [bare])[0] == pytest.approx(0.8, abs=0.02)


def test_a_face_is_brought_to_its_places(she: Look) -> None:
    view, hidden, nodes = face_view(she.crop, she.hidden, she.mesh)
    assert view.shape == (SIDE, SIDE, 3)
    assert view.max() > 200
    assert not hidden.any()
    assert np.abs(nodes[list(NODES)] - PLACES).max() < 5
    eye = np.zeros((CROP, CROP), bool)
    at = (she.mesh[NODES[0]] * CROP).astype(int)
    eye[at[1] - 3 : at[1] + 3, at[0] - 3 : at[0] + 3] = True
    _, hidden, _ = face_view(she.crop, eye, she.mesh)
    middle = np.argwhere(hidden).mean(0)[::-1]
    assert np.abs(middle - nodes[NODES[0]]).max() < 1.5
    grey = without(view, hidden)
    assert np.array_equal(grey[~hidden], view[~hidden])
    assert np.allclose(grey[hidden], COLOUR)


def test_a_face_that_looks_another_way_is_noticed(she: Look) -> None:
    mesh = she.mesh
    assert facing(mesh, mesh) == 1
    nearer = mesh + 0.004 * np.sin(40 * mesh)
    assert facing(nearer, mesh) == 1
    # As much as the nose moves before the eyes when a head turns by some twenty degrees.
    turned = mesh.copy()
    turned[:, 0] += 0.35 * np.exp(-np.square(mesh - mesh[1]).sum(1) / 0.02) * 0.25
    assert facing(turned, mesh) == 0


def test_weights_come_out_of_dlibs_file_as_they_are() -> None:
    """A file as dlib writes them, with other numbers: what comes out calculates a convolution and
    the affine layer behind it."""
    rng = np.random.default_rng(3)

    def number(value: int) -> bytes:
        count = max(1, (value.bit_length() + 7) // 8)
        return bytes([count]) + value.to_bytes(count, "little")

    def tensor(*sizes: int) -> tuple[bytes, np.ndarray]:
        values = rng.normal(0, 0.05, int(np.prod(sizes))).astype("<f4")
        four = (*sizes, 1, 1, 1, 1)[:4]
        return b"con_" + b"".join(map(number, (2, *four))) + values.tobytes(), values

    layers, before = [(3, 32, 7)], 32
    for channels, _ in BLOCKS:
        layers += [(before, channels, 3), (channels, channels, 3)]
        before = channels
    data, first = b"loss", []
    for entering, channels, side in layers:
        for size in (channels * entering * side**2 + channels, 2 * channels):
            written, values = tensor(size)
            data += written
            first.append(values)
    written, last = tensor(BLOCKS[-1][0], CODE)
    state = {name: torch.from_numpy(a.copy()) for name, a in tensors_of(data + written).items()}
    network = RecognitionNetwork.of(state)
    assert np.array_equal(network.last.weight.detach().numpy(), last.reshape(-1, CODE).T)
    picture = torch.from_numpy(rng.normal(0, 1, (1, 3, 20, 20)).astype(np.float32))
    kernels = torch.from_numpy(first[0][: 32 * 147].reshape(32, 3, 7, 7).copy())
    plain = torch.nn.functional.conv2d(
        picture, kernels, torch.from_numpy(first[0][32 * 147 :].copy()), 2
    )
    by, beyond = (torch.from_numpy(half.copy())[:, None, None] for half in np.split(first[1], 2))
    with torch.inference_mode():
        assert torch.allclose(network.first(picture), plain * by + beyond, atol=1e-5)
        assert network(torch.rand(2, 3, SIDE, SIDE) * 255).shape == (2, CODE)
    with pytest.raises(ValueError, match="another network"):
        tensors_of(b"another file")
