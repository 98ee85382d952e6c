"""Making a library of the sharp faces in somebody's photos."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from engine.base.errors import MienError
from engine.catalogue.exemplars import find_exemplars
from engine.catalogue.weights import checksum
from engine.detail.exemplars import PARTS, load_exemplars
from training.exemplars import make_exemplars
from training.sources import find_sources
from training.verbs import app

LARGER = 6


def sharp(picture: np.ndarray) -> np.ndarray:
    """Enlarged, and made sharp by grain."""
    size = (picture.shape[1] * LARGER, picture.shape[0] * LARGER)
    soft = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).normal(0, 16, soft.shape[:2])[..., None]
    return (soft + grain).clip(0, 255).astype(np.uint8)


def write(path: Path, picture: np.ndarray) -> None:
    cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1]))


@pytest.fixture(scope="module")
def photos(astronaut, hopper, tmp_path_factory) -> Path:
    """Somebody sharp, the same softened, somebody small, no face, a broken file."""
    folder = tmp_path_factory.mktemp("photos")
    large = sharp(astronaut[10:260, 100:350])
    write(folder / "a.png", large)
    write(folder / "b.png", cv2.GaussianBlur(large, (0, 0), 2))
    write(folder / "c.png", hopper)
    write(folder / "d.png", np.full((200, 200, 3), 120, np.uint8))
    (folder / "e.jpg").write_bytes(b"no photo")
    return folder


def test_the_verb_makes_a_model_that_loads(photos: Path, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    told = CliRunner().invoke(app, ["train", "exemplars", str(photos), "-o", "studio"])
    assert told.exit_code == 0, told.output
    assert "1 faces of 4 photos" in told.output
    assert "1 unreadable, 1 without a face, 1 too small, 1 not sharp" in told.output
    manifest = find_exemplars("studio")
    assert manifest.folder == tmp_path / "models" / "studio"
    assert manifest.sha256 == checksum(manifest.path)
    assert manifest.figures == {"photos": 4, "faces": 1, "eyes": 1, "mouth": 1, "nose": 1}
    assert "do not\nhand it on" in (manifest.folder / "CARD.md").read_text(encoding="utf-8")
    library = load_exemplars("studio")
    assert library is not None
    assert len(library) == 1
    assert library.open.tolist() == [True]  # she smiles
    data = (photos / "a.png").read_bytes()
    assert library.files.tolist() == [[len(data), zlib.crc32(data)]]
    again = CliRunner().invoke(app, ["train", "exemplars", str(photos / "a.png"), "-o", "studio"])
    assert again.exit_code != 0  # a photo is no folder of photos


def test_the_verb_tells_programs_what_it_does(photos: Path, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))

    def told(place: Path) -> list[dict]:
        line = ["train", "exemplars", str(place), "-o", "studio", "--json"]
        lines = CliRunner().invoke(app, line).output.splitlines()
        return [json.loads(one) for one in lines if one.startswith("{")]

    events = told(photos)
    stages = [event["done"] for event in events if event["event"] == "stage"]
    assert stages == sorted(stages)
    assert stages[-1] == 1.0
    assert events[-1]["model"] == "studio"
    library = events[-1]["library"]
    assert (library["faces"], library["photos"], library["soft"]) == (1, 4, 1)
    assert library["regions"] == {"eyes": 1, "mouth": 1, "nose": 1}
    empty = tmp_path / "empty"
    empty.mkdir()
    assert [event["event"] for event in told(empty)][-1] == "error"


def test_a_name_that_is_taken_and_photos_without_a_sharp_face_are_refused(
    photos: Path, monkeypatch, tmp_path
) -> None:
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    told = CliRunner().invoke(app, ["train", "exemplars", str(photos), "-o", "prior"])
    assert isinstance(told.exception, MienError)
    assert "already" in str(told.exception)
    few = [source for source in find_sources(photos) if source.name in ("b.png", "c.png")]
    with pytest.raises(MienError, match=r"1 smaller, 1 not sharp, 0 turned away"):
        make_exemplars(few)


def test_eyes_behind_glasses_are_left_out(hopper, tmp_path) -> None:
    write(tmp_path / "hopper.png", sharp(hopper[40:400, 100:420]))
    library, told = make_exemplars(find_sources(tmp_path))
    assert told.regions == {"eyes": 0, "mouth": 1, "nose": 1}
    assert [len(library.pictures[name][0]) > 0 for name in PARTS] == [False, True, True]
