"""The fill of a photo: what it changes, what it never changes, and how it ends."""

from __future__ import annotations

import gc
import threading
import weakref
from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.base.errors import Cancelled, MienError
from engine.face.finder import FaceFrame
from engine.face.parts import part_mask
from engine.fill.filler import FaceInpainter
from engine.inpaint import FillOptions, FillRequest
from engine.mask import Mask, Stroke
from engine.photo import Photo, photo_from_array


def apply(photo: Photo, result) -> Photo:
    for patch in result.patches:
        photo = photo.apply(patch)
    return photo


def unchanged(before: np.ndarray, after: np.ndarray, mask: Mask) -> bool:
    return np.array_equal(before[mask.pixels == 0], after[mask.pixels == 0])


@pytest.fixture(scope="module")
def mouth(face, photo) -> Mask:
    return Mask(part_mask(face.mesh, "mouth", photo.size))


def test_a_hidden_mouth_comes_back(inpainter, photo, face, mouth) -> None:
    result = inpainter.fill(FillRequest(photo, mouth))
    assert [patch.kind for patch in result.patches] == ["face"]
    filled = apply(photo, result).pixels
    assert unchanged(photo.pixels, filled, mouth)
    hole = mouth.hole
    error = np.abs(filled[hole].astype(float) - photo.pixels[hole]).mean()
    telea = cv2.inpaint(photo.pixels, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    classical = np.abs(telea[hole].astype(float) - photo.pixels[hole]).mean()
    assert 0 < error < classical


def test_a_hidden_pixel_has_no_say(inpainter, photo, face, mouth) -> None:
    """Whatever lies under the mask is what the user wants gone."""
    other = photo.pixels.copy()
    other[mouth.hole] = (0, 255, 0)
    a = inpainter.fill(FillRequest(photo, mouth, faces=(face,)))
    b = inpainter.fill(FillRequest(photo.with_pixels(other), mouth, faces=(face,)))
    inside = mouth.hole
    one, two = apply(photo, a).pixels[inside], apply(photo, b).pixels[inside]
    assert np.abs(one.astype(int) - two).max() <= 2


def test_nor_has_one_at_the_photos_edge(inpainter, photo, face) -> None:
    """The crop of a face that the photo cuts off goes on beyond the photo, hole and all."""
    left = int(face.mesh[:, 0].min()) + 4
    cut = photo_from_array(np.ascontiguousarray(photo.rgb8[:, left:]))
    hole = part_mask(face.mesh, "left_half", photo.size)[:, left:] > 0
    assert hole[:, 0].any()
    moved = replace(
        face, mesh=face.mesh - np.float32([left, 0]), box=(face.box[0] - left, *face.box[1:])
    )
    fills = []
    for colour in ((0, 255, 0), (128, 110, 100)):
        other = cut.pixels.copy()
        other[hole] = colour
        mask = Mask(hole.view(np.uint8) * np.uint8(255))
        result = inpainter.fill(FillRequest(cut.with_pixels(other), mask, faces=(moved,)))
        assert any(patch.kind == "face" for patch in result.patches)
        fills.append(apply(cut.with_pixels(other), result).pixels[hole].astype(int))
    assert np.abs(fills[0] - fills[1]).max() <= 2


@pytest.mark.parametrize("alpha", [False, True])
def test_sixteen_bit_photos_keep_depth_and_outside(inpainter, photo, face, mouth, alpha) -> None:
    deep = photo.pixels.astype(np.uint16) * 257
    deep += np.random.default_rng(0).integers(0, 200, deep.shape).astype(np.uint16)
    if alpha:
        deep = np.dstack([deep, np.full(deep.shape[:2], 40_000, np.uint16)])
    source = photo_from_array(deep)
    filled = apply(source, inpainter.fill(FillRequest(source, mouth, faces=(face,)))).pixels
    assert filled.dtype == np.uint16
    assert unchanged(deep, filled, mouth)
    if alpha:
        assert (filled[..., 3] == 40_000).all()


def test_soft_masks_blend(inpainter, photo, face, mouth) -> None:
    half = Mask((mouth.pixels // 2).astype(np.uint8))
    full = apply(photo, inpainter.fill(FillRequest(photo, mouth, faces=(face,)))).pixels
    soft = apply(photo, inpainter.fill(FillRequest(photo, half, faces=(face,)))).pixels
    inside = mouth.hole
    before = photo.pixels[inside].astype(float)
    moved = np.abs(full[inside] - before).mean(), np.abs(soft[inside] - before).mean()
    assert moved[1] == pytest.approx(moved[0] / 2, rel=0.1)


def test_equal_seeds_give_equal_fills(inpainter, photo, face) -> None:
    strokes = [Stroke(np.array([[224.0, 150.0], [400.0, 300.0]]), 12)]
    mask = Mask.from_strokes(photo.size, strokes)
    fills = [
        apply(photo, inpainter.fill(FillRequest(photo, mask, FillOptions(seed=3), (face,)))).pixels
        for _ in range(2)
    ]
    assert np.array_equal(*fills)


def test_what_no_face_owns_is_textured(inpainter, photo) -> None:
    strokes = [Stroke(np.array([[60.0, 440.0], [120.0, 470.0]]), 14)]
    mask = Mask.from_strokes(photo.size, strokes)
    result = inpainter.fill(FillRequest(photo, mask))
    assert {patch.kind for patch in result.patches} == {"texture"}
    filled = apply(photo, result).pixels
    assert unchanged(photo.pixels, filled, mask)
    assert not np.array_equal(filled[mask.hole], photo.pixels[mask.hole])


def test_every_hidden_pixel_is_painted_and_no_other(inpainter, photo, face) -> None:
    strokes = [Stroke(np.array([[150.0, 60.0], [300.0, 320.0]]), 25)]
    mask = Mask.from_strokes(photo.size, strokes)
    result = inpainter.fill(FillRequest(photo, mask, faces=(face,)))
    faces, painted = np.zeros(mask.pixels.shape, int), np.zeros(mask.pixels.shape, bool)
    for patch in result.patches:
        x, y, width, height = patch.box
        painted[y : y + height, x : x + width] |= patch.alpha > 0
        if patch.kind == "face":
            faces[y : y + height, x : x + width] += patch.alpha > 0
    assert np.array_equal(painted, mask.pixels >= 8)
    assert faces.max() == 1
    assert {patch.kind for patch in result.patches} == {"face", "texture"}


def test_a_mostly_hidden_face_is_found(inpainter, photo, face) -> None:
    x, y, width, height = face.box
    hidden = np.zeros(photo.pixels.shape[:2], np.uint8)
    hidden[int(y + 0.35 * height) : int(y + height), int(x) : int(x + width)] = 255
    covered = photo.pixels.copy()
    covered[hidden > 0] = 90
    result = inpainter.fill(FillRequest(photo.with_pixels(covered), Mask(hidden)))
    assert any(patch.kind == "face" for patch in result.patches)


def test_a_framed_face_is_filled_where_no_finder_sees_one(inpainter, photo, face) -> None:
    grey = photo.with_pixels(np.full_like(photo.pixels, 120))
    strokes = [Stroke(np.array([[230.0, 150.0]]), 20)]
    mask = Mask.from_strokes(photo.size, strokes)
    options = FillOptions(frames=(FaceFrame(180, 70, 92, 107),))
    result = inpainter.fill(FillRequest(grey, mask, options))
    assert (result.patches[0].kind, result.patches[0].laid) == ("face", "framed")


def test_the_prior_alone_is_a_model_too(inpainter, photo, face, mouth) -> None:
    result = inpainter.fill(FillRequest(photo, mouth, FillOptions(model="prior"), (face,)))
    assert result.model == "prior"


def test_progress_goes_forward_through_known_stages(inpainter, photo, face, mouth) -> None:
    seen = []
    inpainter.fill(FillRequest(photo, mouth, faces=(face,)), seen.append)
    assert {p.stage for p in seen} <= {"load", "find", "prior", "generate", "texture", "blend"}
    done = [p.done for p in seen]
    assert done == sorted(done)
    assert done[-1] == 1.0


@pytest.mark.parametrize("stage", ["load", "prior", "generate"])
def test_cancelling_at_any_stage_ends_the_fill(inpainter, photo, face, mouth, stage) -> None:
    cancel = threading.Event()

    def progress(state) -> None:
        if state.stage == stage:
            cancel.set()

    with pytest.raises(Cancelled):
        inpainter.fill(FillRequest(photo, mouth, faces=(face,)), progress, cancel)


def test_a_mask_of_another_size_is_refused(inpainter, photo) -> None:
    with pytest.raises(MienError, match=r"10 x 20.*512 x 512"):
        inpainter.fill(FillRequest(photo, Mask.empty((10, 20))))


@pytest.mark.parametrize(
    "wrong", [{"model": "nonsense"}, {"device": "abacus"}], ids=["model", "device"]
)
def test_unknown_models_and_devices_are_named(inpainter, photo, mouth, wrong) -> None:
    request = FillRequest(photo, mouth, replace(FillOptions(), **wrong))
    with pytest.raises(MienError, match=next(iter(wrong.values()))):
        inpainter.fill(request)


def test_a_preview_covers_the_mask_of_known_faces(inpainter, photo, face, mouth) -> None:
    (patch,) = inpainter.preview(FillRequest(photo, mouth, faces=(face,))).patches
    assert patch.pixels.shape[:2] == patch.alpha.shape
    assert (patch.alpha > 0).sum() == (mouth.pixels >= 8).sum()


def test_the_seam_is_closed(inpainter, photo, face, mouth) -> None:
    """Across the hole's border the fill steps no more than the photo itself does there."""
    filled = apply(photo, inpainter.fill(FillRequest(photo, mouth, faces=(face,)))).pixels
    hole = mouth.hole
    inner = hole & ~cv2.erode(hole.astype(np.uint8), np.ones((3, 3))).astype(bool)
    across = np.abs(np.diff(filled.astype(float).mean(-1), axis=1))
    before = np.abs(np.diff(photo.pixels.astype(float).mean(-1), axis=1))
    border = (hole[:, 1:] != hole[:, :-1]) & (inner[:, 1:] | inner[:, :-1])
    assert across[border].mean() < before[border].mean() + 3.0


def test_a_grey_photo_stays_grey(inpainter, photo, face) -> None:
    grey = photo.rgb8.mean(-1, keepdims=True).astype(np.uint8).repeat(3, -1)
    mask = Mask(part_mask(face.mesh, "lower_face", photo.size))
    grey_photo = Photo(grey, None, "PNG")
    filled = apply(grey_photo, inpainter.fill(FillRequest(grey_photo, mask))).pixels
    assert np.ptp(filled, axis=-1).max() <= 1
    assert (filled != grey).any()


def test_readings_keep_no_more_than_one_photo(photo, face) -> None:
    """Every fill makes another picture; those before it must not stay in memory."""
    owner = FaceInpainter()
    nothing, gone = Mask.empty(photo.size), []
    for _ in range(4):
        shown = photo.with_pixels(photo.pixels.copy())
        gone.append(weakref.ref(shown))
        reading = owner.preview(FillRequest(shown, nothing, faces=(face,))).readings[0]
        assert reading.face == 0
        del shown
    gc.collect()
    assert sum(one() is not None for one in gone) <= 1
