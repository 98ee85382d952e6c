"""Fills and solves: `make bench`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from pictures import fastest, portrait

from engine.base.device import has_bfloat16
from engine.catalogue import weights
from engine.face.finder import Face
from engine.face.parts import part_mask
from engine.fill.filler import FaceInpainter
from engine.fill.networks import Networks
from engine.fill.pipeline import FILL, PREVIEW, fill_crop, without
from engine.generator.backend import Generator
from engine.generator.cv2_generator import Cv2Generator
from engine.generator.torch_generator import TorchGenerator
from engine.inpaint import FillOptions, FillRequest
from engine.mask import Mask
from engine.photo import photo_from_array

pytestmark = pytest.mark.benchmark(disable_gc=True)
OPTIONS = FillOptions(device="cpu")
STEPS = 40  # of a stroke
SIZES = {"12 MP": (4000, 3000), "48 MP": (8000, 6000)}
MEMORY = Path(__file__).with_name("peak_memory.py")


def test_fill_of_a_crop(benchmark, networks: Networks, crop) -> None:
    """The prior and the generator on 256 x 256 with a centred half-side hole; beside it, in the
    same run, a bare forward pass of the generator over the whole crop and OpenCV's Telea."""
    pixels, hole = crop
    filled = benchmark.pedantic(fill_crop, (networks, pixels, hole), rounds=5, warmup_rounds=1)
    np.testing.assert_allclose(filled[~hole], pixels[~hole], atol=1e-6)
    assert isinstance(networks.generator, TorchGenerator)
    network = networks.generator.network
    bare = torch.rand(1, 4, 256, 256)
    with torch.inference_mode():
        generator = fastest(lambda: network(bare))
    picture, missing = (pixels * 255).astype(np.uint8), hole.astype(np.uint8)
    telea = fastest(lambda: cv2.inpaint(picture, missing, 5, cv2.INPAINT_TELEA))
    ours = benchmark.stats.stats.min
    benchmark.extra_info.update(
        model=networks.name,
        threads=torch.get_num_threads(),
        generator_seconds=round(generator, 4),
        telea_seconds=round(telea, 4),
        ratio_to_generator=round(ours / generator, 3),
        ratio_to_telea=round(ours / telea, 2),
    )


