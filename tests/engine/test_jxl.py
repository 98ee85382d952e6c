"""JPEG XL written: depth, colours, transparency, what lies beside, and JPEGs taken over."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image

from engine.photo import Photo, colour, jxl, open_photo, save_losses, save_photo, write_photo
from engine.photo.hdr import HLG, PQ
from engine.photo.jpeg_frame import read_frame
from engine.photo.jxl_head import Colours, Head, read_head
from tests.engine.pictures import (
    adobe_profile,
    gradient,
    grey_profile,
    outside,
    painted,
    with_chunks,
)

P3_PRIMARIES = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06)


def profile(primaries: tuple[float, ...], gamma: float | None) -> bytes:
    made = colour.profile_of((0.3127, 0.3290), primaries, gamma)
    assert made is not None
    return made


def png(folder: Path, pixels: np.ndarray, icc: bytes | None = None, *chunks: tuple) -> Photo:
    if pixels.dtype == np.uint16:
        code = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        data = cv2.imencode(".png", cv2.cvtColor(pixels, code))[1].tobytes()
    else:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", icc_profile=icc)
        data = file.getvalue()
    (folder / "in.png").write_bytes(with_chunks(data, *chunks))
    return open_photo(folder / "in.png")


def head_of(path: Path) -> Head:
    data = path.read_bytes()
    return read_head(data[data.index(jxl.SIGNATURE, 12) :])


WIDE = gradient().copy()
WIDE[:10, :10] = (255, 0, 0)


@pytest.mark.parametrize(
    ("icc", "colours"),
    [
        (None, Colours()),
        (profile(P3_PRIMARIES, None), Colours(primaries=P3_PRIMARIES)),
        (adobe_profile(), Colours(primaries=(0.64, 0.33, 0.21, 0.71, 0.15, 0.06), gamma=2.2)),
        (profile((0.64, 0.33, 0.30, 0.60, 0.15, 0.06), 1.0), Colours(gamma=1.0)),
    ],
)
@pytest.mark.parametrize("quality", [None, 97])
def test_colours_are_said_by_numbers(
    tmp_path: Path, icc: bytes | None, colours: Colours, quality: int | None
) -> None:
    photo = painted(png(tmp_path, WIDE, icc))
    assert save_losses(photo, tmp_path / "out.jxl") == []
    saved = write_photo(photo, tmp_path / "out.jxl", quality=quality)
    assert saved.outside == ("re-encoded" if quality else "identical")
    said = head_of(saved.path).colours
    assert said is not None
    assert said.primaries == pytest.approx(colours.primaries, abs=1e-3)
    assert said.gamma == (None if colours.gamma is None else pytest.approx(colours.gamma, abs=1e-3))
    after = open_photo(saved.path)
    assert after.pixels.dtype == np.uint8
    apart = np.abs(after.pixels.astype(int) - photo.pixels)
    if quality is None:
        assert apart.max() == 0
        assert np.abs(after.rgb8.astype(int) - photo.rgb8).max() <= 2
    else:  # the red is no red of sRGB and stays what it is
        assert apart.mean() < 3
        assert apart[2:8, 2:8].max() <= 12


def test_sixteen_bit_is_what_it_is_and_no_light(tmp_path: Path) -> None:
    deep = np.dstack([gradient(), gradient()[..., 1]]).astype(np.uint16) * 257 + 3
    photo = png(tmp_path, deep)
    saved = write_photo(painted(photo), tmp_path / "out.jxl")
    assert saved.outside == "identical"
    assert head_of(saved.path).colours == Colours()
    after = open_photo(saved.path)
    assert np.array_equal(after.pixels[outside()], deep[outside()])
    coarse = open_photo(save_photo(photo, tmp_path / "coarse.jxl", quality=95))
    assert coarse.pixels.dtype == np.uint16
    assert np.abs(coarse.pixels / 257 - deep / 257).mean() < 2


@pytest.mark.parametrize("curve", [PQ, HLG])
def test_brighter_than_white_stays(tmp_path: Path, curve: int) -> None:
    points = bytes([9, curve, 0, 1])
    deep = gradient().astype(np.uint16) * 257 + 9
    photo = png(tmp_path, deep, None, (b"cICP", points))
    assert save_losses(photo, tmp_path / "out.jxl") == []
    for quality in (None, 80):  # never with a loss
        path = tmp_path / f"out{quality}.jxl"
        assert write_photo(photo, path, quality=quality).outside == "identical"
        after = open_photo(path)
        assert after.hdr == points
        assert np.array_equal(after.pixels, deep)


def test_grey_stays_one_channel(tmp_path: Path) -> None:
    Image.fromarray(gradient()[..., 0]).save(tmp_path / "in.png", icc_profile=grey_profile(1.8))
    photo = open_photo(tmp_path / "in.png")
    after = open_photo(save_photo(photo, tmp_path / "out.jxl"))
    assert after.single
    assert np.array_equal(after.pixels, photo.pixels)
    assert np.abs(after.rgb8.astype(int) - photo.rgb8).max() <= 1
    coarse = open_photo(save_photo(photo, tmp_path / "coarse.jxl", quality=90))
    assert np.abs(coarse.rgb8.astype(int) - photo.rgb8).mean() < 3


def test_a_profile_that_has_no_numbers_becomes_srgb_and_is_said(tmp_path: Path) -> None:
    photo = png(tmp_path, gradient(), profile((0.62, 0.34, 0.28, 0.61, 0.16, 0.08), 1.6))
    assert save_losses(photo, tmp_path / "out.jxl") == ["its colour profile (it becomes sRGB)"]
    saved = write_photo(photo, tmp_path / "out.jxl")
    assert saved.outside == "re-encoded"
    assert np.array_equal(open_photo(saved.path).pixels, photo.rgb8)


def test_a_profile_that_is_written_out_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing as usual, colours of a profile.
    told = "1" + "00000" + "100" + "0" + "0" + "000" + "1" + "00" + "0" + "0" + "1" + "00"
    told += "0" * (-len(told) % 8)
    stream = bytes(int(told[at : at + 8][::-1], 2) for at in range(0, len(told), 8))
    head = read_head(b"\xff\x0a" + stream)
    assert (head.size, head.colours) == ((8, 8), None)
    monkeypatch.setattr(jxl, "read_head", lambda _stream: head)
    (tmp_path / "in.jxl").write_bytes(imagecodecs.jpegxl_encode(gradient(), lossless=True))
    photo = open_photo(tmp_path / "in.jxl")
    assert save_losses(photo, tmp_path / "out.png") == ["its colour profile"]


def test_a_jpeg_is_taken_over_whole_and_can_be_had_back(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[271] = "A phone"
    Image.fromarray(gradient(96, 128)).save(
        tmp_path / "in.jpg", quality=90, exif=exif, icc_profile=adobe_profile(), comment=b"1998"
    )
    photo = open_photo(tmp_path / "in.jpg")
    saved = write_photo(painted(photo), tmp_path / "out.jxl")
    assert saved.outside == "identical"
    after = open_photo(saved.path)
    assert (after.format, after.metadata.icc) == ("JXL", adobe_profile())
    assert after.metadata.comments == (b"1998",)
    back = write_photo(after, tmp_path / "back.jpg")
    assert back.outside == "identical"
    straight = save_photo(painted(photo), tmp_path / "straight.jpg").read_bytes()
    first, second = read_frame(straight), read_frame(back.path.read_bytes())
    data = back.path.read_bytes()
    assert [straight[slice(*s.data)] for s in first.scans] == [
        data[slice(*s.data)] for s in second.scans
    ]
    # Where its JPEG cannot be had back any more the picture is there all the same.
    whole = saved.path.read_bytes()
    place = whole.index(b"jbrd")
    (tmp_path / "cut.jxl").write_bytes(whole[:place] + b"free" + whole[place + 4 :])
    again = open_photo(tmp_path / "cut.jxl")
    assert np.abs(again.pixels.astype(int) - after.pixels).mean() < 3


def test_a_turned_jpeg_in_a_jpeg_xl_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    file = io.BytesIO()
    Image.fromarray(gradient(96, 128)).save(file, "JPEG", exif=exif, quality=95)
    (tmp_path / "in.jpg").write_bytes(file.getvalue())
    (tmp_path / "in.jxl").write_bytes(imagecodecs.jpegxl_encode_jpeg(file.getvalue()))
    photo = open_photo(tmp_path / "in.jxl")
    assert np.array_equal(photo.pixels, open_photo(tmp_path / "in.jpg").pixels)


def test_what_an_encoder_says_of_its_colours_is_believed(tmp_path: Path) -> None:
    """imagecodecs says of 16 bit that they are light, whatever they are."""
    deep = imagecodecs.jpegxl_encode(gradient().astype(np.uint16) * 257, lossless=True)
    stream = bytes(deep)[bytes(deep).index(jxl.SIGNATURE) :]
    said = read_head(stream).colours
    assert said is not None
    assert (said.curve, said.code_points) == (8, (1, 8))
    (tmp_path / "in.jxl").write_bytes(deep)
    photo = open_photo(tmp_path / "in.jxl")
    assert photo.rgb8.mean() > gradient().mean() + 20


def test_a_jpeg_of_a_kind_that_cannot_be_taken_over_keeps_its_pixels(tmp_path: Path) -> None:
    pixels = np.ascontiguousarray(gradient(96, 128))
    (tmp_path / "in.jpg").write_bytes(imagecodecs.jpeg8_encode(pixels, level=90, subsampling="411"))
    photo = open_photo(tmp_path / "in.jpg")
    saved = write_photo(photo, tmp_path / "out.jxl")
    assert saved.outside == "re-encoded"
    assert np.array_equal(open_photo(saved.path).pixels, photo.pixels)
