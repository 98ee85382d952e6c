"""Evaluation: the protocol's files, rows and seeds."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.errors import MienError
from training.evaluate import EvaluateOptions, evaluate
from training.metrics import psnr


@pytest.fixture(scope="module")
def evaluated(prepared, tmp_path_factory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("evaluated")
    options = EvaluateOptions(holes=("centre", "mouth"), models=("default",), limit=3)
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
    options = EvaluateOptions(holes=("mouth",), models=(), limit=2)
    first = evaluate(prepared[0], tmp_path / "a", options)
    second = evaluate(prepared[0], tmp_path / "b", options)
    for row in (*first["rows"], *second["rows"]):
        row.pop("seconds")
    assert first == second


def test_a_folder_of_plain_photos_is_aligned_first(portraits, tmp_path) -> None:
    report = evaluate(portraits, tmp_path, EvaluateOptions(models=(), limit=2))
    assert report["faces"] == 2


def test_unknown_holes_and_empty_places_are_named(prepared, tmp_path) -> None:
    with pytest.raises(MienError, match="ears"):
        evaluate(prepared[0], tmp_path, EvaluateOptions(holes=("ears",)))
    with pytest.raises(MienError, match="no face to measure"):
        evaluate(prepared[0], tmp_path, EvaluateOptions(source="none"))
