"""Batches: what is filled, what is reported, and that nothing is ever overwritten unasked."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import numpy as np
import pytest

from engine.base.errors import MienError
from engine.batch import (
    BatchJob,
    MaskRule,
)
from engine.batch.log import locked
from engine.inpaint import FillOptions
from engine.photo import open_photo, photo_from_array, save_photo
from tests.engine.batches import log_of, run, states


def test_good_photos_are_filled_and_bad_ones_reported(job: BatchJob) -> None:
    told = []
    summary = run(job, report=lambda status, record: told.append(status))
    assert states(summary) == {
        "a.png": "filled",
        "b.jpg": "filled",
        "가족/c.png": "filled",
        "unmasked.png": "no mask",
        "broken.jpg": "failed",
    }
    assert [(s.done, s.total) for s in told] == [(n, 5) for n in range(1, 6)]
    assert open_photo(job.output / "가족" / "c.png").pixels[20, 25].max() == 0
    assert open_photo(job.output / "a.png").pixels[0, 0, 0] == 90
    broken = next(r for r in summary.records if r.state == "failed")
    assert "broken.jpg" in broken.error
    lines = {line["photo"]: line for line in log_of(job.output)}
    assert len(lines) == 5
    filled = lines["a.png"]
    for key in ("input_sha256", "mask_sha256", "output_sha256", "seconds", "laid", "job", "when"):
        assert filled[key]
    assert set(filled["seconds"]) == {"decode", "find", "fill", "encode"}
    assert filled["mask"] == "a.png"
    assert filled["model"] == "black"


def test_a_second_run_goes_on_where_the_first_was(job: BatchJob) -> None:
    run(job)
    first = (job.output / "b.jpg").stat().st_mtime_ns
    (job.output / "a.png").unlink()
    summary = run(job)
    assert (summary.count("filled"), summary.count("exists")) == (1, 2)
    assert (job.output / "b.jpg").stat().st_mtime_ns == first
    lines = len(log_of(job.output))
    run(job)
    assert len(log_of(job.output)) == lines  # all is said already
    assert run(replace(job, conflict="overwrite")).count("filled") == 3


def test_what_changed_is_filled_again_by_content_not_by_date(job: BatchJob) -> None:
    run(job)
    photos = job.inputs[0]
    os.utime(photos / "b.jpg", (1, 1))
    save_photo(
        photo_from_array(np.full((40, 50, 3), 200, np.uint8)), photos / "a.png", overwrite=True
    )
    assert states(run(job)) | {"unmasked.png": "", "broken.jpg": ""} == {
        "a.png": "filled",
        "b.jpg": "exists",
        "가족/c.png": "exists",
        "unmasked.png": "",
        "broken.jpg": "",
    }
    assert open_photo(job.output / "a.png").pixels[0, 0, 0] == 200
    other = replace(job, options=FillOptions(emotion="happiness"))
    assert run(other).count("filled") == 3


def test_a_result_somebody_worked_on_is_left_alone(job: BatchJob) -> None:
    run(job)
    (job.output / "a.png").write_bytes(b"retouched")
    save_photo(
        photo_from_array(np.full((40, 50, 3), 3, np.uint8)), job.inputs[0] / "a.png", overwrite=True
    )
    record = next(r for r in run(job).records if r.photo == "a.png")
    assert record.state == "exists"
    assert "was left as it is" in record.note
    assert (job.output / "a.png").read_bytes() == b"retouched"


@pytest.mark.parametrize(
    ("conflict", "state", "names"),
    [
        ("skip", "exists", {"a.png"}),
        ("rename", "filled", {"a.png", "a-2.png"}),
        ("overwrite", "filled", {"a.png"}),
        ("resume", "exists", {"a.png"}),
    ],
)
def test_conflicts(job: BatchJob, conflict: str, state: str, names: set[str]) -> None:
    job.output.mkdir()
    (job.output / "a.png").write_bytes(b"mine")
    summary = run(replace(job, conflict=conflict))
    assert states(summary)["a.png"] == state
    assert {path.name for path in job.output.glob("a*")} == names
    kept = (job.output / "a.png").read_bytes() == b"mine"
    assert kept == (conflict != "overwrite")


def test_the_photos_themselves_are_never_the_target(job: BatchJob) -> None:
    photos = job.inputs[0]
    before = (photos / "a.png").read_bytes()
    with pytest.raises(MienError, match="another folder"):
        run(replace(job, output=photos, conflict="overwrite"))
    # Nor by a link, nor by a folder that is one.
    job.output.mkdir()
    (job.output / "가족").symlink_to(photos / "가족")
    (job.output / "a.png").symlink_to(photos / "a.png")
    kept = (photos / "가족" / "c.png").read_bytes()
    summary = run(replace(job, conflict="overwrite"))
    failed = {r.photo: r.error for r in summary.records if r.state == "failed"}
    assert {"a.png", "가족/c.png"} < set(failed)
    assert "would replace" in failed["a.png"]
    assert (photos / "a.png").read_bytes() == before
    assert (photos / "가족" / "c.png").read_bytes() == kept


@pytest.mark.parametrize("missing", ["inputs", "masks"])
def test_missing_folders_are_named(job: BatchJob, missing: str) -> None:
    assert job.masks.folder is not None
    if missing == "inputs":
        job = replace(job, inputs=(job.inputs[0] / "none",))
    else:
        job = replace(job, masks=MaskRule(folder=job.masks.folder / "none"))
    with pytest.raises(MienError, match="There is no"):
        run(job)


def test_a_folder_that_is_being_written_to_is_refused_or_waited_for(job: BatchJob) -> None:
    with locked(job.output):
        with pytest.raises(MienError, match="--wait"):
            run(job)
        ended = []
        waiting = threading.Thread(target=lambda: ended.append(run(job, wait=True)))
        waiting.start()
        waiting.join(0.3)
        assert not ended
    waiting.join(20)
    assert ended[0].count("filled") == 3
