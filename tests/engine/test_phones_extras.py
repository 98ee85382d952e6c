"""Panoramas, bursts, sequences, films in HEIC, previews in DNG: what stays and what is said."""

from __future__ import annotations

import re
import struct
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image

from engine.base.errors import MienError
from engine.photo import open_photo, save_losses, save_photo
from engine.photo.export import Export, prepared, write_export
from engine.photo.xmp import PANORAMA
from tests.engine.pictures import filled, gradient, packet
from tests.engine.test_phones import XMP, jpeg, segment

SPHERE = (
    'GPano:ProjectionType="equirectangular" GPano:UsePanoramaViewer="True" '
    'GPano:FullPanoWidthPixels="64" GPano:FullPanoHeightPixels="32" '
    'GPano:CroppedAreaLeftPixels="0" GPano:CroppedAreaTopPixels="8"'
)
ELEMENT = "<GPano:CroppedAreaImageWidthPixels>64</GPano:CroppedAreaImageWidthPixels>"


def panorama() -> bytes:
    told = packet({"GPano": PANORAMA}, SPHERE, ELEMENT)
    return jpeg(segment(0xE1, XMP + told))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif", ".jxl"])
def test_a_filled_panorama_stays_one(tmp_path: Path, suffix: str) -> None:
    photo, saved = filled(tmp_path, panorama(), to=suffix)
    assert save_losses(photo, saved) == []
    told = open_photo(saved).metadata.xmp
    assert told is not None
    assert SPHERE.encode() in told
    assert ELEMENT.encode() in told


def test_a_panorama_of_another_size_is_none(tmp_path: Path) -> None:
    (tmp_path / "in.jpg").write_bytes(panorama())
    photo = open_photo(tmp_path / "in.jpg")
    small = Export(".jpg", 90, 32)
    lost = save_losses(prepared(photo, small), tmp_path / "a.jpg")
    assert lost == ["the panorama's projection"]
    told = open_photo(write_export(photo, tmp_path / "a.jpg", small)).metadata.xmp
    assert told is not None
    assert b"GPano:" not in told
    assert b'dc:source="us"' in told
    whole = open_photo(write_export(photo, tmp_path / "b.jpg", Export(".jpg", 90)))
    assert SPHERE.encode() in (whole.metadata.xmp or b"")


def test_a_filled_photo_is_no_member_of_its_burst(tmp_path: Path) -> None:
    camera = {"c": "http://ns.google.com/photos/1.0/camera/"}
    told = packet(
        camera, 'c:BurstID="7d1c" c:BurstPrimary="1"', "<c:SpecialTypeID>x</c:SpecialTypeID>"
    )
    photo, saved = filled(tmp_path, jpeg(segment(0xE1, XMP + told)))
    assert save_losses(photo, saved) == ["its place in a burst"]
    kept = open_photo(saved).metadata.xmp or b""
    assert b"Burst" not in kept
    assert b"SpecialTypeID" in kept


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


# Of a sequence, the box that says how long it takes: one second, no tracks.
MOVIE = box(b"mvhd", struct.pack(">12xII76xI", 1000, 1000, 1))


@pytest.mark.parametrize(
    ("more", "lost"),
    [
        (box(b"moov", MOVIE), "the other pictures of the file"),  # a sequence (msf1)
        (box(b"mpvd", box(b"ftyp", b"mp42")), "the video behind the picture"),
        (box(b"sefd", b"MotionPhoto_Data"), "the video behind the picture"),
        (box(b"free", bytes(64)), None),
    ],
)
def test_of_a_heic_the_first_picture_is_read_and_the_rest_is_said(
    tmp_path: Path, more: bytes, lost: str | None
) -> None:
    pillow_heif.from_pillow(Image.fromarray(gradient())).save(tmp_path / "in.heic", quality=95)
    data = (tmp_path / "in.heic").read_bytes() + more
    photo, saved = filled(tmp_path, data, "in.heic", ".png")
    assert np.abs(photo.pixels.astype(int) - gradient()).mean() < 4
    assert save_losses(photo, saved) == ([lost] if lost else [])


