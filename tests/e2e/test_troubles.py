"""What users of such programs ran into elsewhere: lists with gaps, disks without modes, pipes that
close, names with line breaks, and kinds of files that are not read."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

import engine.fill
import main
from engine.base import atomic
from engine.base.errors import MienError
from engine.batch import BatchJob, run_batch
from engine.batch.inputs import passed_over, read_list
from engine.batch.job import MaskRule
from engine.batch.tell import one_line
from engine.photo import open_photo, save_photo
from tests.e2e.painter import Painter
from tests.e2e.test_files import hole, picture
from training.sources import find_sources

ROOT = Path(__file__).parents[2]


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Painter:
    painter = Painter()
    monkeypatch.setattr(engine.fill, "create_inpainter", lambda *_: painter)
    return painter


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two photos in `in`, a mask for all."""
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "b.jpg"):
        Image.fromarray(picture()).save(tmp_path / "in" / name)
    Image.fromarray(hole()).save(tmp_path / "m.png")
    return tmp_path


def batch(files: Path, *inputs: Path, **more: object) -> dict[str, str]:
    """What becomes of each photo."""
    job = BatchJob(inputs or (files / "in",), files / "out", MaskRule(file=files / "m.png"), **more)
    summary = run_batch(job, create=Painter)
    return {record.photo: record.error or record.state for record in summary.records}


def test_one_path_of_a_list_that_is_gone_stops_nothing(files: Path) -> None:
    places = [files / "in" / name for name in ("a.jpg", "moved-away.jpg", "b.jpg")]
    ended = batch(files, *places)
    assert (ended["a.jpg"], ended["b.jpg"]) == ("filled", "filled")
    assert ended["moved-away.jpg"].startswith("There is no file")
    with pytest.raises(MienError, match="There is no"):
        batch(files, files / "in" / "moved-away.jpg")
    with pytest.raises(MienError, match="There is no"):
        batch(files, files / "in", files / "no-folder")


def test_a_list_may_part_its_paths_by_nuls() -> None:
    text = "a.jpg\0with\na break.jpg\0# no comment.jpg\0"
    assert [str(path) for path in read_list(text, Path("x"))] == [
        "x/a.jpg",
        "x/with\na break.jpg",
        "x/# no comment.jpg",
    ]


def test_kinds_that_are_not_read_are_named_and_side_files_are_not(
    files: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("c.jp2", "deep/d.xcf", "._e.jp2", "a.jpg.xmp", "a.jpg.pp3", "b.MOV", "IMG_1.AAE"):
        (files / "in" / name).parent.mkdir(exist_ok=True)
        (files / "in" / name).write_text("{}")
    job = BatchJob((files / "in", files / "in" / "a.jpg"), files / "out", MaskRule())
    assert passed_over(job) == ["c.jp2", "deep/d.xcf"]
    code = main.main(
        [
            "batch",
            str(files / "in"),
            "--marker",
            "#123456",
            "-o",
            str(files / "out"),
            "--model=prior",
        ]
    )
    assert code == 2  # nothing is marked
    told = capfd.readouterr().err
    assert "2 files of unread kinds were passed over: c.jp2, deep/d.xcf." in told


@pytest.mark.parametrize("call", ["chmod", "fsync"])
def test_disks_without_modes_and_without_fsync(
    files: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        number = errno.EPERM if call == "chmod" else errno.EINVAL
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(atomic.os, call, refuse)
    photo = open_photo(files / "in" / "a.jpg")
    save_photo(photo, files / "in" / "b.jpg", overwrite=True)
    assert batch(files) == {"a.jpg": "filled", "b.jpg": "filled"}
    assert sorted(path.name for path in (files / "in").iterdir()) == ["a.jpg", "b.jpg"]


def test_a_disk_that_lost_what_was_written_is_still_an_error(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(atomic.os, "fsync", lose)
    with pytest.raises(MienError, match="could not be written"):
        save_photo(open_photo(files / "in" / "a.jpg"), files / "out.jpg")


def test_a_sentence_names_the_result_and_not_its_hidden_name(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, _: object) -> None:
        raise MienError(f"The disk is full; free some space and save {path.name} again.")

    monkeypatch.setattr("engine.photo.file.write_atomically", refuse)

    ended = batch(files, files / "in" / "a.jpg")
    assert ended == {"a.jpg": "The disk is full; free some space and save a.jpg again."}


def test_a_closed_console_is_no_reason_to_fill_nothing(files: Path) -> None:
    # A list that matches nothing ends before a network is loaded: exit code 2, and no traceback.
    words = f"{sys.executable} {ROOT / 'main.py'} batch {files / 'in'} --masks {files / 'in'}"
    done = subprocess.run(
        ["sh", "-c", f"{words} -o {files / 'out'} --model prior >&- 2>{files / 'err'}"], check=False
    )
    assert done.returncode == 2
    assert "Traceback" not in (files / "err").read_text()


def test_a_refusal_is_json_where_json_is_asked_for(
    files: Path, painter: Painter, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["inpaint", str(files / "in" / "a.jpg"), "--mask", str(files / "m.png"), "--json"]
    assert main.main([*base, "-o", str(files / "no" / "such" / "x.jpg")]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["event"] == "error"
    assert told["message"].startswith("There is no folder")
    assert main.main([*base, "-o", str(files / "x.jpg"), "--seed", "much"]) == 2
    assert json.loads(capsys.readouterr().out)["event"] == "error"
    assert main.main([*base, "-o", str(files / "x.jpg")]) == 0
    assert json.loads(capsys.readouterr().out)["outside"] == "identical"


def test_the_exit_code_is_true_behind_a_pipe_that_closed(
    files: Path, painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        base = ["inpaint", str(files / "in" / "a.jpg"), "--mask", str(files / "m.png")]
        assert main.main([*base, "-o", str(files / "x.jpg")]) == 0
    assert (files / "x.jpg").exists()


def test_a_model_that_fills_nothing_is_refused_once(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["batch", str(files / "in"), "--masks", str(files / "m.png"), "--model", "locator"]
    assert main.main([*arguments, "-o", str(files / "out")]) == 1
    told = capsys.readouterr()
    assert told.err.count("fills nothing") == 1
    assert not (files / "out").exists()


def test_a_line_break_in_a_name_is_written_out() -> None:
    assert one_line("new\nline\x1b[2J.jpg: filled") == "new\\nline\\x1b[2J.jpg: filled"
    assert one_line("사진 é 😀.jpg") == "사진 é 😀.jpg"


def test_training_reads_what_filling_reads(files: Path) -> None:
    image = Image.fromarray(picture())
    pillow_heif.from_pillow(image).save(files / "in" / "c.HEIC", quality=90)
    image.save(files / "in" / "d.avif", quality=90)
    (files / "in" / "e.heic").write_bytes(b"no photo")
    found = {source.name: source.read() for source in find_sources(files / "in")}
    assert sorted(found) == ["a.jpg", "b.jpg", "c.HEIC", "d.avif", "e.heic"]
    assert found["e.heic"] is None
    for name in ("c.HEIC", "d.avif"):
        pixels = found[name]
        assert pixels is not None
        assert abs(pixels.astype(int) - picture()).mean() < 6
