"""`mien inpaint` on the files and masks that people have: what is said, what is written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

import engine.fill
import main
from engine.inpaint import FillRequest
from tests.e2e.painter import Painter

SIZE = 96


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Painter:
    painter = Painter()
    monkeypatch.setattr(engine.fill, "create_inpainter", lambda *_: painter)
    return painter


def picture() -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE]
    return np.stack([x * 2, y * 2, x + y], -1).astype(np.uint8)


def hole() -> np.ndarray:
    return cv2.circle(np.zeros((SIZE, SIZE), np.uint8), (48, 40), 12, 255, -1)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    Image.fromarray(picture()).save(tmp_path / "p.png")
    Image.fromarray(hole()).save(tmp_path / "m.png")
    return tmp_path


def inpaint(folder: Path, *options: object, photo: str = "p.png", mask: str = "m.png") -> int:
    arguments = ["inpaint", folder / photo, "--mask", folder / mask, *options]
    if "-o" not in options:
        arguments += ["-o", folder / "out.png"]
    return main.main([str(argument) for argument in arguments])


def result(folder: Path, name: str = "out.png") -> np.ndarray:
    return np.asarray(Image.open(folder / name).convert("RGB"))


def test_an_inverted_mask_is_refused_and_inverted_when_asked(
    files: Path, painter: Painter, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(255 - hole()).save(files / "i.png")
    assert inpaint(files, mask="i.png") == 1
    said = capsys.readouterr().err
    assert "--invert" in said
    assert len(said.splitlines()) == 1
    assert not painter.requests
    assert not (files / "out.png").exists()
    assert inpaint(files, "--invert", mask="i.png") == 0
    assert np.array_equal(result(files)[hole() == 0], picture()[hole() == 0])
    assert not np.array_equal(result(files)[hole() > 0], picture()[hole() > 0])
    assert inpaint(files, "--yes", "--overwrite", mask="i.png") == 0
    assert np.array_equal(result(files)[hole() > 0], picture()[hole() > 0])


def test_a_full_mask_needs_a_yes(
    files: Path, painter: Painter, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (SIZE, SIZE), 255).save(files / "f.png")
    assert inpaint(files, mask="f.png") == 1
    assert "--yes" in capsys.readouterr().err
    assert inpaint(files, "--yes", mask="f.png") == 0


def test_marks_are_filled_by_their_colour(
    files: Path, painter: Painter, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).normal(0, 12, (SIZE, SIZE, 3))
    photo = (picture() + noise).clip(0, 255).astype(np.uint8)
    Image.fromarray(photo).save(files / "n.png")
    photo[hole() > 0] = (255, 0, 255)
    Image.fromarray(photo).save(files / "marked.png")
    assert inpaint(files, photo="n.png", mask="marked.png") == 1
    assert "--marker" in capsys.readouterr().err
    assert inpaint(files, "--marker", "#ff00ff", photo="n.png", mask="marked.png") == 0
    filled = painter.requests[0].mask.hole
    assert filled[hole() > 0].all()
    assert filled.sum() < 1.6 * (hole() > 0).sum()
    assert inpaint(files, "--marker", "nocolour", "--overwrite", mask="marked.png") == 1
    assert "is no colour" in capsys.readouterr().err


def test_growing(files: Path, painter: Painter, capsys: pytest.CaptureFixture[str]) -> None:
    assert inpaint(files, "--grow", 3, "--json") == 0
    assert json.loads(capsys.readouterr().out)["grown"] == 3
    assert painter.requests[0].mask.hole.sum() > (hole() > 0).sum()
    thing = cv2.GaussianBlur(hole(), (0, 0), 1.5)[..., None] / 255
    dark = (np.full((SIZE, SIZE, 3), 170) * (1 - thing) + 10 * thing).astype(np.uint8)
    Image.fromarray(dark).save(files / "p.png")
    assert inpaint(files, "--overwrite") == 0
    assert "was grown by" in capsys.readouterr().out
    assert painter.requests[1].mask.hole.sum() > (hole() > 0).sum()
    assert inpaint(files, "--grow", 0, "--overwrite") == 0
    assert painter.requests[2].mask.hole.sum() == (hole() > 0).sum()
    for wrong in ("much", "-1", "2.5", "9999"):
        assert inpaint(files, "--grow", wrong, "--overwrite") == 1
        assert "--grow" in capsys.readouterr().err


def test_losses_are_said_before_the_file_is_written(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    painter = Painter(lambda _: said.append(capsys.readouterr().err))
    monkeypatch.setattr(engine.fill, "create_inpainter", lambda *_: painter)
    frames = [Image.fromarray(np.roll(picture(), n, 1)) for n in range(2)]
    frames[0].save(files / "p.tif", save_all=True, append_images=frames[1:])
    assert inpaint(files, photo="p.tif") == 0
    assert said == ["out.png will be without the other pictures of the file.\n"]
    assert inpaint(files, "--json", "--overwrite", photo="p.tif") == 0
    assert json.loads(capsys.readouterr().out)["lost"] == ["the other pictures of the file"]


def test_a_cut_file_names_the_option(
    files: Path, painter: Painter, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(picture()).save(files / "p.jpg", quality=95)
    data = (files / "p.jpg").read_bytes()
    (files / "p.jpg").write_bytes(data[: len(data) * 2 // 3])
    assert inpaint(files, photo="p.jpg") == 1
    assert "--partial" in capsys.readouterr().err
    assert inpaint(files, "--partial", photo="p.jpg") == 0


def test_a_photo_changed_meanwhile_is_not_written_over(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(_: FillRequest) -> None:
        Image.fromarray(picture()[::-1].copy()).save(files / "p.png")
        os.utime(files / "p.png", (2e9, 2e9))

    monkeypatch.setattr(engine.fill, "create_inpainter", lambda *_: Painter(change))
    assert inpaint(files, "--overwrite", "-o", files / "p.png") == 1
    assert "changed by another program" in capsys.readouterr().err
    assert np.array_equal(result(files, "p.png"), picture()[::-1])


def test_what_cannot_be_written_is_refused_before_the_fill(
    files: Path, painter: Painter, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "locked.png").write_bytes((files / "p.png").read_bytes())
    (files / "locked.png").chmod(0o444)
    assert inpaint(files, "--overwrite", "-o", files / "locked.png") == 1
    assert "write-protected" in capsys.readouterr().err
    Image.new("RGB", (65501, 2)).save(files / "long.png")
    Image.new("L", (65501, 2), 0).save(files / "longmask.png")
    options = ("-o", files / "long.jpg")
    assert inpaint(files, *options, photo="long.png", mask="longmask.png") == 1
    assert "65,500 pixels a side" in capsys.readouterr().err
    assert not painter.requests


@pytest.mark.parametrize("options", [("--seed", "-5"), ("--strength", "9")])
def test_options_out_of_range_are_one_sentence(
    files: Path, painter: Painter, capsys: pytest.CaptureFixture[str], options: tuple[str, str]
) -> None:
    assert inpaint(files, *options) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert options[1].lstrip("-") in said


def test_a_face_outside_the_photo_is_refused(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inpaint(files, "--face", "5000,5000,200,200", "--model", "prior") == 1
    assert "lies outside the photo" in capsys.readouterr().err


def test_sixteen_bit_tiff_to_tiff_with_a_camera(files: Path, painter: Painter) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8769).update({0x9003: "2020:01:01 00:00:00"})
    Image.fromarray(picture()).save(files / "p.jpg", exif=exif)
    assert inpaint(files, "-o", files / "out.tif", photo="p.jpg") == 0
    with Image.open(files / "out.tif") as image:
        assert image.getexif().get_ifd(0x8769)[0x9003] == "2020:01:01 00:00:00"
    deep = picture().astype(np.uint16) * 257 + 5
    tifffile.imwrite(files / "deep.tif", deep, photometric="rgb", metadata=None)
    assert inpaint(files, "-o", files / "deep2.tif", photo="deep.tif") == 0
    after = tifffile.imread(files / "deep2.tif")
    assert np.array_equal(after[hole() == 0], deep[hole() == 0])


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean(((one.astype(float) - other) / 255) ** 2)))


@pytest.mark.slow
def test_glasses_are_not_painted_back(tmp_path: Path, astronaut: np.ndarray) -> None:
    """Dark glasses with soft rims and a mask of just the glasses: growing it takes the rims too,
    and of what a mask leaves of them nothing is carried into the eyes."""
    glasses = np.zeros(astronaut.shape[:2], np.uint8)
    for x in (204, 246):
        cv2.ellipse(glasses, (x, 107), (18, 14), 0, 0, 360, 255, -1)
    weight = cv2.GaussianBlur(glasses, (0, 0), 1.5)[..., None] / 255
    worn = (astronaut * (1 - weight) + 15 * weight).astype(np.uint8)
    Image.fromarray(worn).save(tmp_path / "p.png")
    Image.fromarray(glasses).save(tmp_path / "m.png")
    found = {}
    for grow in ("auto", "0"):
        out = tmp_path / f"{grow}.png"
        assert inpaint(tmp_path, "--grow", grow, "-o", out) == 0
        rims = cv2.dilate(glasses, np.ones((7, 7), np.uint8)) > glasses
        filled = result(tmp_path, out.name)
        found[grow] = psnr(filled[rims], astronaut[rims])
        assert psnr(filled[glasses > 0], astronaut[glasses > 0]) > 13.5
    assert found["auto"] > found["0"] + 2
