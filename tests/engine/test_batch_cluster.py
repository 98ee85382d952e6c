"""A batch on a cluster of two workers on this machine, and one of them killed."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from engine.base.errors import MienError
from engine.batch import BatchJob, MaskRule, run_batch
from engine.inpaint import FillResult, Patch

ray = pytest.importorskip("ray", reason="the cluster extra is not installed: mien[cluster]")


class Slow:
    """Paints holes black, and lets others see where it runs; not importable by a worker, so it
    travels by value."""

    def find_faces(self, photo, cancel=None):
        return ()

    def fill(self, request, progress=None, cancel=None) -> FillResult:
        place = os.environ.get("MIEN_TEST_PLACE")
        if place:
            (Path(place) / f"{os.getpid()}-{time.time_ns()}").touch()
            wait_for_the_kill(Path(place))
        height, width = request.mask.pixels.shape
        pixels = np.zeros((height, width, 3), np.uint8)
        patch = Patch((0, 0, width, height), pixels, request.mask.pixels, "texture", 0.0)
        return FillResult((patch,), (), request.options.precision, "cpu", 0.0)


KILLED = "killed"
ADDRESSES = ("RAY_ADDRESS",)


def notes_of(place: Path) -> list[tuple[int, int]]:
    """(when, process) of every photo that was begun, in their order."""
    names = [path.name.split("-") for path in place.iterdir() if path.name != KILLED]
    return sorted((int(when), int(process)) for process, when in names)


def wait_for_the_kill(place: Path) -> None:
    """Until one worker was killed only the one that began first goes on, and that not before
    another has a photo in hand."""
    until = time.monotonic() + 120
    while time.monotonic() < until and not (place / KILLED).exists():
        notes = notes_of(place)
        if notes[0][1] == os.getpid() and len({process for _, process in notes}) > 1:
            return
        time.sleep(0.05)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Where workers leave a note for every photo they begin."""
    return tmp_path_factory.mktemp("seen")


@pytest.fixture(scope="module")
def cluster(place: Path) -> Iterator[None]:
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    # Ray would join the cluster that is named here, whatever address it is given.
    elsewhere = {name: os.environ.pop(name) for name in ADDRESSES if name in os.environ}
    os.environ["MIEN_TEST_PLACE"] = str(place)
    os.environ.setdefault("RAY_worker_niceness", "0")  # they would give way to everything else
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        object_store_memory=100 * 2**20,
    )
    del os.environ["MIEN_TEST_PLACE"]
    yield
    ray.shutdown()
    os.environ.update(elsewhere)


@pytest.fixture
def job(tmp_path: Path, astronaut: np.ndarray) -> BatchJob:
    photos, mask = tmp_path / "사진", tmp_path / "mask.png"
    photos.mkdir()
    small = cv2.resize(astronaut[:320, 80:400], (160, 160), interpolation=cv2.INTER_AREA)
    for number in range(6):
        Image.fromarray(np.roll(small, number, 1)).save(photos / f"할머니{number}.jpg", quality=90)
    (photos / "broken.jpg").write_bytes(b"no photo")
    hole = np.zeros((160, 160), np.uint8)
    cv2.circle(hole, (72, 72), 12, 255, -1)
    Image.fromarray(hole).save(mask)
    return BatchJob((photos,), tmp_path / "out", MaskRule(file=mask))


def results(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.jpg")}


@pytest.mark.slow
def test_one_worker_killed_costs_nothing_and_the_bytes_are_those_of_a_local_run(
    cluster, job: BatchJob, place: Path, tmp_path: Path
) -> None:
    from dataclasses import replace

    from engine.batch.cluster import run_on_ray

    killed = []

    def kill_one(_status, record) -> None:
        """Kill a worker that has a photo in hand."""
        if killed or record.state != "filled":
            return
        mine = int(record.worker.rpartition(":")[2])
        killed.extend({process for _, process in notes_of(place)} - {mine})
        os.kill(killed[0], signal.SIGKILL)
        (place / KILLED).touch()

    summary = run_on_ray(job, report=kill_one, create=Slow, threads=1)
    assert len(killed) == 1, [record.error for record in summary.records]
    states = {record.photo: record.state for record in summary.records}
    assert states.pop("broken.jpg") == "failed"
    assert set(states.values()) == {"filled"}
    assert len(states) == 6
    lines = (job.output / "mien-batch.jsonl").read_text("utf-8").splitlines()
    log = [json.loads(line) for line in lines]
    assert len(log) == 7
    assert {line["model"] for line in log if line["state"] == "filled"} == {"exact"}
    # Begun seven times, filled six: the killed worker's photo was done again by another.
    assert len(notes_of(place)) == 7
    assert len({process for _, process in notes_of(place)}) >= 2
    local = replace(job, output=tmp_path / "local")
    run_batch(local, create=Slow)
    assert results(job.output) == results(local.output)
    assert len(results(local.output)) == 6
    # What is done is not sent again.
    begun = len(notes_of(place))
    assert run_on_ray(job, create=Slow, threads=1).count("exists") == 6
    assert len(notes_of(place)) == begun


def test_without_ray_it_says_what_to_install(monkeypatch, job: BatchJob) -> None:
    from engine.batch import cluster as module

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MienError, match=r"mien\[cluster\]"):
        module.run_on_ray(job)


def test_a_cluster_that_does_not_answer_is_named(monkeypatch, job: BatchJob) -> None:
    from engine.batch import cluster as module

    def refuse(**_options):
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(MienError, match="ray start --head"):
        module.run_on_ray(job, "auto")
