"""A batch that meets faces which may lie wrong: saved and named, saved, or left out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.base.errors import MienError
from engine.batch import BatchJob, run_batch
from engine.batch.tell import line_of, sentence_of
from engine.face.doubt import BORDER, Doubt
from engine.face.finder import FaceFrame
from tests.engine.batches import Black, log_of, run, states

DOUBT = Doubt(0, 0.71, BORDER, FaceFrame(4, 5, 20, 24, 3))


class Doubtful(Black):
    """Is not sure of any face."""

    def fill(self, request, progress=None, cancel=None):
        return replace(super().fill(request, progress, cancel), doubts=(DOUBT,))


def doubting(job: BatchJob, way: str):
    create: Any = Doubtful
    return run_batch(replace(job, doubtful=way), create=create)


@pytest.mark.parametrize("way", ["flag", "keep", "skip"])
def test_the_log_tells_of_doubt_whatever_is_done(job, way: str) -> None:
    doubting(job, way)
    (line,) = (line for line in log_of(job.output) if line["photo"] == "a.png")
    told = {"face": 0, "confidence": 0.71, "why": "border", "frame": [4, 5, 20, 24, 3]}
    assert line["doubtful"] == [told]


def test_a_flagged_photo_is_saved_and_named(job) -> None:
    summary = doubting(job, "flag")
    record = next(record for record in summary.records if record.photo == "a.png")
    assert (job.output / "a.png").exists()
    assert "the photo's border cuts the face (0.71)" in line_of(record)
    assert "in 3 a face may lie wrong" in sentence_of(summary)


def test_a_kept_photo_is_saved_without_a_word(job) -> None:
    summary = doubting(job, "keep")
    record = next(record for record in summary.records if record.photo == "a.png")
    assert (job.output / "a.png").exists()
    assert "wrong" not in line_of(record)


def test_a_skipped_photo_is_left_out_until_it_is_asked_for(job) -> None:
    summary = doubting(job, "skip")
    assert states(summary)["a.png"] == "doubtful"
    assert not list(job.output.rglob("*.png"))
    assert "3 left out for doubt" in sentence_of(summary)
    assert json.loads(json.dumps(summary.as_dict()))["left_out"] == 3
    assert states(doubting(job, "keep"))["a.png"] == "filled"
    assert (job.output / "a.png").exists()


def test_no_doubt_is_no_word(job) -> None:
    summary = run(replace(job, doubtful="skip"))
    assert states(summary)["a.png"] == "filled"
    assert not any("doubtful" in line for line in log_of(job.output))


def test_another_way_is_refused(job) -> None:
    with pytest.raises(MienError, match="no way with doubtful photos"):
        replace(job, doubtful="guess")
