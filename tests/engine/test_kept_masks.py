"""Masks under names: kept whole, put where a face lies, and what becomes of damaged ones."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.base.errors import MienError
from engine.edit.brought import brought
from engine.edit.kept_masks import (
    KeptMask,
    delete_mask,
    keep_mask,
    kept_masks,
    read_mask,
    rename_mask,
)
from engine.edit.tiles import TiledMask
from engine.face.mesh import NODES
from engine.mask import Mask


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("MIEN_MASKS", str(tmp_path / "보관" / "masks"))
    return tmp_path / "보관" / "masks"


@pytest.fixture
def mask() -> TiledMask:
    pixels = np.zeros((300, 400), np.uint8)
    pixels[120:160, 90:190] = 255
    pixels[118:120, 90:190] = 77
    return TiledMask.of(Mask(pixels))


@pytest.fixture
def mesh() -> np.ndarray:
    return np.random.default_rng(0).uniform((60, 60), (220, 240), (NODES, 2))


def test_what_is_kept_is_there_to_the_bit(mask: TiledMask, mesh: np.ndarray) -> None:
    assert kept_masks() == []  # and no folder either
    keep_mask("안경 ", mask, mesh)
    keep_mask("a/b: *?", mask.inverted(), None)
    first, second = kept_masks()
    assert [first.name, second.name] == ["a/b: *?", "안경"]
    assert read_mask(second).same(mask)
    assert read_mask(first).same(mask.inverted())
    assert first.mesh is None
    assert np.abs(second.mesh - mesh).max() < 0.001
    assert second.size == (400, 300)
    assert first.box == (0, 0, 400, 300)
    assert first.small.shape == (84, 112)
    x, y, width, height = second.box  # of mask and face
    assert x < 60 < 220 < x + width < 260
    assert y < 60 < 240 < y + height < 290
    scale = 112 / max(width, height)
    assert second.small[round((140 - y) * scale), round((140 - x) * scale)] == 255
    assert second.small[round((200 - y) * scale), round((140 - x) * scale)] == 0


def test_one_of_the_same_name_is_replaced(mask: TiledMask, folder: Path) -> None:
    keep_mask("one", mask, None)
    keep_mask("one", mask.inverted(), None)
    (only,) = kept_masks()
    assert read_mask(only).same(mask.inverted())
    assert len(list(folder.iterdir())) == 1


def test_it_is_renamed_and_deleted(mask: TiledMask, mesh: np.ndarray, folder: Path) -> None:
    one, _ = keep_mask("one", mask, mesh), keep_mask("two", mask, None)
    with pytest.raises(MienError, match="'two' already"):
        rename_mask(one, "two")
    with pytest.raises(MienError, match="needs a name"):
        rename_mask(one, "  ")
    rename_mask(one, "glasses")
    assert [kept.name for kept in kept_masks()] == ["glasses", "two"]
    assert read_mask(kept_masks()[0]).same(mask)
    delete_mask(one)
    delete_mask(one)  # that it is gone is what was wanted
    assert [kept.name for kept in kept_masks()] == ["two"]
    with pytest.raises(MienError, match="not there any more"):
        read_mask(one)
    with pytest.raises(MienError, match="not there any more"):
        rename_mask(one, "three")


def test_nothing_and_no_name_are_not_kept(mask: TiledMask) -> None:
    with pytest.raises(MienError, match="Nothing is masked"):
        keep_mask("none", TiledMask((40, 30)), None)
    with pytest.raises(MienError, match="needs a name"):
        keep_mask(" ", mask, None)
    assert kept_masks() == []


def test_a_folder_that_cannot_be_made_is_said(mask: TiledMask, folder: Path) -> None:
    folder.parent.write_text("a file where a folder should be")
    with pytest.raises(MienError, match="choose one that exists"):
        keep_mask("one", mask, None)
    assert kept_masks() == []


@pytest.mark.parametrize(
    "harm", ["cut", "empty", "size", "mesh", "name", "box", "no small", "text"]
)
def test_a_damaged_one_is_listed_last_to_be_deleted(
    mask: TiledMask, mesh: np.ndarray, harm: str
) -> None:
    broken = keep_mask("a broken one", mask, mesh)
    keep_mask("whole", mask, None)
    spoil(broken, harm)
    whole, damaged = kept_masks()
    assert whole.name == "whole"
    assert "damaged" in damaged.trouble
    delete_mask(damaged)
    assert [kept.name for kept in kept_masks()] == ["whole"]


def spoil(kept: KeptMask, harm: str) -> None:
    data = kept.path.read_bytes()
    if harm in ("cut", "empty"):
        kept.path.write_bytes(data[: len(data) // 2] if harm == "cut" else b"")
        return
    with zipfile.ZipFile(kept.path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(files["mask.json"])
    changes = {
        "size": {"size": [-3, 10**9]},
        "mesh": {"mesh": [[1, 2]]},
        "name": {"name": 7},
        "box": {"box": [0, 0, 0, 10**9]},
    }
    files["mask.json"] = json.dumps(told | changes.get(harm, {})).encode()
    if harm == "text":
        files["mask.json"] = b"not JSON"
    if harm == "no small":
        files["small.png"] = b"no picture"
    with zipfile.ZipFile(kept.path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def test_a_mask_that_does_not_fit_its_photo_is_refused(mask: TiledMask) -> None:
    kept = keep_mask("one", mask, None)
    smaller = KeptMask(kept.path, kept.name, (100, 100))
    with pytest.raises(MienError, match="'one' is damaged"):
        read_mask(smaller)


# Brought to a photo.


def test_it_goes_where_the_face_lies(mask: TiledMask, mesh: np.ndarray) -> None:
    there = mesh * 0.5 + (300, 20)
    moved = brought(mask, mesh, there, (500, 200))
    x, y, width, height = moved.bounds
    assert (x, y) == pytest.approx((345, 80), abs=1)
    assert (width, height) == pytest.approx((50, 20), abs=2)


def test_on_its_own_face_every_pixel_stays(mask: TiledMask, mesh: np.ndarray) -> None:
    found_again = mesh + np.random.default_rng(1).normal(0, 0.2, mesh.shape)
    assert brought(mask, mesh, found_again, mask.size) is mask
    assert brought(mask, None, None, mask.size) is mask
    assert brought(mask, mesh, None, mask.size) is mask
    assert not brought(mask, mesh, mesh + np.array([3, 0]), mask.size).same(mask)


def test_without_a_face_it_is_as_large_as_the_photo(mask: TiledMask) -> None:
    moved = brought(mask, None, None, (800, 700))  # twice as large, and higher
    x, y, width, height = moved.bounds
    assert (x, y) == pytest.approx((180, 50 + 236), abs=2)
    assert (width, height) == pytest.approx((200, 84), abs=3)
