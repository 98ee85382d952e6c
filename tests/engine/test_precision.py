"""What the generator calculates in: bfloat16 where the processor has it, float32 where bits must
agree, and one of them throughout a batch."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine.base.errors import Cancelled, MienError
from engine.batch import BatchJob, MaskRule, cluster, run_batch, settle
from engine.batch.watch import watch_folder
from engine.catalogue import weights
from engine.face.finder import Face
from engine.fill.filler import FaceInpainter
from engine.generator import torch_generator
from engine.generator.branches import Hints
from engine.generator.torch_generator import TorchGenerator
from engine.inpaint import FillOptions, FillRequest, FillResult
from engine.mask import Mask
from engine.photo import Photo, save_photo
from tests.engine.batches import GREY, MASK, Black, log_of, states

ONE_LEVEL = 2 / 255  # in [-1, 1]


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that says it has bfloat16; torch emulates what it lacks."""
    monkeypatch.setattr(torch_generator, "has_bfloat16", lambda: True)


def load(precision: str = "auto") -> TorchGenerator:
    manifest = weights.find()
    return TorchGenerator.load(manifest.path, manifest.input, "cpu", precision)


@pytest.fixture
def window() -> tuple[torch.Tensor, torch.Tensor, Hints]:
    """A smooth window of 64 x 96 with a hole, and hints as large as branches give."""
    random = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 8, 12, generator=random) * 2 - 1
    crop = torch.nn.functional.interpolate(coarse, size=(64, 96), mode="bicubic").clamp(-1, 1)
    hole = torch.zeros(1, 1, 64, 96)
    hole[..., 16:48, 24:72] = 1
    grid = 0.1 * torch.randn(1, 256, 8, 12, generator=random)
    film = 0.02 * torch.randn(1, 8, 2, 256, generator=random)
    return crop, hole, Hints(grid, film)


@pytest.mark.parametrize("told", [False, True], ids=["no hints", "hints"])
def test_bfloat16_is_float32_to_within_a_grey_level(native, window, told: bool) -> None:
    crop, hole, hints = window
    fast, exact = load(), load("exact")
    assert (fast.precision, exact.precision) == ("bfloat16", "float32")
    one, other = (g.paint(crop, hole, hints if told else None) for g in (fast, exact))
    assert one.dtype == torch.float32
    off = (one - other).abs()
    assert 0 < off.max() < ONE_LEVEL
    assert off[(hole == 0).expand_as(off)].max() == 0


def test_a_processor_without_it_stays_in_float32(monkeypatch, window) -> None:
    monkeypatch.setattr(torch_generator, "has_bfloat16", lambda: False)
    crop, hole, hints = window
    plain, exact = load(), load("exact")
    assert plain.precision == "float32"
    assert torch.equal(plain.paint(crop, hole, hints), exact.paint(crop, hole, hints))


def test_it_can_be_cancelled_between_layers(native, window) -> None:
    generator, cancel = load(), threading.Event()
    seen = []

    def stop(*_: object) -> None:
        seen.append(1)
        cancel.set()

    generator.network.e4.register_forward_hook(stop)
    generator.network.d1.register_forward_hook(lambda *_: pytest.fail("It went on."))
    with pytest.raises(Cancelled):
        generator.paint(*window, cancel)
    assert seen


