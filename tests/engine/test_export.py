"""Photos for somewhere else: format, quality, size, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.base.errors import MienError
from engine.photo import open_photo, photo_from_array, save_photo
from engine.photo.export import ALL, COPYRIGHT, NONE, Export, encoded, prepared, write_export


@pytest.fixture
def photo(tmp_path: Path):
    rng = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x013B], exif[0x8298], exif[0x010F] = "Kim", "(c) Kim 2026", "A camera"
    picture = Image.fromarray(rng.integers(0, 255, (9, 12, 3), np.uint8))
    picture.resize((1200, 900)).save(tmp_path / "a.jpg", quality=95, exif=exif)
    return open_photo(tmp_path / "a.jpg")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif", ".jxl"])
def test_it_is_as_large_as_is_asked(photo, tmp_path: Path, suffix: str) -> None:
    path = write_export(photo, tmp_path / f"out{suffix}", Export(suffix, 80, 400))
    made = open_photo(path)
    assert made.size == (400, 300)
    reduced = np.asarray(Image.fromarray(photo.rgb8).resize((400, 300), Image.Resampling.BOX))
    assert np.abs(made.rgb8.astype(int) - reduced).mean() < 6


def test_nothing_is_enlarged(photo) -> None:
    assert prepared(photo, Export(longest=5000)).pixels is photo.pixels


def test_less_quality_fewer_bytes(photo) -> None:
    sizes = [len(encoded(photo, Export(quality=quality))) for quality in (95, 70, 30)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 2 * sizes[2]


@pytest.mark.parametrize("longest", [None, 300])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize(
    ("kept", "expected"),
    [(ALL, {0x013B, 0x8298, 0x010F}), (COPYRIGHT, {0x013B, 0x8298}), (NONE, set())],
)
def test_of_the_metadata_what_is_asked_is_kept(
    photo, tmp_path: Path, longest, suffix: str, kept: str, expected: set
) -> None:
    path = write_export(photo, tmp_path / f"out{suffix}", Export(suffix, None, longest, kept))
    with Image.open(path) as image:
        told = image.getexif()
    assert set(told) & {0x013B, 0x8298, 0x010F} == expected
    if expected:
        assert told[0x8298] == "(c) Kim 2026"


def test_colours_stay_those_of_the_photo(tmp_path: Path) -> None:
    from PIL import ImageCms

    picture = Image.fromarray(np.full((60, 60, 3), (200, 90, 40), np.uint8))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture.save(tmp_path / "a.png", icc_profile=srgb)
    path = write_export(
        open_photo(tmp_path / "a.png"), tmp_path / "b.png", Export(".png", None, 30, NONE)
    )
    with Image.open(path) as image:
        assert image.info.get("icc_profile") == srgb


def test_what_is_transparent_does_not_bleed() -> None:
    pixels = np.zeros((80, 80, 4), np.uint8)
    pixels[:, 1::2] = (0, 200, 0, 255)  # every other column; the others are transparent black
    made = prepared(photo_from_array(pixels), Export(".png", None, 40)).pixels
    assert made[20, 20].tolist() == [0, 200, 0, 128]


def test_sixteen_bit_stays_where_it_can(tmp_path: Path) -> None:
    deep = photo_from_array(np.full((90, 90, 3), 12345, np.uint16))
    path = write_export(deep, tmp_path / "a.png", Export(".png", None, 45))
    assert open_photo(path).pixels.dtype == np.uint16
    assert (open_photo(path).pixels == 12345).all()


def test_what_is_there_is_not_replaced_unasked(photo, tmp_path: Path) -> None:
    path = save_photo(photo, tmp_path / "there.png")
    with pytest.raises(MienError, match="exists"):
        write_export(photo, path, Export(".png"))


@pytest.mark.parametrize(
    "wrong", [{"suffix": ".doc"}, {"quality": 0}, {"longest": 0}, {"metadata": "some"}]
)
def test_what_cannot_be_meant_is_said(wrong: dict) -> None:
    with pytest.raises(MienError):
        Export(**wrong)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_smaller_copy_says_how_many_pixels_it_has(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0100], exif[0x0101] = 1200, 900
    exif.get_ifd(0x8769).update({0xA002: 1200, 0xA003: 900, 0x927C: b"maker" * 9})
    picture = Image.new("RGB", (1200, 900), (90, 120, 150))
    picture.save(tmp_path / "a.jpg", exif=exif)
    photo = open_photo(tmp_path / "a.jpg")
    path = write_export(photo, tmp_path / f"out{suffix}", Export(suffix, 80, 400))
    with Image.open(path) as image:
        told = image.getexif()
        inner = told.get_ifd(0x8769)
    assert (inner[0xA002], inner[0xA003]) == (400, 300)
    assert (told[0x0100], told[0x0101]) == (400, 300)
    assert inner[0x927C] == b"maker" * 9
    whole = write_export(photo, tmp_path / f"whole{suffix}", Export(suffix, 80))
    with Image.open(whole) as image:
        assert image.getexif().get_ifd(0x8769)[0xA002] == 1200


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jxl"])
def test_eight_bits_are_enough_where_they_are_asked_for(tmp_path: Path, suffix: str) -> None:
    ramp = np.arange(60 * 90 * 3, dtype=np.uint16).reshape(60, 90, 3) * 4
    save_photo(photo_from_array(ramp), tmp_path / "a.tif")
    photo = open_photo(tmp_path / "a.tif")
    whole = open_photo(write_export(photo, tmp_path / f"b{suffix}", Export(suffix, None)))
    assert np.array_equal(whole.pixels, ramp)
    made = open_photo(write_export(photo, tmp_path / f"c{suffix}", Export(suffix, None, depth=8)))
    assert made.pixels.dtype == np.uint8
    assert np.abs(made.pixels - ramp / 257).max() <= 0.5
    with pytest.raises(MienError, match="12 bits"):
        Export(depth=12)
