"""Photos as cameras, scanners and other programs write them: what a fill leaves as it was."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, IptcImagePlugin, PngImagePlugin

from engine.photo import open_photo
from tests.e2e.cases import Cases, Ran
from tests.e2e.painter import Painter

EXIF, GPS = 0x8769, 0x8825
GREY = 128  # what the painter paints, of 255


@pytest.fixture(scope="module")
def portrait(cases: Cases) -> np.ndarray:
    """The photo that most of these files hold, 675 x 675 x 3 uint8."""
    return cases.picture("15-masks/p.png")


def filled(cases: Cases, place: str, said: str = "") -> Ran:
    """A command that must end well, having said this and no more."""
    ran = cases.run(place, Painter())
    assert ran.code == 0, ran.err
    assert ran.err.strip() == said
    return ran


def tags(path: Path) -> dict[int, object]:
    with tifffile.TiffFile(path) as file:
        return {tag.code: tag.value for tag in file.pages.first.tags}


def as_seen(path: Path) -> np.ndarray:
    return open_photo(path).rgb8


def is_painted(pixels: np.ndarray, hole: np.ndarray) -> bool:
    """Whether the hole, but for a rim as wide as a JPEG's blocks, is the painter's grey."""
    inner = cv2.erode(hole.astype(np.uint8), np.ones((33, 33))) > 0
    return bool(np.abs(pixels[inner].astype(int) - GREY).max() <= 6)


@pytest.mark.parametrize("number", [3, 6])
def test_a_turned_tiff_comes_back_upright(cases: Cases, portrait: np.ndarray, number: int) -> None:
    ran = filled(cases, f"01-tiff-orientation/out_o{number}.tif")
    hole, upright = cases.hole("01-tiff-orientation/m.png"), portrait[:, 40:640]
    with Image.open(ran.result) as image:
        assert image.getexif().get(274, 1) == 1
        after = np.asarray(image)
    assert np.array_equal(after[~hole], upright[~hole])
    assert is_painted(after, hole)


def test_a_cameras_exif_goes_from_jpeg_to_tiff(cases: Cases) -> None:
    ran = filled(cases, "02-camera-exif-to-tiff/out.tif")
    with Image.open(ran.result) as image:
        exif, after = image.getexif(), np.asarray(image)
    assert exif[271] == "Camera"
    assert exif.get_ifd(EXIF)[36867] == "2020:01:01 00:00:00"
    assert float(exif.get_ifd(EXIF)[33434]) == pytest.approx(0.01)
    assert exif.get_ifd(GPS)[1] == "N"
    assert [float(v) for v in exif.get_ifd(GPS)[2]] == [51, 30, 0]
    hole = cases.hole("02-camera-exif-to-tiff/m.png")
    before = cases.picture("02-camera-exif-to-tiff/camera.jpg")
    assert np.array_equal(after[~hole], before[~hole])


def test_a_cameras_exif_goes_from_tiff_to_tiff(cases: Cases, portrait: np.ndarray) -> None:
    ran = filled(cases, "02-camera-exif-to-tiff/out_camera.tif")
    with Image.open(ran.result) as image:
        assert image.getexif().get_ifd(EXIF)[34855] == 400  # its speed
        after = np.asarray(image)
    hole = cases.hole("02-camera-exif-to-tiff/m.png")
    assert np.array_equal(after[~hole], portrait[~hole])


@pytest.mark.parametrize(
    ("name", "dtype", "photometric", "channels"),
    [("cmyk16", np.uint16, 5, 4), ("float32", np.float32, 2, 3), ("described16", np.uint16, 2, 3)],
)
def test_samples_stay_what_they_are(
    cases: Cases, name: str, dtype: type, photometric: int, channels: int
) -> None:
    ran = filled(cases, f"03-tiff-kinds/out_{name}.tif")
    before = tifffile.imread(cases.folder / f"03-tiff-kinds/{name}.tif")
    after = tifffile.imread(ran.result)
    assert (after.dtype, after.shape[2]) == (dtype, channels)
    assert tags(ran.result)[262] == photometric
    hole = cases.hole("03-tiff-kinds/m.png")
    assert np.array_equal(after[~hole], before[~hole])
    assert is_painted(as_seen(ran.result), hole)


def test_author_rights_and_date_of_a_16_bit_tiff_stay(cases: Cases) -> None:
    after = tags(filled(cases, "03-tiff-kinds/out_described16.tif").result)
    assert (after[315], after[33432]) == ("Author", "(c) Author")
    assert after[306] == "1998:01:02 03:04:05"


def test_infrared_is_no_transparency(cases: Cases, portrait: np.ndarray) -> None:
    said = "out.jpg will be without extra channels, 16-bit depth."
    ran = filled(cases, "03-tiff-kinds/out.jpg", said)
    hole = cases.hole("03-tiff-kinds/m.png")
    with Image.open(ran.result) as image:
        assert image.mode == "RGB"
        after = np.asarray(image)
    away = cv2.dilate(hole.astype(np.uint8), np.ones((33, 33))) == 0  # JPEG's blocks
    assert np.abs(after[away].astype(int) - portrait[away]).mean() < 1.5
    assert is_painted(after, hole)


def test_layers_and_thumbnail_of_the_old_picture_go(cases: Cases, portrait: np.ndarray) -> None:
    said = "out_layers8.tif will be without the layers."
    ran = filled(cases, "03-tiff-kinds/out_layers8.tif", said)
    left = tags(ran.result)
    assert 37724 not in left
    assert b"TTTT" not in bytes(left.get(34377, b""))  # type: ignore[arg-type]
    hole = cases.hole("03-tiff-kinds/m.png")
    assert np.array_equal(cases.picture("03-tiff-kinds/out_layers8.tif")[~hole], portrait[~hole])


@pytest.mark.parametrize(
    ("name", "what"), [("exif70k", "EXIF fields above 64 KB"), ("xmp80k", "XMP above 64 KB")]
)
def test_what_a_jpeg_cannot_hold_is_said(
    cases: Cases, portrait: np.ndarray, name: str, what: str
) -> None:
    ran = filled(cases, f"04-metadata/{name}.jpg", f"{name}.jpg will be without {what}.")
    with Image.open(ran.result) as image:
        assert 270 not in image.getexif()
        assert "xmp" not in image.info
        after = np.asarray(image)
    hole = cases.hole("04-metadata/m.png")
    assert is_painted(after, hole)
    assert np.abs(after[~hole].astype(int) - portrait[~hole]).mean() < 2


def test_large_xmp_that_packs_small_is_kept(cases: Cases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PngImagePlugin, "MAX_TEXT_CHUNK", 10**7)
    ran = filled(cases, "04-metadata/out_xmp_packed.png")
    with Image.open(ran.result) as image:
        packet = image.info["xmp"]
    assert packet.startswith(b"<x:xmpmeta")
    assert packet.count(b"<h/>") == 400_000
    assert packet.endswith(b"</x:xmpmeta>")


def test_text_of_a_png_stays(cases: Cases, portrait: np.ndarray) -> None:
    with Image.open(filled(cases, "04-metadata/out_text.png").result) as image:
        assert image.info["parameters"] == "a portrait"
        after = np.asarray(image)
    hole = cases.hole("04-metadata/m.png")
    assert np.array_equal(after[~hole], portrait[~hole])


def test_a_png_of_linear_light_stays_one(cases: Cases) -> None:
    ran = filled(cases, "04-metadata/out_gama16.png")
    with Image.open(ran.result) as image:
        assert image.info["gamma"] == pytest.approx(1.0)
    before, after = (
        cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        for path in (cases.folder / "04-metadata/gama16.png", ran.result)
    )
    assert before is not None
    assert after is not None
    assert after.dtype == np.uint16
    hole = cases.hole("04-metadata/m.png")
    assert np.array_equal(after[~hole], before[~hole])
    # Half of sRGB's way from black to white is a fifth of the light.
    assert after[hole].mean() / 65535 == pytest.approx(0.214, abs=0.01)


def test_keywords_and_comment_of_a_jpeg_stay(cases: Cases) -> None:
    with (
        Image.open(filled(cases, "04-metadata/out_iptc.jpg").result) as image,
        Image.open(cases.folder / "04-metadata/iptc.jpg") as before,
    ):
        assert (IptcImagePlugin.getiptcinfo(image) or {})[(2, 25)] == b"grandma"
        assert image.info["comment"] == b"scanned 1998"
        assert image.quantization == before.quantization  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["out_moving.png", "out_moving.webp", "out_pages.tif"])
def test_of_several_pictures_the_first_is_filled_and_it_is_said(
    cases: Cases, portrait: np.ndarray, name: str
) -> None:
    said = f"{name} will be without the other pictures of the file."
    ran = filled(cases, f"04-metadata/{name}", said)
    hole = cases.hole("04-metadata/m.png")
    with Image.open(ran.result) as image:
        assert getattr(image, "n_frames", 1) == 1
        after = np.asarray(image.convert("RGB"))
    assert is_painted(after, hole)
    near = 8 if name.endswith("webp") else 0  # as WebP was written with loss
    assert np.abs(after[~hole].astype(int) - portrait[~hole]).mean() <= near


@pytest.mark.parametrize(
    ("name", "words"), [("out_p", "seed of -5"), ("out2", "outside the photo")]
)
def test_options_that_cannot_be_are_refused_in_one_sentence(
    cases: Cases, inpainter, name: str, words: str
) -> None:
    ran = cases.run(f"23-options/{name}.png", inpainter)
    assert ran.code == 1
    assert words in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert not ran.result.exists()
