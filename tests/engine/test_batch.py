"""Batches: what is filled, what is reported, and that nothing is ever overwritten unasked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.batch import run_batch
from engine.errors import MienError
from engine.inpaint import FillResult, Patch
from engine.mask import Mask, Stroke, save_mask
from engine.photo import open_photo, photo_from_array, save_photo


class Black:
    """Paints holes black, at once: batches are about files, not about faces."""

    def fill(self, request, progress=None, cancel=None) -> FillResult:
        height, width = request.mask.pixels.shape
        patch = Patch(
            (0, 0, width, height),
            np.zeros((height, width, 3), np.uint8),
            request.mask.pixels,
            "texture",
            0.0,
        )
        return FillResult((patch,), (), "black", "cpu", 0.0)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    photos, masks = tmp_path / "photos", tmp_path / "masks"
    (photos / "가족").mkdir(parents=True)
    masks.mkdir()
    grey = photo_from_array(np.full((40, 50, 3), 90, np.uint8))
    for name in ("a.png", "b.jpg", "가족/c.png", "unmasked.png"):
        save_photo(grey, photos / name)
    (photos / "broken.jpg").write_bytes(b"no photo")
    mask = Mask.from_strokes((50, 40), [Stroke(np.array([[25.0, 20.0]]), 6)])
    for name in ("a", "b", "c", "broken"):
        save_mask(mask, masks / f"{name}.png")
    return photos, masks, tmp_path / "out"


def test_good_photos_are_filled_and_bad_ones_reported(folders) -> None:
    photos, masks, out = folders
    told = []
    summary = run_batch(photos, masks, out, report=lambda *row: told.append(row), inpainter=Black())
    states = {o.photo: o.state for o in summary.outcomes}
    assert states == {
        "a.png": "filled",
        "b.jpg": "filled",
        str(Path("가족/c.png")): "filled",
        "unmasked.png": "no mask",
        "broken.jpg": "failed",
    }
    assert [row[:2] for row in told] == [(n, 5) for n in range(1, 6)]
    assert open_photo(out / "가족" / "c.png").pixels[20, 25].max() == 0
    assert open_photo(out / "a.png").pixels[0, 0, 0] == 90
    broken = next(o for o in summary.outcomes if o.state == "failed")
    assert "broken.jpg" in broken.error
    assert json.loads(json.dumps(summary.as_dict()))["failed"] == 1


def test_a_second_run_goes_on_where_the_first_was(folders) -> None:
    photos, masks, out = folders
    run_batch(photos, masks, out, inpainter=Black())
    (out / "a.png").unlink()
    summary = run_batch(photos, masks, out, inpainter=Black())
    assert (summary.count("filled"), summary.count("exists")) == (1, 2)
    summary = run_batch(photos, masks, out, overwrite=True, inpainter=Black())
    assert summary.count("filled") == 3


def test_the_photos_themselves_are_never_the_target(folders) -> None:
    photos, masks, _ = folders
    before = (photos / "a.png").read_bytes()
    with pytest.raises(MienError, match="another folder"):
        run_batch(photos, masks, photos, overwrite=True, inpainter=Black())
    assert (photos / "a.png").read_bytes() == before


def test_results_and_masks_inside_the_folder_are_no_photos(folders) -> None:
    photos, masks, _ = folders
    inside = photos / "masks"
    masks.rename(inside)
    first = run_batch(photos, inside, photos / "out", inpainter=Black())
    again = run_batch(photos, inside, photos / "out", inpainter=Black())
    assert len(first.outcomes) == len(again.outcomes) == 5


@pytest.mark.parametrize("missing", [0, 1])
def test_missing_folders_are_named(folders, missing: int) -> None:
    places = list(folders)
    places[missing] = places[missing] / "none"
    with pytest.raises(MienError, match="no folder"):
        run_batch(*places, inpainter=Black())
