"""The generator on OpenCV gives what it gives on torch, and takes its place where it is faster."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.batch import BatchJob, MaskRule, run_batch
from engine.catalogue import weights
from engine.fill.filler import FaceInpainter
from engine.generator import backend
from engine.generator.backend import Demand
from engine.generator.branches import Hints
from engine.generator.cv2_generator import Cv2Generator
from engine.generator.dmfn import Dmfn
from engine.generator.torch_generator import TorchGenerator
from engine.inpaint import FillOptions, FillRequest
from engine.mask.file import open_mask
from engine.nets.tensors import write_tensors
from engine.photo import open_photo
from tests.engine.batches import log_of

LEVEL = 2 / 255  # a grey level, in [-1, 1]
SAMPLES = Path(__file__).parents[2] / "resources" / "samples"
# Every window has sides of 32; a new size after an old one is where a network could be mistaken.
SIZES = ((96, 96), (256, 256), (96, 224), (160, 128), (96, 96))


@pytest.fixture(scope="module")
def file() -> Path:
    return weights.find().path


def window(height: int, width: int, seed: int = 0):
    """(noise, a hole, hints far stronger than branches give)."""
    random = torch.Generator().manual_seed(seed)
    crop = torch.rand(1, 3, height, width, generator=random) * 2 - 1
    hole = torch.zeros(1, 1, height, width)
    hole[..., 32:-32, 24:-32] = 1
    size = (height // 8, width // 8)
    grid = torch.randn(1, 256, *size, generator=random)
    film = 0.3 * torch.randn(1, 8, 2, 256, generator=random)
    return crop, hole, Hints(grid, film)


@pytest.mark.parametrize("input", ["prior", "zero"])
def test_it_gives_what_torch_gives(file: Path, input: str) -> None:
    here, there = Cv2Generator.load(file, input), TorchGenerator.load(file, input, "cpu", "exact")
    assert here.stride == there.stride
    assert (here.input, here.precision, here.backend) == (input, "float32", "cv2")
    for number, (height, width) in enumerate(SIZES if input == "prior" else SIZES[-2:]):
        crop, hole, hints = window(height, width, number)
        for told in (None, hints, (Hints(grid=hints.grid), Hints(film=hints.film))[number % 2]):
            given = crop.clone(), hole.clone()
            one, other = here.paint(*given, told), there.paint(crop, hole, told)
            assert one.dtype == torch.float32
            assert one.shape == crop.shape
            assert (one - other).abs().max() < 0.01 * LEVEL
            assert torch.equal(given[0], crop)
            assert torch.equal(given[1], hole)


def test_the_hints_are_heeded(file: Path) -> None:
    generator = Cv2Generator.load(file, "zero")
    crop, hole, hints = window(96, 96)
    plain = generator.paint(crop, hole)
    for told in (Hints(grid=hints.grid), Hints(film=hints.film)):
        assert (
            generator.paint(crop, hole, told) - plain
        ).abs().max() > 0.1 * LEVEL  # ten times what may be off


def test_threads_do_not_disturb_one_another(file: Path) -> None:
    generator = Cv2Generator.load(file, "prior")
    windows = [window(96 + 32 * (n % 3), 96, n) for n in range(9)]
    alone = [generator.paint(*one) for one in windows]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda one: generator.paint(*one), windows))
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("demand", "machine", "has_bfloat16", "runs"),
    [
        (Demand("cpu", many=True), "x86_64", False, "cv2"),
        (Demand("cpu", many=True), "AMD64", False, "cv2"),
        (Demand("cpu", many=True), "x86_64", True, "torch"),
        (Demand("cpu", many=True), "arm64", False, "torch"),
        (Demand("cpu"), "x86_64", False, "torch"),
        (Demand("cpu", "exact", many=True), "x86_64", False, "torch"),
    ],
)
def test_which_runs_it(monkeypatch, demand: Demand, machine: str, has_bfloat16, runs) -> None:
    monkeypatch.setattr(backend.platform, "machine", lambda: machine)
    monkeypatch.setattr(backend, "has_bfloat16", lambda: has_bfloat16)
    manifest = weights.find()
    generator = backend.BACKENDS[manifest.format](manifest.path, manifest.input, demand)
    assert generator.backend == runs


def test_the_full_grid_stays_on_torch(measured_machine, tmp_path: Path) -> None:
    path = tmp_path / "full.safetensors"
    write_tensors(path, Dmfn(grid="full").state_dict())
    made = backend.BACKENDS["safetensors"](path, "zero", Demand("cpu", many=True))
    assert (made.backend, made.stride) == ("torch", 4)


@pytest.fixture
def measured_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(backend, "has_bfloat16", lambda: False)


def test_the_sample_is_filled_alike(measured_machine) -> None:
    photo = open_photo(SAMPLES / "portrait.jpg")
    hole = open_mask(SAMPLES / "portrait-mask.png", photo.size)
    made, told = [], []
    for many, precision in ((True, "auto"), (False, "exact")):
        options = FillOptions(device="cpu", precision=precision)
        result = FaceInpainter(many=many).fill(FillRequest(photo, hole, options))
        made.append(photo.apply(*result.patches).rgb8.astype(int))
        told.append(result.as_dict()["backend"])
    assert told == ["cv2", "torch"]
    off = np.abs(made[0] - made[1])
    assert off.max() <= 1
    assert (off > 0).mean() < 1e-4  # what rounding to whole levels makes of nearly nothing


def test_batches_are_filled_by_it(measured_machine, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with Image.open(SAMPLES / "portrait.jpg") as photo:
        photo.save(tmp_path / "in" / "a.png")
    rule = MaskRule(file=SAMPLES / "portrait-mask.png")
    job = BatchJob((tmp_path / "in",), tmp_path / "out", rule, FillOptions(device="cpu"))
    run_batch(job)
    [line] = log_of(job.output)
    assert (line["state"], line["precision"], line["backend"]) == ("filled", "float32", "cv2")