@pytest.mark.parametrize("side", [256, 128])
@pytest.mark.parametrize("runs", ["torch float32", "torch bfloat16", "cv2 float32"])
def test_a_pass_of_the_generator(benchmark, runs: str, side: int) -> None:
    """One pass of every way to run it, its time beside torch's in float32 in the same run. The
    targets are of 256 x 256."""
    manifest = weights.find()
    exact = TorchGenerator.load(manifest.path, manifest.input, "cpu", "exact")
    generator: Generator = exact
    if runs == "torch bfloat16":
        if not has_bfloat16():
            pytest.skip("This processor would emulate it.")
        generator = TorchGenerator.load(manifest.path, manifest.input, "cpu")
    if runs == "cv2 float32":
        generator = Cv2Generator.load(manifest.path, manifest.input)
    crop, hole = torch.rand(1, 3, side, side) * 2 - 1, torch.zeros(1, 1, side, side)
    hole[..., side // 4 : -side // 4, side // 4 : -side // 4] = 1
    started = time.perf_counter()
    painted = generator.paint(crop, hole)
    first = time.perf_counter() - started
    seconds = fastest(lambda: exact.paint(crop, hole))
    benchmark.pedantic(generator.paint, (crop, hole), rounds=8)
    seconds = min(seconds, fastest(lambda: exact.paint(crop, hole)))
    off = (painted - exact.paint(crop, hole)).abs().max().item()
    benchmark.extra_info.update(
        threads=torch.get_num_threads(),
        first_seconds=round(first, 4),
        torch_float32_seconds=round(seconds, 4),
        ratio_to_torch_float32=round(benchmark.stats.stats.min / seconds, 3),
        target_ratio={"torch bfloat16": 0.58, "cv2 float32": 0.72}.get(runs, 1.0),
        grey_levels_off=round(off * 127.5, 4),
    )


def test_one_solve_of_the_prior(benchmark, networks: Networks, crop) -> None:
    pixels, hole = crop
    filled = benchmark.pedantic(
        partial(fill_crop, table=PREVIEW), (networks, pixels, hole), rounds=15, warmup_rounds=2
    )
    np.testing.assert_allclose(filled[~hole], pixels[~hole], atol=1e-6)
    benchmark.extra_info.update(target_seconds=0.05, side=pixels.shape[0])


@pytest.mark.parametrize("size", SIZES)
def test_fill_of_one_face(benchmark, astronaut: np.ndarray, size: str) -> None:
    """A whole fill (search, crop, prior, generator, back-projection), networks loaded already.
    Memory is that of a process of its own: what the fill adds to the loaded program, and the
    peak."""
    photo, mask = portrait(astronaut, *SIZES[size])
    inpainter = FaceInpainter()
    result = benchmark.pedantic(
        inpainter.fill, (FillRequest(photo, mask, OPTIONS),), rounds=3, warmup_rounds=1
    )
    assert [patch.kind for patch in result.patches] == ["face"]
    known = FillRequest(photo, mask, OPTIONS, result.faces)
    shorter = FaceInpainter(tables=replace(FILL, share=without("paint_detail", FILL.share)))
    whole, plain = (fastest(lambda i=i: i.fill(known), rounds=2) for i in (inpainter, shorter))
    telea = None
    if size == "12 MP":
        pixels, hole = photo.pixels, mask.pixels
        telea = fastest(lambda: cv2.inpaint(pixels, hole, 5, cv2.INPAINT_TELEA), rounds=1)
    benchmark.extra_info.update(
        megapixels=round(np.prod(photo.size) / 1e6, 1),
        seconds_with_faces_known=round(whole, 3),
        ratio_to_without_detail=round(whole / plain, 3),
        target_ratio={"12 MP": 1.25, "48 MP": 1.6}[size],
        **({} if telea is None else {"telea_seconds": round(telea, 3)}),
        **_memory(*SIZES[size]),
    )


def test_preview_of_a_stroke(benchmark, astronaut: np.ndarray, face: Face) -> None:
    """What follows the brush: the prior's fill of one known face of a 512 x 512 photo, in as many
    steps as a stroke over the mouth has."""
    whole = portrait(astronaut, 512, 512)[1]
    x, _, width, _ = whole.bounds
    photo, inpainter = photo_from_array(astronaut), FaceInpainter()
    inpainter.preview(FillRequest(photo, whole, OPTIONS, (face,)))
    ends = np.linspace(x, x + width, STEPS + 1)[1:]
    strokes = [Mask(np.where(np.arange(512) < end, whole.pixels, 0)) for end in ends]
    requests = iter([FillRequest(photo, stroke, OPTIONS, (face,)) for stroke in strokes])
    benchmark.pedantic(
        inpainter.preview, setup=lambda: ((next(requests),), {}), rounds=STEPS, iterations=1
    )


def test_preview_of_a_slider(benchmark, astronaut: np.ndarray, face: Face) -> None:
    """What follows an expression's slider: the same hole and wishes of other strengths. Beside it,
    in the same run, the same with every face solved anew."""
    mask = Mask(part_mask(face.mesh, "mouth", (512, 512)))
    photo, inpainter = photo_from_array(astronaut), FaceInpainter()
    strengths = np.linspace(0.3, 1.2, 10)
    requests = [
        FillRequest(photo, mask, replace(OPTIONS, emotion="happiness", strength=s), (face,))
        for s in strengths
    ]
    inpainter.preview(requests[0])

    def moved(anew: bool) -> None:
        for request in requests:
            if anew:
                inpainter._solutions.forget()
            inpainter.preview(request)

    anew = fastest(lambda: moved(True), rounds=3)
    benchmark.pedantic(moved, (False,), rounds=3)
    benchmark.extra_info.update(ratio_to_solved_anew=round(benchmark.stats.stats.min / anew, 3))


def _memory(width: int, height: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, str(MEMORY), str(width), str(height)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)
