"""Troublesome files as people have them, and the command that each of them once spoiled.

A folder beside the checkout builds them (`../shared/cases/make_cases.py`, out of the photos of
`../shared/data/photos`; the variable MIEN_SHARED names another). Where it is not there, what needs
them is skipped.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import engine.batch.verb
import engine.fill
import main
from engine.batch.runner import run_batch
from engine.inpaint import Inpainter

SHARED = Path(os.environ.get("MIEN_SHARED") or Path(__file__).parents[3] / "shared")
MAKER, PHOTOS = SHARED / "cases" / "make_cases.py", SHARED / "data" / "photos"


@dataclass(frozen=True)
class Ran:
    """How a command ended: exit code, what it printed, and where its result should be."""

    code: int
    out: str
    err: str
    result: Path


@dataclass
class Cases:
    """The built files, and their commands by the result's place: "folder/name"."""

    folder: Path
    commands: dict[str, list[str]]
    ran: dict[str, Ran] = field(default_factory=dict)

    def run(self, place: str, inpainter: Inpainter, encoding: str = "utf-8") -> Ran:
        """Run a command in this process, once; `encoding` is the console's."""
        if place not in self.ran:
            out, err = (
                io.TextIOWrapper(io.BytesIO(), encoding, write_through=True) for _ in range(2)
            )
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(engine.fill, "create_inpainter", lambda *_: inpainter)
                create = partial(run_batch, create=lambda: inpainter)
                patch.setattr(engine.batch.verb, "run_batch", create)
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    code = main.main(self.commands[place])
            said = [stream.buffer.getvalue().decode(encoding) for stream in (out, err)]  # type: ignore[attr-defined]
            self.ran[place] = Ran(code, said[0], said[1], self.folder / place)
        return self.ran[place]

    def picture(self, place: str) -> np.ndarray:
        """H x W x 3 uint8 of a file."""
        with Image.open(self.folder / place) as image:
            return np.asarray(image.convert("RGB"))

    def hole(self, place: str) -> np.ndarray:
        """H x W bool of a mask."""
        with Image.open(self.folder / place) as image:
            return np.asarray(image.convert("L")) > 0


def built(folder: Path) -> Cases:
    """Build the cases into a folder, or skip the test that wants them."""
    if not MAKER.is_file() or not PHOTOS.is_dir():
        pytest.skip(f"The troublesome files are built by {MAKER} out of {PHOTOS}: not there.")
    made = subprocess.run(
        [sys.executable, str(MAKER), str(folder), str(PHOTOS)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    commands = {}
    for line in (folder / "commands.txt").read_text("utf-8").splitlines():
        text = line.rsplit("  # ", 1)[0].split(" > ")[0]
        words = shlex.split(text.replace("$C", folder.as_posix()))
        words = words[words.index("main.py") + 1 :]
        output = Path(words[words.index("-o") + 1]).relative_to(folder)
        commands[output.as_posix()] = words
    return Cases(folder, commands)


def photograph(name: str, side: int) -> np.ndarray:
    """A square photo at side x side pixels, as the cases have it; 3 x uint8."""
    with Image.open(PHOTOS / name) as image:
        picture = np.asarray(image.convert("RGB"))
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Decibels, of 255."""
    return float(-10 * np.log10(np.mean(((one.astype(float) - other) / 255) ** 2)))


def telea(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """What fast marching makes of a hole, which is the least to be expected where it is thin."""
    return np.asarray(cv2.inpaint(picture, hole.astype(np.uint8), 4, cv2.INPAINT_TELEA))


def ring_of(hole: np.ndarray, reach: int, gap: int = 4) -> np.ndarray:
    """The visible pixels around a hole, from `gap` to `reach` pixels of it, H x W bool."""
    away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5)
    return (away > gap) & (away <= reach)


def fine_detail(picture: np.ndarray, sigma: float = 1.0) -> np.ndarray:
    """Grey levels without what a blur of `sigma` pixels keeps, H x W float32."""
    grey = picture.astype(np.float32).mean(2)
    return grey - cv2.GaussianBlur(grey, (0, 0), sigma)


def lattice(picture: np.ndarray, where: np.ndarray, tile: int = 32) -> float:
    """How far a pattern that repeats every 4 or 8 pixels, across or down, stands out.

    1 and less for a photo; the spectrum's power there over the mean of that of longer and of
    shorter waves beside it (their arithmetic mean: a soft picture has no shorter ones).
    Every tile of which nine tenths lie in `where` (H x W bool) counts.
    """
    detail = fine_detail(picture, 4)
    window = np.outer(np.hanning(tile), np.hanning(tile))
    power = np.zeros((tile, tile))
    for y in range(0, where.shape[0] - tile, 8):
        for x in range(0, where.shape[1] - tile, 8):
            if where[y : y + tile, x : x + tile].mean() > 0.9:
                power += np.abs(np.fft.fft2(detail[y : y + tile, x : x + tile] * window)) ** 2
    assert power.any(), "no tile fits"
    found = []
    for waves in (power.sum(0), power.sum(1)):
        for every in (4, 8):
            at = tile // every
            found.append(2 * waves[at] / (waves[at - 2] + waves[at + 2]))
    return float(max(found))
