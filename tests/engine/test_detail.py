"""Detail finer than the crop: the way to the mean shape and back, and what a network adds."""

from __future__ import annotations

import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

import engine.fill.steps.detail
from engine.base.errors import Cancelled
from engine.detail.mean_view import SIDE, MeanView
from engine.detail.network import CELL, PLANES, DetailNetwork, network_inputs
from engine.detail.paint import painted
from engine.face import geometry
from engine.face.parts import part_mask
from engine.fill.filler import FaceInpainter
from engine.inpaint import FillRequest
from engine.mask import Mask
from engine.photo import Photo, photo_from_array
from engine.prior.warp import MeanShape


def bias_of(network: DetailNetwork) -> torch.Tensor:
    bias = network.last.bias
    assert bias is not None
    return bias


def flat(value: float) -> DetailNetwork:
    """A network that adds the same everywhere; 2 is from black to white."""
    network = DetailNetwork().eval().requires_grad_(False)
    bias_of(network).fill_(value)
    return network


def test_a_face_in_the_mean_shape_has_its_nodes_where_the_mean_has_them(
    shape: MeanShape, mesh
) -> None:
    frame = geometry.frame_from_mesh(mesh)
    view = MeanView(shape, geometry.transform(frame, mesh), frame)
    # A picture whose colours are its places, so each place of the view tells where it is from.
    corner = np.floor(mesh.min(0)).astype(int) - 200
    width, height = np.ceil(mesh.max(0)).astype(int) + 200 - corner
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    places = np.dstack([x + corner[0], y + corner[1]]).astype(np.float32)
    seen = view.brought(places, tuple(corner))
    nodes = shape.points[: len(mesh)] * SIDE - 0.5
    at = np.round(nodes).astype(int)
    off = seen[at[:, 1], at[:, 0]] - mesh
    assert np.abs(np.median(off, 0)).max() < 0.6
    assert np.percentile(np.hypot(*off.T), 95) < 3


