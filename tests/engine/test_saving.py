"""Saving: whole or not at all, links, protection, long names, other programs, what was killed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.base import atomic
from engine.base.atomic import sweep_parts, write_atomically
from engine.base.errors import MienError
from engine.photo import (
    changed_on_disk,
    check_destination,
    check_room,
    open_photo,
    photo_from_array,
    save_losses,
    save_photo,
    stamp_of,
)
from tests.engine.pictures import gradient, painted

ROOT = Path(__file__).parents[2]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    Image.fromarray(gradient()).save(tmp_path / "kept" / "real.png")
    link = tmp_path / "link.png"
    link.symlink_to(Path("kept") / "real.png")
    save_photo(painted(open_photo(link)), link, overwrite=True)
    assert link.is_symlink()
    assert not np.array_equal(open_photo(tmp_path / "kept" / "real.png").pixels, gradient())
    assert [p.name for p in (tmp_path / "kept").iterdir()] == ["real.png"]


def test_a_link_to_nothing_makes_what_it_points_to(tmp_path: Path) -> None:
    link = tmp_path / "link.png"
    link.symlink_to(tmp_path / "new.png")
    save_photo(photo_from_array(gradient()), link)
    assert link.is_symlink()
    assert np.array_equal(open_photo(tmp_path / "new.png").pixels, gradient())


def test_a_write_protected_file_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    path = save_photo(photo_from_array(gradient()), tmp_path / "locked.png")
    before = path.read_bytes()
    path.chmod(0o444)
    for refuse in (
        lambda: check_destination(path, overwrite=True),
        lambda: save_photo(photo_from_array(gradient()[::-1]), path, overwrite=True),
        lambda: write_atomically(path, lambda file: file.write(b"x")),
    ):
        with pytest.raises(MienError, match="write-protected"):
            refuse()
    assert path.read_bytes() == before
    link = tmp_path / "link.png"
    link.symlink_to(path)
    with pytest.raises(MienError, match="write-protected"):
        save_photo(photo_from_array(gradient()), link, overwrite=True)


def test_rights_of_the_old_file_are_kept(tmp_path: Path) -> None:
    path = save_photo(photo_from_array(gradient()), tmp_path / "a.png")
    path.chmod(0o640)
    save_photo(photo_from_array(gradient()), path, overwrite=True)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["가" * 83 + "ab.png", "x" * 251 + ".jpg"])
def test_the_longest_names_can_be_saved(tmp_path: Path, name: str) -> None:
    assert len(name.encode()) == 255
    saved = save_photo(photo_from_array(gradient()), tmp_path / name)
    assert open_photo(saved).size == (64, 48)
    with pytest.raises(MienError, match="too long") as caught:
        save_photo(photo_from_array(gradient()), tmp_path / f"x{name}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "cannot be written to"),
        (errno.EFBIG, "larger than this disk allows"),
        (errno.EIO, "could not be written"),
    ],
)
def test_what_the_disk_says_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    path = save_photo(photo_from_array(gradient()), tmp_path / "a.png")
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("engine.base.atomic.os.fsync", fail)
    with pytest.raises(MienError, match=words) as caught:
        save_photo(photo_from_array(gradient()[::-1]), path, overwrite=True)
    assert str(caught.value).count(".") >= 1
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        Path("/dev/full").write_bytes(b"x" * 100_000)
    with pytest.raises(MienError, match="disk is full"):
        write_atomically(
            tmp_path / "a.png", lambda _: Path("/dev/full").write_bytes(b"x" * 100_000)
        )
    assert not list(tmp_path.iterdir())


KILLED = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from engine.base.atomic import write_atomically
def write(file):
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    time.sleep(60)
write_atomically(Path({path!r}), write)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_what_a_killed_save_left_is_swept_and_the_old_file_stays(tmp_path: Path) -> None:
    path = save_photo(photo_from_array(gradient()), tmp_path / "a.png")
    before = path.read_bytes()
    code = KILLED.format(root=str(ROOT), path=str(path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    assert len(list(tmp_path.iterdir())) == 2
    assert sweep_parts(tmp_path) == 0  # it still runs
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert path.read_bytes() == before
    atomic._swept.discard(tmp_path)
    save_photo(photo_from_array(gradient()), tmp_path / "b.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_another_computers_part_stays_a_day(tmp_path: Path) -> None:
    part = tmp_path / ".mien-00000000-1-0.part"
    part.write_bytes(b"x")
    (tmp_path / ".other-1-0.part").write_bytes(b"x")
    assert sweep_parts(tmp_path) == 0
    old = time.time() - 2 * 86400
    os.utime(part, (old, old))
    assert sweep_parts(tmp_path) == 1
    assert [p.name for p in tmp_path.iterdir()] == [".other-1-0.part"]


def test_a_file_changed_by_another_program_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(gradient()).save(path)
    photo = open_photo(path)
    assert not changed_on_disk(photo.stamp, path)
    os.utime(path)  # touched, not changed
    assert not changed_on_disk(photo.stamp, path)
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(time.time_ns() + 10**9, time.time_ns() + 10**9))
    assert changed_on_disk(photo.stamp, path)
    Image.fromarray(gradient()[::-1].copy()).resize((30, 30)).save(path)
    assert changed_on_disk(photo.stamp, path)
    assert not changed_on_disk(stamp_of(path), path)
    path.unlink()
    assert not changed_on_disk(photo.stamp, path)
    assert not changed_on_disk(None, path)


@pytest.mark.parametrize(("suffix", "side"), [(".jpg", 65501), (".webp", 16384), (".avif", 65536)])
def test_a_side_that_a_format_cannot_hold_is_said(tmp_path: Path, suffix: str, side: int) -> None:
    photo = photo_from_array(np.zeros((side, 1, 3), np.uint8))
    for refuse in (
        lambda: check_room(photo, tmp_path / f"a{suffix}"),
        lambda: save_photo(photo, tmp_path / f"a{suffix}"),
    ):
        with pytest.raises(MienError, match=f"{side - 1:,} pixels a side; save as PNG or TIFF"):
            refuse()
    assert not list(tmp_path.iterdir())
    for other in (".png", ".tif"):
        assert open_photo(save_photo(photo, tmp_path / f"a{other}")).size == (1, side)


@pytest.mark.parametrize("sampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_keeps_how_it_was_made(tmp_path: Path, sampling: int, progressive: bool) -> None:
    from PIL import JpegImagePlugin

    path = tmp_path / "in.jpg"
    Image.fromarray(gradient()).save(
        path, quality=83, subsampling=sampling, progressive=progressive
    )
    saved = save_photo(open_photo(path), tmp_path / "out.jpg")
    with Image.open(saved) as image, Image.open(path) as source:
        assert JpegImagePlugin.get_sampling(image) == sampling
        assert image.quantization == source.quantization
        assert ("progressive" in image.info) == progressive


@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg"])
def test_a_profile_stays_with_pixels_it_fits(tmp_path: Path, suffix: str) -> None:
    from tests.engine.pictures import grey_profile

    Image.fromarray(gradient()).convert("L").save(
        tmp_path / f"in{suffix}", icc_profile=grey_profile()
    )
    photo = painted(open_photo(tmp_path / f"in{suffix}"))
    with Image.open(save_photo(photo, tmp_path / f"out{suffix}")) as image:
        assert image.mode == "L"
        assert image.info["icc_profile"] == grey_profile()
    Image.fromarray(gradient()).save(tmp_path / f"wrong{suffix}", icc_profile=grey_profile())
    wrong = open_photo(tmp_path / f"wrong{suffix}")
    with Image.open(save_photo(wrong, tmp_path / f"right{suffix}")) as image:
        assert image.mode == "RGB"
        assert "icc_profile" not in image.info


def test_losses_are_told_once(tmp_path: Path) -> None:
    assert save_losses(photo_from_array(gradient()), tmp_path / "a.jpg") == []


def test_patches_are_laid_on_one_copy() -> None:
    from engine.inpaint import Patch

    photo = photo_from_array(gradient())
    patches = [
        Patch((x, 4, 8, 8), np.full((8, 8, 3), x, np.uint8), np.full((8, 8), 255, np.uint8), "", 0)
        for x in (2, 6)
    ]
    together = photo.apply(*patches)
    assert np.array_equal(together.pixels, photo.apply(patches[0]).apply(patches[1]).pixels)
    assert photo.apply() is photo
