"""Three hundred photos of every kind, killed three times: a true log and whole results."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from engine.batch import BatchJob, MaskRule, run_batch
from engine.inpaint import FillResult, Patch
from engine.photo import open_photo

ROOT = Path(__file__).parents[2]
WIDTH, HEIGHT = 48, 36


class Black:
    """Paints holes black, at once."""

    def find_faces(self, photo, cancel=None):
        return ()

    def fill(self, request, progress=None, cancel=None) -> FillResult:
        height, width = request.mask.pixels.shape
        pixels = np.zeros((height, width, 3), request.photo.pixels.dtype)
        patch = Patch((0, 0, width, height), pixels, request.mask.pixels, "texture", 0.0)
        return FillResult((patch,), (), "black", "cpu", 0.0)


@dataclass
class Mixed:
    """A folder of 300 and what should become of each photo."""

    photos: Path
    masks: Path
    out: Path
    expected: dict[str, str] = field(default_factory=dict)


KINDS = ("jpeg", "png", "turned", "cmyk", "deep", "grey", "alpha", "broken", "empty", "unmasked")
MASKS = ("{stem}.png", "{name}.png", "{stem}_mask.PNG", "{stem}-mask.jpg", "{stem}.bmp")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> Mixed:
    top = tmp_path_factory.mktemp("섞인")
    made = Mixed(top / "in", top / "masks", top / "out")
    made.photos.mkdir()
    made.masks.mkdir()
    rng = np.random.default_rng(5)
    for number in range(300):
        kind = KINDS[number % len(KINDS)]
        form = ("NFC", "NFD")[number % 2]
        folder = ("", "가족", "2024/여름")[number // 100]
        stem = unicodedata.normalize(form, f"사진 {number}")
        place = made.photos / unicodedata.normalize(form, folder)
        place.mkdir(parents=True, exist_ok=True)
        path = _photo(place, stem, kind, rng)
        name = path.relative_to(made.photos).as_posix()
        expected = {"broken": "failed", "empty": "failed", "unmasked": "no mask"}
        made.expected[name] = expected.get(kind, "filled")
        if kind != "unmasked":
            _mask(
                made, path, kind, MASKS[number % len(MASKS)], unicodedata.normalize("NFC", folder)
            )
    (made.photos / "._사진 0.jpg").write_bytes(b"\0\5\x16\7")
    (made.photos / "Thumbs.db").write_bytes(b"thumbs")
    return made


def _photo(place: Path, stem: str, kind: str, rng: np.random.Generator) -> Path:
    pixels = rng.integers(30, 220, (HEIGHT, WIDTH, 3), np.uint8)
    image = Image.fromarray(pixels)
    if kind == "deep":
        path = place / f"{stem}.tif"
        tifffile.imwrite(path, pixels.astype(np.uint16) * 257, photometric="rgb")
    elif kind in ("png", "grey", "alpha"):
        path = place / f"{stem}.png"
        image.convert({"png": "RGB", "grey": "L", "alpha": "RGBA"}[kind]).save(path)
    else:
        path = place / f"{stem}.jpg"
        exif = Image.Exif()
        exif[0x0112] = 6 if kind == "turned" else 1
        image.convert("CMYK" if kind == "cmyk" else "RGB").save(path, quality=90, exif=exif)
        if kind == "broken":
            path.write_bytes(path.read_bytes()[:100])
        elif kind == "empty":
            path.write_bytes(b"")
    return path


def _mask(made: Mixed, photo: Path, kind: str, pattern: str, folder: str) -> None:
    size = (HEIGHT, WIDTH) if kind == "turned" else (WIDTH, HEIGHT)
    mask = Image.new("L", size)
    mask.paste(255, (10, 10, 20, 20))
    name = pattern.format(stem=photo.stem, name=photo.name)
    place = made.masks / unicodedata.normalize("NFC", folder)
    place.mkdir(parents=True, exist_ok=True)
    mask.save(place / unicodedata.normalize("NFC", name))


SCRIPT = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from test_batch_mixed import Black, BatchJob, MaskRule, run_batch
job = BatchJob((Path({photos!r}),), Path({out!r}), MaskRule(folder=Path({masks!r})))
run_batch(job, create=Black, report=lambda status, record: print(status.done, flush=True))
"""


def test_three_hundred_mixed_photos_survive_three_kills(mixed: Mixed) -> None:
    program = SCRIPT.format(
        root=str(ROOT),
        tests=str(Path(__file__).parent),
        photos=str(mixed.photos),
        masks=str(mixed.masks),
        out=str(mixed.out),
    )
    for until in (20, 90, 200):
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= until:
                break
        process.kill()
        process.communicate()
        for path in mixed.out.rglob("*"):
            if path.is_file() and not path.name.startswith((".", "mien-batch")):
                open_photo(path)  # whole, under its name
    job = BatchJob((mixed.photos,), mixed.out, MaskRule(folder=mixed.masks))
    summary = run_batch(job, create=Black)
    wanted = {"filled": 210, "failed": 60, "no mask": 30}
    assert {state: list(mixed.expected.values()).count(state) for state in wanted} == wanted
    assert summary.count("filled") + summary.count("exists") == 210
    assert summary.count("exists") >= 60  # the kills cost little
    assert (summary.count("failed"), summary.count("no mask")) == (60, 30)

    lines = (mixed.out / "mien-batch.jsonl").read_text("utf-8").splitlines()
    last = {line["photo"]: line for line in map(json.loads, lines)}
    assert {name: line["state"] for name, line in last.items()} == mixed.expected
    outputs = {line["output"] for line in last.values() if line["state"] == "filled"}
    there = {
        path.relative_to(mixed.out).as_posix()
        for path in mixed.out.rglob("*")
        if path.is_file() and path.name not in ("mien-batch.jsonl", ".mien-batch.lock")
    }
    assert there == outputs
    for line in last.values():
        if line["state"] == "filled":
            data = (mixed.out / line["output"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == line["output_sha256"]
        elif line["state"] == "failed":
            assert Path(line["photo"]).name in line["error"]
    again = run_batch(job, create=Black)
    assert again.count("exists") == 210
    assert len((mixed.out / "mien-batch.jsonl").read_text("utf-8").splitlines()) == len(lines)
