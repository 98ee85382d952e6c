"""A folder of photos as people have them, masks of every kind, and what a batch owes them."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image

from engine.photo import open_photo

SIDE = 144  # pixels: faces of about 70
KINDS = (
    *("jpeg", "png", "turned", "cmyk", "deep", "grey", "alpha", "faceless", "webp", "float"),
    *("cut", "empty", "other size", "unmasked", "inverted"),
)
MASKS = ("white", "drawn", "class", "palette", "jpeg", "bit", "dark ground", "numbers")
NAMES = ("{stem}", "{name}", "{stem}_mask", "{stem}-mask", "mask_{stem}")
FOLDERS = ("", "가족", "2024/여름")
STATES = {
    **dict.fromkeys(("cut", "empty", "other size", "inverted"), "failed"),
    "unmasked": "no mask",
}


@dataclass
class Mixed:
    """The folders, and the state each photo must end in, by its path below `photos`."""

    photos: Path
    masks: Path
    expected: dict[str, str] = field(default_factory=dict)

    def count(self, state: str) -> int:
        return list(self.expected.values()).count(state)


def make(top: Path, faces: list[np.ndarray], count: int) -> Mixed:
    """`count` photos of all KINDS with all MASKS, names in both normal forms, made of pictures
    with a face in the middle."""
    made = Mixed(top / "사진", top / "masks")
    rng = np.random.default_rng(3)
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        form = ("NFC", "NFD")[number % 2]
        folder = unicodedata.normalize(form, FOLDERS[number % len(FOLDERS)])
        stem = unicodedata.normalize(form, f"할머니 {number}")
        pixels = cv2.resize(faces[number % len(faces)], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        if kind == "faceless":
            noise = rng.integers(60, 190, (9, 9, 3)).astype(np.uint8)
            pixels = cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        path = _photo(made.photos / folder, stem, kind, np.roll(pixels, number % 7, 1))
        made.expected[path.relative_to(made.photos).as_posix()] = STATES.get(kind, "filled")
        if kind != "unmasked":
            other = unicodedata.normalize(("NFD", "NFC")[number % 2], folder)
            name = NAMES[number % len(NAMES)].format(stem=path.stem, name=path.name)
            name = unicodedata.normalize(("NFD", "NFC")[number % 2], name)
            _mask(made.masks / other, name, MASKS[number % len(MASKS)], kind)
    (made.photos / "._할머니 0.jpg").write_bytes(b"\0\5\x16\7")
    (made.photos / "Thumbs.db").write_bytes(b"thumbs")
    return made


def _photo(place: Path, stem: str, kind: str, pixels: np.ndarray) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if kind in ("deep", "float"):
        path = place / f"{stem}.tif"
        samples = pixels.astype(np.uint16) * 257 if kind == "deep" else pixels / np.float32(255)
        tifffile.imwrite(path, samples, photometric="rgb", metadata=None)
    elif kind in ("png", "grey", "alpha"):
        path = place / f"{stem}.png"
        image.convert({"png": "RGB", "grey": "L", "alpha": "RGBA"}[kind]).save(path)
    elif kind == "webp":
        path = place / f"{stem}.webp"
        image.save(path, quality=90)
    else:
        path = place / f"{stem}.JPG"
        exif = Image.Exif()
        exif[0x0112] = 6 if kind == "turned" else 1
        if kind == "turned":
            image = image.rotate(90)  # so that it is upright once it is turned
        image.convert("CMYK" if kind == "cmyk" else "RGB").save(path, quality=90, exif=exif)
        if kind == "cut":
            path.write_bytes(path.read_bytes()[:-700])
        elif kind == "empty":
            path.write_bytes(b"")
    return path


def _mask(place: Path, name: str, look: str, kind: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    side = SIDE - 8 if kind == "other size" else SIDE
    hole = np.zeros((side, side), np.uint8)
    cv2.ellipse(hole, (side // 2, side * 5 // 8), (side // 9, side // 14), 0, 0, 360, 1, -1)
    hole = hole > 0
    if kind == "inverted":
        hole, look = ~hole, "white"
    path = place / f"{name}.png"
    if look == "white":
        Image.fromarray(hole * np.uint8(255)).save(path)
    elif look == "drawn":
        drawn = np.zeros((side, side, 4), np.uint8)
        drawn[hole] = (255, 0, 0, 255)
        Image.fromarray(drawn).save(path)
    elif look == "class":
        Image.fromarray(np.where(hole[..., None], (0, 128, 64), (0, 0, 0)).astype(np.uint8)).save(
            path
        )
    elif look == "palette":
        image = Image.fromarray(hole.astype(np.uint8), "P")
        image.putpalette([0, 0, 0, 255, 255, 255])
        image.save(path)
    elif look == "jpeg":
        Image.fromarray(hole * np.uint8(255)).save(path.with_suffix(".jpg"), quality=80)
    elif look == "bit":
        Image.fromarray(hole).save(path)
    elif look == "dark ground":
        Image.fromarray(np.where(hole, 255, 12).astype(np.uint8)).save(path)
    else:
        Image.fromarray(hole.astype(np.uint8)).save(path)


def results(out: Path) -> dict[str, bytes]:
    """Every result, by its path below the output folder."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in ("mien-batch.jsonl", ".mien-batch.lock")
    }


def assert_alike(out: Path, other: Path) -> None:
    """The same results in both folders: the same bytes, but for what the order of sums makes of
    the last of 16 bits."""
    found, wanted = results(out), results(other)
    assert set(found) == set(wanted)
    for name in found:
        if found[name] != wanted[name]:
            one, two = (open_photo(folder / name).pixels for folder in (out, other))
            assert one.dtype == two.dtype
            most = 16 if one.dtype == np.uint16 else 1
            difference = np.abs(one.astype(int) - two)
            assert difference.max() <= most, name
            assert one.dtype == np.uint16 or (difference > 0).mean() < 1e-3, name


def check(mixed: Mixed, out: Path) -> dict[str, bytes]:
    """The results, once the log was found to tell the truth about every photo."""
    lines = (out / "mien-batch.jsonl").read_text("utf-8").splitlines()
    last = {line["photo"]: line for line in map(json.loads, lines)}
    assert {name: line["state"] for name, line in last.items()} == mixed.expected
    found = results(out)
    told = {line["output"]: line for line in last.values() if line["state"] == "filled"}
    assert set(told) == set(found)  # and so nothing half-written
    for name, line in told.items():
        assert hashlib.sha256(found[name]).hexdigest() == line["output_sha256"]
        photo = (mixed.photos / line["photo"]).read_bytes()
        assert hashlib.sha256(photo).hexdigest() == line["input_sha256"]
        assert line["laid"]
    for line in last.values():
        if line["state"] == "failed":
            assert line["error"].endswith((".", ")"))
    return found
