"""What a user gets, measured: whole photos, things in front of faces, figures by group."""

from __future__ import annotations

import numpy as np
import pytest

from engine.base.errors import MienError
from engine.face import geometry
from training.cases import PHOTO_CENTRE, Face, aligned_case, whole_case
from training.evaluate import EvaluateOptions, evaluate
from training.groups import by_group, groups_of, skin_angle
from training.worn import INSIDES, cover


@pytest.fixture(scope="module")
def person(photo, face) -> Face:
    mesh = face.mesh.astype(np.float64)
    return Face("0", {"source": "test"}, photo.rgb8, geometry.frame_from_mesh(mesh), mesh)


@pytest.mark.parametrize("kind", ["centre", "eyes", "lower_face"])
def test_a_whole_case_hides_what_its_aligned_case_hides(person, kind) -> None:
    aligned = aligned_case(person, kind, 3, 256, 0)
    whole = whole_case(person, kind, 3, 256, 0, "flat", person)
    assert np.array_equal(aligned.target, whole.target)
    differing = aligned.hole != whole.hole
    assert differing.mean() < 0.04  # the borders' pixels
    assert np.array_equal(whole.shown[~whole.photo_hole], person.photo[~whole.photo_hole])


def test_the_photos_own_middle_is_hidden(person) -> None:
    whole = whole_case(person, PHOTO_CENTRE, 0, 256, 0, "flat", person)
    assert whole.photo_hole.mean() == 0.25
    assert whole.photo_hole[256, 256]


@pytest.mark.parametrize("inside", INSIDES)
def test_things_cover_the_hole_and_nothing_else(person, inside) -> None:
    for kind in ("eyes", "mouth", "centre"):
        hole = whole_case(person, kind, 0, 256, 0, "flat", person).photo_hole
        covered = [
            cover(person.photo, hole, person.mesh, inside, np.random.default_rng(seed))
            for seed in (1, 1, 2)
        ]
        assert np.array_equal(covered[0], covered[1])
        assert not np.array_equal(covered[0], covered[2])
        assert np.array_equal(covered[0][~hole], person.photo[~hole])
        assert (covered[0][hole] != person.photo[hole]).any(-1).mean() > 0.5


def test_skin_is_classed_by_its_angle(person) -> None:
    crop, mesh = person.crop(128), person.mesh_in_crop() * 128
    dark = (crop * 0.3).astype(np.uint8)
    assert skin_angle(dark, mesh) < 0 < skin_angle(crop, mesh)
    groups = groups_of({"source": "x", "race": "asian", "age": 24}, dark, mesh)
    assert groups["origin"] == "asian"
    assert groups["age"] == "13-29"
    assert groups["skin"] in ("brown", "dark")


def test_figures_are_told_by_group() -> None:
    figures = [{"psnr": 20.0}, {"psnr": 30.0}, {"psnr": None}]
    groups = [{"skin": "dark"}, {"skin": "light"}, {"skin": "light", "age": "child"}]
    told = by_group(figures, groups, ("psnr",))
    assert told["skin"]["light"] == {"faces": 2, "psnr": 30.0}
    assert told["age"] == {"child": {"faces": 1, "psnr": None}}


def test_the_whole_program_is_measured(portraits, tmp_path) -> None:
    options = EvaluateOptions(holes=("mouth",), limit=2, inside="worn", baselines=False)
    report = evaluate(portraits, tmp_path, options)
    (row,) = report["rows"]
    assert report["protocol"] == "whole photos, worn"
    assert row["laid"] == 1
    assert row["laying_error"] < 0.2
    assert row["second_faces"] == 0
    assert row["groups"]["source"]["photos"]["faces"] == 2
    assert (tmp_path / "mouth" / "sheet.png").exists()


def test_an_unknown_inside_is_named() -> None:
    with pytest.raises(MienError, match="hats"):
        EvaluateOptions(inside="hats")
