"""Which files of a batch are photos and masks, what a rule finds, how results are called."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.base.errors import MienError
from engine.batch import (
    BatchJob,
    MaskRule,
    NothingMatchedError,
    plan_batch,
)
from engine.mask.file import save_mask
from engine.photo import open_photo, photo_from_array, save_photo
from tests.engine.batches import GREY, MASK, run, states


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
        (nfd("가족") + "/e.jpg", nfd("가족") + "/e.png"),  # two systems wrote to the masks
    ):
        (masks / mask).parent.mkdir(exist_ok=True)
        save_photo(GREY, photos / photo)
        pixels = Image.fromarray(MASK.pixels)
        pixels.save(masks / mask)
    for side in ("._b.jpg", ".b.jpg", "Thumbs.db"):
        (photos / side).write_bytes(b"\0\5\x16\7")
    (photos / "@eaDir").mkdir()
    save_photo(GREY, photos / "@eaDir" / "b.jpg")
    summary = run(BatchJob((photos,), tmp_path / "out", MaskRule(folder=masks)))
    assert len(summary.records) == 6
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