def test_a_fill_says_what_it_calculated_in(
    native, astronaut: np.ndarray, face: Face, monkeypatch
) -> None:
    # Emulated it takes half a minute; what it gives is no matter here.
    monkeypatch.setattr(TorchGenerator, "paint", lambda self, crop, *_: crop)
    photo = Photo(astronaut, None, "PNG")
    x, y, width, height = (int(v) for v in face.box)
    pixels = np.zeros(astronaut.shape[:2], np.uint8)
    pixels[y + height // 2 : y + 2 * height // 3, x + width // 3 : x + width // 2] = 255
    inpainter, told = FaceInpainter(), []
    for precision in ("auto", "exact"):
        options = FillOptions(device="cpu", precision=precision)
        result = inpainter.fill(FillRequest(photo, Mask(pixels), options, (face,)))
        told.append(result.as_dict()["precision"])
    assert told == ["bfloat16", "float32"]


def test_another_word_is_refused() -> None:
    with pytest.raises(MienError, match=r"'half' is not a precision.*auto, exact"):
        FillOptions(precision="half")


class Machine(Black):
    """A machine that notes what it is asked for; one that has bfloat16 uses it when it may."""

    has, asked = True, []

    def fill(self, request, progress=None, cancel=None) -> FillResult:
        asked = request.options.precision
        self.asked.append(asked)
        used = "bfloat16" if self.has and asked == "auto" else "float32"
        return replace(super().fill(request, progress, cancel), precision=used)


class Older(Machine):
    has = False


class Opencv(Machine):
    """One on which OpenCV is the faster of the two for many photos."""

    has = False

    def fill(self, request, progress=None, cancel=None) -> FillResult:
        used = "cv2" if request.options.precision == "auto" else "torch"
        return replace(super().fill(request, progress, cancel), backend=used)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BatchJob:
    (tmp_path / "in").mkdir()
    for name in "ab":
        save_photo(GREY, tmp_path / "in" / f"{name}.png")
    save_photo(Photo(np.repeat(MASK.pixels[..., None], 3, 2), None, "PNG"), tmp_path / "mask.png")
    monkeypatch.setattr(Machine, "asked", [])
    return BatchJob((tmp_path / "in",), tmp_path / "out", MaskRule(file=tmp_path / "mask.png"))


def one_more(job: BatchJob) -> None:
    """A photo that came after the batch was done; what was asked of it is noted alone."""
    save_photo(GREY, job.inputs[0] / f"more {len(log_of(job.output))}.png")
    Machine.asked.clear()


def exactly(job: BatchJob) -> BatchJob:
    return replace(job, options=FillOptions(precision="exact"))


def test_a_batch_goes_on_in_the_precision_it_began_with(job: BatchJob) -> None:
    run_batch(job, create=Older)
    assert {line["precision"] for line in log_of(job.output)} == {"float32"}
    one_more(job)
    run_batch(job, create=Machine)  # on a machine that could do otherwise
    assert Machine.asked == ["exact"]
    again = replace(job, conflict="overwrite")  # nothing is gone on with
    Machine.asked.clear()
    run_batch(again, create=Machine)
    assert Machine.asked == ["auto"] * 3
    one_more(job)
    run_batch(job, create=Machine)
    assert Machine.asked == ["auto"]


@pytest.mark.parametrize(("has", "asked"), [(False, "auto"), (True, "exact")])
def test_what_opencv_began_stays_float32(job: BatchJob, monkeypatch, has: bool, asked: str) -> None:
    run_batch(job, create=Opencv)
    assert {line["backend"] for line in log_of(job.output)} == {"cv2"}
    one_more(job)
    monkeypatch.setattr(settle, "has_bfloat16", lambda: has)
    run_batch(job, create=Machine if has else Opencv)
    assert Machine.asked == [asked]
    assert set(states(run_batch(exactly(job), create=Opencv)).values()) == (
        {"filled", "exists"} if has else {"filled"}
    )


def test_a_log_of_before_there_was_a_choice_is_one_of_float32(job: BatchJob) -> None:
    run_batch(job, create=Older)
    log = job.output / "mien-batch.jsonl"
    text = log.read_text("utf-8").replace('"precision": "float32", "backend": "torch", ', "")
    log.write_text(text, "utf-8")
    assert all("precision" not in line for line in log_of(job.output))
    one_more(job)
    summary = run_batch(job, create=Machine)
    assert Machine.asked == ["exact"]
    assert sorted(states(summary).values()) == ["exists", "exists", "filled"]


def test_exact_takes_float32_as_done_and_makes_the_rest_again(job: BatchJob) -> None:
    run_batch(job, create=Machine)
    assert set(states(run_batch(job, create=Machine)).values()) == {"exists"}
    assert set(states(run_batch(exactly(job), create=Machine)).values()) == {"filled"}
    assert set(states(run_batch(exactly(job), create=Machine)).values()) == {"exists"}
    assert set(states(run_batch(job, create=Machine)).values()) == {"exists"}
    assert Machine.asked == ["auto"] * 2 + ["exact"] * 2


def test_a_watched_folder_goes_on_likewise(job: BatchJob) -> None:
    from engine.batch.runner import Control

    run_batch(job, create=Older)
    one_more(job)
    control = Control()

    def stop(_status, record) -> None:
        if record.state == "filled":
            control.cancel()

    watch_folder(job, create=Machine, settled=0.0, control=control, report=stop)
    assert Machine.asked == ["exact"]


def test_every_worker_of_a_cluster_is_exact(job: BatchJob, monkeypatch) -> None:
    """Ray's calls, made here and at once."""

    def remote(**_options):
        return lambda function: SimpleNamespace(remote=lambda *given: lambda: function(*given))

    here = SimpleNamespace(
        nodes=lambda: [{"Resources": {"CPU": 2.0}}],
        cluster_resources=lambda: {"CPU": 2.0},
        remote=remote,
        put=lambda value: value,
        wait=lambda references, **_options: (references[:1], references[1:]),
        get=lambda reference: reference(),
        exceptions=SimpleNamespace(RayError=RuntimeError, RayTaskError=RuntimeError),
    )
    monkeypatch.setattr(cluster, "_connected", lambda _address: here)
    monkeypatch.setattr(cluster, "_inpainters", {})
    threads = torch.get_num_threads()
    summary = cluster.run_on_ray(job, create=Machine, threads=threads)
    assert set(states(summary).values()) == {"filled"}
    assert Machine.asked == ["exact"] * 2
    assert {line["precision"] for line in log_of(job.output)} == {"float32"}
