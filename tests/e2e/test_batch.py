"""The verb `batch` as a person types it: what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
MAIN = str(ROOT / "main.py")


@pytest.fixture(scope="module")
def photos(astronaut: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small photos of a face, one with a Korean name, and one of none."""
    folder = tmp_path_factory.mktemp("photos")
    face = cv2.resize(astronaut[:320, 80:400], (200, 200), interpolation=cv2.INTER_AREA)
    Image.fromarray(face).save(folder / "a.png")
    Image.fromarray(face).save(folder / "할머니.png")
    Image.fromarray(np.full((60, 60, 3), 128, np.uint8)).save(folder / "wall.png")
    return folder


def test_a_rule_needs_no_masks_and_json_tells_line_by_line(
    mien: Run, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = ("batch", photos, "-o", out, "--part", "mouth", "--format", "jpg", "--json")
    done = mien(*arguments)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [e["event"] for e in events if e["event"] != "stage"] == [
        *("begin", "photo", "photo", "photo", "result")
    ]
    assert {e["stage"] for e in events if e["event"] == "stage"} == {
        *("decode", "find", "fill", "encode")
    }
    states = {e["photo"]: e["state"] for e in events if e["event"] == "photo"}
    assert states == {"a.png": "filled", "wall.png": "nothing", "할머니.png": "filled"}
    assert (events[-1]["filled"], events[-1]["nothing_found"]) == (2, 1)
    before = np.asarray(Image.open(photos / "a.png")).astype(int)
    after = np.asarray(Image.open(out / "a.jpg").convert("RGB")).astype(int)
    changed = np.abs(before - after).max(2) > 40
    assert changed[80:105, 70:110].any()  # the mouth only
    assert not changed[:72].any()
    assert not changed[120:].any()
    again = [json.loads(line) for line in mien(*arguments).stdout.splitlines()]
    assert again[-1]["existing"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--masks", "."), "--mask-pattern"),
        (("--marker", "#ff00ff"), "area marked #ff00ff"),
        ((), "give the folder of masks, or a rule"),
    ],
)
def test_nothing_that_matches_is_exit_code_two(
    mien: Run, photos: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    Image.new("L", (200, 200)).save(masks / "a holes here.png")
    given = [masks if argument == "." else argument for argument in arguments]
    done = mien("batch", photos, "-o", tmp_path / "out", *given)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nowhere", "-o", "out"), 1, "There is no"),
        ((".", "-o", "out", "--part", "elbow"), 1, "elbow"),
        ((".", "-o", "out", "--model", "nobody", "--part", "eyes"), 1, "nobody"),
        ((".", "-o", "out", "--conflict", "maybe"), 1, "maybe"),
        ((".",), 2, "-o"),
        ((".", "-o", "out", "--nonsense"), 2, "--nonsense"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(
    mien: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = mien("batch", *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_any_console_s_encoding_will_do(photos: Path, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    hole = np.zeros((200, 200), np.uint8)
    hole[100:110, 100:110] = 255
    Image.fromarray(hole).save(mask)
    done = subprocess.run(
        [
            *(sys.executable, MAIN, "batch", photos / "할머니.png", "-o", tmp_path / "out"),
            *("--masks", mask, "--model", "prior"),
        ],
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert rb"\ud560\uba38\ub2c8.png: filled" in done.stdout
    assert (tmp_path / "out" / "할머니.png").is_file()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo terminal")
def test_on_a_terminal_a_bar_shows_how_far_it_is(photos: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, MAIN, "batch", photos, "-o", tmp_path / "out", "--transparent"],
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    assert process.wait(60) == 2
    assert b"3/3" in shown
    assert b"3 with nothing to fill" in shown
