"""Trials of placing keep their faces where they are, and what evidence weighs can be fitted."""

from __future__ import annotations

import numpy as np
import pytest

from engine.base.errors import MienError
from engine.face.finder import Face
from engine.face.placement import Placed, Placement
from training import placement
from training.fit_evidence import FOLDS, Heard, crossed, fitted, hear, judged
from training.placement import NOWHERE, Trial, placed, table


@pytest.fixture
def trial(photo, face) -> Trial:
    """A photo with its face's lower half hidden."""
    mesh = face.mesh[:, :2].astype(np.float64)
    hole = np.zeros(photo.rgb8.shape[:2], bool)
    (x0, _), (x1, y1) = mesh.min(0).astype(int), mesh.max(0).astype(int)
    hole[int(mesh[:, 1].mean()) : y1, x0:x1] = True
    return Trial("lower", photo.rgb8, hole, mesh)


@pytest.mark.parametrize("change", [placement._cut, placement._turned])
def test_a_changed_photo_has_its_face_where_it_says(trial: Trial, finder, change) -> None:
    """What lies at the mesh's nodes is what lay there before."""
    changed = change(trial, np.random.default_rng(3))
    height, width = changed.hole.shape
    inner = ((changed.mesh > 4) & (changed.mesh < (width - 4, height - 4))).all(1)
    assert inner.sum() > 100
    before, after = (
        one.rgb[tuple(np.round(one.mesh[inner]).astype(int).T[::-1])].astype(float)
        for one in (trial, changed)
    )
    assert np.median(np.abs(before - after)) < 12
    x, y = np.round(changed.mesh[inner]).astype(int).T
    x0, y0 = np.round(trial.mesh[inner]).astype(int).T
    assert (changed.hole[y, x] == trial.hole[y0, x0]).mean() > 0.95


class _Answers:
    """A placer that has made up its mind."""

    def __init__(self, *faces: Placed) -> None:
        self._faces = faces

    def place(self, rgb, hole, faces) -> Placement:
        return Placement(self._faces)


def test_the_nearest_face_that_the_hole_touches_counts(trial: Trial, finder, face) -> None:
    moved = face.mesh.copy()
    moved[:, 0] += 0.1 * (face.mesh[:, 0].max() - face.mesh[:, 0].min())
    far = Face.of_mesh(moved)
    answer = placed(trial, finder, _Answers(Placed(far, "found", 0.7), Placed(face, "found", 0.9)))  # type: ignore[arg-type]
    assert answer[0] == pytest.approx(0, abs=1e-4)
    assert answer[1] == 0.9
    assert placed(trial, finder, _Answers(Placed(far, "found", 0.7)))[0] > 0.1  # type: ignore[arg-type]
    assert placed(trial, finder, _Answers()) == (NOWHERE, 0.0)  # type: ignore[arg-type]


def test_the_curve_counts_what_lies_right() -> None:
    lines = table([(0.05, 0.95), (0.3, 0.96), (0.1, 0.99), (9.0, 0.0)]).splitlines()
    assert lines[2:] == [
        "| 0 to 0.5 | 1 | 0.000 | 0 % |",
        "| 0.9 to 0.97 | 2 | 0.955 | 50 % |",
        "| 0.97 to 1 | 1 | 0.990 | 100 % |",
    ]


def made(count: int, weights: np.ndarray, constant: float) -> Heard:
    rng = np.random.default_rng(0)
    measured = rng.normal(0, 1, (count, len(weights)))
    odds = constant + measured @ weights
    right = rng.uniform(size=count) < 1 / (1 + np.exp(-odds))
    return Heard(measured, right, np.arange(count) // 4)


def test_weights_that_made_the_data_are_found_again() -> None:
    true = np.array([2.0, -1.0, 0.0, 0.5])
    heard = made(6000, true, -0.7)
    fit = fitted(heard)
    assert fit.weights == pytest.approx(true, abs=0.15)
    assert fit.constant == pytest.approx(-0.7, abs=0.15)
    likely, area = judged(crossed(heard), heard.right)
    best = judged(-0.7 + heard.measured @ true, heard.right)
    assert likely == pytest.approx(best[0], abs=0.01)
    assert area == pytest.approx(best[1], abs=0.01)
    assert len(set(heard.photo % FOLDS)) == FOLDS


def test_one_kind_of_candidate_is_refused() -> None:
    heard = made(40, np.ones(2), 0.0)
    with pytest.raises(MienError, match="more photos"):
        fitted(Heard(heard.measured, np.ones(40, bool), heard.photo))


def test_candidates_of_a_hidden_face_are_heard_with_whether_they_lie_right(
    trial: Trial, finder
) -> None:
    heard = hear([trial], finder)
    assert heard.right.any()
    assert len(heard.right) == len(heard.measured) == len(heard.photo)
    elsewhere = Trial("lower", trial.rgb, trial.hole, trial.mesh + 60)
    assert not hear([elsewhere], finder).right.any()
