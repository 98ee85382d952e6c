"""Nothing that shows the photo as it was before it was filled stays in a result."""

from __future__ import annotations

import base64
import io
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from engine.photo import open_photo, save_losses, save_photo
from engine.photo.exif import clean_exif
from engine.photo.metadata import clean_resources, iptc_of
from engine.photo.xmp import clean_packet
from tests.engine.pictures import gradient, painted


def jpeg(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=60)
    return file.getvalue()


THUMBNAIL = jpeg(gradient(12, 16))


def block(order: str, *, note: bytes = b"", uncompressed: bool = False) -> bytes:
    """An EXIF block with orientation 6, a maker's note and a second directory's thumbnail."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    note = note or b"x"
    main_end = 8 + 2 + 24 + 4
    inner_at = main_end
    inner_end = inner_at + 2 + 12 + 4
    second_at = inner_end + len(note) + len(note) % 2
    picture = bytes(range(200)) if uncompressed else THUMBNAIL
    tags = (273, 279) if uncompressed else (0x0201, 0x0202)
    second_end = second_at + 2 + 24 + 4
    main = struct.pack(order + "H", 2)
    main += struct.pack(order + "HHIHH", 0x0112, 3, 1, 6, 0)
    main += struct.pack(order + "HHII", 0x8769, 4, 1, inner_at) + struct.pack(
        order + "I", second_at
    )
    inner = struct.pack(order + "HHHII", 1, 0x927C, 7, len(note), inner_end) + bytes(4)
    second = struct.pack(order + "H", 2)
    second += struct.pack(order + "HHII", tags[0], 4, 1, second_end)
    second += struct.pack(order + "HHII", tags[1], 4, 1, len(picture)) + bytes(4)
    return head + main + inner + note + bytes(len(note) % 2) + second + picture


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("uncompressed", [False, True])
def test_an_exif_thumbnail_goes_and_the_rest_stays_where_it_was(
    order: str, uncompressed: bool
) -> None:
    before = block(order, note=b"Note\0" * 9, uncompressed=uncompressed)
    after = clean_exif(before)
    assert after is not None
    assert len(after) == len(before)
    assert after.find(b"Note\0" * 9) == before.find(b"Note\0" * 9)
    assert THUMBNAIL[:20] not in after
    assert bytes(range(100, 200)) not in after
    assert Image.Exif().load(b"Exif\0\0" + after) is None
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + after)
    assert exif[0x0112] == 1


def test_a_preview_inside_a_makers_note_goes() -> None:
    note = b"Maker\0" + jpeg(gradient(30, 40)) + b"serial 1234"
    after = clean_exif(block("<", note=note))
    assert after is not None
    assert b"\xff\xd8\xff" not in after
    assert b"serial 1234" in after
    assert b"Maker\0" in after


@pytest.mark.parametrize("damage", [b"", b"II*\0", b"MM\0*" + b"\xff" * 40, b"nonsense" * 9])
def test_a_broken_block_is_dropped(damage: bytes, tmp_path: Path) -> None:
    after = clean_exif(damage)
    assert after is None or len(after) == len(damage)
    file = io.BytesIO()
    Image.fromarray(gradient()).save(file, "JPEG")
    data = file.getvalue()
    content = b"Exif\0\0" + damage
    segment = b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content
    (tmp_path / "in.jpg").write_bytes(data[:2] + segment + data[2:])
    photo = open_photo(tmp_path / "in.jpg")
    for suffix in (".jpg", ".png", ".tif", ".webp"):
        open_photo(save_photo(photo, tmp_path / f"out{suffix}"))


def test_pictures_inside_xmp_go_and_the_words_stay() -> None:
    data = base64.b64encode(THUMBNAIL)
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"'
        b' GImage:Data="' + data + b'" dc:creator="Kim">'
        b"<xmp:Thumbnails><rdf:Alt><rdf:li><xmpGImg:image>"
        + data
        + b"</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails></rdf:Description></x:xmpmeta>"
    )
    after = clean_packet(packet).packet
    assert after is not None
    assert data not in after
    assert b'dc:creator="Kim"' in after
    assert b'tiff:Orientation="1"' in after


def resource(number: int, content: bytes) -> bytes:
    padded = content + b"\0" * (len(content) % 2)
    return b"8BIM" + struct.pack(">HHI", number, 0, len(content)) + padded


def test_photoshops_thumbnail_goes_and_iptc_stays() -> None:
    record = b"\x1c\x02\x19\0\x07grandma"
    blocks = resource(0x0404, record) + resource(0x040C, THUMBNAIL) + resource(0x03ED, b"300 dpi!")
    after = clean_resources(blocks)
    assert after is not None
    assert THUMBNAIL not in after
    assert iptc_of(after) == record
    assert b"300 dpi!" in after
    assert clean_resources(b"8BIM\x04\x0c" + b"T" * 294) is None


def test_layers_of_a_tiff_are_said_and_go(tmp_path: Path) -> None:
    layers = b"Adobe Photoshop Document Data Block\x008BIMLayr" + b"L" * 5000
    tags = [
        (37724, 7, len(layers), layers, True),
        (34377, 1, 40, resource(0x040C, b"T" * 28), True),
        (315, 2, 0, "Author", True),
    ]
    tifffile.imwrite(
        tmp_path / "in.tif", gradient(), photometric="rgb", extratags=tags, metadata=None
    )
    photo = open_photo(tmp_path / "in.tif")
    assert save_losses(photo, tmp_path / "out.tif") == ["the layers"]
    data = save_photo(painted(photo), tmp_path / "out.tif").read_bytes()
    assert b"LLLL" not in data
    assert b"TTTT" not in data
    with Image.open(tmp_path / "out.tif") as image:
        assert image.getexif()[315] == "Author"


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_tiffs_own_words_survive(tmp_path: Path, depth: type) -> None:
    tags = [
        (315, 2, 0, "Author", True),
        (33432, 2, 0, "(c) Author", True),
        (306, 2, 0, "1998:01:02 03:04:05", True),
    ]
    tifffile.imwrite(
        tmp_path / "in.tif",
        gradient().astype(depth),
        photometric="rgb",
        extratags=tags,
        description="grandma",
        metadata=None,
    )
    for suffix in (".tif", ".jpg", ".png", ".webp"):
        saved = save_photo(open_photo(tmp_path / "in.tif"), tmp_path / f"out{suffix}")
        again = save_photo(open_photo(saved), tmp_path / f"again{suffix}.tif")
        with Image.open(again) as image:
            exif = image.getexif()
            assert exif[315] == "Author"
            assert exif[33432] == "(c) Author"
            assert exif[306] == "1998:01:02 03:04:05"
            assert exif[270] == "grandma"


@pytest.mark.parametrize("orientation", [1, 6])
def test_widths_in_exif_turn_with_the_picture(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8769).update({0xA002: 64, 0xA003: 48})
    Image.fromarray(gradient()).save(tmp_path / "in.jpg", exif=exif)
    saved = save_photo(open_photo(tmp_path / "in.jpg"), tmp_path / "out.jpg")
    with Image.open(saved) as image:
        inner = image.getexif().get_ifd(0x8769)
        assert (inner[0xA002], inner[0xA003]) == image.size
