"""Outside the mask nothing changes: in which formats (docs/files.md), and in all kinds of JPEG."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image

from engine.edit.edit import new_edit
from engine.edit.session import read_session, write_session
from engine.photo import Photo, open_photo, save_photo, why_anew, write_photo
from engine.photo.coefficients import read_coefficients
from engine.photo.huffman import best_table
from engine.photo.jpeg_frame import Stored, read_frame
from engine.photo.keep import why_not
from engine.photo.patch import Patch
from engine.photo.source import grey_of
from tests.engine.pictures import gradient, inks_of, outside, painted

TABLE = Path(__file__).parents[2] / "docs" / "files.md"
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WebP": ".webp", "TIFF": ".tif", "BMP": ".bmp"}
SUFFIXES |= {"AVIF": ".avif", "JPEG XL": ".jxl"}
BLOCK = 16
BOX = (70, 50, 40, 30)


def cells() -> list[tuple[str, str, str]]:
    text = TABLE.read_text(encoding="utf-8").split("## Beside the pixels")[0]
    lines = [line for line in text.splitlines() if line[:1] == "|"]
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in lines]
    return [
        (row[0], name, word)
        for row in rows[2:]
        for name, word in zip(rows[0][1:], row[1:], strict=True)
    ]


def made(kind: str, folder: Path) -> Photo:
    """A photo of a row of the table."""
    image, inks = Image.fromarray(gradient()), (inks_of(gradient() / 255) * 255).astype(np.uint8)
    name, options = kind.split()[0].lower(), {}
    if kind == "PNG of 16 bit":
        tifffile.imwrite(folder / "in.tif", gradient().astype(np.uint16) * 257 + 3)
        return open_photo(save_photo(open_photo(folder / "in.tif"), folder / "in.png"))
    if kind == "TIFF of inks":
        tifffile.imwrite(folder / "in.tif", inks, photometric="separated", metadata=None)
        return open_photo(folder / "in.tif")
    if kind == "HEIC":
        pillow_heif.from_pillow(image).save(folder / "in.heic", quality=90)
        return open_photo(folder / "in.heic")
    if kind.startswith("JPEG XL"):
        data = imagecodecs.jpegxl_encode(gradient(), lossless=True)
        if kind == "JPEG XL of a JPEG":
            image.save(folder / "in.jpg")
            data = imagecodecs.jpegxl_encode_jpeg((folder / "in.jpg").read_bytes())
        (folder / "in.jxl").write_bytes(data)
        return open_photo(folder / "in.jxl")
    if kind == "JPEG of inks":
        image = image.convert("CMYK")
    if kind == "WebP without loss":
        options["lossless"] = True
    image.save(folder / f"in.{name}", name.upper(), **options)
    return open_photo(folder / f"in.{name}")


@pytest.mark.parametrize(("kind", "format_", "word"), cells())
def test_the_table_of_what_stays_outside(
    tmp_path: Path, kind: str, format_: str, word: str
) -> None:
    photo = made(kind, tmp_path)
    saved = write_photo(painted(photo), tmp_path / f"out{SUFFIXES[format_]}")
    assert saved.outside == word
    after = open_photo(saved.path).pixels
    same = (after == photo.pixels).all(axis=2) if after.shape == photo.pixels.shape else None
    if word == "identical":
        assert same is not None
        in_blocks = format_ == "JPEG" or (format_ == "JPEG XL" and photo.metadata.stored)
        assert same[far_from((20, 12, 16, 10), (64, 48)) if in_blocks else outside()].all()
    elif format_ == "JPEG":
        assert not same[outside()].all()


def far_from(box: tuple[int, int, int, int], size: tuple[int, int]) -> np.ndarray:
    """Height x width bool: outside the largest blocks that a box touches, and of a decoder's
    smoothing of colours beside them."""
    (x, y, width, height), result = box, np.ones(size[::-1], bool)
    left, top = (edge // BLOCK * BLOCK - 2 for edge in (x, y))
    right, low = (-(-edge // BLOCK) * BLOCK + 2 for edge in (x + width, y + height))
    result[max(top, 0) : low, max(left, 0) : right] = False
    return result


def noisy(width: int, height: int) -> np.ndarray:
    """A picture with fine grain and a coloured edge: what suffers when it is encoded again."""
    y, x = np.mgrid[:height, :width]
    smooth = np.stack([90 + x // 2, 70 + y // 3, 60 + (x + y) // 6], -1).astype(np.float32)
    grain = np.random.default_rng(7).normal(0, 6, (height, width, 1))
    pixels = (smooth + grain).clip(0, 255).astype(np.uint8)
    pixels[10:40, 10:40] = (230, 40, 40)
    return pixels


def filled(photo: Photo, turn: int = 0) -> Photo:
    """The photo with a patch whose rim is soft, another one at every turn."""
    width, height = BOX[2:]
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([columns * 3 + 60, rows * 4 + 60 + turn, rows + columns + 70], -1)
    alpha = np.full((height, width), 255, np.uint8)
    alpha[0], alpha[-1] = 128, 128
    return photo.apply(Patch(BOX, pixels.astype(np.uint8), alpha, "face", 0.0))


def jpeg(kind: str, size: tuple[int, int], **options: object) -> bytes:
    """A JPEG of a kind."""
    if kind in ("4:1:1", "4:4:0"):
        # Pillow writes none of these.
        return imagecodecs.jpeg8_encode(noisy(*size), level=88, subsampling=kind.replace(":", ""))
    image = Image.fromarray(noisy(*size))
    known: dict[str, dict[str, object]] = {
        "4:2:0": {"subsampling": 2},
        "4:2:2": {"subsampling": 1},
        "4:4:4": {"subsampling": 0},
        "progressive": {"subsampling": 2, "progressive": True},
        "progressive 4:4:4": {"subsampling": 0, "progressive": True, "quality": 60},
        "restarts": {"subsampling": 2, "restart_marker_blocks": 3},
        "progressive restarts": {"progressive": True, "restart_marker_rows": 1},
        "own tables": {"subsampling": 2, "optimize": True},
        "best": {"subsampling": 2, "quality": 100},
        "grey": {},
        "grey progressive": {"progressive": True},
        "inks": {"subsampling": 2},
        "RGB": {"keep_rgb": True, "subsampling": 0},
    }
    if kind.startswith("grey"):
        image = image.convert("L")
    if kind == "inks":
        image = image.convert("CMYK")
    file = io.BytesIO()
    image.save(file, "JPEG", **{"quality": 90, **known[kind], **options})
    return file.getvalue()


KINDS = (
    *("4:2:0", "4:2:2", "4:4:4", "4:1:1", "4:4:0", "progressive", "progressive 4:4:4", "restarts"),
    *("progressive restarts", "own tables", "best", "grey", "grey progressive", "inks", "RGB"),
)


@pytest.mark.parametrize("size", [(160, 128), (173, 139)])
@pytest.mark.parametrize("kind", KINDS)
def test_five_saves_of_a_jpeg_are_identical_outside(
    tmp_path: Path, kind: str, size: tuple[int, int]
) -> None:
    data = jpeg(kind, size)
    (tmp_path / "r0.jpg").write_bytes(data)
    before = open_photo(tmp_path / "r0.jpg")
    last = before
    for turn in range(5):
        saved = write_photo(filled(last, turn), tmp_path / f"r{turn + 1}.jpg")
        assert (saved.outside, saved.notice) == ("identical", "")
        last = open_photo(saved.path)
    far = far_from((BOX[0] // 32 * 32, BOX[1], 64, BOX[3]), size)
    assert far.sum() > 5000
    assert np.array_equal(last.pixels[far], before.pixels[far])
    x, y, width, height = BOX
    inside = np.s_[y + 8 : y + height - 8, x + 8 : x + width - 8]
    meant = filled(before, 4).pixels[inside].astype(int)
    if kind.startswith("grey"):
        meant = grey_of(filled(before, 4).pixels[inside])[..., None].astype(int)
    assert np.abs(last.pixels[inside] - meant).mean() < (8 if kind == "inks" else 5)
    frame, again = read_frame(data), read_frame((tmp_path / "r5.jpg").read_bytes())
    assert (again.marker, again.components) == (frame.marker, frame.components)
    assert again.quantisation == frame.quantisation
    assert [scan.restart for scan in again.scans] == [scan.restart for scan in frame.scans]


@pytest.mark.parametrize("kind", ["4:2:0", "progressive", "restarts", "own tables"])
def test_what_nothing_touched_comes_back_to_the_bit(tmp_path: Path, kind: str) -> None:
    data = jpeg(kind, (173, 139))
    (tmp_path / "in.jpg").write_bytes(data)
    photo = open_photo(tmp_path / "in.jpg")
    saved = write_photo(photo, tmp_path / "out.jpg").path.read_bytes()
    # The coded data of every scan; the sizes of files follow from it.
    before, after = read_frame(data), read_frame(saved)
    assert [data[slice(*s.data)] for s in before.scans] == [
        saved[slice(*s.data)] for s in after.scans
    ]
    assert len(saved) == pytest.approx(len(data), rel=0.01)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("kind", ["4:2:0", "4:2:2", "grey", "progressive", "inks"])
def test_a_turned_photo_is_turned_with_its_coefficients(
    tmp_path: Path, kind: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    (tmp_path / "in.jpg").write_bytes(jpeg(kind, (160, 128), exif=exif))
    before = open_photo(tmp_path / "in.jpg")
    saved = write_photo(filled(before), tmp_path / "out.jpg")
    assert saved.outside == "identical"
    after = open_photo(saved.path)
    far = far_from((64, 48, 64, 48), after.size)
    off = np.abs(after.pixels[far].astype(int) - before.pixels[far])
    assert off.max() <= 3
    assert off.mean() < 0.3
    again = open_photo(write_photo(filled(after, 3), tmp_path / "again.jpg").path)
    assert np.array_equal(again.pixels[far], after.pixels[far])


def test_a_turned_photo_of_part_of_a_block_is_encoded_anew_and_says_so(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    (tmp_path / "in.jpg").write_bytes(jpeg("4:2:0", (173, 139), exif=exif))
    photo = open_photo(tmp_path / "in.jpg")
    assert "173 x 139" in why_anew(photo, tmp_path / "out.jpg")
    assert why_anew(photo, tmp_path / "out.png") == ""
    saved = write_photo(filled(photo), tmp_path / "out.jpg")
    assert saved.outside == "re-encoded"
    assert saved.notice.startswith("out.jpg was encoded anew as a whole: the photo is turned, and")
    assert saved.notice.endswith("of 16 x 16; --lying leaves it on its side, as it was.")
    # The side that is mirrored counts, and no other.
    (tmp_path / "in.jpg").write_bytes(jpeg("4:2:0", (173, 128), exif=exif))
    assert why_anew(open_photo(tmp_path / "in.jpg"), tmp_path / "out.jpg") == ""


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_photo_of_any_size_may_be_left_lying(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    exif.get_ifd(34665).update({40962: 173, 40963: 139, 37396: (60, 40, 9, 5)})
    (tmp_path / "in.jpg").write_bytes(jpeg("4:2:0", (173, 139), exif=exif))
    before = open_photo(tmp_path / "in.jpg")
    saved = write_photo(filled(before), tmp_path / "out.jpg", lying=True)
    assert saved.outside == "identical"
    after = open_photo(saved.path)
    assert after.size == before.size
    same = (after.pixels == before.pixels).all(axis=2)
    assert same[:30].all()
    assert same[:, :50].all()
    assert not same[55:75, 75:105].all()
    with Image.open(saved.path) as image:
        assert image.size == (173, 139)
        assert image.getexif()[274] == orientation
        assert image.getexif().get_ifd(34665)[37396] == (60, 40, 9, 5)
        assert image.getexif().get_ifd(34665)[40962] == 173
    # Without a turn it is as it was.
    upright = open_photo(save_photo(filled(before), tmp_path / "up.jpg"))
    again = write_photo(upright, tmp_path / "again.jpg", lying=True)
    assert again.outside == "identical"


def test_another_quality_encodes_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "in.jpg").write_bytes(jpeg("4:2:0", (160, 128)))
    saved = write_photo(filled(open_photo(tmp_path / "in.jpg")), tmp_path / "out.jpg", quality=50)
    assert (saved.outside, saved.notice) == ("re-encoded", "")
    assert saved.path.stat().st_size < (tmp_path / "in.jpg").stat().st_size / 2


def test_where_the_decoder_fails_all_of_it_is_encoded_anew_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise imagecodecs.Jpeg8Error("jpeg8_decode", "no")

    (tmp_path / "in.jpg").write_bytes(jpeg("4:2:0", (160, 128)))
    photo = open_photo(tmp_path / "in.jpg")
    monkeypatch.setattr(imagecodecs, "jpeg8_decode", fail)
    saved = write_photo(filled(photo), tmp_path / "out.jpg")
    assert saved.outside == "re-encoded"
    assert saved.notice == (
        "out.jpg was encoded anew as a whole: its own blocks do not give the same pixels."
    )
    assert np.abs(open_photo(saved.path).pixels.astype(int) - filled(photo).pixels).mean() < 4


def rare(kind: str) -> bytes:
    """A JPEG of a kind whose coefficients are not taken over."""
    pixels = noisy(96, 64)
    if kind == "JPEG of 12 bit":
        return imagecodecs.jpeg8_encode(pixels.astype(np.uint16) << 4, level=95, bitspersample=12)
    return imagecodecs.jpeg8_encode(pixels, lossless=True)


@pytest.mark.parametrize("kind", ["JPEG of 12 bit", "lossless JPEG"])
def test_a_rare_jpeg_is_encoded_anew_and_its_kind_is_named(tmp_path: Path, kind: str) -> None:
    (tmp_path / "in.jpg").write_bytes(rare(kind))
    photo = open_photo(tmp_path / "in.jpg")
    assert why_anew(photo, tmp_path / "out.jpg") == f"it is a {kind}"
    patch = Patch(
        (8, 8, 9, 9), np.zeros((9, 9, 3), photo.pixels.dtype), np.full((9, 9), 255, "u1"), "face", 0
    )
    saved = write_photo(photo.apply(patch), tmp_path / "out.jpg")
    assert saved.outside == "re-encoded"
    assert saved.notice == f"out.jpg was encoded anew as a whole: it is a {kind}."
    assert write_photo(photo, tmp_path / "out.png").outside == "identical"


@pytest.mark.parametrize(
    ("marker", "kind"),
    [
        (0xC9, "JPEG with arithmetic coding"),
        (0xCA, "progressive JPEG with arithmetic coding"),
        (0xC5, "hierarchical JPEG"),
    ],
)
def test_another_coding_is_named(marker: int, kind: str) -> None:
    data = bytearray(jpeg("4:2:0", (64, 48)))
    data[data.find(b"\xff\xc0") + 1] = marker
    assert why_not(Stored(bytes(data), 1)) == f"it is a {kind}"


def test_a_thumbnail_of_what_was_there_does_not_stay_in_the_head(tmp_path: Path) -> None:
    data = jpeg("4:2:0", (160, 128))
    head = b"JFIF\0\1\2\0\0\1\0\1\2\2" + b"\x55" * 12
    data = data[:2] + b"\xff\xe0" + struct.pack(">H", len(head) + 2) + head + data[20:]
    (tmp_path / "in.jpg").write_bytes(data)
    saved = write_photo(filled(open_photo(tmp_path / "in.jpg")), tmp_path / "out.jpg")
    assert saved.outside == "identical"
    assert b"\x55" * 12 not in saved.path.read_bytes()


def test_a_session_saves_from_the_file_that_was_opened(tmp_path: Path) -> None:
    (tmp_path / "in.jpg").write_bytes(jpeg("4:2:0", (160, 128)))
    before = open_photo(tmp_path / "in.jpg")
    write_session(new_edit(before), tmp_path / "a.mien")
    save_photo(filled(before), tmp_path / "out.jpg")
    again = read_session(tmp_path / "a.mien").photo
    save_photo(filled(again, 9), tmp_path / "out.jpg", overwrite=True)
    last, far = open_photo(tmp_path / "out.jpg"), far_from((64, 48, 64, 48), (160, 128))
    assert np.array_equal(last.pixels[far], before.pixels[far])
    one = read_coefficients(read_frame((tmp_path / "in.jpg").read_bytes()))
    other = read_coefficients(read_frame((tmp_path / "out.jpg").read_bytes()))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(one, other, strict=True))


def test_the_best_table_can_be_read_and_says_what_is_often_in_few_bits() -> None:
    counts = np.zeros(256, int)
    counts[[3, 70, 9]] = 1000, 10, 1
    codes, lengths = best_table(counts).codes()
    assert lengths[3] < lengths[70] <= lengths[9]
    assert codes[9] != (1 << lengths[9]) - 1  # ones alone are no code
    # More symbols than sixteen bits of Fibonacci weights can hold.
    steep = np.zeros(256, int)
    steep[:40] = [round(1.618**n) + 1 for n in range(40)]
    _, lengths = best_table(steep).codes()
    assert lengths[:40].max() == 16
    assert sum(2.0 ** -float(n) for n in lengths[:40]) < 1
