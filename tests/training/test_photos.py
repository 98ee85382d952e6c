"""Photos at their own size: a mouth that became skin, a torn jaw and soft skin are seen."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.base.errors import MienError
from engine.face.mesh import OVAL, inter_ocular
from main import main
from training import photo_figures as measures
from training.evaluate_photos import PhotosOptions, evaluate_photos
from training.worn import wear


@pytest.fixture(scope="module")
def mesh(face) -> np.ndarray:
    return face.mesh.astype(np.float64)


@pytest.fixture(scope="module")
def hole(astronaut, mesh) -> np.ndarray:
    """The face below the nose's tip, and a little more."""
    canvas = np.zeros(astronaut.shape[:2], np.uint8)
    cv2.fillConvexPoly(canvas, cv2.convexHull(mesh[list(OVAL)].astype(np.int32)), (1,))
    canvas = cv2.dilate(canvas, np.ones((9, 9), np.uint8))
    canvas[: int(mesh[4, 1])] = 0
    return canvas > 0


def _write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    bgr = picture[..., ::-1] if picture.ndim == 3 else picture
    assert cv2.imwrite(str(path), bgr)


@pytest.fixture(scope="module")
def folder(astronaut, hopper, finder, tmp_path_factory) -> Path:
    """Two portraits, twice as large as they are, with a mask before the mouth."""
    place = tmp_path_factory.mktemp("photos")
    for name, picture, top in (("a-smiling", astronaut, 300), ("b-neutral", hopper, 450)):
        truth = cv2.resize(picture[:top], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        found = finder.find(truth)[0].mesh.astype(np.float64)
        worn = wear(truth, found, "cloth_mask", np.random.default_rng(1))
        for part, pixels in (("photos", worn.photo), ("masks", worn.mask), ("truth", truth)):
            _write(place / part / f"{name}.png", pixels)
    return place


@pytest.fixture(scope="module")
def evaluated(folder, tmp_path_factory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("out")
    return out, evaluate_photos(folder, out)


def test_a_mouth_that_became_skin_is_wrong(astronaut, hole, mesh) -> None:
    assert measures.lip_edges(astronaut, astronaut, hole, mesh) == pytest.approx(1)
    x, y = np.floor(mesh[205]).astype(int)  # a cheek
    skin = astronaut.copy()
    skin[hole] = astronaut[y, x]
    faint = measures.lip_edges(skin, astronaut, hole, mesh)
    assert faint is not None
    assert faint < measures.FAINT
    assert measures.wrong({"edges": faint, "background": 0.0})[0].startswith("no lips")
    assert not measures.wrong({"edges": 1.0, "background": 0.0})
    nothing = np.zeros_like(hole)
    assert measures.lip_edges(astronaut, astronaut, nothing, mesh) is None
    assert measures.like_background(astronaut, astronaut, nothing, mesh) is None


def test_a_wall_in_the_cheek_is_seen(hole, mesh) -> None:
    truth = np.full((512, 512, 3), (40, 90, 200), np.uint8)  # a blue wall
    cv2.fillConvexPoly(truth, mesh[list(OVAL)].astype(np.int32), (200, 150, 130))
    assert measures.like_background(truth, truth, hole, mesh) == 0
    torn = truth.copy()
    left = hole & (np.arange(512) < mesh[4, 0] - 0.4 * inter_ocular(mesh))
    torn[left] = (40, 90, 200)
    share = measures.like_background(torn, truth, hole, mesh)
    assert share is not None
    assert share > measures.TORN
    assert "background" in measures.wrong({"edges": None, "background": share})[0]
    # A shadow in the cheek is no wall.
    dark = truth.copy()
    dark[left] = (120, 90, 78)
    assert measures.like_background(dark, truth, hole, mesh) == 0


def test_each_side_has_its_own_background(mesh) -> None:
    truth = np.zeros((512, 512, 3), np.uint8)
    truth[:, :220], truth[:, 220:] = (250, 10, 10), (10, 10, 250)
    left, right = measures.background(truth, mesh)
    assert left.tolist() == [250, 10, 10]
    assert right.tolist() == [10, 10, 250]


def test_soft_skin_has_less_of_the_finest_octaves(astronaut, hole, mesh) -> None:
    soft = np.where(hole[..., None], cv2.GaussianBlur(astronaut, (0, 0), 2), astronaut)
    sharp, blurred = (measures.fineness(picture, hole, mesh) for picture in (astronaut, soft))
    assert sharp is not None
    assert blurred is not None
    assert blurred < 0.3 * sharp
    assert measures.fineness(astronaut, np.zeros_like(hole), mesh) is None


def test_a_smile_is_a_wider_mouth_with_lifted_corners(mesh) -> None:
    unit, wide = inter_ocular(mesh), mesh.copy()
    wide[[61, 291]] += np.array([[-0.1, -0.1], [0.1, -0.1]]) * unit
    wide[0] -= (0, 0.05 * unit)
    before, after = measures.mouth_shape(mesh), measures.mouth_shape(wide)
    assert after["width"] == pytest.approx(before["width"] + 0.2, abs=0.02)
    assert after["corners"] > before["corners"] + 0.05
    assert after["upper_lip"] > before["upper_lip"] + 0.03
    assert after["opening"] == before["opening"]
    turned = mesh @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert measures.mouth_shape(turned) == pytest.approx(before)


def _case(expression: str, fill: float, truth: float) -> dict:
    fill_, truth_ = (dict.fromkeys(measures.SHAPE, value) for value in (fill, truth))
    return {"expression": expression, "mouth": fill_, "true_mouth": truth_}


def test_half_a_smile_is_told() -> None:
    cases = [_case("smiling", 0.6, 1.0), _case("smiling", 0.4, 1.0)]
    cases += [_case("neutral", 0.1, 0.0), _case("neutral", 0.7, 0.0)]
    cases.append({"expression": "neutral", "mouth": None, "true_mouth": None})
    told = measures.shapes(cases)
    assert told["mouths"] == 4
    assert told["width"]["smile"] == 0.5
    assert told["width"]["excess"] == 0.4
    assert told["smiles_kept"] == 0.5
    assert told["unsmiling_kept"] == 0.5
    assert told["opening"]["correlation"] == pytest.approx(0.218, abs=0.001)
    assert "smiles_kept" not in measures.shapes(cases[:2])


@pytest.mark.slow
def test_photos_go_through_the_whole_program(folder, evaluated) -> None:
    out, report = evaluated
    (row,) = report["rows"]
    assert (report["photos"], report["faces"]) == (2, 2)
    assert row["painted"] == 1
    assert row["mesh_off"] < 0.15
    assert row["edges"] > measures.FAINT
    assert row["seconds"] > 0
    assert row["lpips"] is None
    assert json.loads((out / "report.json").read_text()) == report
    cases = json.loads((out / "cases.json").read_text())[row["method"]]
    assert [case["expression"] for case in cases] == ["smiling", "neutral"]
    for case in cases:
        fill, truth, mask = (
            cv2.imread(str(place / f"{case['name']}.png"))
            for place in (out / "fills" / row["method"], folder / "truth", folder / "masks")
        )
        assert fill.shape == truth.shape
        assert (fill[mask > 0] != truth[mask > 0]).mean() > 0.5
        assert np.array_equal(fill[mask == 0], truth[mask == 0])
    assert (out / "sheet.png").exists()
    assert "a-smiling" in (out / "report.html").read_text()


def test_two_results_are_compared_by_one_measure(folder, evaluated, tmp_path) -> None:
    out, _ = evaluated
    options = PhotosOptions(models=("prior",), limit=1, against=out)
    with_prior = evaluate_photos(folder, tmp_path / "prior", options)
    assert [row["method"] for row in with_prior["rows"]] == ["prior"]  # nothing of it before
    again = evaluate_photos(folder, tmp_path / "again", PhotosOptions(limit=1, against=out))
    new, before = again["rows"]
    assert before["method"] == f"{new['method']}, before"
    assert before["photos"] == 1
    for name in ("edges", "mesh_off", "fineness", "true_fineness"):
        assert new["ratio"][name] == 1


def test_an_index_says_who_smiles(folder, tmp_path) -> None:
    for part in ("photos", "masks", "truth"):
        source = folder / part / "a-smiling.png"
        (tmp_path / part).mkdir()
        (tmp_path / part / "x.png").write_bytes(source.read_bytes())
    (tmp_path / "index.json").write_text('[{"name": "x.png", "expression": "smiling"}]')
    evaluate_photos(tmp_path, tmp_path / "out", PhotosOptions(models=("prior",)))
    (case,) = json.loads((tmp_path / "out" / "cases.json").read_text())["prior"]
    assert case["expression"] == "smiling"


def test_what_is_missing_is_named(folder, tmp_path, capsys) -> None:
    with pytest.raises(MienError, match="no folder 'photos'"):
        evaluate_photos(tmp_path, tmp_path / "out")
    for part in ("photos", "masks", "truth"):
        (tmp_path / part).mkdir()
    _write(tmp_path / "photos" / "x.png", np.zeros((50, 50, 3), np.uint8))
    with pytest.raises(MienError, match="no picture for x"):
        evaluate_photos(tmp_path, tmp_path / "out")
    _write(tmp_path / "truth" / "x.png", np.zeros((50, 60, 3), np.uint8))
    with pytest.raises(MienError, match="not of one size"):
        evaluate_photos(tmp_path, tmp_path / "out")
    with pytest.raises(MienError, match="no evaluation of photos"):
        evaluate_photos(folder, tmp_path / "out", PhotosOptions(against=tmp_path))
    place = str(tmp_path)
    assert main(["evaluate", "-o", place]) == 1
    assert "--photos" in capsys.readouterr().err
    assert main(["evaluate", "--photos", place, "--holes", "mouth", "-o", place]) == 1
    assert "own masks" in capsys.readouterr().err
