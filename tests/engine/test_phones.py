"""Photos as phones, ExifTool and signing tools write them: what is kept, what goes and is said."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image

from engine.base.errors import MienError
from engine.mask.file import open_mask
from engine.photo import open_photo, save_losses, save_photo, write_photo
from engine.photo.exif import EXIF_FOLDER, byte_order, first_directory, read_directory
from engine.photo.hdr import from_srgb, to_srgb
from engine.photo.jpeg import read_segments
from engine.photo.patch import Patch
from engine.photo.xmp import clean_packet
from tests.engine.pictures import INSIDE, filled, gradient, packet, painted

XMP, MORE = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
CAMERA = {"GCamera": "http://ns.google.com/photos/1.0/camera/"}
GAIN = {"hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/"}
VIDEO = struct.pack(">I", 24) + b"ftypmp42\0\0\0\0mp42isom" + struct.pack(">I", 4008) + bytes(4004)
CREDENTIALS = struct.pack(">I4s", 2000, b"jumb") + bytes(1992)
P3, SRGB, WIDE, PQ, HLG = 12, 13, 9, 16, 18


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg(*segments: bytes, pixels: np.ndarray | None = None, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(gradient() if pixels is None else pixels).save(file, "JPEG", **options)
    encoded = file.getvalue()
    return encoded[:20] + b"".join(segments) + encoded[20:]


def heic(path: Path, pixels: np.ndarray, primaries: int, curve: int) -> Path:
    deep = pixels.dtype == np.uint16
    mode = "RGB;16" if deep else "RGB"
    file = pillow_heif.from_bytes(mode, pixels.shape[1::-1], pixels.tobytes())
    file.save(
        path,
        quality=95,
        chroma=444,
        color_primaries=primaries,
        transfer_characteristics=curve,
        matrix_coefficients=6,
        full_range_flag=1,
        save_nclx_profile=True,
    )
    return path


def avif(path: Path, primaries: int, curve: int) -> Path:
    """An AVIF whose container says these code points."""
    Image.fromarray(gradient()).save(path, quality=95, subsampling="4:4:4")
    data = bytearray(path.read_bytes())
    place = data.find(b"colrnclx") + 8
    data[place : place + 4] = struct.pack(">HH", primaries, curve)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_colours_said_by_code_points_are_those_of_a_pngs_cicp(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"in.{kind}"
    avif(path, P3, SRGB) if kind == "avif" else heic(path, gradient(), P3, SRGB)
    photo = open_photo(path)
    assert dict(photo.metadata.colour)[b"cICP"] == bytes([P3, SRGB, 0, 1])
    # Display P3's colours are stronger than what sRGB takes the same numbers for.
    spread = np.ptp(photo.rgb8[10, 60].astype(int)) - np.ptp(photo.own8[10, 60].astype(int))
    assert spread > 3
    data = save_photo(painted(photo), tmp_path / "out.png").read_bytes()
    assert b"cICP" + bytes([P3, SRGB, 0, 1]) in data
    for suffix in (".jpg", ".avif", ".webp", ".tif"):
        again = open_photo(save_photo(painted(photo), tmp_path / f"out{suffix}"))
        assert again.profile is not None, suffix
        off = np.abs(again.rgb8.astype(int) - painted(photo).rgb8)
        assert off.mean() < 4, suffix


@pytest.mark.parametrize("curve", [PQ, HLG])
def test_brighter_than_white_is_never_taken_for_srgb(tmp_path: Path, curve: int) -> None:
    points = bytes([WIDE, curve, 0, 1])
    deep = from_srgb(gradient().astype(np.uint16) * 257, points)
    photo = open_photo(heic(tmp_path / "in.heic", deep, WIDE, curve))
    assert photo.hdr == points
    assert np.abs(photo.rgb8.astype(int) - gradient()).mean() < 4
    assert np.abs(photo.own8.astype(int) - gradient()).mean() > 20
    saved = write_photo(painted(photo), tmp_path / "out.png")
    assert saved.outside == "identical"
    assert save_losses(photo, saved.path) == []
    again = open_photo(saved.path)
    assert again.hdr == points
    assert np.abs(again.rgb8[INSIDE].astype(int) - (204, 128, 102)).max() <= 2
    for suffix in (".jpg", ".webp", ".tif", ".bmp", ".avif"):
        path = tmp_path / f"out{suffix}"
        assert "HDR brightness (it becomes sRGB)" in save_losses(photo, path)
        plain = open_photo(save_photo(painted(photo), path))
        assert plain.profile is None
        assert np.abs(plain.rgb8.astype(int) - painted(photo).rgb8).mean() < 5


def test_hdr_curves_are_undone() -> None:
    for points in (bytes([WIDE, PQ, 0, 1]), bytes([P3, HLG, 0, 1])):
        ramp = np.stack(np.meshgrid(*[np.linspace(0, 65535, 9)] * 3), -1).reshape(-1, 3)
        ramp = ramp.round().astype(np.uint16)
        off = to_srgb(from_srgb(ramp, points), points).astype(int) - ramp
        assert np.abs(off).max() < 200
    white = np.full((1, 3), 65535, np.uint16)
    assert from_srgb(white, bytes([WIDE, PQ, 0, 1]))[0, 0] / 65535 == pytest.approx(
        0.581, abs=0.002
    )
    assert from_srgb(white, bytes([WIDE, HLG, 0, 1]))[0, 0] / 65535 == pytest.approx(
        0.75, abs=0.001
    )


ELEMENTS = "<GCamera:MotionPhoto>1</GCamera:MotionPhoto><GCamera:MicroVideo>1</GCamera:MicroVideo>"


@pytest.mark.parametrize(
    ("names", "attributes", "elements", "lost"),
    [
        (CAMERA, "", ELEMENTS, "the video behind the picture"),
        (CAMERA, 'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="9"', "", "the video"),
        ({"x1": CAMERA["GCamera"]}, 'x1:MotionPhotoVersion="1"', "", "the video behind"),
        (GAIN, "", "<hdrgm:Version>1.0</hdrgm:Version>", "the HDR gain map"),
        (GAIN, 'hdrgm:Version = "1.0"', "", "the HDR gain map"),
        (
            {"d": "http://ns.google.com/photos/1.0/depthmap/"},
            'd:Format="RangeInverse"',
            "<d:Data>iVBOR</d:Data>",
            "the depth map",
        ),
    ],
)
def test_signposts_go_in_both_spellings_and_under_any_prefix(
    names: dict[str, str], attributes: str, elements: str, lost: str
) -> None:
    cleaned = clean_packet(packet(names, attributes, elements))
    assert cleaned.packet is not None
    assert b'dc:source="us"' in cleaned.packet
    for word in (b"Motion", b"Micro", b"Version", b"Data"):
        assert word not in cleaned.packet
    assert len(cleaned.lost) == 1
    assert cleaned.lost[0].startswith(lost)
    # Another name in a space of that prefix is none of them.
    other = packet({"hdrgm": "urn:else", "GCamera": "urn:else"}, 'hdrgm:Version="2"')
    assert clean_packet(other).packet == other
    assert clean_packet(cleaned.packet).packet == cleaned.packet


def test_a_packet_that_is_no_xml_goes_and_is_said() -> None:
    cleaned = clean_packet(b"<x:xmpmeta><a></x:xmpmeta>")
    assert (cleaned.packet, cleaned.lost) == (None, ("XMP that cannot be read",))
    evil = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    assert clean_packet(evil).packet is None
    wide = packet(GAIN, 'hdrgm:Version="1.0"').decode().encode("utf-16")
    assert b"Version" not in (clean_packet(wide).packet or b"Version")


def samsung() -> bytes:
    name = b"MotionPhoto_Data"
    block = struct.pack("<HHI", 0, 2608, len(name)) + name + VIDEO
    head = b"SEFH" + struct.pack("<II", 106, 1) + struct.pack("<HHII", 0, 2608, len(block), 1)
    return jpeg() + block + head + struct.pack("<I", len(head)) + b"SEFT"


@pytest.mark.parametrize(
    ("data", "lost"),
    [
        (jpeg() + VIDEO, ["the video behind the picture"]),
        (samsung(), ["the video behind the picture"]),
        (jpeg() + jpeg(), ["the other pictures of the file"]),
        (jpeg() + bytes(range(1, 255)) * 9, ["the data behind the picture"]),
        (jpeg() + bytes(5000), []),
        (jpeg() + b"trailing", []),
    ],
)
def test_what_follows_a_picture_is_said(tmp_path: Path, data: bytes, lost: list[str]) -> None:
    photo, saved = filled(tmp_path, data)
    assert save_losses(photo, saved) == lost
    assert len(saved.read_bytes()) < len(jpeg()) + 700


def test_the_signpost_to_an_extended_packet_goes_with_it(tmp_path: Path) -> None:
    rest = packet({}, "")
    guid = hashlib.md5(rest).hexdigest().upper()
    more = MORE + guid.encode() + struct.pack(">II", len(rest), 0) + rest
    note = packet({"n": "http://ns.adobe.com/xmp/note/"}, f'n:HasExtendedXMP="{guid}"')
    photo, saved = filled(tmp_path, jpeg(segment(0xE1, XMP + note), segment(0xE1, more)))
    assert save_losses(photo, saved) == ["the second part of its XMP"]
    assert guid.encode() not in saved.read_bytes()


def signed(kind: str) -> bytes:
    file = io.BytesIO()
    if kind == "jpg":
        return jpeg(segment(0xEB, struct.pack(">HHI", 0x4A50, 1, 1) + CREDENTIALS))
    if kind == "tif":
        tags = [(52545, 7, len(CREDENTIALS), CREDENTIALS, True)]
        tifffile.imwrite(file, gradient(), photometric="rgb", metadata=None, extratags=tags)
        return file.getvalue()
    if kind == "webp":
        Image.fromarray(gradient()).save(file, "WEBP", lossless=True)
        data = file.getvalue() + b"C2PA" + struct.pack("<I", len(CREDENTIALS)) + CREDENTIALS
        return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    Image.fromarray(gradient()).save(file, "PNG")
    data, crc = file.getvalue(), zlib.crc32(b"caBX" + CREDENTIALS)
    chunk = struct.pack(">I", len(CREDENTIALS)) + b"caBX" + CREDENTIALS + struct.pack(">I", crc)
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "webp"])
def test_content_credentials_are_said_and_never_carried_on(tmp_path: Path, kind: str) -> None:
    photo, saved = filled(tmp_path, signed(kind), f"in.{kind}", f".{kind}")
    assert save_losses(photo, saved) == ["the content credentials"]
    assert b"jumb" not in saved.read_bytes()
    assert b"C2PA" not in saved.read_bytes()
    if kind == "tif":
        with tifffile.TiffFile(saved) as file:
            assert 52545 not in file.pages[0].tags  # type: ignore[union-attr]


def test_a_jpeg_of_twelve_bit_is_read_and_other_kinds_are_named(tmp_path: Path) -> None:
    deep = gradient().astype(np.uint16) * 16 + 15
    data = imagecodecs.jpeg8_encode(deep, level=99, bitspersample=12)
    photo, saved = filled(tmp_path, data, to=".png")
    assert photo.pixels.dtype == np.uint16
    assert np.abs(photo.pixels / 257 - gradient()).mean() < 3
    assert open_photo(saved).pixels.dtype == np.uint16
    # A hierarchical one: the frame's marker says so.
    broken = bytearray(jpeg())
    broken[broken.find(b"\xff\xc0") + 1] = 0xC5
    (tmp_path / "in.jpg").write_bytes(broken)
    with pytest.raises(
        MienError, match=r"in\.jpg is a hierarchical JPEG, which Mien does not read"
    ):
        open_photo(tmp_path / "in.jpg")


def test_white_of_ten_bit_is_white(tmp_path: Path) -> None:
    full = np.full((48, 64, 4), 65535, np.uint16)
    full[:, :20, :3] = np.linspace(0, 65535, 20).astype(np.uint16)[:, None]
    pillow_heif.from_bytes("RGBA;16", (64, 48), full.tobytes()).save(
        tmp_path / "in.heic", quality=-1
    )
    pixels = open_photo(tmp_path / "in.heic").pixels
    assert (pixels[..., 3] == 65535).all()
    assert (pixels[:, 40:] == 65535).all()
    assert pixels.min() == 0


def turned_photo(orientation: int) -> bytes:
    """64 x 48 as it lies, with a named face and a subject area in the numbers of its pixels."""
    exif = Image.Exif()
    exif[274] = orientation
    exif.get_ifd(34665).update({37396: (16, 12, 10, 8), 40962: 64, 40963: 48})
    names = {
        "r": "http://www.metadataworkinggroup.com/schemas/regions/",
        "d": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
        "a": "http://ns.adobe.com/xmp/sType/Area#",
    }
    face = (
        '<r:Regions rdf:parseType="Resource"><r:AppliedToDimensions d:w="64" d:h="48" '
        'd:unit="pixel"/><r:RegionList><rdf:Bag><rdf:li rdf:parseType="Resource">{}<r:Name>Anna'
        "</r:Name></rdf:li></rdf:Bag></r:RegionList></r:Regions>"
    )
    area = '<r:Area a:x="0.25" a:y="0.4" a:w="0.2" a:h="0.3" a:unit="normalized"/>'
    return jpeg(segment(0xE1, XMP + packet(names, "", face.format(area))), exif=exif)


@pytest.mark.parametrize(
    ("orientation", "area", "subject"),
    [
        (2, (0.75, 0.4, 0.2, 0.3), (48, 12, 10, 8)),
        (3, (0.75, 0.6, 0.2, 0.3), (48, 36, 10, 8)),
        (6, (0.6, 0.25, 0.3, 0.2), (36, 16, 8, 10)),
        (8, (0.4, 0.75, 0.3, 0.2), (12, 48, 8, 10)),
    ],
)
def test_named_faces_turn_with_the_photo(
    tmp_path: Path, orientation: int, area: tuple[float, ...], subject: tuple[int, ...]
) -> None:
    _, saved = filled(tmp_path, turned_photo(orientation))
    metadata = open_photo(saved).metadata
    assert metadata.xmp is not None
    assert metadata.exif is not None
    for side, value in zip("xywh", area, strict=True):
        assert f'a:{side}="{value:g}"'.encode() in metadata.xmp
    sides = (48, 64) if orientation >= 5 else (64, 48)
    assert b'd:w="%d" d:h="%d"' % sides in metadata.xmp
    block, order = metadata.exif, byte_order(metadata.exif)
    main = read_directory(block, first_directory(block)).entries
    inner = read_directory(block, main[EXIF_FOLDER].number(order)).entries
    assert struct.unpack(order + "4H", inner[37396].value) == subject
    assert b"Orientation" not in metadata.xmp
    # What is upright already is left alone.
    _, again = filled(tmp_path, saved.read_bytes(), "again.jpg")
    assert open_photo(again).metadata.xmp == metadata.xmp


def test_a_mask_drawn_on_the_photo_as_it_lies_is_turned_with_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    (tmp_path / "in.jpg").write_bytes(jpeg(exif=exif))
    photo = open_photo(tmp_path / "in.jpg")
    stored = np.zeros((48, 64), np.uint8)
    stored[5:12, 40:60] = 255
    Image.fromarray(stored).save(tmp_path / "m.png")
    mask = open_mask(tmp_path / "m.png", photo.size, orientation=photo.metadata.orientation)
    assert np.array_equal(mask.pixels, np.rot90(stored, -1))
    with pytest.raises(MienError, match="64 x 48"):
        open_mask(tmp_path / "m.png", photo.size)


def ultra_hdr(width: int = 320, height: int = 256) -> bytes:
    """As libultrahdr writes it: a bright ramp."""
    y, x = np.mgrid[:height, :width]
    light = np.ones((height, width, 4), np.float16)
    light[..., 0], light[..., 1], light[..., 2] = x / width * 4, y / height * 2, 0.3
    return imagecodecs.ultrahdr_encode(light, level=95)


def test_a_gain_map_is_carried_on_and_continued_in_the_hole(tmp_path: Path) -> None:
    (tmp_path / "r0.jpg").write_bytes(ultra_hdr())
    first = open_photo(tmp_path / "r0.jpg")
    assert save_losses(first, tmp_path / "a.png") == ["the HDR gain map"]
    assert save_losses(first, tmp_path / "a.jpg") == []
    box, grey = (100, 100, 50, 40), np.full((40, 50, 3), 120, np.uint8)
    patch = Patch(box, grey, np.full((40, 50), 255, np.uint8), "face", 0.0)
    before = imagecodecs.ultrahdr_decode((tmp_path / "r0.jpg").read_bytes()).astype(float)
    for turn in range(3):
        photo = open_photo(tmp_path / f"r{turn}.jpg")
        saved = write_photo(photo.apply(patch), tmp_path / f"r{turn + 1}.jpg")
        assert saved.outside == "identical"
        data = saved.path.read_bytes()
        after = imagecodecs.ultrahdr_decode(data).astype(float)
        assert np.array_equal(after[:80], before[:80])
        assert np.array_equal(after[160:], before[160:])
        # The hole is as bright as its grey, times what the map says beside it.
        assert np.ptp(after[110:130, 110:140, :3]) < 0.6
        assert data.count(b"Item:Length=") == data.count(b"MPF\0") == 1
    sizes = [len((tmp_path / f"r{n}.jpg").read_bytes()) for n in (1, 3)]
    assert abs(sizes[0] - sizes[1]) < 200
    # The Multi-Picture directory says where the map begins, and how long it is.
    assert read_segments(data).pictures == 2
    base = data.find(b"MPF\0") + 4
    length, offset = struct.unpack_from(">II", data, base + 50 + 16 + 4)
    assert len(data) - base - offset == length
    with Image.open(io.BytesIO(data[base + offset :])) as image:
        assert np.asarray(image).std() > 1


@pytest.mark.parametrize(("size", "kept"), [((320, 256), True), ((328, 250), False)])
def test_a_gain_map_turns_with_its_photo_or_is_said(
    tmp_path: Path, size: tuple[int, int], kept: bool
) -> None:
    exif = Image.Exif()
    exif[274] = 6
    block = b"Exif\0\0" + exif.tobytes().removeprefix(b"Exif\0\0")
    data = ultra_hdr(*size)
    (tmp_path / "in.jpg").write_bytes(data[:2] + segment(0xE1, block) + data[2:])
    photo = open_photo(tmp_path / "in.jpg")
    out = tmp_path / "out.jpg"
    assert (save_losses(photo, out) == []) is kept
    save_photo(painted(photo), out)
    before = imagecodecs.ultrahdr_decode(data).astype(float)[..., :3]
    if kept:
        after = imagecodecs.ultrahdr_decode(out.read_bytes()).astype(float)[..., :3]
        assert np.abs(after - np.rot90(before, -1))[80:].max() < 0.15
    else:
        assert b"hdrgm:Version" not in out.read_bytes()
