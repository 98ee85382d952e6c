"""docs/files.md says what each format keeps; here every cell of its table is tried."""

from __future__ import annotations

import io
import re
import struct
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from engine.photo import Photo, open_photo, save_losses, save_photo
from engine.photo import exif as exif_blocks
from engine.photo.metadata import iptc_of
from tests.engine.pictures import (
    adobe_profile,
    gradient,
    grey_profile,
    inks_of,
    painted,
    with_chunks,
)

TABLE = Path(__file__).parents[2] / "docs" / "files.md"
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WebP": ".webp", "TIFF": ".tif", "BMP": ".bmp"}
SUFFIXES |= {"AVIF": ".avif", "JPEG XL": ".jxl"}
NOTE = b"Maker\0\0\0" + bytes(range(200))


def cells() -> list[tuple[str, str, str]]:
    text = TABLE.read_text(encoding="utf-8").split("## Beside the pixels")[1]
    lines = [line for line in text.splitlines() if line[:1] == "|"]
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in lines]
    formats = rows[0][1:]
    return [
        (row[0], name, word)
        for row in rows[2:]
        for name, word in zip(formats, row[1:], strict=True)
    ]


def camera_block(*, large: bool = False) -> bytes:
    """EXIF of a camera: a note that points into the block, GPS, a thumbnail with orientation 1."""
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    if large:
        exif[0x010E] = "x" * 70000
    exif.get_ifd(0x8769).update({0x9003: "2020:01:01 00:00:00", 0x927C: NOTE})
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.0)})
    block = bytearray(exif.tobytes().removeprefix(b"Exif\0\0"))
    # The note says where it stands in the block, as makers' notes do with all their values.
    place = block.find(NOTE)
    struct.pack_into(">I", block, place + len(NOTE) - 4, place)
    return bytes(block)


def png_photo(folder: Path, pixels: np.ndarray, *chunks: tuple[bytes, bytes], **more) -> Photo:
    file = io.BytesIO()
    if pixels.dtype == np.uint16:
        code = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        file.write(cv2.imencode(".png", cv2.cvtColor(pixels, code))[1].tobytes())
    else:
        Image.fromarray(pixels).save(file, "PNG", **more)
    (folder / "in.png").write_bytes(with_chunks(file.getvalue(), *chunks))
    return open_photo(folder / "in.png")


def tiff_photo(folder: Path, samples: np.ndarray, photometric: str = "rgb", **more) -> Photo:
    tifffile.imwrite(folder / "in.tif", samples, photometric=photometric, metadata=None, **more)
    return open_photo(folder / "in.tif")


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">%s<a/></x:xmpmeta>'
RECORD = b"\x1c\x02\x19\0\x07grandma"


def with_iptc(folder: Path) -> Photo:
    Image.fromarray(gradient()).save(folder / "in.jpg")
    app13 = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(RECORD)) + RECORD
    data = (folder / "in.jpg").read_bytes()
    segment = b"\xff\xed" + struct.pack(">H", len(app13) + 2) + app13
    (folder / "in.jpg").write_bytes(data[:2] + segment + data[2:])
    return open_photo(folder / "in.jpg")


def with_comment(folder: Path) -> Photo:
    Image.fromarray(gradient()).save(folder / "in.jpg", comment="스캔 1998".encode())
    return open_photo(folder / "in.jpg")