def test_a_change_comes_back_where_it_was_taken_from(shape: MeanShape, mesh) -> None:
    frame = geometry.frame_from_mesh(mesh)
    view = MeanView(shape, geometry.transform(frame, mesh), frame)
    change = np.zeros((SIDE, SIDE, 3), np.float32)
    x, y = shape.points[159] * SIDE  # the middle of an upper lid
    cv2.circle(change, (int(x), int(y)), 12, (1, 1, 1), -1)
    low, high = np.floor(mesh.min(0)).astype(int), np.ceil(mesh.max(0)).astype(int)
    box = (int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
    back = view.put_back(change, box)
    assert back.shape == (box[3], box[2], 3)
    ys, xs = np.nonzero(back[..., 0] > 0.5)
    middle = np.array([xs.mean() + box[0], ys.mean() + box[1]])
    assert np.hypot(*(middle - mesh[159])) < 6
    assert back.max() <= 1.25  # a hard edge overshoots where it is resampled
    assert np.abs(back[-40:]).max() < 1e-3  # nothing at the chin


def test_a_network_looks_at_both_halves_and_starts_at_nothing() -> None:
    network = DetailNetwork()
    assert sum(p.numel() for p in network.parameters()) <= 1_500_000
    picture = torch.rand(1, 3, SIDE, SIDE) * 2 - 1
    hole = torch.zeros(1, 1, SIDE, SIDE)
    hole[..., 300:340, 200:260] = 1
    seen = network_inputs(picture, hole)
    assert seen.shape == (1, PLANES, SIDE, SIDE)
    assert torch.equal(seen[:, 4:].flip(-1), seen[:, :4])
    part = np.s_[..., 288:384, 192:288]
    cells = np.s_[..., 288 // CELL : 384 // CELL, 192 // CELL : 288 // CELL]
    with torch.no_grad():
        change = network(seen[part], network.places()[cells])
    assert change.shape == (1, 3, 96, 96)
    assert not change.any()


def test_only_the_hole_is_painted() -> None:
    picture = np.random.default_rng(0).integers(0, 200, (SIDE, SIDE, 3), np.uint8)
    hole = np.zeros((SIDE, SIDE), bool)
    hole[100:140, 500:600] = True
    out = painted(flat(0.1), picture, hole)
    assert np.array_equal(out[~hole], picture[~hole].astype(np.float32))
    assert np.allclose(out[hole] - picture[hole], 12.75, atol=1e-3)
    assert np.array_equal(painted(flat(0.1), picture, np.zeros_like(hole)), picture)


def fills(photo: Photo, hole: np.ndarray, *networks: DetailNetwork | None) -> list[np.ndarray]:
    inpainter = FaceInpainter()
    request = FillRequest(photo, Mask(hole))
    request = replace(request, faces=inpainter.find_faces(photo))
    inpainter.fill(request)
    out = []
    for network in networks:
        assert inpainter._networks is not None
        inpainter._networks = replace(inpainter._networks, detail=network)
        out.append(photo.apply(*inpainter.fill(request).patches).pixels)
    return out


def test_detail_is_added_in_the_hole_of_a_large_face(large, mesh) -> None:
    photo = photo_from_array(large)
    hole = part_mask(mesh.astype(np.float32), "mouth", photo.size)
    plain, nothing, lighter = fills(photo, hole, None, flat(0.0), flat(0.1))
    assert np.array_equal(plain, nothing)
    added = lighter.astype(int) - plain
    assert np.array_equal(added[hole == 0], np.zeros_like(added[hole == 0]))
    assert 11 <= np.median(added[hole > 0]) <= 14


def test_a_face_that_the_crop_holds_whole_gets_none(photo, face) -> None:
    hole = part_mask(face.mesh, "mouth", photo.size)
    plain, lighter = fills(photo, hole, None, flat(0.3))
    assert np.array_equal(plain, lighter)


def test_detail_of_a_grey_photo_is_grey(large, mesh) -> None:
    grey = cv2.cvtColor(cv2.cvtColor(large, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    coloured = flat(0.0)
    bias_of(coloured)[: CELL**2] = 0.2  # red alone
    hole = part_mask(mesh.astype(np.float32), "mouth", (grey.shape[1], grey.shape[0]))
    plain, redder = fills(photo_from_array(grey), hole, None, coloured)
    there = hole > 0
    assert np.median(redder[there].astype(int) - plain[there]) >= 4
    assert np.ptp(redder[there].astype(int), axis=1).max() <= 3


def test_a_preview_has_detail_once_the_brush_rests(large, mesh) -> None:
    photo = photo_from_array(large)
    inpainter = FaceInpainter()
    hole = part_mask(mesh.astype(np.float32), "mouth", photo.size)
    request = FillRequest(photo, Mask(hole), faces=inpainter.find_faces(photo))
    inpainter.preview(request)
    assert inpainter._networks is not None
    inpainter._networks = replace(inpainter._networks, detail=flat(0.1))
    live, rested = (
        photo.apply(*inpainter.preview(request, detailed=detailed).patches).pixels.astype(int)
        for detailed in (False, True)
    )
    assert 11 <= np.median((rested - live)[hole > 0]) <= 14
    assert np.array_equal(rested[hole == 0], live[hole == 0])


def test_a_preview_with_detail_can_be_given_up(large, mesh) -> None:
    photo = photo_from_array(large)
    hole = part_mask(mesh.astype(np.float32), "mouth", photo.size)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        FaceInpainter().preview(
            FillRequest(photo, Mask(hole), faces=()), detailed=True, cancel=cancel
        )


def test_detail_is_given_up_while_it_is_painted(large, mesh, monkeypatch) -> None:
    photo, inpainter, cancel = photo_from_array(large), FaceInpainter(), threading.Event()
    hole = part_mask(mesh.astype(np.float32), "mouth", photo.size)
    request = FillRequest(photo, Mask(hole), faces=inpainter.find_faces(photo))
    as_soft, put_back = engine.fill.steps.detail.as_soft, []
    monkeypatch.setattr(
        engine.fill.steps.detail, "as_soft", lambda *given: (cancel.set(), as_soft(*given))[1]
    )
    monkeypatch.setattr(engine.fill.steps.detail, "changed", lambda *given: put_back.append(given))
    with pytest.raises(Cancelled):
        inpainter.preview(request, detailed=True, cancel=cancel)
    assert not put_back
