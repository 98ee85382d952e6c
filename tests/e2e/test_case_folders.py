"""Masks, folders and names as people have them: what is found, what is refused and how."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.cases import Cases
from tests.e2e.painter import Painter

GREY = 128  # what the painter paints, of 255


@pytest.mark.parametrize(
    "name",
    ["red", "black", "grey12"],  # on transparency, on transparency over white, on a dark ground
)
def test_what_is_drawn_is_the_hole_and_all_of_it_is_filled(cases: Cases, name: str) -> None:
    painter = Painter()
    ran = cases.run(f"15-masks/out_{name}.png", painter)
    assert ran.code == 0, ran.err
    drawn = cases.hole("23-options/m.png")
    assert np.array_equal(painter.requests[0].mask.pixels, np.where(drawn, 255, 0))
    after, before = cases.picture(f"15-masks/out_{name}.png"), cases.picture("15-masks/p.png")
    assert np.array_equal(after[~drawn], before[~drawn])
    assert np.abs(after[drawn].astype(int) - GREY).max() <= 1


@pytest.mark.parametrize(("name", "way_out"), [("inverted", "--invert"), ("full", "--yes")])
def test_a_mask_of_nearly_all_is_refused_with_a_way_out(
    cases: Cases, name: str, way_out: str
) -> None:
    painter = Painter()
    ran = cases.run(f"15-masks/out_{name}.png", painter)
    assert ran.code == 1
    assert f"{name}.png" in ran.err
    assert way_out in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert not painter.requests
    assert not ran.result.exists()


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def is_filled(path: Path) -> bool:
    """Whether the middle of the small portrait's mouth is the painter's grey, and no more is."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    off = np.abs(pixels - GREY).max(2)
    return bool(off[240:258, 190:212].max() <= 8 and off[300:].mean() > 20)


@pytest.mark.parametrize(
    ("case", "photos"),
    [
        ("16-batch-nfd", {"할머니.jpg", "Müller.jpg"}),
        ("17-batch-apple", {"a.jpg"}),
        ("18-batch-one-folder", {"a.jpg"}),
        ("19-batch-mask-names", {"a.jpg", "b.jpg", "c.jpg"}),
    ],
)
def test_every_photo_finds_its_mask_and_nothing_else_is_one(
    cases: Cases, case: str, photos: set[str]
) -> None:
    ran = cases.run(f"{case}/out", Painter())
    assert ran.code == 0, ran.err
    assert f"{len(photos)} filled, 0 failed, 0 without a mask" in ran.out
    # Beside the results there are the batch's log and its lock.
    results = [path for path in ran.result.iterdir() if "mien-batch" not in path.name]
    assert {nfc(path.name) for path in results} == {nfc(name) for name in photos}
    assert all(is_filled(path) for path in results)


def test_a_code_page_without_the_names_ends_no_batch(cases: Cases) -> None:
    """A console of Western Windows, and photos with Korean names."""
    ran = cases.run("20-batch-code-page/out", Painter(), encoding="cp1252")
    assert ran.code == 0, ran.err
    assert "3 filled, 0 failed" in ran.out
    assert r"\uc0ac\uc9c4.jpg: filled" in ran.out
    for name in ("a.jpg", "사진.jpg", "한.jpg"):
        assert is_filled(ran.result / name)


def test_a_name_as_long_as_the_disk_takes_is_saved(cases: Cases) -> None:
    ran = cases.run(f"22-names/{'가' * 80}x.jpg", Painter())
    assert ran.code == 0, ran.err
    assert is_filled(ran.result)
    beside = {path.name for path in ran.result.parent.iterdir()}
    assert not [name for name in beside if name.endswith((".part", ".tmp"))]


def test_a_link_stays_one_and_its_target_is_filled(cases: Cases) -> None:
    ran = cases.run("22-names/link.jpg", Painter())
    assert ran.code == 0, ran.err
    assert ran.result.is_symlink()
    assert is_filled(cases.folder / "22-names/kept/real.jpg")


def test_a_write_protected_photo_stays(cases: Cases) -> None:
    """Also where the administrator asks, to whom the system itself refuses nothing."""
    before = (cases.folder / "22-names/locked.jpg").read_bytes()
    ran = cases.run("22-names/locked.jpg", Painter())
    assert ran.code == 1
    assert "write-protected" in ran.err
    assert ran.result.read_bytes() == before
    assert not is_filled(ran.result)
