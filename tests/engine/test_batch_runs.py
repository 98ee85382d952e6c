"""Runs of a batch that are stopped, paused or killed, and what they take of memory."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.batch import (
    BatchJob,
    Control,
    MaskRule,
    Workers,
    run_batch,
)
from engine.photo import open_photo, photo_from_array, save_photo
from tests.engine.batches import ROOT, Black, log_of, run


def test_a_stop_finishes_the_photo_in_hand_and_a_pause_holds(many: BatchJob) -> None:
    control = Control()
    entered, gate = threading.Semaphore(0), threading.Semaphore(0)

    class Slow(Black):
        def fill(self, request, progress=None, cancel=None):
            entered.release()
            assert gate.acquire(timeout=20)
            return super().fill(request, progress, cancel)

    ended = []
    thread = threading.Thread(
        target=lambda: ended.append(run_batch(many, create=Slow, control=control))
    )
    thread.start()
    assert entered.acquire(timeout=20)
    control.pause()
    gate.release()
    assert not entered.acquire(timeout=0.5)  # nothing new while paused
    control.resume()
    assert entered.acquire(timeout=20)
    control.cancel()
    gate.release()
    thread.join(20)
    (summary,) = ended
    assert summary.stopped
    assert summary.count("filled") == 2 == len(log_of(many.output))
    assert len(list(many.output.glob("*.png"))) == 2
    assert run(many).count("filled") == summary.total - 2


# A batch in a process of its own that is slow enough to be interrupted.
SCRIPT = """
import sys, time
sys.path[:0] = [{root!r}]
from pathlib import Path
from engine.batch import BatchJob, MaskRule, run_batch
from tests.engine.batches import Black
import engine.batch.runner as runner
from engine.batch.verb import _interruptible
from engine.batch.tell import Lines
from engine.batch import Control

class Slow(Black):
    def fill(self, *a, **k):
        time.sleep(0.05)
        return super().fill(*a, **k)

control, teller = Control(), Lines(sys.stdout, sys.stderr)
job = BatchJob((Path({photos!r}),), Path({out!r}), MaskRule(file=Path({mask!r})))
with _interruptible(control, teller):
    summary = run_batch(job, create=Slow, control=control, report=teller.report)
sys.exit(130 if summary.stopped else 0)
"""


def start(job: BatchJob) -> subprocess.Popen[str]:
    program = SCRIPT.format(
        root=str(ROOT),
        photos=str(job.inputs[0]),
        out=str(job.output),
        mask=str(job.masks.file),
    )
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_at_any_moment_no_half_file_is_left_and_the_log_is_true(many: BatchJob) -> None:
    for _ in range(3):
        process = start(many)
        assert process.stdout is not None
        for _ in range(2):
            process.stdout.readline()
        process.kill()
        process.communicate()
        for path in many.output.glob("*.png"):
            open_photo(path)  # whole
    assert run(many).count("failed") == 0
    last = {line["photo"]: line for line in log_of(many.output)}
    assert len(last) == 12
    import hashlib

    for line in last.values():
        data = (many.output / line["output"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == line["output_sha256"]
    left = {path.name for path in many.output.iterdir()}
    assert left == {f"{n}.png" for n in range(12)} | {"mien-batch.jsonl", ".mien-batch.lock"}


def test_between_the_log_s_line_and_the_result_s_name(many: BatchJob, monkeypatch) -> None:
    """The worst moment to be killed: the line is there, the result is not."""
    from engine.batch import settle

    class KilledError(BaseException):
        pass

    def killed(*_args, **_options):
        raise KilledError

    monkeypatch.setattr(settle, "_name", killed)
    with pytest.raises(KilledError):
        run(many)
    monkeypatch.undo()
    assert run(many).count("filled") == 12
    assert run(many).count("exists") == 12


def test_a_line_cut_short_does_not_spoil_the_log(many: BatchJob) -> None:
    run(many)
    log = many.output / "mien-batch.jsonl"
    log.write_bytes(log.read_bytes()[:-20])
    assert run(many).count("exists") == 12  # what it no longer knows of is left as it is
    lines = log.read_bytes().splitlines()
    assert len(lines) == 13
    assert json.loads(lines[12])["note"]


def test_ctrl_c_ends_after_the_photo_in_hand(many: BatchJob) -> None:
    process = start(many)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    done = len(list(many.output.glob("*.png")))
    assert 1 <= done < 12
    assert len(log_of(many.output)) == done
    assert not list(many.output.glob(".mien-*.part*"))


def test_memory_stays_flat_over_many_photos(tmp_path: Path) -> None:
    """What a batch holds after nine hundred photos is what it held after one hundred."""
    psutil = pytest.importorskip("psutil")
    photos, mask = tmp_path / "in", tmp_path / "m.png"
    photos.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (180, 240, 3), np.uint8)
    save_photo(photo_from_array(pixels), photos / "0.bmp")
    data = (photos / "0.bmp").read_bytes()
    for number in range(1, 900):
        (photos / f"{number}.bmp").write_bytes(data)
    hole = np.zeros((180, 240), np.uint8)
    hole[50:90, 50:90] = 255
    Image.fromarray(hole).save(mask)
    process, held = psutil.Process(), {}

    def look(status, record):
        assert record.state == "filled"
        held[status.done] = process.memory_info().rss

    run(BatchJob((photos,), tmp_path / "out", MaskRule(file=mask)), report=look)
    assert held[900] <= 1.1 * held[100]


def test_memory_under_way_is_bounded(many: BatchJob) -> None:
    """However many threads: photos that do not fit together are not open together."""
    inside, most, lock = [0], [0], threading.Lock()

    class Counting(Black):
        def find_faces(self, photo, cancel=None):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            with lock:
                inside[0] -= 1
            return ()

    crowd = Workers(4, 4, 4, 4, memory=2 * 50 * 40 * 24)
    run_batch(many, create=Counting, workers=crowd)
    assert most[0] <= 2
    many = replace(many, conflict="overwrite")
    run_batch(many, create=Counting, workers=replace(crowd, memory=10**9))
    assert most[0] > 2


def test_stages_of_different_photos_overlap(many: BatchJob) -> None:
    """Both happen at once, seen by each other: no clock is asked."""
    meeting = threading.Barrier(2, timeout=20)
    first = threading.Event()

    class Meeting(Black):
        def find_faces(self, photo, cancel=None):
            if first.is_set():
                meeting.wait()
            return ()

        def fill(self, request, progress=None, cancel=None):
            if not first.is_set():
                first.set()
                meeting.wait()
            else:
                meeting.abort()
            return super().fill(request, progress, cancel)

    summary = run_batch(many, create=Meeting)
    assert summary.records[0].state == "filled"
