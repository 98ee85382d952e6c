"""Kinds of files that cameras, scanners, phones and other programs write: what opens, and how."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from engine.base.errors import MienError
from engine.photo import IncompletePhotoError, open_photo, save_losses, save_photo
from engine.photo import source as sources
from tests.engine.pictures import (
    BOX,
    INSIDE,
    adobe_profile,
    gradient,
    outside,
    painted,
    with_chunks,
)


@pytest.mark.parametrize("sampling", [0, 1, 2])
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("tail", [b"", b"trailing"])
def test_two_decoders_of_jpeg_agree(tmp_path: Path, sampling: int, grey: bool, tail: bytes) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (37, 53, 3)).astype(np.uint8)
    image = Image.fromarray(noise).convert("L" if grey else "RGB")
    image.save(tmp_path / "in.jpg", quality=80, subsampling=sampling, progressive=bool(sampling))
    expected = np.asarray(Image.open(tmp_path / "in.jpg").convert("RGB"))
    with (tmp_path / "in.jpg").open("ab") as file:
        file.write(tail)
    assert np.array_equal(open_photo(tmp_path / "in.jpg").pixels, expected)


def test_jpeg_of_inks_stays_one(tmp_path: Path) -> None:
    Image.fromarray(gradient()).convert("CMYK").save(tmp_path / "in.jpg", quality=97)
    photo = open_photo(tmp_path / "in.jpg")
    assert np.abs(photo.pixels.astype(int) - gradient()).mean() < 3
    saved = save_photo(painted(photo), tmp_path / "out.jpg")
    with Image.open(saved) as image:
        assert image.mode == "CMYK"
    after = open_photo(saved).pixels
    assert np.abs(after[outside()].astype(int) - photo.pixels[outside()]).mean() < 3
    assert np.abs(after[17, 28].astype(int) - (204, 128, 102)).max() < 12


@pytest.mark.parametrize("suffix", [".tif", ".png", ".webp", ".avif"])
def test_the_other_pictures_of_a_file_are_named_before_they_are_lost(
    tmp_path: Path, suffix: str
) -> None:
    frames = [Image.fromarray(np.roll(gradient(), 9 * n, 1)) for n in range(3)]
    path = tmp_path / f"in{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    photo = open_photo(path)
    assert photo.size == frames[0].size
    assert "the other pictures of the file" in save_losses(photo, path)


def test_a_second_picture_of_a_jpeg_is_named(tmp_path: Path) -> None:
    frames = [Image.fromarray(gradient()), Image.fromarray(gradient()[::-1].copy())]
    frames[0].save(tmp_path / "in.mpo", "MPO", save_all=True, append_images=frames[1:])
    (tmp_path / "in.mpo").rename(tmp_path / "in.jpg")
    photo = open_photo(tmp_path / "in.jpg")
    assert photo.format == "JPEG"
    assert "the other pictures of the file" in save_losses(photo, tmp_path / "out.jpg")
    saved = save_photo(photo, tmp_path / "out.jpg").read_bytes()
    assert saved.count(b"\xff\xd8\xff") == 1


def png(pixels: np.ndarray | Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(file, "PNG", **options)
    return file.getvalue()


def deep_png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()


@pytest.mark.parametrize("deep", [False, True])
def test_what_follows_a_png_is_no_damage(tmp_path: Path, deep: bool) -> None:
    pixels = gradient().astype(np.uint16) * 257 if deep else gradient()
    data = deep_png(pixels) if deep else png(pixels)
    (tmp_path / "in.png").write_bytes(data + b"appended by a phone" * 9)
    photo = open_photo(tmp_path / "in.png")
    assert np.array_equal(photo.pixels, pixels)
    assert b"appended" not in save_photo(photo, tmp_path / "out.png").read_bytes()


@pytest.mark.parametrize("deep", [False, True])
def test_a_damaged_png_is_refused(tmp_path: Path, deep: bool) -> None:
    data = bytearray(deep_png(gradient().astype(np.uint16) * 257) if deep else png(gradient()))
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "in.png").write_bytes(data)
    with pytest.raises(MienError, match=r"in\.png"):
        open_photo(tmp_path / "in.png")


def test_png_palettes_and_bits_are_said(tmp_path: Path) -> None:
    image = Image.fromarray(gradient()).quantize(16)
    (tmp_path / "palette.png").write_bytes(png(image))
    (tmp_path / "bits.png").write_bytes(png(Image.fromarray(gradient()).convert("1")))
    assert "the palette" in save_losses(open_photo(tmp_path / "palette.png"), tmp_path / "a.png")
    bits = open_photo(tmp_path / "bits.png")
    assert "one bit a pixel" in save_losses(bits, tmp_path / "a.png")
    assert bits.single


def test_a_palettes_transparency_is_kept(tmp_path: Path) -> None:
    image = Image.fromarray(gradient()).quantize(16)
    (tmp_path / "in.png").write_bytes(png(image, transparency=3))
    photo = open_photo(tmp_path / "in.png")
    assert photo.pixels.shape[2] == 4
    assert (photo.pixels[..., 3] == 0).sum() == (np.asarray(image) == 3).sum()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
@pytest.mark.parametrize("deep", [False, True])
def test_grey_stays_grey(tmp_path: Path, suffix: str, deep: bool) -> None:
    light = gradient()[..., 0]
    if deep and suffix not in (".png", ".tif"):
        pytest.skip("8 bit only")
    pixels = light.astype(np.uint16) * 257 if deep else light
    path = tmp_path / f"in{suffix}"
    if deep:
        cv2.imwrite(str(path), pixels)
    else:
        Image.fromarray(pixels).save(path)
    photo = open_photo(path)
    assert photo.grey
    result = painted(photo)
    assert (result.pixels[..., 0] == result.pixels[..., 2]).all()
    saved = save_photo(result, tmp_path / f"out{suffix}")
    stored = tifffile.imread(saved) if suffix == ".tif" else cv2.imread(str(saved), -1)
    assert stored.ndim == 2
    assert stored.dtype == pixels.dtype
    if suffix != ".jpg":
        assert np.array_equal(stored[outside()], pixels[outside()])


def test_grey_with_transparency(tmp_path: Path) -> None:
    pixels = np.dstack([gradient()[..., 0], gradient()[..., 1]])
    Image.fromarray(pixels).save(tmp_path / "in.png")
    saved = save_photo(open_photo(tmp_path / "in.png"), tmp_path / "out.png")
    with Image.open(saved) as image:
        assert image.mode == "LA"
        assert np.array_equal(np.asarray(image), pixels)


def test_grey_pictures_in_colour_files_get_no_colour(tmp_path: Path) -> None:
    grey = np.repeat(gradient()[..., :1], 3, axis=2)
    Image.fromarray(grey).save(tmp_path / "in.jpg")
    photo = open_photo(tmp_path / "in.jpg")
    assert photo.grey
    assert not photo.single
    part = painted(photo).pixels[INSIDE]
    assert (part[..., 0] == part[..., 1]).all()
    assert not open_photo(_colour(tmp_path)).grey


def _colour(folder: Path) -> Path:
    Image.fromarray(gradient()).save(folder / "colour.jpg")
    return folder / "colour.jpg"


@pytest.mark.parametrize("cut", [0.5, 0.8, 0.98])
@pytest.mark.parametrize("kind", ["jpg", "progressive", "png", "tif"])
def test_a_cut_file_opens_as_far_as_it_goes_only_when_asked(
    tmp_path: Path, cut: float, kind: str
) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (200, 300, 3)).astype(np.uint8)
    suffix = "jpg" if kind == "progressive" else kind
    path = tmp_path / f"in.{suffix}"
    Image.fromarray(pixels).save(path, **({"progressive": True} if kind == "progressive" else {}))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(MienError) as caught:
        open_photo(path)
    assert str(caught.value).endswith(".")
    if kind == "tif" and not isinstance(caught.value, IncompletePhotoError):
        return  # its directory stands at the end, so nothing of it can be found
    assert isinstance(caught.value, IncompletePhotoError)
    whole = open_photo(tmp_path / f"in.{suffix}", partial=True)
    assert whole.size == (300, 200)
    if kind != "progressive":
        top = whole.pixels[: int(200 * cut * 0.8)].astype(int)
        assert np.abs(top - pixels[: len(top)]).mean() < (60 if kind == "jpg" else 1)


def test_avif(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "A phone", 6
    Image.fromarray(gradient()).save(
        tmp_path / "in.avif", quality=95, exif=exif, icc_profile=adobe_profile()
    )
    photo = open_photo(tmp_path / "in.avif")
    assert photo.format == "AVIF"
    assert photo.size == (gradient().shape[0], gradient().shape[1])
    assert photo.metadata.icc == adobe_profile()
    saved = open_photo(save_photo(photo, tmp_path / "out.avif"))
    assert saved.size == photo.size
    assert saved.metadata.icc == adobe_profile()
    with Image.open(tmp_path / "out.avif") as image:
        assert image.getexif()[0x010F] == "A phone"


@pytest.mark.parametrize("bits", [8, 10])
def test_heic(tmp_path: Path, bits: int) -> None:
    writer = pytest.importorskip("pillow_heif")
    if bits == 8:
        file = writer.from_pillow(Image.fromarray(gradient()))
    else:
        file = writer.from_bytes(
            "RGB;16", gradient().shape[1::-1], (gradient().astype(np.uint16) * 257).tobytes()
        )
    exif = Image.Exif()
    exif[0x010F] = "A phone"
    file.save(tmp_path / "in.heic", quality=95, exif=exif.tobytes(), chroma=444)
    photo = open_photo(tmp_path / "in.heic")
    assert photo.format == "HEIF"
    assert photo.pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
    scale = np.iinfo(photo.pixels.dtype).max / 255
    # The library's memory is given back and used again: the photo's pixels must be its own.
    others = [np.full(2 * photo.pixels.nbytes, 7, np.uint8) for _ in range(8)]
    assert np.abs(photo.pixels / scale - gradient()).mean() < 4
    assert len(others) == 8
    with Image.open(save_photo(photo, tmp_path / "out.jpg")) as image:
        assert image.getexif()[0x010F] == "A phone"


def test_a_package_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rawpy", None)
    (tmp_path / "in.nef").write_bytes(b"II*\0" + bytes(100))
    with pytest.raises(MienError, match="pip install rawpy"):
        open_photo(tmp_path / "in.nef")


def test_the_sources_samples_are_plain_where_rgb_says_all() -> None:
    plain = sources.Source(gradient(), sources.RGB)
    assert plain.is_plain
    assert not sources.Source(gradient().astype(np.float32), sources.RGB).is_plain


def test_a_wide_profile_is_applied_for_the_eye_and_undone_for_the_file(tmp_path: Path) -> None:
    Image.fromarray(gradient()).save(tmp_path / "in.png", icc_profile=adobe_profile())
    photo = open_photo(tmp_path / "in.png")
    expected = imagecodecs.cms_transform(
        gradient(),
        adobe_profile(),
        imagecodecs.cms_profile("srgb"),
        colorspace="rgb",
        outcolorspace="rgb",
        intent=1,
    )
    assert np.abs(photo.rgb8.astype(int) - expected).max() <= 1
    assert np.abs(photo.rgb8.astype(int) - gradient()).max() > 10
    result = painted(photo, (0.8, 0.5, 0.4))
    x, y = BOX[0] + 5, BOX[1] + 5
    assert np.abs(result.rgb8[y, x].astype(int) - (204, 128, 102)).max() <= 2
    saved = open_photo(save_photo(result, tmp_path / "out.png"))
    assert saved.metadata.icc == adobe_profile()
    assert np.array_equal(saved.pixels[outside()], gradient()[outside()])


@pytest.mark.parametrize(
    ("chunks", "dark"),
    [
        ([(b"gAMA", (100000).to_bytes(4, "big"))], False),
        ([(b"gAMA", (45455).to_bytes(4, "big"))], None),
        ([(b"sRGB", b"\0"), (b"gAMA", (100000).to_bytes(4, "big"))], None),
        ([(b"cICP", bytes([9, 8, 0, 1]))], False),
        ([(b"cICP", bytes([1, 13, 0, 1]))], None),
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_a_pngs_colour_chunks_are_obeyed_and_kept(
    tmp_path: Path, chunks: list, dark: bool | None, deep: bool
) -> None:
    pixels = gradient().astype(np.uint16) * 257 if deep else gradient()
    data = deep_png(pixels) if deep else png(pixels)
    (tmp_path / "in.png").write_bytes(with_chunks(data, *chunks))
    photo = open_photo(tmp_path / "in.png")
    assert np.array_equal(photo.pixels, pixels)
    if dark is None:
        assert np.array_equal(photo.rgb8, gradient())
    else:  # linear light shows brighter than its numbers
        assert photo.rgb8.mean() > gradient().mean() + 20
    saved = save_photo(photo, tmp_path / "out.png")
    for kind, content in chunks:
        assert kind + content in saved.read_bytes()
    for suffix in (".jpg", ".tif", ".webp"):
        other = open_photo(save_photo(photo, tmp_path / f"out{suffix}"))
        assert np.abs(other.rgb8.astype(int) - photo.rgb8).mean() < 6


def test_gif(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.roll(gradient(), 9 * n, 1)).quantize(64) for n in range(2)]
    frames[0].save(
        tmp_path / "in.gif", save_all=True, append_images=frames[1:], comment=b"scanned 1998"
    )
    photo = open_photo(tmp_path / "in.gif")
    assert np.abs(photo.pixels[..., :3].astype(int) - gradient()).mean() < 12
    lost = save_losses(photo, tmp_path / "out.png")
    assert lost == ["the palette", "the other pictures of the file"]
    assert photo.metadata.comments == (b"scanned 1998",)


def test_camera_raw(tmp_path: Path) -> None:
    """A small DNG: its sensor's values are developed, what the camera wrote is kept."""
    pytest.importorskip("rawpy")
    rgb = np.kron(gradient(), np.ones((4, 4, 1), np.uint8)).astype(np.uint16) * 64
    sensor = rgb[..., 1].copy()
    sensor[0::2, 0::2], sensor[1::2, 1::2] = rgb[0::2, 0::2, 0], rgb[1::2, 1::2, 2]
    to_camera = (3.13, -1.62, -0.49, -0.98, 1.92, 0.033, 0.072, -0.229, 1.405)
    tags = [
        (33421, 3, 2, (2, 2), True),
        (33422, 1, 4, bytes([0, 1, 1, 2]), True),
        (50706, 1, 4, bytes([1, 4, 0, 0]), True),
        (50708, 2, 0, "Test Cam", True),
        (50721, 10, 9, [n for v in to_camera for n in (int(v * 10000), 10000)], True),
        (50728, 5, 3, [1] * 6, True),
        (50717, 4, 1, 16383, True),
        (271, 2, 0, "A camera", True),
        (315, 2, 0, "Kim", True),
    ]
    tifffile.imwrite(tmp_path / "in.dng", sensor, photometric="cfa", extratags=tags, metadata=None)
    photo = open_photo(tmp_path / "in.dng")
    assert photo.format == "RAW"
    assert photo.size == rgb.shape[1::-1]
    assert photo.pixels.dtype == np.uint16
    light = photo.pixels.mean(axis=2)
    assert light[-40:, -40:].mean() > 2 * light[:40, :40].mean()
    assert "the raw data (this is one development of it)" in save_losses(photo, tmp_path / "a.tif")
    with Image.open(save_photo(photo, tmp_path / "out.tif")) as image:
        assert image.getexif()[315] == "Kim"
        assert 50706 not in image.getexif()
