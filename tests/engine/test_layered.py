"""Files of other editors and JPEG XL: what is read of them, as photo and as mask."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from engine.base.errors import MienError
from engine.mask.file import open_mask
from engine.photo import open_photo, save_losses
from tests.engine.pictures import filled, gradient, packet


def psd(pixels: np.ndarray, *, packed: bool = False, large: bool = False, mode: int = 3) -> bytes:
    planes = pixels.transpose(2, 0, 1) if pixels.ndim == 3 else pixels[None]
    if mode == 4:
        planes = np.iinfo(planes.dtype).max - planes
    count, height, width = planes.shape
    depth = planes.dtype.itemsize * 8
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1 + large, count, height, width, depth, mode)
    head += struct.pack(">II", 0, 0) + bytes(8 if large else 4)
    data = np.ascontiguousarray(planes.astype(f">u{planes.dtype.itemsize}"))
    if not packed:
        return head + struct.pack(">H", 0) + data.tobytes()
    rows = [bytes(imagecodecs.packbits_encode(row.tobytes())) for row in data.reshape(-1, width)]
    sizes = struct.pack(f">{len(rows)}{'I' if large else 'H'}", *map(len, rows))
    return head + struct.pack(">H", 1) + sizes + b"".join(rows)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_the_composite_of_a_psd_is_read(
    tmp_path: Path, packed: bool, large: bool, depth: type
) -> None:
    pixels = gradient().astype(depth) * (257 if depth == np.uint16 else 1)
    data = psd(pixels, packed=packed, large=large)
    photo, saved = filled(tmp_path, data, "in.psd", ".png")
    assert np.array_equal(photo.pixels, pixels)
    assert save_losses(photo, saved) == []
    (tmp_path / "grey.psd").write_bytes(psd(pixels[..., 1], packed=packed, large=large, mode=1))
    assert open_photo(tmp_path / "grey.psd").single


def test_a_psd_of_inks_or_layers_or_another_mode(tmp_path: Path) -> None:
    inks = np.dstack([255 - gradient(), np.zeros((48, 64), np.uint8)])
    photo, _ = filled(tmp_path, psd(inks, mode=4), "in.psd", ".tif")
    assert np.abs(photo.pixels.astype(int) - gradient()).max() <= 1
    data = psd(np.dstack([gradient(), np.full((48, 64), 90, np.uint8)]))
    layers = struct.pack(">Ih", 2, -1)
    data = data[:34] + struct.pack(">I", len(layers)) + layers + data[38:]
    photo, saved = filled(tmp_path, data, "in.psd", ".png")
    assert (photo.pixels[..., 3] == 90).all()
    assert save_losses(photo, saved) == ["the layers"]
    (tmp_path / "in.psd").write_bytes(psd(gradient(), mode=9))
    with pytest.raises(MienError, match="Photoshop file in Lab mode of 8 bit"):
        open_photo(tmp_path / "in.psd")
    (tmp_path / "in.psd").write_bytes(psd(gradient())[:-50])
    with pytest.raises(MienError, match="incomplete"):
        open_photo(tmp_path / "in.psd")


@pytest.mark.parametrize("suffix", [".ora", ".kra"])
def test_the_merged_picture_of_layered_files_is_read_as_photo_and_as_mask(
    tmp_path: Path, suffix: str
) -> None:
    for name, pixels in (("photo", gradient()), ("mask", gradient()[..., 0] // 128 * 255)):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        with zipfile.ZipFile(tmp_path / (name + suffix), "w") as archive:
            archive.writestr("mimetype", "image/openraster")
            archive.writestr("mergedimage.png", file.getvalue())
    photo = open_photo(tmp_path / f"photo{suffix}")
    assert np.array_equal(photo.pixels, gradient())
    assert save_losses(photo, tmp_path / "out.png") == ["the layers"]
    assert open_mask(tmp_path / f"mask{suffix}", photo.size).hole.any()
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "nothing")
    with pytest.raises(MienError, match="not a photo Mien can read"):
        open_photo(tmp_path / "other.zip")


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_jpeg_xl_is_read_with_what_lies_beside_it(tmp_path: Path, depth: type) -> None:
    pixels = gradient().astype(depth) * (257 if depth == np.uint16 else 1)
    exif = Image.Exif()
    exif[271] = "A phone"
    block = b"\0\0\0\0" + exif.tobytes().removeprefix(b"Exif\0\0")
    data = imagecodecs.jpegxl_encode(pixels, lossless=True, usecontainer=True)
    for kind, content in ((b"Exif", block), (b"xml ", packet({}, ""))):
        data += struct.pack(">I", 8 + len(content)) + kind + content
    photo, saved = filled(tmp_path, data, "in.jxl", ".png")
    assert np.array_equal(photo.pixels, pixels)
    assert b'dc:source="us"' in (open_photo(saved).metadata.xmp or b"")
    with Image.open(saved) as image:
        assert image.getexif()[271] == "A phone"
    (tmp_path / "bare.jxl").write_bytes(imagecodecs.jpegxl_encode(pixels[..., 0], lossless=True))
    assert open_photo(tmp_path / "bare.jxl").single
    (tmp_path / "cut.jxl").write_bytes(imagecodecs.jpegxl_encode(pixels)[:60])
    with pytest.raises(MienError):
        open_photo(tmp_path / "cut.jxl")
