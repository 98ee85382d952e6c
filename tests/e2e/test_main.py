"""Verbs on real photographs, from the command line to the file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
SIDE = 3000
SCALE = SIDE / 512
EYE, CHEEK, MOUTH = (205, 102), (200, 132), (224, 147)  # of the astronaut, 512 pixels wide
ELSEWHERE = (430, 300)  # a dark table: no face owns it


@pytest.fixture(scope="module")
def turned(astronaut: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A camera's file: 3000 x 3000, lying on its side (EXIF orientation 6), ICC and 300 dpi."""
    upright = cv2.resize(astronaut, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A camera"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path_factory.mktemp("사진") / "누운 사진.jpg"
    Image.fromarray(np.rot90(upright)).save(
        path, quality=92, exif=exif, icc_profile=icc, dpi=(300, 300)
    )
    return path


@pytest.fixture(scope="module")
def hole(turned: Path) -> tuple[Path, np.ndarray]:
    """A mask of an eye, a cheek, the mouth and a piece of background; its file and its pixels."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for (x, y), radius in ((EYE, 11), (CHEEK, 9), (MOUTH, 14), (ELSEWHERE, 8)):
        cv2.circle(mask, (round(x * SCALE), round(y * SCALE)), round(radius * SCALE), 255, -1)
    path = turned.with_name("mask.png")
    Image.fromarray(mask).save(path)
    return path, mask


def test_a_large_turned_jpeg_is_filled_whole_and_keeps_all_but_the_hole(
    mien: Run, turned: Path, hole: tuple[Path, np.ndarray], tmp_path: Path
) -> None:
    mask_path, mask = hole
    out = tmp_path / "결과.png"
    done = mien("inpaint", turned, "--mask", mask_path, "-o", out, "--json")
    assert done.returncode == 0, done.stderr

    told = json.loads(done.stdout)
    assert told["output"] == str(out)
    assert told["seconds"] > 0
    assert told["device"] == "cpu" or told["device"].startswith(("cuda", "mps"))
    assert told["model"]
    x, y, width, height = told["faces"][0]["box"]
    assert x < EYE[0] * SCALE < x + width
    assert y < MOUTH[1] * SCALE < y + height
    assert {patch["kind"] for patch in told["patches"]} == {"face", "texture"}

    with Image.open(turned) as source, Image.open(out) as result:
        before = np.asarray(ImageOps.exif_transpose(source))
        after = np.asarray(result)
        assert after.shape == before.shape == (SIDE, SIDE, 3)
        assert result.info["icc_profile"] == source.info["icc_profile"]
        assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert result.getexif()[0x010F] == "A camera"
        assert result.getexif().get(0x0112, 1) == 1
    assert np.array_equal(after[mask == 0], before[mask == 0])
    for place in (EYE, CHEEK, MOUTH):
        x, y = (round(v * SCALE) for v in place)
        spot = np.s_[y - 20 : y + 20, x - 20 : x + 20]
        assert not np.array_equal(after[spot], before[spot])
        # A fill, not a smear of nothing: skin, lips and eyes are neither black nor grey.
        red, _, blue = after[spot].reshape(-1, 3).mean(0)
        assert red > blue
        assert red > 40


def test_doctor_prints_the_generators_size(mien: Run) -> None:
    done = mien("doctor", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["generator"]["parameters"] == 9_037_443
    assert told["device"] in told["devices"]
    assert all(row["state"] == "ok" for row in told["models"])


def test_a_mask_of_another_size_is_refused_with_both_sizes(
    mien: Run, astronaut_path: Path, tmp_path: Path
) -> None:
    mask = tmp_path / "mask.png"
    Image.new("L", (300, 200), 255).save(mask)
    done = mien("inpaint", astronaut_path, "--mask", mask, "-o", tmp_path / "out.png")
    assert done.returncode == 1
    assert "300 x 200" in done.stderr
    assert "512 x 512" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out.png").exists()


def test_a_result_is_never_written_over_unasked(
    mien: Run, astronaut_path: Path, tmp_path: Path
) -> None:
    mask, out = tmp_path / "mask.png", tmp_path / "out.png"
    Image.new("L", (512, 512), 255).save(mask)
    out.write_bytes(b"mine")
    done = mien("inpaint", astronaut_path, "--mask", mask, "-o", out)
    assert done.returncode == 1
    assert out.name in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert out.read_bytes() == b"mine"


def test_a_batch_fills_what_it_can_and_names_the_broken_file(
    mien: Run, astronaut: np.ndarray, hopper: np.ndarray, tmp_path: Path
) -> None:
    photos, masks, out = tmp_path / "photos", tmp_path / "masks", tmp_path / "out"
    (photos / "가족").mkdir(parents=True)
    masks.mkdir()
    for name, pixels, (x, y) in (
        ("astronaut.jpg", astronaut, MOUTH),
        ("가족/hopper.png", hopper, (250, 230)),
    ):
        Image.fromarray(pixels).save(photos / name)
        mask = np.zeros(pixels.shape[:2], np.uint8)
        cv2.circle(mask, (x, y), 16, 255, -1)
        (masks / name).parent.mkdir(exist_ok=True)
        Image.fromarray(mask).save((masks / name).with_suffix(".png"))
    (photos / "broken.jpg").write_bytes(b"\xff\xd8 no photo")
    Image.new("L", (10, 10), 255).save(masks / "broken.png")

    done = mien("batch", photos, "--masks", masks, "-o", out)
    assert done.returncode == 1
    assert "broken.jpg" in done.stderr
    assert "2 filled, 1 failed" in done.stdout
    assert Image.open(out / "astronaut.jpg").size == (512, 512)
    filled = np.asarray(Image.open(out / "가족" / "hopper.png"))
    assert np.array_equal(filled[:150], hopper[:150])
    assert not np.array_equal(filled[214:246, 234:266], hopper[214:246, 234:266])
    assert not (out / "broken.jpg").exists()


def test_training_without_its_packages_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['lightning_fabric'] = None; import main; "
        "sys.exit(main.main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "train", "generator", "--run", "run", "--faces", "faces"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install" in done.stderr
    assert "[training]" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("inpain", "photo.jpg"), "inpain"),
        (("--nonsense",), "--nonsense"),
        (("inpaint", "photo.jpg", "--nonsense"), "--nonsense"),
        (("inpaint", "photo.jpg"), "--mask"),
    ],
)
def test_what_the_command_line_does_not_know_is_named(
    mien: Run, arguments: tuple[str, ...], said: str
) -> None:
    done = mien(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


UNKNOWN = (
    ("inpaint", "a.jpg", "--mask", "a.png", "-o", "b.png", "--model", "nonsense"),
    ("inpaint", "a.jpg", "--mask", "a.png", "-o", "b.png", "--device", "nonsense"),
    ("inpaint", "a.jpg", "--mask", "a.png", "-o", "b.png", "--model", "emotion-judge"),
    ("inpaint", "a.jpg", "--mask", "a.png", "-o", "b.png", "--precision", "nonsense"),
    ("evaluate", "--faces", "a", "-o", "b", "--model", "nonsense"),
    ("evaluate", "--faces", "a", "-o", "b", "--precision", "nonsense"),
    ("evaluate", "--faces", "a", "-o", "b", "--device", "nonsense"),
    ("train", "finetune", "a", "--model", "nonsense"),
    ("train", "emotion-measure", "--data", "a", "--model", "nonsense"),
    ("train", "generator", "--run", "a", "--faces", "a", "--config", "nonsense"),
    ("train", "generator", "--run", "a", "--faces", "a", "--prior", "nonsense"),
    ("train", "generator", "--run", "a", "--faces", "a", "--start", "nonsense"),
    ("train", "generator", "--run", "a", "--faces", "a", "--device", "nonsense"),
    ("train", "emotion", "--run", "a", "--data", "a", "--config", "nonsense"),
    ("train", "landmarks", "--run", "a", "--faces", "a", "--config", "nonsense"),
    ("train", "landmarks", "--run", "a", "--faces", "a", "--device", "nonsense"),
    ("train", "locator", "--run", "a", "--photos", "a", "--faces", "a", "--config", "nonsense"),
    ("train", "prior", "--faces", "a", "-o", "b", "--basis", "nonsense"),
)


def test_what_is_unknown_is_refused_before_torch_is_loaded(tmp_path: Path) -> None:
    code = (
        "import json, sys, main\n"
        "for verb in json.load(sys.stdin):\n"
        "    code = main.main(verb)\n"
        "    slow = {'torch', 'mediapipe', 'lightning_fabric'} & set(sys.modules)\n"
        "    print(json.dumps([code, sorted(slow)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(UNKNOWN),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    told, said = done.stdout.splitlines(), done.stderr.splitlines()
    assert len(told) == len(said) == len(UNKNOWN), done.stderr
    for verb, line, sentence in zip(UNKNOWN, told, said, strict=True):
        assert json.loads(line) == [1, []], verb
        assert "'nonsense'" in sentence or "fills nothing" in sentence, sentence
    assert not list(tmp_path.iterdir())
