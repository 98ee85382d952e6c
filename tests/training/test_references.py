"""Pairs and the evaluation of references: the right photo helps, a stranger's does not."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import training.evaluate_references as evaluation
from engine.base.errors import MienError
from engine.face.finder import Face, FaceFinder
from engine.face.lids import CLOSED, eyes_closed, lids_apart
from engine.inpaint import FillResult
from engine.photo import open_photo
from engine.photo.patch import Patch
from engine.reference import Taken
from engine.reference.portrait import Portrait
from main import main
from training.evaluate_references import WITH, evaluate_references
from training.pairs import KINDS, closed_eyes, lay_over


@pytest.fixture(scope="module")
def pairs(astronaut: np.ndarray, hopper: np.ndarray, tmp_path_factory) -> Path:
    """Two people, two photos of each (the second is mirrored), in a zip with an index."""
    place = tmp_path_factory.mktemp("pairs")
    with zipfile.ZipFile(place / "people.zip", "w") as archive:
        records = []
        for person, picture in (("a", astronaut[:300]), ("b", hopper[:450])):
            for name, shown in (("neutral", picture), ("smiling", picture[:, ::-1])):
                held = io.BytesIO()
                Image.fromarray(np.ascontiguousarray(shown)).save(held, "PNG")
                archive.writestr(f"{person}-{name}.png", held.getvalue())
                records.append({"name": f"{person}-{name}.png", "person": person})
        archive.writestr("index.json", json.dumps(records))
    return place


def test_eyes_are_closed_by_their_lids(astronaut: np.ndarray, face: Face, finder: FaceFinder):
    assert face.mesh is not None
    shut = closed_eyes(astronaut, face.mesh[:, :2].astype(np.float64))
    away = np.abs(shut.astype(int) - astronaut).sum(2) > 0
    ys, xs = np.nonzero(away)
    x, y, width, height = face.box
    assert y < ys.min() < ys.max() < y + height / 2
    assert x < xs.min() < xs.max() < x + width
    assert not eyes_closed(face.mesh)
    (seen,) = [one.mesh for one in finder.find(shut)[:1]]
    assert seen is not None
    assert max(lids_apart(seen)) < 0.6 * max(lids_apart(face.mesh))
    flat = face.mesh.copy()
    for upper, lower in ((159, 145), (386, 374)):
        flat[upper] = flat[lower] - (0, 0.5 * CLOSED * 30)
    assert eyes_closed(flat)


def test_every_kind_is_laid_over_one_photo_of_each_person(pairs: Path, tmp_path: Path) -> None:
    folders = lay_over(pairs, tmp_path / "cases", ("mouth", "one_eye", "closed_eyes"))
    assert [folder.name for folder in folders] == ["mouth", "one_eye", "closed_eyes"]
    for folder in folders:
        names = sorted(path.name for path in (folder / "photos").iterdir())
        assert names == ["a-smiling.png", "b-neutral.png"]  # in turn
        for name in names:
            shown, truth, other = (
                open_photo(folder / part / name).rgb8 for part in ("photos", "truth", "references")
            )
            mask = open_photo(folder / "masks" / name).rgb8[..., 0] > 127
            changed = (shown != truth).any(2)
            assert changed.any()
            assert not (changed & ~mask).any() or folder.name == "closed_eyes"
            assert np.array_equal(other, truth[:, ::-1])
    with pytest.raises(MienError, match="is no kind; choose of glasses"):
        lay_over(pairs, tmp_path, ("ears",))
    with pytest.raises(MienError, match="holds no person with two photos"):
        lay_over(pairs, tmp_path, ("mouth",), people=("c",))
    assert "half_a_face" in KINDS


class Knower:
    """Paints the truth where a reference of the person is given, mirrored as it is; else grey."""

    def find_faces(self, photo, cancel=None):
        return FaceFinder().find(photo.rgb8)

    def portraits(self, photo, faces, mask=None, options=None):
        told = cv2.resize(photo.rgb8, (8, 8), interpolation=cv2.INTER_AREA).reshape(1, -1) / 128
        return tuple(Portrait(f.box, 90.0, told, None, (0.2, 0.2)) for f in faces)

    def fill(self, request, progress=None, cancel=None) -> FillResult:
        shown = request.photo.rgb8
        filled, taken = np.full_like(shown, 128), []
        for number, one in enumerate(request.references):
            theirs = one.photo.rgb8[:, ::-1]
            same = theirs.shape == shown.shape
            if same:
                filled = theirs.copy()
            taken.append(Taken(0, number, one.name, 0.8 if same else 0.1, same))
        height, width = shown.shape[:2]
        patch = Patch((0, 0, width, height), filled, request.mask.pixels, "face", 0.0)
        return FillResult((patch,), (), "knower", "cpu", 0.0, references=tuple(taken))


def test_none_one_several_and_wrong_references_are_told_apart(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "create_inpainter", Knower)
    folders = lay_over(pairs, tmp_path / "cases", ("mouth",))
    report = evaluate_references(folders, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report
    rows = {row["references"]: row for row in report["kinds"]["mouth"]}
    assert tuple(rows) == WITH
    assert rows["one"]["identity"] == pytest.approx(1, abs=1e-3)
    assert rows["one"]["who"] == 1
    assert rows["none"]["identity"] < 0.9
    assert rows["one"]["likeness"] == rows["several"]["likeness"] == [0.8, 0.8]
    assert rows["one"]["believed"] == 1
    assert rows["wrong"]["likeness"] == [0.1, 0.1]
    assert rows["wrong"]["believed"] == 0
    for with_ in WITH:
        fills = tmp_path / "out" / "mouth" / "fills" / with_
        assert len(list(fills.iterdir())) == 2
    one = evaluation.PhotosOptions(limit=1)
    with pytest.raises(MienError, match="holds one case"):
        evaluate_references(folders, tmp_path / "one", replace(one))


def test_pairs_on_the_command_line_are_checked(capsys: pytest.CaptureFixture) -> None:
    assert main(["evaluate", "--pairs", "x", "--photos", "y", "-o", "z"]) == 1
    assert "Name faces (--faces)" in capsys.readouterr().err
    assert main(["evaluate", "--pairs", "x", "-o", "z", "--holes", "ears"]) == 1
    assert "'ears' is no kind of --pairs" in capsys.readouterr().err
    assert main(["evaluate", "--photos", "x", "-o", "z", "--person", "a"]) == 1
    assert "give --pairs" in capsys.readouterr().err
