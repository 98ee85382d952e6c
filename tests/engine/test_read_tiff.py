"""TIFFs of every kind of samples: what opens, and that unfilled samples come back bit for bit."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from engine.base.errors import MienError
from engine.photo import open_photo, save_losses, save_photo
from engine.photo import source as sources
from tests.engine.pictures import (
    adobe_profile,
    cmyk_profile,
    gradient,
    inks_of,
    outside,
    painted,
)
from tests.engine.samples import kept_samples, tif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_tiff_orientations(tmp_path: Path, orientation: int, depth: type) -> None:
    upright = gradient().astype(depth) * depth(1 if depth == np.uint8 else 257)
    stored = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: p[:, ::-1].swapaxes(0, 1),
        7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
        8: lambda p: p[::-1].swapaxes(0, 1),
    }[orientation](upright.astype(depth))
    path = tif(
        tmp_path / "in.tif",
        np.ascontiguousarray(stored),
        extratags=[(274, 3, 1, orientation, True)],
    )
    assert np.array_equal(open_photo(path).pixels, upright)
    # Kinds that another decoder reads are turned once too.
    eight = stored if depth == np.uint8 else (stored // 257).astype(np.uint8)
    Image.fromarray(np.ascontiguousarray(eight)).quantize(256).save(
        tmp_path / "palette.tif", exif=_orientation(orientation)
    )
    palette = open_photo(tmp_path / "palette.tif")
    assert palette.size == (upright.shape[1], upright.shape[0])
    assert np.abs(palette.pixels.astype(int) - gradient()).mean() < 8
    saved = save_photo(open_photo(path), tmp_path / "out.tif")
    with tifffile.TiffFile(saved) as file:
        assert file.pages[0].tags.valueof(274, 1) == 1  # type: ignore[union-attr]
    assert np.array_equal(open_photo(saved).pixels, upright)


def _orientation(number: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = number
    return exif


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("profile", ["none", "inks", "wrong"])
def test_cmyk_tiff_stays_cmyk(tmp_path: Path, depth: type, profile: str) -> None:
    top = np.iinfo(depth).max
    samples = (inks_of(gradient() / 255) * top).round().astype(depth)
    icc = {"none": None, "inks": cmyk_profile(), "wrong": adobe_profile()}[profile]
    path = tif(tmp_path / "in.tif", samples, photometric="separated", iccprofile=icc)
    photo = open_photo(path)
    assert photo.pixels.dtype == depth
    assert photo.pixels.shape == gradient().shape
    expected = gradient() / 255 * (0.9 if profile == "inks" else 1)
    assert np.abs(photo.pixels / top - expected).mean() < (0.02 if profile == "inks" else 0.005)
    assert photo.metadata.icc is None  # an ink profile says nothing of RGB
    kept_samples(path, samples, tmp_path / "out.tif", near=0.05 if profile == "inks" else 0.02)
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        kept = file.pages[0].tags.valueof(34675)  # type: ignore[union-attr]
    assert kept == (icc if profile == "inks" else None)
    assert "CMYK inks (it becomes RGB)" in save_losses(photo, tmp_path / "out.png")
    saved = open_photo(save_photo(painted(photo), tmp_path / "out.png"))
    assert saved.metadata.icc is None
    assert np.array_equal(saved.pixels[outside()], photo.pixels[outside()])


@pytest.mark.parametrize("photometric", ["cielab", "icclab"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_lab_tiff(tmp_path: Path, photometric: str, depth: type) -> None:
    bits = np.iinfo(depth).bits
    unit = 2 ** (bits - 8)
    lab = cv2.cvtColor(gradient().astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    samples = np.empty(lab.shape, depth)
    samples[..., 0] = np.round(lab[..., 0] / 100 * (2**bits - 1))
    turns = np.round(lab[..., 1:] * unit).astype(int)
    samples[..., 1:] = turns % 2**bits if photometric == "cielab" else turns + 128 * unit
    path = tif(tmp_path / "in.tif", samples, photometric=photometric)
    photo = open_photo(path)
    # OpenCV's Lab is of D65, the file's of D50: near, not equal.
    scale = np.iinfo(depth).max / 255
    assert np.abs(photo.pixels / scale - gradient()).mean() < 6
    kept_samples(path, samples, tmp_path / "out.tif")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_multiplied_transparency_is_divided_and_multiplied_back(
    tmp_path: Path, dtype: type
) -> None:
    top = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    alpha = np.full((*gradient().shape[:2], 1), 0.5)
    alpha[:4] = 0
    alpha[-4:] = 1
    colours = gradient() / 255
    samples = (np.concatenate([colours * alpha, alpha], axis=2) * top).astype(dtype)
    path = tif(tmp_path / "in.tif", samples, extrasamples=["assocalpha"])
    photo = open_photo(path)
    seen = photo.pixels[8:-4, :, :3] / np.iinfo(photo.pixels.dtype).max
    assert np.abs(seen - colours[8:-4]).max() < 0.01
    kept_samples(path, samples, tmp_path / "out.tif")
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        assert file.pages[0].extrasamples == (1,)  # type: ignore[union-attr]


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_infrared_is_no_transparency_and_stays(tmp_path: Path, planar: str) -> None:
    deep = gradient().astype(np.uint16) * 257
    infrared = (deep[..., :1] // 2) + 9000
    samples = np.concatenate([deep, infrared], axis=2)
    stored = np.moveaxis(samples, -1, 0) if planar == "separate" else samples
    path = tif(tmp_path / "in.tif", stored, planarconfig=planar, extrasamples=["unspecified"])
    photo = open_photo(path)
    assert np.array_equal(photo.pixels, deep)
    after = kept_samples(path, samples, tmp_path / "out.tif")
    assert np.array_equal(after[..., 3], samples[..., 3])
    assert "extra channels" in save_losses(photo, tmp_path / "out.jpg")
    flat = open_photo(save_photo(photo, tmp_path / "out.jpg")).pixels
    assert np.abs(flat.astype(int) - gradient()).mean() < 3


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_floats_come_back_as_floats(tmp_path: Path, dtype: type, channels: int) -> None:
    samples = (gradient() / 255).astype(dtype)
    samples[:4] = 3.5  # brighter than white
    if channels == 1:
        samples = samples[..., 0]
    path = tif(tmp_path / "in.tif", samples, photometric="rgb" if channels == 3 else "minisblack")
    photo = open_photo(path)
    assert photo.pixels.dtype == np.uint16
    middle = photo.pixels[10, 10] / 65535
    assert middle == pytest.approx(samples[10, 10].astype(float), abs=1e-3)
    kept_samples(path, samples, tmp_path / "out.tif")
    assert save_losses(photo, tmp_path / "a.tif") == []
    assert "floating-point values" in save_losses(photo, tmp_path / "a.png")
    assert open_photo(save_photo(photo, tmp_path / "a.png")).pixels.dtype == np.uint16


def test_floats_from_0_to_255_are_not_white(tmp_path: Path) -> None:
    path = tif(tmp_path / "in.tif", gradient().astype(np.float32))
    assert np.abs(open_photo(path).pixels / 257.0 - gradient()).max() < 0.01


def test_32_bit_integers(tmp_path: Path) -> None:
    samples = gradient().astype(np.uint32) * np.uint32(16843009)
    path = tif(tmp_path / "in.tif", samples)
    assert np.array_equal(open_photo(path).pixels, gradient().astype(np.uint16) * 257)
    kept_samples(path, samples, tmp_path / "out.tif")


@pytest.mark.parametrize("compression", ["lzw", "zlib", "zstd", "packbits", "jpeg"])
@pytest.mark.parametrize("layout", [{}, {"tile": (16, 16)}, {"bigtiff": True}])
def test_packings_of_tiff(tmp_path: Path, compression: str, layout: dict) -> None:
    deep = gradient() if compression == "jpeg" else gradient().astype(np.uint16) * 257
    predictor = compression in ("lzw", "zlib", "zstd")
    path = tif(tmp_path / "in.tif", deep, compression=compression, predictor=predictor, **layout)
    opened = open_photo(path).pixels
    if compression == "jpeg":
        assert np.abs(opened.astype(int) - deep).mean() < 4
    else:
        assert np.array_equal(opened, deep)


@pytest.mark.parametrize("bits", [1, 8, 16])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_grey_tiff_of_any_depth(tmp_path: Path, bits: int, photometric: str) -> None:
    light = gradient()[..., 0].astype(np.uint16)
    stored = {1: light > 99, 8: light.astype(np.uint8), 16: light * 257}[bits]
    top = {1: 1, 8: 255, 16: 65535}[bits]
    written = top - stored.astype(np.uint16) if photometric == "miniswhite" else stored
    path = tif(tmp_path / "in.tif", written.astype(stored.dtype), photometric=photometric)
    photo = open_photo(path)
    expected = stored.astype(np.uint32) * (255 if bits == 1 else 1)
    assert np.array_equal(photo.pixels[..., 1], expected)
    assert photo.single
    assert ("one bit a pixel" in save_losses(photo, tmp_path / "a.tif")) == (bits == 1)


def test_thumbnails_and_masks_of_a_tiff_are_passed_over(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "in.tif") as file:
        file.write(gradient(8, 8), photometric="rgb", subfiletype=1, metadata=None)
        file.write(gradient(), photometric="rgb", metadata=None)
    photo = open_photo(tmp_path / "in.tif")
    assert np.array_equal(photo.pixels, gradient())
    assert save_losses(photo, tmp_path / "out.tif") == []


@pytest.mark.parametrize("compression", [None, "lzw"])
def test_a_cut_tiff_that_begins_with_its_directory(tmp_path: Path, compression: str | None) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    path = tif(tmp_path / "in.tif", noise, compression=compression, rowsperstrip=10)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(MienError):
        open_photo(path)


@pytest.mark.parametrize("name", ["cmyk", "lab", "float"])
def test_large_pictures_are_developed_in_strips(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    rng = np.random.default_rng(0)
    samples, space = {
        "cmyk": (rng.integers(0, 256, (40, 30, 5)).astype(np.uint8), sources.CMYK),
        "lab": (rng.integers(0, 65536, (40, 30, 4)).astype(np.uint16), sources.LAB),
        "float": (rng.random((40, 30, 4)).astype(np.float32), sources.RGB),
    }[name]
    source = sources.Source(samples, space, (sources.MULTIPLIED,))
    whole = source.develop()
    monkeypatch.setattr(sources, "_PIXELS_AT_ONCE", 100)
    assert np.array_equal(source.develop(), whole)


def test_a_tiff_without_a_resolution_gets_none(tmp_path: Path) -> None:
    """Of one pixel an inch a print would be a house front."""
    for name, more in (("without.tif", {}), ("with.tif", {"dpi": (300, 300)})):
        Image.fromarray(gradient()).save(tmp_path / name, **more)
        photo = open_photo(tmp_path / name)
        assert photo.metadata.dpi == more.get("dpi")
        with Image.open(save_photo(painted(photo), tmp_path / f"out_{name}")) as image:
            assert image.info.get("dpi") == more.get("dpi")
