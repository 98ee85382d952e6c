"""A batch does with a mask what a single fill does: refuse, turn round, grow."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from engine.base.errors import MienError
from engine.batch import BatchJob, MaskRule
from engine.mask import Mask
from engine.mask.file import marker_values
from engine.mask.grow import auto_grow, parse_grow
from tests.engine.batches import log_of, run

SIZE = 120
DISC = np.hypot(*np.mgrid[-60:60, -60:60]) < 24


@pytest.fixture
def hugged(tmp_path: Path) -> BatchJob:
    """A dark disc with a soft rim on light ground, and a mask that ends where the disc does."""
    photos, masks = tmp_path / "in", tmp_path / "masks"
    photos.mkdir()
    masks.mkdir()
    disc = Image.fromarray(np.where(DISC, 20, 210).astype(np.uint8))
    disc.filter(ImageFilter.GaussianBlur(2)).convert("RGB").save(photos / "a.png")
    Image.fromarray(DISC.astype(np.uint8) * 255).save(masks / "a.png")
    return BatchJob((photos,), tmp_path / "out", MaskRule(folder=masks))


def filled(job: BatchJob) -> np.ndarray:
    """Where the only result is black, as the tests' inpainter fills."""
    return np.asarray(Image.open(job.output / "a.png")).max(2) == 0


def with_mask(job: BatchJob, pixels: np.ndarray) -> None:
    assert job.masks.folder is not None
    Image.fromarray(pixels.astype(np.uint8)).save(job.masks.folder / "a.png")


def test_a_mask_that_hugs_is_grown_as_a_single_fill_grows_it(hugged: BatchJob) -> None:
    run(hugged)
    rgb = np.asarray(Image.open(hugged.inputs[0] / "a.png"))
    grown, by = auto_grow(rgb, Mask(DISC.astype(np.uint8) * 255))
    assert by >= 2
    assert np.array_equal(filled(hugged), grown.pixels == 255)
    assert log_of(hugged.output)[-1]["grown"] == by


@pytest.mark.parametrize("px", [0, 5])
def test_a_mask_is_grown_by_what_was_asked(hugged: BatchJob, px: int) -> None:
    job = replace(hugged, masks=replace(hugged.masks, grow=px))
    run(job)
    wanted = Mask(DISC.astype(np.uint8) * 255).grow(px).pixels == 255
    assert np.array_equal(filled(job), wanted)
    assert log_of(job.output)[-1].get("grown", 0) == px


@pytest.mark.parametrize(("inverted", "help_"), [(True, "--invert"), (False, "--yes")])
def test_a_doubtful_mask_fails_with_the_option_that_helps(
    hugged: BatchJob, inverted: bool, help_: str
) -> None:
    with_mask(hugged, np.where(DISC & inverted, 0, 255))
    (record,) = run(hugged).records
    assert record.state == "failed"
    assert help_ in record.error
    assert not (hugged.output / "a.png").exists()
    masks = replace(hugged.masks, grow=0)
    sure = replace(hugged, masks=replace(masks, sure=True))
    assert run(sure).count("filled") == 1
    assert np.array_equal(filled(sure), ~DISC if inverted else np.ones_like(DISC))
    if inverted:
        turned = replace(hugged, masks=replace(masks, invert=True))
        assert run(turned).count("filled") == 1
        assert np.array_equal(filled(turned), DISC)


def test_a_mask_that_is_all_black_says_how_to_turn_it_round(hugged: BatchJob) -> None:
    with_mask(hugged, np.zeros((SIZE, SIZE)))
    (record,) = run(hugged).records
    assert "a.png is all black" in record.error
    assert "--invert" in record.error


def test_marks_are_those_a_single_fill_sees(hugged: BatchJob) -> None:
    """On the photo itself, and on a picture of it in the masks' folder."""
    photo = hugged.inputs[0] / "a.png"
    clean = np.asarray(Image.open(photo))
    marked = clean.copy()
    marked[90:100, 10:60] = (255, 0, 0)
    wanted = marker_values(marked, (255, 0, 0)) > 0
    with_mask(hugged, marked)
    masks = replace(hugged.masks, marker="red", grow=0)
    run(replace(hugged, masks=masks))
    assert np.array_equal(filled(hugged), wanted)
    Image.fromarray(marked).save(photo)
    alone = replace(hugged, masks=MaskRule(marker="#f00", grow=0), output=hugged.output / "alone")
    run(alone)
    assert np.array_equal(filled(alone), wanted)


def test_only_masks_are_inverted() -> None:
    for rule in ({"parts": ("eyes",)}, {"scratches": True}, {"transparent": True}):
        with pytest.raises(MienError, match="Only masks"):
            MaskRule(invert=True, **rule)


@pytest.mark.parametrize("text", ["", "-1", "2.5", "much", str(sys.maxsize)])
def test_pixels_to_grow_are_whole(text: str) -> None:
    with pytest.raises(MienError, match="auto, or whole pixels"):
        parse_grow(text)
    assert (parse_grow("auto"), parse_grow("7")) == (None, 7)