def made(what: str, folder: Path) -> Photo:
    """A photo that has what a row of the table names."""
    deep = gradient().astype(np.uint16) * 257
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0"
    if what in ("EXIF with GPS", "makers' notes, their offsets true"):
        return png_photo(folder, gradient(), (b"eXIf", camera_block()))
    if what == "EXIF above 64 KB":
        return png_photo(folder, gradient(), (b"eXIf", camera_block(large=True)))
    if what == "XMP":
        return png_photo(folder, gradient(), (b"iTXt", xmp + XMP % b""))
    if what == "XMP above 64 KB":
        return png_photo(folder, gradient(), (b"iTXt", xmp + XMP % (b"<h/>" * 20000)))
    if what == "IPTC":
        return with_iptc(folder)
    if what == "comment":
        return with_comment(folder)
    if what == "text chunks":
        return png_photo(folder, gradient(), (b"tEXt", b"parameters\0a portrait"))
    if what == "RGB profile":
        return png_photo(folder, gradient(), icc_profile=adobe_profile())
    if what == "grey profile":
        return png_photo(folder, gradient()[..., 0], icc_profile=grey_profile(1.0))
    if what == "gAMA, cHRM, cICP":
        return png_photo(folder, gradient(), (b"gAMA", struct.pack(">I", 100000)))
    if what == "resolution":
        return png_photo(folder, gradient(), dpi=(240, 240))
    if what == "transparency":
        return png_photo(folder, np.dstack([gradient(), gradient()[..., 1]]))
    if what == "16 bit":
        return png_photo(folder, deep + 3)
    if what == "one grey channel":
        return png_photo(folder, gradient()[..., 0])
    if what == "CMYK inks":
        inks = (inks_of(gradient() / 255) * 255).round().astype(np.uint8)
        return tiff_photo(folder, inks, "separated")
    if what == "Lab":
        return tiff_photo(folder, np.full((48, 64, 3), (150, 10, 20), np.uint8), "cielab")
    if what == "16, 32, 64-bit floats":
        return tiff_photo(folder, (gradient() / 255).astype(np.float16))
    if what == "infrared and other channels":
        more = {"extrasamples": ["unspecified"]}
        return tiff_photo(folder, np.dstack([deep, deep[..., 1]]), **more)
    raise AssertionError(f"nobody knows how to make a photo with {what}")


def exif_of(path: Path) -> tuple[bytes, dict[int, exif_blocks.Entry]]:
    """The bytes that the offsets count from, and the camera's fields."""
    data = path.read_bytes()
    if path.suffix != ".tif":
        found = open_photo(path).metadata.exif
        assert found is not None
        data = found
    main = exif_blocks.read_directory(data, exif_blocks.first_directory(data)).entries
    order = exif_blocks.byte_order(data)
    inner = main[exif_blocks.EXIF_FOLDER].number(order)
    return data, exif_blocks.read_directory(data, inner).entries


def camera_fields(path: Path) -> tuple:
    """Make, date, latitude and how long the description is, as Pillow reads them; of JPEG XL, which
    it does not open, of the block that lies in it."""
    if path.suffix == ".jxl":
        exif = Image.Exif()
        exif.load(b"Exif\0\0" + (open_photo(path).metadata.exif or b""))
        return _fields_of(exif)
    with Image.open(path) as image:
        return _fields_of(image.getexif())


def _fields_of(exif: Image.Exif) -> tuple:
    inner, place = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
    return exif[0x010F], inner[0x9003], place[2], len(exif.get(0x010E, ""))


