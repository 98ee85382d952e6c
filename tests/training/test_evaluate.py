"""Evaluation: the protocol's files, rows and seeds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from engine.base.errors import MienError
from engine.catalogue.weights import write_model
from training.emotion.judge import PlainEmotionNetwork
from training.evaluate import EvaluateOptions, evaluate
from training.metrics import psnr
from training.sheets import GAP, LETTERS


@pytest.fixture(scope="module")
def evaluated(prepared, tmp_path_factory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("evaluated")
    options = EvaluateOptions(aligned=True, holes=("centre", "mouth"), models=("default",), limit=3)
    return out, evaluate(prepared[0], out, options)


def test_the_baselines_stand_beside_the_model(evaluated) -> None:
    _, report = evaluated
    for kind in ("centre", "mouth"):
        methods = [row["method"] for row in report["rows"] if row["holes"] == kind]
        assert methods[:3] == ["telea", "navier-stokes", "prior"]
    centre = {row["method"]: row for row in report["rows"] if row["holes"] == "centre"}
    assert centre["prior"]["hole_fraction"] == 0.25
    assert centre["prior"]["bins"] == {"20-30%": {"faces": 3, **_figures(centre["prior"])}}


def _figures(row: dict) -> dict:
    return {name: row[name] for name in ("psnr", "ssim", "lpips", "hole_mae")}


def test_figures_come_from_the_pictures_that_were_written(evaluated) -> None:
    out, report = evaluated
    assert json.loads((out / "report.json").read_text()) == report
    row = next(r for r in report["rows"] if (r["holes"], r["method"]) == ("mouth", "prior"))
    values = []
    for target in sorted((out / "mouth" / "target").iterdir()):
        read = [
            cv2.imread(str(out / "mouth" / place / target.name))
            for place in ("output/prior", "target", "mask", "input")
        ]
        output, truth, mask, shown = read
        assert output.shape == (256, 256, 3)
        assert np.array_equal(output[mask == 0], truth[mask == 0])
        assert np.array_equal(shown[mask == 0], truth[mask == 0])
        values.append(psnr(output, truth))
    assert row["psnr"] == pytest.approx(np.mean(values), abs=1e-3)


def test_equal_seeds_measure_equal_holes(prepared, evaluated, tmp_path) -> None:
    options = EvaluateOptions(aligned=True, holes=("mouth",), models=(), limit=2)
    first = evaluate(prepared[0], tmp_path / "a", options)
    second = evaluate(prepared[0], tmp_path / "b", options)
    for row in (*first["rows"], *second["rows"]):
        row.pop("seconds")
    assert first == second


def test_a_sheet_and_a_page_show_what_was_measured(evaluated) -> None:
    out, _ = evaluated
    for kind in ("centre", "mouth"):
        sheet = cv2.imread(str(out / kind / "sheet.png"))
        target = cv2.imread(str(sorted((out / kind / "target").iterdir())[0]))
        # input | mask | telea | navier-stokes | prior | model | target, one row a face
        assert sheet.shape == (LETTERS + 3 * (256 + GAP), 7 * (256 + GAP) - GAP, 3)
        assert np.array_equal(sheet[LETTERS : LETTERS + 256, -256:], target)
    page = (out / "report.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "3 faces never trained on, aligned, compared on aligned crops of 256 x 256" in page


@pytest.fixture
def judge(tmp_path, monkeypatch) -> None:
    """An untrained judge is installed."""
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    torch.manual_seed(0)
    facts = {"name": "judge-test", "title": "Judge", "kind": "judge"}
    tensors = PlainEmotionNetwork(8).state_dict()
    write_model(tmp_path / "models" / "judge-test", tensors, "card", **facts)


def test_judges_find_nothing_wrong_with_the_face_itself(prepared, judge, tmp_path) -> None:
    options = EvaluateOptions(
        aligned=True,
        holes=("mouth",),
        models=(),
        limit=2,
        judges=True,
        distance=True,
        emotion="happiness",
    )
    same = {"the face": lambda crop, hole, mesh: crop, "grey": _grey}
    report = evaluate(prepared[0], tmp_path / "out", options, methods=same)
    face, grey = (
        next(r for r in report["rows"] if r["method"] == name) for name in ("the face", "grey")
    )
    assert face["emotion_agreement"] == face["smile_kept"] == face["mesh_found"] == 1
    assert face["landmark_nme"] == face["distance"] == 0
    assert grey["distance"] > 0
    assert grey["landmark_nme"] is None or grey["landmark_nme"] > 0
    assert 0 <= face["asked_rate"] <= 1
    cases = json.loads((tmp_path / "out" / "cases.json").read_text())["mouth"]["grey"]
    assert np.mean([case["distance"] for case in cases]) == pytest.approx(
        grey["distance"], abs=1e-5
    )
    assert "asked emotion seen" in (tmp_path / "out" / "report.html").read_text()


def _grey(crop: np.ndarray, hole: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    return np.full_like(crop, 128)


def test_the_side_and_progress_are_the_callers(prepared, tmp_path) -> None:
    told: list[float] = []
    options = EvaluateOptions(aligned=True, models=(), limit=2, side=64)
    report = evaluate(prepared[0], tmp_path, options, progress=told.append)
    assert report["side"] == 64
    assert (
        cv2.imread(str(next((tmp_path / "centre" / "output" / "prior").iterdir()))).shape[0] == 64
    )
    assert told == sorted(told)
    assert told[-1] == 1
    with pytest.raises(MienError, match="no emotion"):
        EvaluateOptions(aligned=True, emotion="glee")


def test_a_folder_of_plain_photos_is_aligned_first(portraits, tmp_path) -> None:
    report = evaluate(portraits, tmp_path, EvaluateOptions(aligned=True, models=(), limit=2))
    assert report["faces"] == 2


def test_unknown_holes_and_empty_places_are_named(prepared, tmp_path) -> None:
    with pytest.raises(MienError, match="ears"):
        evaluate(prepared[0], tmp_path, EvaluateOptions(aligned=True, holes=("ears",)))
    with pytest.raises(MienError, match="no face to measure"):
        evaluate(prepared[0], tmp_path, EvaluateOptions(aligned=True, source="none"))


def test_a_model_is_measured_without_each_of_its_steps(prepared, tmp_path) -> None:
    options = EvaluateOptions(
        aligned=True, holes=("mouth",), models=("prior",), limit=1, baselines=False, steps=True
    )
    report = evaluate(prepared[0], tmp_path, options)
    rows = {row["method"]: row["psnr"] for row in report["rows"]}
    whole = rows.pop("prior")
    assert {"without close_seam", "without add_detail", "without match_sharpness"} < set(rows)
    assert not {f"without {name}" for name in ("solve", "render", "paste")} & set(rows)
    assert rows["without sharpen"] == rows["without open_mouth"] == whole  # of no use here
    assert rows["without close_seam"] < whole
    with pytest.raises(MienError, match="--aligned"):
        EvaluateOptions(steps=True)
