"""Masks as other programs export them: each is understood, or refused with what helps."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from engine.base.errors import MienError
from engine.mask import Mask
from engine.mask.file import marker_values, open_mask, parse_colour, refuse_doubtful

SIZE = (400, 300)


def ellipse() -> np.ndarray:
    mask = np.zeros(SIZE[::-1], np.uint8)
    cv2.ellipse(mask, (200, 150), (60, 36), 0, 0, 360, 255, -1)
    return mask


HOLE = ellipse()
SOFT = cv2.GaussianBlur(HOLE, (0, 0), 4)
AROUND = cv2.dilate(HOLE, np.ones((25, 25))) > 0  # compression reaches this far


def on_transparent(
    colour: tuple[int, int, int], below: tuple[int, int, int], opacity: int = 255
) -> np.ndarray:
    pixels = np.zeros((*HOLE.shape, 4), np.uint8)
    pixels[..., :3] = below
    pixels[HOLE > 0, :3] = colour
    pixels[..., 3] = np.where(HOLE > 0, opacity, 0)
    return pixels


def coloured(front: tuple[int, int, int], ground: tuple[int, int, int]) -> np.ndarray:
    weight = HOLE[..., None] / 255
    return (np.array(front) * weight + np.array(ground) * (1 - weight)).astype(np.uint8)


def numbered() -> np.ndarray:
    return (HOLE > 0).astype(np.uint8)


def palette(*colours: int) -> Image.Image:
    image = Image.fromarray(numbered(), "P")
    image.putpalette([*colours, *[0] * (768 - len(colours))])
    return image


def noisy() -> np.ndarray:
    values = np.where(HOLE > 0, 243, 14) + np.random.default_rng(0).normal(0, 3, HOLE.shape)
    return values.clip(0, 255).astype(np.uint8)


MASKS = {
    "white on black": HOLE,
    "one bit": HOLE > 0,
    "16 bit": HOLE.astype(np.uint16) * 257,
    "red on transparent": on_transparent((255, 0, 0), (0, 0, 0)),
    "black on transparent white": on_transparent((0, 0, 0), (255, 255, 255)),
    "half-transparent red": on_transparent((255, 0, 0), (0, 0, 0), 128),
    "opaque with transparency": np.dstack([HOLE, HOLE, HOLE, np.full_like(HOLE, 255)]),
    "a ground of 12": np.where(HOLE > 0, 255, 12).astype(np.uint8),
    "video levels": np.where(HOLE > 0, 235, 16).astype(np.uint8),
    "scanned": noisy(),
    "numbers": numbered(),
    "numbers up to 7": numbered() * 7,
    "numbers in 16 bit": numbered().astype(np.uint16) * 3,
    "half grey": np.where(HOLE > 0, 128, 0).astype(np.uint8),
    "palette": palette(0, 0, 0, 128, 0, 0),
    "red on black": coloured((255, 0, 0), (0, 0, 0)),
    "dark green on black": coloured((0, 60, 0), (0, 0, 0)),
    "red on white": coloured((255, 0, 0), (255, 255, 255)),
    "yellow on purple": coloured((255, 255, 0), (68, 1, 84)),
}


def write(path: Path, picture: np.ndarray | Image.Image, **options: object) -> Path:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(path, **options)
    return path


def check(mask: Mask) -> None:
    assert mask.size == SIZE
    assert mask.pixels[HOLE > 0].mean() > 245
    assert not mask.hole[~AROUND].any()
    assert cv2.erode(HOLE, np.ones((9, 9))).astype(bool)[~mask.hole].sum() == 0


@pytest.mark.parametrize("kind", MASKS)
def test_a_mask_of_another_tool(tmp_path: Path, kind: str) -> None:
    mask = open_mask(write(tmp_path / "m.png", MASKS[kind]), SIZE)
    check(mask)
    assert np.array_equal(mask.hole, HOLE > 0)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
@pytest.mark.parametrize(
    "kind",
    [
        *("white on black", "a ground of 12", "video levels", "red on black", "red on white"),
        *("yellow on purple", "scanned"),
    ],
)
def test_compression_leaves_no_specks(tmp_path: Path, suffix: str, kind: str) -> None:
    check(open_mask(write(tmp_path / f"m{suffix}", MASKS[kind], quality=60), SIZE))


def test_several_classes_are_all_filled(tmp_path: Path) -> None:
    classes = coloured((0, 0, 128), (0, 0, 0))
    classes[:80, :80] = (128, 0, 0)
    classes[220:, :60] = (64, 128, 64)
    mask = open_mask(write(tmp_path / "m.png", classes))
    assert np.array_equal(mask.hole, classes.any(axis=2))
    assert set(np.unique(mask.pixels)) == {0, 255}
    numbers = numbered()
    numbers[:80, :80] = 18
    assert np.array_equal(open_mask(write(tmp_path / "n.png", numbers)).hole, numbers > 0)


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.int32])
def test_masks_in_tiff(tmp_path: Path, dtype: type) -> None:
    values = (HOLE > 0).astype(dtype)
    tifffile.imwrite(tmp_path / "m.tif", values, photometric="minisblack", metadata=None)
    if dtype == np.int32:  # a number of 32 bit is as far from white as can be
        with pytest.raises(MienError):
            refuse_doubtful(open_mask(tmp_path / "m.tif").invert(), "m.tif")
        return
    assert np.array_equal(open_mask(tmp_path / "m.tif").hole, HOLE > 0)


def test_soft_edges_stay_soft(tmp_path: Path) -> None:
    assert np.array_equal(open_mask(write(tmp_path / "m.png", SOFT)).pixels, SOFT)
    alpha = np.dstack([np.full((*HOLE.shape, 3), (255, 0, 255), np.uint8), SOFT])
    assert np.array_equal(open_mask(write(tmp_path / "a.png", alpha)).pixels, SOFT)
    lossy = open_mask(write(tmp_path / "m.jpg", SOFT, quality=90)).pixels
    assert np.abs(lossy.astype(int) - SOFT).mean() < 2


def photo(size: tuple[int, int] = SIZE) -> np.ndarray:
    from skimage import data

    return cv2.resize(data.astronaut(), size, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("erased", [True, False])
def test_a_photo_with_a_part_erased_is_a_mask(tmp_path: Path, erased: bool) -> None:
    pixels = np.dstack([photo(), 255 - HOLE])
    if erased:
        pixels[HOLE > 0] = 0
    assert np.array_equal(open_mask(write(tmp_path / "m.png", pixels)).hole, HOLE > 0)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("grey", [False, True])
def test_a_photo_is_no_mask(tmp_path: Path, suffix: str, grey: bool) -> None:
    pixels = photo()
    image = Image.fromarray(pixels).convert("L" if grey else "RGB")
    with pytest.raises(MienError, match=r"looks like a photo.*--marker red"):
        open_mask(write(tmp_path / f"m{suffix}", image))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (255, 0, 255)])
def test_marks_on_a_photo_by_their_colour(
    tmp_path: Path, suffix: str, colour: tuple[int, int, int]
) -> None:
    pixels = photo()
    pixels[HOLE > 0] = colour
    path = write(tmp_path / f"m{suffix}", pixels)
    with pytest.raises(MienError, match="--marker"):
        open_mask(path)
    mask = open_mask(path, SIZE, marker=colour)
    assert (mask.pixels[HOLE > 0] == 255).all()
    assert mask.hole[~AROUND].mean() < 0.002
    unmarked = (30, 250, 250) if colour != (0, 255, 255) else (255, 255, 0)
    with pytest.raises(MienError, match="Nothing is marked"):
        marker_values(photo(), unmarked)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("red", (255, 0, 0)),
        ("#f00", (255, 0, 0)),
        ("00ff00", (0, 255, 0)),
        ("255,0,255", (255, 0, 255)),
    ],
)
def test_colours_are_spelled_in_many_ways(text: str, expected: tuple[int, int, int]) -> None:
    assert parse_colour(text) == expected
    with pytest.raises(MienError, match="is no colour"):
        parse_colour(f"{text}?")


def test_a_mask_that_repaints_nearly_everything_is_refused(tmp_path: Path) -> None:
    inverted = open_mask(write(tmp_path / "i.png", 255 - HOLE))
    with pytest.raises(MienError, match=r"94 %.*inverted.*--invert.*--yes"):
        refuse_doubtful(inverted, "i.png")
    full = open_mask(write(tmp_path / "f.png", np.full_like(HOLE, 255)))
    with pytest.raises(MienError, match=r"whole photo.*--yes"):
        refuse_doubtful(full, "f.png")
    refuse_doubtful(open_mask(tmp_path / "i.png", invert=True), "i.png")
    # A face that fills the picture may be hidden for the most part.
    large = np.zeros_like(HOLE)
    large[10:-10, 10:-60] = 255
    refuse_doubtful(Mask(large), "large.png")


def test_a_black_mask_is_empty(tmp_path: Path) -> None:
    for number, picture in enumerate((np.zeros_like(HOLE), np.zeros((*HOLE.shape, 4), np.uint8))):
        assert open_mask(write(tmp_path / f"{number}.png", picture)).is_empty