def check_kept(what: str, before: Photo, path: Path) -> None:
    after, metadata = open_photo(path), open_photo(path).metadata
    if what in ("EXIF with GPS", "EXIF above 64 KB"):
        assert camera_fields(path) == (
            "A camera",
            "2020:01:01 00:00:00",
            (51.0, 30.0, 0.0),
            70000 if "above" in what else 0,
        )
    elif what.startswith("makers' notes"):
        data, fields = exif_of(path)
        note = fields[exif_blocks.MAKER_NOTE].value
        assert note[: len(NOTE) - 4] == NOTE[:-4]
        (place,) = struct.unpack(">I", note[-4:])
        assert data[place : place + 8] == NOTE[:8]
    elif what.startswith("XMP"):
        assert metadata.xmp is not None
        assert metadata.xmp == before.metadata.xmp
    elif what == "IPTC":
        assert iptc_of(metadata.resources) == RECORD
        if path.suffix == ".tif":
            with tifffile.TiffFile(path) as file:
                assert bytes(file.pages[0].tags[33723].value).startswith(RECORD)  # type: ignore
    elif what == "comment":
        if path.suffix in (".jpg", ".jxl"):
            assert metadata.comments == ("스캔 1998".encode(),)
        else:
            with Image.open(path) as image:
                assert image.text["Comment"] == "스캔 1998"  # type: ignore[attr-defined]
    elif what == "text chunks":
        assert (b"tEXt", b"parameters\0a portrait") in metadata.text
    elif what in ("RGB profile", "grey profile"):
        with Image.open(path) as image:
            assert image.info["icc_profile"] == before.metadata.icc
            assert image.mode == ("RGB" if what[0] == "R" else "L")
    elif what.startswith("gAMA"):
        assert b"gAMA" + struct.pack(">I", 100000) in path.read_bytes()
    elif what == "resolution":
        assert metadata.dpi == pytest.approx((240, 240), abs=0.1)
    elif what == "transparency":
        assert np.abs(after.pixels[..., 3].astype(int) - before.pixels[..., 3]).max() <= 6
    elif what == "16 bit":
        assert np.array_equal(after.pixels, before.pixels)
    elif what == "one grey channel" and path.suffix == ".jxl":
        assert after.single
        assert np.array_equal(after.pixels, before.pixels)
    elif what == "one grey channel":
        with Image.open(path) as image:
            assert image.mode in ("L", "P") if path.suffix == ".bmp" else image.mode == "L"
    elif what == "CMYK inks":
        with Image.open(path) as image:
            assert image.mode == "CMYK"
    else:
        assert before.source is not None
        assert np.array_equal(tifffile.imread(path), before.source.samples)


@pytest.mark.parametrize(("what", "format_", "word"), cells())
def test_a_cell(tmp_path: Path, what: str, format_: str, word: str) -> None:
    photo = made(what, tmp_path)
    path = tmp_path / f"out{SUFFIXES[format_]}"
    lost = save_losses(photo, path)
    saved = save_photo(photo, path)
    if word == "said":
        assert lost
        open_photo(saved)
        return
    assert not lost
    if word == "kept":
        check_kept(what, photo, saved)
        return
    assert word.startswith("as ")
    after = open_photo(saved)
    assert np.abs(after.rgb8.astype(int) - photo.rgb8).mean() < 3
    if word == "as numbers":
        assert after.profile is not None
        return
    with Image.open(saved) as image:
        icc = image.info.get("icc_profile")
    if word == "as profile":
        assert icc is not None
        assert icc[16:20] == b"RGB "
    else:
        assert icc is None


def test_a_photo_with_everything_loses_nothing_twice(tmp_path: Path) -> None:
    """From JPEG to every format and back, what both hold is there."""
    photo = with_iptc(tmp_path)
    metadata = replace(
        photo.metadata, exif=camera_block(), xmp=XMP % b"", dpi=(300.0, 300.0), icc=adobe_profile()
    )
    photo = painted(replace(photo, metadata=metadata))
    for suffix in SUFFIXES.values():
        once = open_photo(save_photo(photo, tmp_path / f"once{suffix}"))
        twice = open_photo(save_photo(once, tmp_path / f"{suffix[1:]}.jpg"))
        if suffix == ".bmp":
            continue
        with Image.open(tmp_path / f"{suffix[1:]}.jpg") as image:
            assert image.getexif()[0x010F] == "A camera"
            assert image.getexif().get_ifd(0x8825)[1] == "N"
            assert image.info["icc_profile"] == adobe_profile()
        assert twice.metadata.xmp == metadata.xmp
        assert twice.metadata.dpi == pytest.approx((300, 300), abs=0.1)


def test_the_table_is_there() -> None:
    assert len(cells()) >= 19 * 7
    assert {word for _, _, word in cells() if not re.match("as ", word)} == {"kept", "said"}
