"""Files that other programs keep beside photos: left alone, and copied where that is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.batch import BatchJob, MaskRule
from engine.batch.sidecars import sidecars_of
from engine.mask.file import save_mask
from engine.photo.xmp import REGIONS
from tests.engine.batches import MASK, log_of, run, states
from tests.engine.pictures import packet

PAINTED = {"dc": "http://purl.org/dc/elements/1.1/", "tiff": "http://ns.adobe.com/tiff/1.0/"}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A turned photo with side files of every kind, and one that lies as it should with none."""
    folder = tmp_path / "in"
    folder.mkdir()
    exif = Image.Exif()
    exif[274] = 6
    grey = np.full((50, 40, 3), 90, np.uint8)
    Image.fromarray(grey).save(folder / "IMG_1.jpg", exif=exif)
    Image.fromarray(np.swapaxes(grey, 0, 1)).save(folder / "b.png")
    said = packet({"t": PAINTED["tiff"], "r": REGIONS}, 't:Orientation="6"')
    (folder / "IMG_1.xmp").write_bytes(said)
    (folder / "IMG_1.jpg.XMP").write_bytes(b"no XML")
    for name in ("IMG_1.jpg.pp3", "IMG_1.jpg.dop", "IMG_1.jpg.supplemental-metadata.json"):
        (folder / name).write_text(name)
    for name in ("IMG_1.AAE", "IMG_10.xmp", "notes.json", "IMG_1.jpg.txt"):
        (folder / name).write_text("somebody else's")
    save_mask(MASK, tmp_path / "mask.png")
    return folder


@pytest.fixture
def job(photos: Path, tmp_path: Path) -> BatchJob:
    return BatchJob((photos,), tmp_path / "out", MaskRule(file=tmp_path / "mask.png"))


def below(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}


def test_they_are_left_alone_unless_asked_for(job: BatchJob, photos: Path) -> None:
    before = below(photos)
    assert states(run(job)) == {"IMG_1.jpg": "filled", "b.png": "filled"}
    assert sorted(below(job.output)) == ["IMG_1.jpg", "b.png", "mien-batch.jsonl"]
    assert below(photos) == before


def test_they_go_with_the_result_under_its_name(job: BatchJob, photos: Path) -> None:
    before = below(photos)
    run(replace(job, sidecars=True, format="png", name="{stem}-filled"))
    after = below(job.output)
    assert sorted(after) == [
        "IMG_1-filled.png",
        "IMG_1-filled.png.dop",
        "IMG_1-filled.png.json",
        "IMG_1-filled.png.pp3",
        "IMG_1-filled.png.xmp",
        "IMG_1-filled.xmp",
        "b-filled.png",
        "mien-batch.jsonl",
    ]
    assert after["IMG_1-filled.png.pp3"] == b"IMG_1.jpg.pp3"
    assert after["IMG_1-filled.png.xmp"] == b"no XML"
    # The result stands upright, and so it is said.
    assert b't:Orientation="1"' in after["IMG_1-filled.xmp"]
    assert below(photos) == before
    line = next(line for line in log_of(job.output) if line["photo"] == "IMG_1.jpg")
    assert line["turned"] == [6, 40, 50]
    assert sorted(line["sidecars"]) == sorted(name for name in after if "IMG_1-filled" in name)[1:]


def test_a_photo_that_is_left_on_its_side_keeps_its_word(job: BatchJob) -> None:
    run(replace(job, sidecars=True, lying=True))
    assert b't:Orientation="6"' in (job.output / "IMG_1.xmp").read_bytes()
    with Image.open(job.output / "IMG_1.jpg") as image:
        assert image.getexif()[274] == 6


def test_what_is_there_is_not_replaced_unasked(job: BatchJob) -> None:
    job.output.mkdir()
    (job.output / "IMG_1.xmp").write_text("mine")
    run(replace(job, sidecars=True))
    assert (job.output / "IMG_1.xmp").read_text() == "mine"
    assert (job.output / "IMG_1.jpg.pp3").exists()
    line = [line for line in log_of(job.output) if line["photo"] == "IMG_1.jpg"][-1]
    assert "IMG_1.xmp exists now; it was left as it is." in line["note"]
    assert "IMG_1.xmp" not in line["sidecars"]
    run(replace(job, sidecars=True, conflict="overwrite"))
    assert (job.output / "IMG_1.xmp").read_text() != "mine"


@pytest.mark.parametrize(
    ("photo", "json"),
    [
        ("a.jpg", "a.jpg.json"),
        ("a.jpg", "a.jpg.supplemental-metadata.json"),
        ("a.jpg", "a.jpg.suppl.json"),
        ("a(1).jpg", "a.jpg(1).json"),
        ("a(2).jpg", "a.jpg.supplemental-metadata(2).json"),
        ("PXL_20230101_123456789.PORTRAIT-01.COVER_and_on.jpg", ""),
    ],
)
def test_takeouts_json_is_found_in_all_its_spellings(tmp_path: Path, photo: str, json: str) -> None:
    json = json or f"{photo[:46]}.json"
    (tmp_path / json).touch()
    (tmp_path / "other.json").touch()
    found = sidecars_of(tmp_path / photo, tmp_path / "out" / "r.jpg")
    assert found == [(tmp_path / json, tmp_path / "out" / "r.jpg.json")]


def test_a_name_is_the_same_however_its_letters_are_put_together(tmp_path: Path) -> None:
    (tmp_path / "cafe\u0301.xmp").touch()
    found = sidecars_of(tmp_path / "caf\u00e9.jpg", tmp_path / "out" / "r.jpg")
    assert [source.name for source, _ in found] == ["cafe\u0301.xmp"]


def test_side_files_that_a_stopped_run_owes_come_when_it_goes_on(job: BatchJob) -> None:
    job = replace(job, sidecars=True)
    run(job)
    owed = job.output / "IMG_1.jpg.pp3"
    owed.unlink()
    assert states(run(job))["IMG_1.jpg"] == "filled"
    assert owed.read_text() == "IMG_1.jpg.pp3"
    assert states(run(job))["IMG_1.jpg"] == "exists"
