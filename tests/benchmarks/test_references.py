"""What a reference costs: a fill and a preview of a 12-megapixel portrait with one, as ratios to
the same without, in processor time of one run: a busy machine does not count."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from pictures import portrait

from engine.face.parts import part_mask
from engine.fill.filler import FaceInpainter
from engine.inpaint import FillOptions, FillRequest
from engine.mask import Mask
from engine.photo import photo_from_array
from engine.reference import reference_in

pytestmark = pytest.mark.benchmark(disable_gc=True)
EXTRA, PREVIEW = 0.6, 1.3  # of a fill's time on top; of a preview's time in all


@pytest.fixture(scope="module")
def asked(astronaut: np.ndarray, inpainter: FaceInpainter) -> tuple[FillRequest, FillRequest]:
    """The request with what glasses cover hidden, without a reference and with one."""
    photo, _ = portrait(astronaut, 4000, 3000)
    faces = inpainter.find_faces(photo)
    assert faces[0].mesh is not None
    hole = Mask(part_mask(faces[0].mesh[:, :2], "glasses", photo.size))
    turn = cv2.getRotationMatrix2D((2000, 1500), 4, 0.95)
    shot = photo_from_array(cv2.warpAffine(photo.pixels, turn, photo.size))
    other = reference_in(shot, inpainter.find_faces(shot), "other.jpg")
    request = FillRequest(photo, hole, FillOptions(device="cpu"), faces)
    return request, replace(request, references=(other,))


def seconds(run: Callable[[], object], rounds: int = 3) -> float:
    """The least seconds of processor time of some calls after one that warms up."""
    run()
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        run()
        spent.append(time.process_time() - begun)
    return min(spent)


def test_fill_with_a_reference(
    benchmark, inpainter: FaceInpainter, asked: tuple[FillRequest, FillRequest]
) -> None:
    without, with_one = asked
    result = benchmark.pedantic(inpainter.fill, (with_one,), rounds=1, warmup_rounds=1)
    assert result.references[0].shares["eyes"] > 0.9
    plain, more = (seconds(lambda r=request: inpainter.fill(r)) for request in asked)
    benchmark.extra_info.update(extra=round(more / plain - 1, 3), target_extra=EXTRA)
    assert without.references == ()


def test_preview_with_a_reference(
    benchmark, inpainter: FaceInpainter, asked: tuple[FillRequest, FillRequest]
) -> None:
    _, with_one = asked
    shown = benchmark.pedantic(inpainter.preview, (with_one,), rounds=3, warmup_rounds=1)
    assert shown.references[0].shares["eyes"] > 0.9
    plain, more = (seconds(lambda r=request: inpainter.preview(r), 5) for request in asked)
    benchmark.extra_info.update(ratio=round(more / plain, 3), target_ratio=PREVIEW)
