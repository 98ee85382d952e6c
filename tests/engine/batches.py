"""What the tests of batches share: a batch that paints holes black, and folders for it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engine.batch import (
    BatchJob,
    run_batch,
)
from engine.inpaint import FillResult, Patch
from engine.mask import Mask, Stroke
from engine.photo import photo_from_array

ROOT = Path(__file__).parents[2]


class Black:
    """Paints holes black, at once: batches are about files, not about faces."""

    def find_faces(self, photo, cancel=None):
        return ()

    def fill(self, request, progress=None, cancel=None) -> FillResult:
        height, width = request.mask.pixels.shape
        dtype = request.photo.pixels.dtype
        pixels = np.zeros((height, width, 3), dtype)
        patch = Patch((0, 0, width, height), pixels, request.mask.pixels, "texture", 0.0)
        return FillResult((patch,), (), "black", "cpu", 0.0)


def run(job: BatchJob, **options):
    return run_batch(job, create=Black, **options)


def states(summary) -> dict[str, str]:
    return {record.photo: record.state for record in summary.records}


def log_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "mien-batch.jsonl").read_text("utf-8").splitlines()]


GREY = photo_from_array(np.full((40, 50, 3), 90, np.uint8))


MASK = Mask.from_strokes((50, 40), [Stroke(np.array([[25.0, 20.0]]), 6)])
