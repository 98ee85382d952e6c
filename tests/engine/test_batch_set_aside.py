"""A photo that kills its worker is tried once more and then set aside (with a stand-in for Ray)."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.batch import BatchJob, MaskRule
from engine.batch.cluster import RETRIES, Parcel, run_on_ray
from engine.mask.file import save_mask
from engine.photo import save_photo
from tests.engine.batches import GREY, MASK, Black, states


class RayError(Exception):
    pass


class WorkerCrashedError(RayError):
    pass


class RayTaskError(RayError):
    pass


class Reference:
    """What stands for an answer: it can be a key."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer


class OutOfMemoryError(RayError):
    pass


class StandIn:
    """Does at once what Ray does elsewhere. A photo of `killers` ends the worker it is given to so
    many times; Ray gives its task to another worker as often as `max_retries` says."""

    exceptions = SimpleNamespace(
        RayError=RayError, RayTaskError=RayTaskError, OutOfMemoryError=OutOfMemoryError
    )

    def __init__(self, killers: dict[str, int], error: Exception) -> None:
        self.killers, self.error, self.tried = killers, error, Counter[str]()

    def is_initialized(self) -> bool:
        return True

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}

    def nodes(self) -> list[dict[str, Any]]:
        return [{"Resources": {"CPU": 1.0}}] * 2

    def put(self, parcel: Parcel) -> Parcel:
        return parcel

    def remote(self, *, max_retries: int, retry_exceptions: bool, **_options: Any) -> Any:
        assert not retry_exceptions

        def decorate(function: Any) -> SimpleNamespace:
            def send(parcel: Parcel, create: Any) -> Reference:
                name = parcel.item.name
                for _ in range(1 + max_retries):
                    self.tried[name] += 1
                    if self.tried[name] > self.killers.get(name, 0):
                        return Reference(function(parcel, create))
                return Reference(self.error)

            return SimpleNamespace(remote=send)

        return decorate

    def wait(self, references: Any, **_options: Any) -> tuple[list[Any], list[Any]]:
        return references[:1], references[1:]

    def get(self, reference: Any) -> Any:
        if isinstance(reference.answer, Exception):
            raise reference.answer
        return reference.answer


@pytest.fixture
def job(tmp_path: Path) -> BatchJob:
    (tmp_path / "in").mkdir()
    for name in "abcd":
        save_photo(GREY, tmp_path / "in" / f"{name}.png")
    save_mask(MASK, tmp_path / "mask.png")
    return BatchJob((tmp_path / "in",), tmp_path / "out", MaskRule(file=tmp_path / "mask.png"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (WorkerCrashedError("The worker died unexpectedly."), "The worker died unexpectedly"),
        (
            OutOfMemoryError("1 worker was killed.\nA page of advice."),
            "it takes more memory than they have",
        ),
    ],
)
def test_one_that_kills_twice_is_set_aside_and_the_others_go_on(
    job: BatchJob, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    ray = StandIn({"b.png": 99, "c.png": 1}, error)
    monkeypatch.setitem(sys.modules, "ray", ray)
    summary = run_on_ray(job, create=Black, threads=1)
    assert states(summary) == {
        "a.png": "filled",
        "b.png": "failed",
        "c.png": "filled",  # its second worker lived
        "d.png": "filled",
    }
    assert ray.tried == {"a.png": 1, "b.png": 1 + RETRIES, "c.png": 2, "d.png": 1}
    assert RETRIES == 1
    log = (job.output / "mien-batch.jsonl").read_text("utf-8").splitlines()
    told = next(line for line in map(json.loads, log) if line["photo"] == "b.png")
    assert told["error"] == f"b.png could not be filled on 2 workers ({words})."
    # The same command tries what failed again, and nothing else.
    ray.killers.clear()
    assert states(run_on_ray(replace(job), create=Black, threads=1)) == {
        "a.png": "exists",
        "b.png": "filled",
        "c.png": "exists",
        "d.png": "exists",
    }
    assert ray.tried["a.png"] == 1
