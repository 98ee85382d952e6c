"""The person's own look in what was hidden: the colour of the eyes, beards."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from engine.face import geometry
from engine.face.mesh import LEFT_EYE, LEFT_IRIS, LIPS, RIGHT_EYE, RIGHT_IRIS
from engine.face.parts import part_mask
from engine.fill.filler import FaceInpainter
from engine.fill.pipeline import FACE, FILL, without
from engine.fill.step import Tables
from engine.fill.steps.beard import SIDE, beard_in, lower_skin
from engine.inpaint import FillRequest
from engine.mask import Mask
from engine.photo import Photo, photo_from_array

BLUE = (70, 120, 200)


def iris(mesh: np.ndarray, lids: tuple, nodes: tuple, size: tuple[int, int]) -> np.ndarray:
    """The ring of an iris between its lids, H x W bool."""
    middle, rim = mesh[nodes[0]], mesh[list(nodes[1:])]
    radius = float(np.linalg.norm(rim - middle, axis=1).mean())
    open_eye, disc = np.zeros((2, size[1], size[0]), np.uint8)
    cv2.fillPoly(open_eye, [np.round(mesh[list(lids)]).astype(np.int32)], (1,))
    at = tuple(int(v) for v in np.round(middle))
    cv2.circle(disc, at, round(0.8 * radius), (1,), -1)
    cv2.circle(disc, at, round(0.4 * radius), (0,), -1)
    return (open_eye * disc) > 0


def around(mesh: np.ndarray, lids: tuple, size: tuple[int, int]) -> np.ndarray:
    """A mask over an eye."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(mesh[list(lids)]).astype(np.int32)), (255,))
    return cv2.dilate(mask, np.ones((41, 41), np.uint8))


def filled(inpainter: FaceInpainter, photo: Photo, mask: np.ndarray) -> np.ndarray:
    faces = inpainter.find_faces(photo)
    request = FillRequest(photo, Mask(mask), faces=faces)
    out = photo.apply(*inpainter.fill(request).patches).pixels
    assert np.array_equal(out[mask == 0], photo.pixels[mask == 0])
    return out


def blueness(pixels: np.ndarray, where: np.ndarray) -> float:
    red, _, blue = np.median(pixels[where].astype(float), axis=0)
    return float(blue - red)


def test_a_hidden_eye_has_the_colour_of_the_other(inpainter, large, mesh) -> None:
    size = (large.shape[1], large.shape[0])
    left, right = iris(mesh, LEFT_EYE, LEFT_IRIS, size), iris(mesh, RIGHT_EYE, RIGHT_IRIS, size)
    mask = around(mesh, RIGHT_EYE, size)
    brown = blueness(filled(inpainter, photo_from_array(large), mask), right)
    blue = large.copy()
    blue[left] = BLUE
    photo = photo_from_array(blue)
    painted = blueness(filled(inpainter, photo, mask), right)
    assert brown < 10
    assert painted > 45
    without_it = FaceInpainter(tables=Tables(FILL.photo, FILL.share, without("match_eyes", FACE)))
    assert blueness(filled(without_it, photo, mask), right) < painted - 25


def test_two_hidden_eyes_have_no_twin(inpainter, large, mesh) -> None:
    size = (large.shape[1], large.shape[0])
    mask = np.maximum(around(mesh, LEFT_EYE, size), around(mesh, RIGHT_EYE, size))
    without_it = FaceInpainter(tables=Tables(FILL.photo, FILL.share, without("match_eyes", FACE)))
    photo = photo_from_array(large)
    assert np.array_equal(filled(inpainter, photo, mask), filled(without_it, photo, mask))


def bearded(large: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    """Stubble: dark dots all over the lower face."""
    frame = geometry.frame_from_mesh(mesh)
    rng = np.random.default_rng(3)
    dots = (rng.random((SIDE, SIDE)) < 0.25).astype(np.float32)
    dots = cv2.GaussianBlur(dots, (0, 0), 0.8)
    skin = lower_skin(geometry.transform(frame, mesh), 2).astype(np.float32)
    box = (0, 0, large.shape[1], large.shape[0])
    dark = geometry.put_back(dots * skin, frame, box).clip(0, 1)[..., None]
    return (large * (1 - 0.75 * dark)).astype(np.uint8)


def seen(pixels: np.ndarray, mesh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(the face's light as `beard_in` takes it, its nodes)."""
    frame = geometry.frame_from_mesh(mesh)
    light = cv2.cvtColor(geometry.cut(pixels, frame, SIDE), cv2.COLOR_RGB2GRAY)
    return light.astype(np.float32) / 255, geometry.transform(frame, mesh)


def test_a_beard_is_seen_where_there_is_one(large, mesh) -> None:
    light, nodes = seen(bearded(large, mesh), mesh)
    hole = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(hole, tuple(int(v) for v in nodes[18] * SIDE), 24, (1,), -1)  # below the lip
    beard = beard_in(light, hole > 0, nodes)
    assert beard is not None
    assert beard.grows[hole == 0].max() == 0
    assert np.median(beard.grows[(hole > 0) & (lower_skin(nodes) > 0)]) > 0.5
    lips = np.zeros_like(hole)
    cv2.fillPoly(lips, [np.round(nodes[list(LIPS)] * SIDE).astype(np.int32)], (1,))
    assert beard.grows[lips > 0].max() < 0.6
    assert beard.seen[hole > 0].sum() == 0
    smooth, nodes = seen(large, mesh)
    assert beard_in(smooth, hole > 0, nodes) is None


def test_a_beard_goes_on_in_the_hole(inpainter, large, mesh) -> None:
    photo = photo_from_array(bearded(large, mesh))
    mask = part_mask(mesh.astype(np.float32), "mouth", photo.size)
    shaven = FaceInpainter(tables=replace(FILL, share=without("grow_beard", FILL.share)))
    frame = geometry.frame_from_mesh(mesh)
    skin = lower_skin(geometry.transform(frame, mesh), 4).astype(np.float32)
    hidden = geometry.put_back(skin, frame, (0, 0, *photo.size)) > 0.5
    hidden &= mask > 0

    def hair(pixels: np.ndarray) -> float:
        light = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
        return float(np.abs(light - cv2.GaussianBlur(light, (0, 0), 4))[hidden].mean())

    grown, plain = (hair(filled(one, photo, mask)) for one in (inpainter, shaven))
    assert grown > 2 * plain
    assert grown > 0.5 * hair(photo.pixels)
    bare = photo_from_array(large)
    assert np.array_equal(filled(inpainter, bare, mask), filled(shaven, bare, mask))


def test_what_stands_before_an_eye_is_no_iris(inpainter, large, mesh) -> None:
    size = (large.shape[1], large.shape[0])
    photo = photo_from_array(large)
    found = inpainter.find_faces(photo)
    covered = large.copy()
    covered[around(mesh, LEFT_EYE, size) > 0] = (170, 120, 95)
    mask = around(mesh, RIGHT_EYE, size)
    plain = FaceInpainter(tables=Tables(FILL.photo, FILL.share, without("match_eyes", FACE)))
    fills = [
        one.fill(FillRequest(photo_from_array(covered), Mask(mask), faces=found)).patches
        for one in (inpainter, plain)
    ]
    assert np.array_equal(fills[0][0].pixels, fills[1][0].pixels)
