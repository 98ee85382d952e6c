"""Batches: `make bench`. Photos a minute at 12 MP, beside the same photos one stage at a time."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pictures import portrait
from PIL import Image

from engine.batch import BatchJob, MaskRule, run_batch
from engine.batch.plan import plan_batch
from engine.batch.work import process
from engine.batch.workers import choose_workers
from engine.fill.filler import FaceInpainter
from engine.inpaint import FillOptions

PHOTOS = 5
WIDTH, HEIGHT = 4000, 3000


@pytest.fixture(scope="module")
def job(astronaut: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> BatchJob:
    folder = tmp_path_factory.mktemp("batch")
    photo, mask = portrait(astronaut, WIDTH, HEIGHT)
    (folder / "in").mkdir()
    for number in range(PHOTOS):
        Image.fromarray(photo.rgb8).save(folder / "in" / f"{number}.jpg", quality=93)
    Image.fromarray(mask.pixels).save(folder / "mask.png")
    options = FillOptions(device="cpu")
    return BatchJob((folder / "in",), folder / "out", MaskRule(file=folder / "mask.png"), options)


def test_photos_a_minute_at_12_megapixels(benchmark, job: BatchJob, tmp_path: Path) -> None:
    """ratio_to_serial: seconds of the overlapped batch over those of the same stages one after
    the other; both with networks that are loaded already."""
    inpainter, other = FaceInpainter(), FaceInpainter()
    items = plan_batch(job)
    for own in (inpainter, other):
        process(items[0], job, own, tmp_path / "warm.jpg")

    def serial() -> float:
        started = time.perf_counter()
        for item in items:
            work = process(item, job, inpainter, tmp_path / f"{item.number}.jpg")
            assert work.record.state == "filled", work.record.error
        return time.perf_counter() - started

    def overlapped() -> float:
        own = [inpainter, other]  # one finds, one fills, as in a run that has begun
        started = time.perf_counter()
        summary = run_batch(
            replace(job, conflict="overwrite"), create=own.pop, workers=choose_workers(job, 1)
        )
        assert summary.count("filled") == PHOTOS
        return time.perf_counter() - started

    one_by_one = min(serial() for _ in range(2))
    benchmark.pedantic(overlapped, rounds=2, warmup_rounds=0)
    seconds = benchmark.stats.stats.min
    benchmark.extra_info.update(
        photos_a_minute=round(60 * PHOTOS / seconds, 1),
        ratio_to_serial=round(seconds / one_by_one, 3),
        workers=str(choose_workers(job)),
    )
    first = (job.output / "0.jpg").read_bytes()
    assert first == (tmp_path / "1.jpg").read_bytes()  # and the bytes are the same
