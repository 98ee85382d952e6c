"""The networks that find faces: as MediaPipe's own run of them, and right by themselves."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.base.errors import MienError
from engine.catalogue import weights
from engine.face import face_model
from engine.face.face_model import edges
from engine.face.face_networks import (
    CUT,
    OpenCvNetworks,
    anchors,
    merged,
    part_square,
    sampled,
)
from engine.face.finder import FaceFinder
from engine.face.mesh import LEFT_IRIS, RIGHT_IRIS, eye_centres, inter_ocular


@pytest.fixture(scope="module")
def networks() -> OpenCvNetworks:
    return OpenCvNetworks()


@pytest.fixture(scope="module")
def pictures(astronaut, hopper) -> list[np.ndarray]:
    """Ten: near and far, tilted, mirrored, dark, blurred, half covered, beyond the border."""
    tilt = cv2.getRotationMatrix2D((224, 124), 25, 1)
    covered = astronaut.copy()
    covered[135:190, 170:280] = (150, 190, 215)
    return [
        astronaut,
        hopper,
        astronaut[20:230, 120:330].copy(),
        cv2.warpAffine(astronaut, tilt, (512, 512)),
        np.ascontiguousarray(hopper[:, ::-1]),
        (hopper * 0.35).astype(np.uint8),
        cv2.GaussianBlur(astronaut, (0, 0), 2),
        covered,
        np.ascontiguousarray(astronaut[:, 180:]),
        cv2.resize(hopper, None, fx=0.5, fy=0.7, interpolation=cv2.INTER_AREA),
    ]


def test_boxes_and_meshes_are_those_of_the_package(pictures) -> None:
    pytest.importorskip("mediapipe", reason="the mediapipe package is for Python 3.11 and 3.12")
    from engine.face.mediapipe_package import MediaPipePackage

    ours, theirs, meshes = OpenCvNetworks(far=0.6, near=0.5), MediaPipePackage(), 0
    for near in (False, True):
        for picture in pictures:
            expected, seen = theirs.detect(picture, near=near), ours.detect(picture, near=near)
            assert len(seen) == len(expected)
            for one, other in zip(seen, expected, strict=True):
                assert one.box == pytest.approx(other.box, abs=2e-4)
                assert one.eyes == pytest.approx(other.eyes, abs=2e-4)
                assert one.score == pytest.approx(other.score, abs=1e-6)
    for picture in pictures:
        expected, mesh = theirs.mesh(picture), ours.mesh(picture)
        assert (mesh is None) == (expected is None)
        if mesh is not None and expected is not None:
            meshes += 1
            assert np.abs(mesh - expected).max() < 0.05
    theirs.close()
    assert meshes >= 6


def test_the_astronaut_is_where_she_is(networks, astronaut) -> None:
    (sighting, *_) = networks.detect(astronaut, near=False)
    assert sighting.score > 0.8
    x, y, width, height = sighting.box
    assert (x + width / 2, y + height / 2) == pytest.approx((224, 122), abs=12)
    assert sighting.eyes[0] == pytest.approx((204, 102), abs=3)  # the picture's left one
    mesh = networks.mesh(astronaut[20:230, 120:330])
    assert mesh is not None
    left, right = eye_centres(mesh + np.array([120, 20]))
    assert left == pytest.approx((204, 102), abs=2)
    assert right == pytest.approx((247, 104), abs=2)


def test_irises_lie_in_their_eyes(networks, astronaut, hopper) -> None:
    for picture in (astronaut[20:230, 120:330], hopper):
        mesh = networks.mesh(np.ascontiguousarray(picture))
        for iris, eye in zip((LEFT_IRIS, RIGHT_IRIS), eye_centres(mesh), strict=True):
            off = np.linalg.norm(mesh[list(iris)].mean(0) - eye)
            assert off < 0.15 * inter_ocular(mesh)


def test_thresholds_hold(astronaut) -> None:
    score = OpenCvNetworks().detect(astronaut, near=False)[0].score
    assert OpenCvNetworks(far=score + 0.001).detect(astronaut, near=False) == []
    face = np.ascontiguousarray(astronaut[20:230, 120:330])
    assert OpenCvNetworks(near=0.999).mesh(face) is None


def test_what_a_picture_is_wide_is_no_matter(networks, hopper) -> None:
    """A face lies where it lies, however much wall is beside it."""
    wide = cv2.copyMakeBorder(hopper, 0, 0, 300, 0, cv2.BORDER_REPLICATE)
    one, other = networks.mesh(hopper), networks.mesh(wide)
    assert np.linalg.norm(other - np.array([300, 0]) - one, axis=1).mean() < 0.03 * inter_ocular(
        one
    )


def test_anchors_are_the_middles_of_cells() -> None:
    near, far = anchors(128, (8, 16, 16, 16)), anchors(192, (4,))
    assert near.shape == (16 * 16 * 2 + 8 * 8 * 6, 2)
    assert far.shape == (48 * 48, 2)
    assert near[1] == pytest.approx((0.5 / 16, 0.5 / 16))
    assert near[2] == pytest.approx((1.5 / 16, 0.5 / 16))
    assert near[-1] == pytest.approx((7.5 / 8, 7.5 / 8))
    assert far[48] == pytest.approx((0.5 / 48, 1.5 / 48))


def test_boxes_of_one_face_are_averaged_by_their_scores() -> None:
    points = np.zeros((3, 8, 2))
    points[:, 1] = 10
    points[1] += 1
    points[2] += 50
    (score, first), (_, second) = merged(points, np.array([0.6, 0.9, 0.7]))
    assert score == 0.9
    assert first[0] == pytest.approx([0.9 / 1.5] * 2)
    assert second[0] == pytest.approx([50, 50])


def test_a_part_is_cut_level_around_its_nodes() -> None:
    features = np.mgrid[:48, :48].astype(np.float32)[::-1].copy()  # of each cell its x and its y
    nodes = np.array([(20, 20), (28, 20), (24, 16), (24, 24)], float)
    square = part_square(nodes, np.array([(20, 20), (28, 20)]))
    cut = sampled(features, square)
    assert cut.shape == (2, CUT, CUT)
    # 8 cells and a half as much again around (24, 20): cells are 0.75 wide, centres at .5.
    assert cut[:, 0, 0] == pytest.approx((24 - 6 + 0.375 - 0.5, 20 - 6 + 0.375 - 0.5), abs=1e-4)
    assert cut[:, -1, -1] == pytest.approx((24 + 6 - 0.375 - 0.5, 20 + 6 - 0.375 - 0.5), abs=1e-4)
    upright = part_square(nodes, np.array([(24, 16), (24, 24)]))
    assert sampled(features, upright)[:, 0, 0] == pytest.approx((29.125, 13.875), abs=1e-4)
    beyond = part_square(nodes - 20, np.array([(0, 0), (8, 0)]))
    assert (sampled(features, beyond)[:, 0] == 0).all()


def test_the_tessellation_is_whole() -> None:
    links = edges()
    assert links.shape == (1330, 2)
    assert (links[:, 0] < links[:, 1]).all()
    assert set(links.ravel()) == set(range(478)) - {468, 473}  # the middles of the irises


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_without_its_networks_it_says_so(tmp_path: Path, monkeypatch, harm: str, astronaut) -> None:
    monkeypatch.setattr(weights, "bundled_folder", lambda: tmp_path)
    if harm == "damaged":
        bundled = Path(face_model.__file__).parents[2] / "resources" / "models" / "faces"
        shutil.copytree(bundled, tmp_path / "faces")
        (tmp_path / "faces" / "mesh_parts.onnx").write_bytes(b"nothing")
    with pytest.raises(MienError, match=harm):
        FaceFinder().find(astronaut)
