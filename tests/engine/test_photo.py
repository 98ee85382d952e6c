"""Opening and saving: nothing lost, nothing replaced unasked, every failure one sentence."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

import engine.photo.file
from engine.base.errors import MienError
from engine.inpaint import Patch
from engine.photo import open_photo, photo_from_array, save_losses, save_photo

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>'


def gradient(height: int = 40, width: int = 60) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 4, y * 5, (x + y) * 2], -1).astype(np.uint8)


def exif_block(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x0112] = "a portrait", "Kim", orientation
    return exif


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_lossless_formats_give_back_every_pixel(tmp_path: Path, suffix: str) -> None:
    saved = save_photo(photo_from_array(gradient()), tmp_path / f"그림{suffix}")
    assert np.array_equal(open_photo(saved).pixels, gradient())


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_formats_stay_close(tmp_path: Path, suffix: str) -> None:
    saved = save_photo(photo_from_array(gradient()), tmp_path / f"p{suffix}")
    assert np.abs(open_photo(saved).pixels.astype(int) - gradient()).mean() < 2


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_metadata_survives_opening_and_saving(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / f"in{suffix}"
    options: dict = {"exif": exif_block(), "icc_profile": ICC}
    if suffix != ".webp":
        options["dpi"] = (240, 240)
    if suffix == ".png":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options["pnginfo"] = info
    elif suffix == ".tif":
        options["exif"][700] = XMP
    else:
        options["xmp"] = XMP
    Image.fromarray(gradient()).save(source, **options)
    saved = save_photo(open_photo(source), tmp_path / f"out{suffix}")
    with Image.open(saved) as image:
        assert image.getexif()[0x010E] == "a portrait"
        assert image.getexif()[0x013B] == "Kim"
        assert image.info["icc_profile"] == ICC
        if suffix != ".webp":
            assert image.info["dpi"][0] == pytest.approx(240, abs=0.1)
    again = open_photo(saved)
    assert again.metadata.xmp is not None
    assert b'tiff:Orientation="1"' in again.metadata.xmp


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((30, 50, 3), np.uint8)
    upright[:10, :10] = 255  # a white corner at the top left of the upright picture
    undo = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: p[:, ::-1].swapaxes(0, 1),
        7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
        8: lambda p: p[::-1].swapaxes(0, 1),
    }
    stored = np.ascontiguousarray(undo[orientation](upright))
    source = tmp_path / "in.png"
    Image.fromarray(stored).save(source, exif=exif_block(orientation))
    opened = open_photo(source)
    assert opened.size == (50, 30)
    assert np.array_equal(opened.pixels, upright)
    saved = save_photo(opened, tmp_path / "out.png")
    with Image.open(saved) as image:
        assert image.getexif()[0x0112] == 1
    assert np.array_equal(open_photo(saved).pixels, upright)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bits_are_kept(tmp_path: Path, suffix: str, channels: int) -> None:
    deep = (np.random.default_rng(0).integers(0, 65536, (20, 30, channels))).astype(np.uint16)
    saved = save_photo(photo_from_array(deep), tmp_path / f"deep{suffix}")
    assert np.array_equal(open_photo(saved).pixels, deep)
    assert save_losses(open_photo(saved), tmp_path / "a.jpg")[0] == "16-bit depth"


def test_sixteen_bit_files_of_others_are_read(tmp_path: Path) -> None:
    deep = (np.random.default_rng(1).integers(0, 65536, (20, 30, 3))).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb")
    cv2.imwrite(str(tmp_path / "a.png"), deep[..., ::-1])
    for name in ("a.tif", "a.png"):
        assert np.array_equal(open_photo(tmp_path / name).pixels, deep)


def test_transparency_is_kept_and_falls_on_white_where_it_must(tmp_path: Path) -> None:
    pixels = np.dstack([gradient(), np.full((40, 60), 255, np.uint8)])
    pixels[:20, :, 3] = 0
    photo = photo_from_array(pixels)
    assert np.array_equal(open_photo(save_photo(photo, tmp_path / "a.png")).pixels, pixels)
    flat = open_photo(save_photo(photo, tmp_path / "a.bmp")).pixels
    assert (flat[:20] == 255).all()
    assert np.array_equal(flat[20:], pixels[20:, :, :3])
    assert "transparency" in save_losses(photo, tmp_path / "a.jpg")


def test_jpeg_keeps_the_quality_it_had(tmp_path: Path, astronaut: np.ndarray) -> None:
    for quality in (60, 97):
        source = tmp_path / f"q{quality}.jpg"
        Image.fromarray(astronaut).save(source, quality=quality)
        saved = save_photo(open_photo(source), tmp_path / f"o{quality}.jpg")
        with Image.open(source) as before, Image.open(saved) as after:
            assert before.quantization == after.quantization


def test_grey_and_palette_pictures_become_rgb(tmp_path: Path) -> None:
    grey = gradient()[..., 0]
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(gradient()).quantize(16).save(tmp_path / "palette.png")
    assert np.array_equal(open_photo(tmp_path / "grey.png").pixels, np.dstack([grey] * 3))
    assert open_photo(tmp_path / "palette.png").pixels.shape == (40, 60, 3)


def broken_files(folder: Path) -> dict[str, bytes]:
    buffer = io.BytesIO()
    Image.fromarray(gradient(200, 300)).save(buffer, "JPEG")
    png = io.BytesIO()
    Image.fromarray(gradient(200, 300)).save(png, "PNG")
    return {
        "empty.jpg": b"",
        "text.jpg": b"this is no photo at all",
        "cut.jpg": buffer.getvalue()[:700],
        "cut.png": png.getvalue()[:400],
    }


@pytest.mark.parametrize("name", ["empty.jpg", "text.jpg", "cut.jpg", "cut.png"])
def test_broken_files_end_in_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(broken_files(tmp_path)[name])
    with pytest.raises(MienError) as caught:
        open_photo(tmp_path / name)
    sentence = str(caught.value)
    assert name in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(MienError, match="no file"):
        open_photo(tmp_path / "none.jpg")
    with pytest.raises(MienError, match="folder"):
        open_photo(tmp_path)


def test_a_decompression_bomb_is_refused_before_it_unpacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.photo.file, "LARGEST", 1000)
    Image.fromarray(gradient()).save(tmp_path / "bomb.png")
    with pytest.raises(MienError, match="60 x 40"):
        open_photo(tmp_path / "bomb.png")


def test_an_existing_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = save_photo(photo_from_array(gradient()), tmp_path / "a.png")
    before = path.read_bytes()
    with pytest.raises(MienError, match="exists"):
        save_photo(photo_from_array(gradient()[::-1]), path)
    assert path.read_bytes() == before
    save_photo(photo_from_array(gradient()[::-1].copy()), path, overwrite=True)
    assert path.read_bytes() != before


def test_a_failed_save_leaves_the_old_file_and_no_debris(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_photo(photo_from_array(gradient()), tmp_path / "a.png")
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.base.atomic.os.fsync", fail)
    with pytest.raises(MienError, match="disk is full"):
        save_photo(photo_from_array(gradient()), path, overwrite=True)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_patch_changes_only_where_its_alpha_says(dtype: type) -> None:
    top = np.iinfo(dtype).max
    rng = np.random.default_rng(3)
    photo = photo_from_array(rng.integers(0, top, (30, 40, 3)).astype(dtype))
    above = rng.integers(0, top, (10, 12, 3)).astype(dtype)
    alpha = rng.choice(np.array([0, 128, 255], np.uint8), (10, 12))
    result = photo.apply(Patch((5, 6, 12, 10), above, alpha, "face", 0.0)).pixels
    region, before = result[6:16, 5:17], photo.pixels[6:16, 5:17]
    assert np.array_equal(region[alpha == 0], before[alpha == 0])
    assert np.array_equal(region[alpha == 255], above[alpha == 255])
    outside = np.ones((30, 40), bool)
    outside[6:16, 5:17] = False
    assert np.array_equal(result[outside], photo.pixels[outside])