def test_of_several_pictures_in_a_heic_the_first_is_read(tmp_path: Path) -> None:
    heif = pillow_heif.from_pillow(Image.fromarray(gradient()))
    heif.add_from_pillow(Image.fromarray(gradient()[::-1].copy()))
    heif.save(tmp_path / "in.heic", quality=95)
    photo = open_photo(tmp_path / "in.heic")
    assert np.abs(photo.pixels.astype(int) - gradient()).mean() < 4
    assert save_losses(photo, tmp_path / "a.png") == ["the other pictures of the file"]


@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_a_gain_map_of_iso_21496_is_said(tmp_path: Path, kind: str) -> None:
    """Readers pass over the item that applies one (`tmap`): here another item is called so."""
    exif = Image.Exif()
    exif[271] = "A phone"
    path = tmp_path / f"in.{kind}"
    if kind == "avif":
        Image.fromarray(gradient()).save(path, exif=exif)
    else:
        pillow_heif.from_pillow(Image.fromarray(gradient())).save(path, exif=exif.tobytes())
    assert open_photo(path).metadata.lost == ()
    data = re.sub(rb"(infe.{8})Exif", rb"\1tmap", path.read_bytes(), count=1, flags=re.DOTALL)
    photo, saved = filled(tmp_path, data, path.name, ".png")
    assert save_losses(photo, saved) == ["the HDR gain map"]


def test_a_sequence_without_a_still_picture_is_named(tmp_path: Path) -> None:
    head = box(b"ftyp", b"msf1" + bytes(4) + b"msf1hevc")
    (tmp_path / "in.heic").write_bytes(head + box(b"moov", MOVIE))
    with pytest.raises(MienError, match=r"in\.heic is a HEIC sequence without a still picture"):
        open_photo(tmp_path / "in.heic")


def dng(path: Path, preview: np.ndarray, packing: str) -> Path:
    """A DNG whose sensor's values are followed by a preview."""
    sensor = np.full((96, 128), 900, np.uint16)
    tags = [
        (33421, 3, 2, (2, 2), True),
        (33422, 1, 4, bytes([0, 1, 1, 2]), True),
        (50706, 1, 4, bytes([1, 7, 0, 0]), True),
        (50708, 2, 0, "Test Cam", True),
        (271, 2, 0, "A camera", True),
        (274, 3, 1, 6, True),
    ]
    with tifffile.TiffWriter(path) as file:
        file.write(sensor, photometric="cfa", extratags=tags, metadata=None)
        file.write(preview, photometric="rgb", compression=packing, subfiletype=1, metadata=None)
    return path


@pytest.mark.parametrize("packing", ["jpegxl_dng", "jpeg"])
def test_a_dng_is_seen_by_its_large_preview(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packing: str
) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    photo = open_photo(dng(tmp_path / "in.dng", gradient(96, 128), packing))
    assert photo.format == "RAW"
    assert photo.size == (96, 128)  # upright
    assert np.abs(photo.pixels.astype(int) - np.rot90(gradient(96, 128), -1)).mean() < 4
    lost = save_losses(photo, tmp_path / "out.jpg")
    assert lost == ["the raw data (this is the camera's preview)"]
    with Image.open(save_photo(photo, tmp_path / "out.jpg")) as image:
        assert image.getexif()[271] == "A camera"
        assert image.getexif().get(274, 1) == 1
    # A thumbnail is no photo.
    with pytest.raises(MienError, match="pip install rawpy"):
        open_photo(dng(tmp_path / "small.dng", gradient(48, 60), packing))


def test_a_jpeg_xl_in_a_tiff_is_one_of_the_library(tmp_path: Path) -> None:
    """Whoever writes previews so: that they can be read is what the test above stands on."""
    path = dng(tmp_path / "in.dng", gradient(96, 128), "jpegxl_dng")
    with tifffile.TiffFile(path) as file:
        page = file.pages[1]
        start, length = page.dataoffsets[0], page.databytecounts[0]  # type: ignore[union-attr]
    assert imagecodecs.jpegxl_check(path.read_bytes()[start : start + length])
