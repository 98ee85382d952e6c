"""Batches: what is filled, what is reported, and that nothing is ever overwritten unasked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.batch import (
    BatchJob,
    Control,
    MaskRule,
    NothingMatchedError,
    Workers,
    plan_batch,
    run_batch,
)
from engine.batch.log import locked
from engine.errors import MienError
from engine.inpaint import FillOptions, FillResult, Patch
from engine.mask import Mask, Stroke
from engine.mask_file import save_mask
from engine.photo import open_photo, photo_from_array, save_photo

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


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    photos, masks = tmp_path / "photos", tmp_path / "masks"
    (photos / "가족").mkdir(parents=True)
    masks.mkdir()
    for name in ("a.png", "b.jpg", "가족/c.png", "unmasked.png"):
        save_photo(GREY, photos / name)
    (photos / "broken.jpg").write_bytes(b"no photo")
    for name in ("a", "b", "c", "broken"):
        save_mask(MASK, masks / f"{name}.png")
    return photos, masks, tmp_path / "out"


@pytest.fixture
def job(folders) -> BatchJob:
    photos, masks, out = folders
    return BatchJob((photos,), out, MaskRule(folder=masks))


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


def test_results_and_masks_inside_the_folder_are_no_photos(job: BatchJob) -> None:
    photos = job.inputs[0]
    inside = photos / "masks"
    assert job.masks.folder is not None
    job.masks.folder.rename(inside)
    job = replace(job, output=photos / "out", masks=MaskRule(folder=inside))
    assert len(run(job).records) == len(run(job).records) == 5


def test_a_mask_beside_its_photo_is_no_photo(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    for name in ("a.jpg", "b.jpg", "pair.jpg", "pair.png"):
        save_photo(photo_from_array(noise), photos / name)
    save_mask(MASK, photos / "a.png")
    Image.fromarray(MASK.pixels).save(photos / "B_Mask.JPG", quality=80)
    for rule in (MaskRule(folder=photos), MaskRule()):
        items = plan_batch(BatchJob((photos,), tmp_path / "out", rule))
        assert {item.name for item in items} == {"a.jpg", "b.jpg", "pair.jpg", "pair.png"}
        masks = {item.name: item.mask.name for item in items if item.mask is not None}
        assert masks.items() >= {"a.jpg": "a.png", "b.jpg": "B_Mask.JPG"}.items()
    # A mask whose photo is elsewhere is none, either; a photo that is called so is.
    save_mask(MASK, photos / "gone_mask.png")
    save_photo(photo_from_array(noise), photos / "carnival_mask.png")
    names = {item.name for item in plan_batch(BatchJob((photos,), tmp_path / "out"))}
    assert "gone_mask.png" not in names
    assert "carnival_mask.png" in names
    (photos / "carnival_mask.png").unlink()
    # With a rule, too: what looks like a mask and is called like one is passed over.
    items = plan_batch(BatchJob((photos,), tmp_path / "out", MaskRule(parts=("eyes",))))
    assert len(items) == 4


def test_two_photos_of_one_stem_are_not_each_other_s_masks(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "a.png", "b.jpg"):
        save_photo(photo_from_array(noise), tmp_path / "in" / name)
    save_mask(MASK, tmp_path / "in" / "b.png")
    summary = run(BatchJob((tmp_path / "in",), tmp_path / "out"))
    assert states(summary) == {"a.jpg": "no mask", "a.png": "no mask", "b.jpg": "filled"}


def test_names_are_compared_in_one_form_and_any_case(tmp_path: Path) -> None:
    def nfc(text):
        return unicodedata.normalize("NFC", text)

    def nfd(text):
        return unicodedata.normalize("NFD", text)

    photos, masks = tmp_path / "in", tmp_path / "masks"
    (photos / nfd("가족")).mkdir(parents=True)
    (masks / nfc("가족")).mkdir(parents=True)
    for photo, mask in (
        (nfc("할머니.jpg"), nfd("할머니.png")),
        (nfd("Müller.jpg"), nfc("MÜLLER.PNG")),
        ("b.jpg", "b.jpg.png"),
        ("c.jpg", "C_mask.Png"),
        (nfd("가족") + "/d.jpg", nfc("가족") + "/d.png"),
    ):
        save_photo(GREY, photos / photo)
        pixels = Image.fromarray(MASK.pixels)
        pixels.save(masks / mask)
    for side in ("._b.jpg", ".b.jpg", "Thumbs.db"):
        (photos / side).write_bytes(b"\0\5\x16\7")
    (photos / "@eaDir").mkdir()
    save_photo(GREY, photos / "@eaDir" / "b.jpg")
    summary = run(BatchJob((photos,), tmp_path / "out", MaskRule(folder=masks)))
    assert len(summary.records) == 5
    assert {record.state for record in summary.records} == {"filled"}


def test_a_pattern_of_one_s_own(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "masks").mkdir()
    for stem in ("a", "b"):
        save_photo(GREY, tmp_path / "in" / f"{stem}.jpg")
        save_mask(MASK, tmp_path / "masks" / f"m {stem} alpha.png")
    job = BatchJob((tmp_path / "in",), tmp_path / "out", MaskRule(folder=tmp_path / "masks"))
    with pytest.raises(NothingMatchedError, match=r"--mask-pattern 'm \{stem\} alpha\.\*'"):
        run(job)
    rule = replace(job.masks, patterns=("m {stem} alpha.*",))
    assert run(replace(job, masks=rule)).count("filled") == 2
    for wrong in ("fixed.png", "{date}.png", "{stem"):
        with pytest.raises(MienError, match="pattern"):
            MaskRule(patterns=(wrong,))


def test_one_mask_for_all_and_lists_of_photos(job: BatchJob) -> None:
    photos = job.inputs[0]
    one = photos / "one.png"
    save_mask(MASK, one)
    rule = MaskRule(file=one)
    listed = replace(job, inputs=(photos / "a.png", photos / "가족", one), masks=rule)
    summary = run(listed)
    assert states(summary) == {"a.png": "filled", "c.png": "filled"}


def test_transparent_areas_are_filled_and_become_opaque(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pixels = np.full((40, 50, 4), 90, np.uint8)
    pixels[..., 3] = 255
    pixels[10:20, 10:20, 3], pixels[10:20, 20, 3] = 0, 128
    save_photo(photo_from_array(pixels), tmp_path / "in" / "a.png")
    save_photo(GREY, tmp_path / "in" / "whole.jpg")
    summary = run(BatchJob((tmp_path / "in",), tmp_path / "out", MaskRule(transparent=True)))
    assert states(summary) == {"a.png": "filled", "whole.jpg": "nothing"}
    filled = open_photo(tmp_path / "out" / "a.png").pixels
    assert filled.shape[2] == 3 or filled[..., 3].min() == 255
    assert filled[15, 15, :3].max() == 0
    assert filled[5, 5, :3].tolist() == [90, 90, 90]


def test_a_marker_s_colour_is_found_with_its_rim(tmp_path: Path) -> None:
    import cv2

    rng = np.random.default_rng(3)
    photo = cv2.GaussianBlur(rng.integers(60, 200, (300, 300, 3), np.uint8), (0, 0), 9)
    marked = photo.copy()
    cv2.circle(marked, (150, 150), 40, (255, 0, 0), -1, cv2.LINE_AA)
    (tmp_path / "in").mkdir()
    Image.fromarray(marked).save(tmp_path / "in" / "a.jpg", quality=80)
    summary = run(BatchJob((tmp_path / "in",), tmp_path / "out", MaskRule(marker="red")))
    assert states(summary) == {"a.jpg": "filled"}
    filled = open_photo(tmp_path / "out" / "a.jpg").pixels.astype(int)
    redness = filled[..., 0] - filled[..., 1:].max(2)
    assert redness.max() < 60  # nothing of the marker is left
    far = np.hypot(*(np.mgrid[:300, :300] - 150)) > 52
    assert np.abs(filled - photo)[far].mean() < 4
    with pytest.raises(MienError, match="no colour"):
        MaskRule(marker="reddish")


def test_results_are_named_and_converted_and_never_share_a_name(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    for name in ("a.jpg", "a.png", "A.bmp"):
        save_photo(photo_from_array(noise), tmp_path / "in" / name)
    mask = tmp_path / "m.png"
    save_mask(MASK, mask)
    job = BatchJob(
        (tmp_path / "in",), tmp_path / "out", MaskRule(file=mask), format="webp", name="{stem}-x"
    )
    assert run(job).count("filled") == 3
    made = {path.name.casefold() for path in job.output.glob("*.webp")}
    assert made == {"a-x.webp", "a-x-2.webp", "a-x-3.webp"}
    assert Image.open(next(job.output.glob("*.webp"))).format == "WEBP"
    assert run(job).count("exists") == 3
    for wrong in ({"name": "same"}, {"name": "{stem}/x"}, {"format": "exe"}, {"quality": 0}):
        with pytest.raises(MienError):
            replace(job, **wrong)


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


@pytest.fixture
def many(tmp_path: Path) -> BatchJob:
    photos = tmp_path / "many"
    photos.mkdir()
    for number in range(12):
        save_photo(
            photo_from_array(np.full((40, 50, 3), number, np.uint8)), photos / f"{number}.png"
        )
    mask = tmp_path / "mask.png"
    save_mask(MASK, mask)
    return BatchJob((photos,), tmp_path / "filled", MaskRule(file=mask))


# A batch in a process of its own that is slow enough to be interrupted.
SCRIPT = """
import sys, time
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from test_batch import Black, MaskRule, BatchJob, run_batch
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
        tests=str(Path(__file__).parent),
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
