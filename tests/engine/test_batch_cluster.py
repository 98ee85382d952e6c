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

from engine.batch import BatchJob, MaskRule, run_batch
from engine.errors import MienError
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
            until = time.monotonic() + 60
            while time.monotonic() < until and len(workers_of(Path(place))) < 2:
                time.sleep(0.05)  # both begin before either ends
            time.sleep(0.5)
        height, width = request.mask.pixels.shape
        pixels = np.zeros((height, width, 3), np.uint8)
        patch = Patch((0, 0, width, height), pixels, request.mask.pixels, "texture", 0.0)
        return FillResult((patch,), (), "black", "cpu", 0.0)


def workers_of(place: Path) -> set[int]:
    """The workers that have begun a photo."""
    return {int(path.name.partition("-")[0]) for path in place.iterdir()}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Where workers leave a note for every photo they begin."""
    return tmp_path_factory.mktemp("seen")


@pytest.fixture(scope="module")
def cluster(place: Path) -> Iterator[None]:
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    os.environ["MIEN_TEST_PLACE"] = str(place)
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
        mine, until = int(record.worker.rpartition(":")[2]), time.monotonic() + 20
        while time.monotonic() < until and not killed:
            for path in place.iterdir():
                pid, begun = (int(part) for part in path.name.split("-"))
                if pid != mine and time.time_ns() - begun < 300e6:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                    break
            time.sleep(0.02)

    summary = run_on_ray(job, report=kill_one, create=Slow, threads=1)
    assert killed
    states = {record.photo: record.state for record in summary.records}
    assert states.pop("broken.jpg") == "failed"
    assert set(states.values()) == {"filled"}
    assert len(states) == 6
    lines = (job.output / "mien-batch.jsonl").read_text("utf-8").splitlines()
    log = [json.loads(line) for line in lines]
    assert len(log) == 7
    # Begun seven times, filled six: the killed worker's photo was done again by another.
    assert len(list(place.iterdir())) == 7
    assert len(workers_of(place)) >= 2
    local = replace(job, output=tmp_path / "local")
    run_batch(local, create=Slow)
    assert results(job.output) == results(local.output)
    assert len(results(local.output)) == 6
    # What is done is not sent again.
    begun = len(list(place.iterdir()))
    assert run_on_ray(job, create=Slow, threads=1).count("exists") == 6
    assert len(list(place.iterdir())) == begun


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
