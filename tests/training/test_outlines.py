"""Training the network that sees what is worn: samples, it learns, and the model made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.base.errors import MienError
from engine.catalogue.weights import load
from engine.worn.network import WornNetwork
from engine.worn.things import CHANNELS, SIDE, THINGS
from training.faces import FaceShards
from training.outlines import recipe as module
from training.outlines.config import OutlineConfig
from training.outlines.data import OutlineSamples, dressed, real_glasses
from training.outlines.recipe import OutlineRecipe, losses
from training.recipe import export, train, trained

SMALL = OutlineConfig(
    batch=8, samples=80, minutes=None, log_steps=1, warmup_steps=2, drawn=6, bare=4, real=2
)


@pytest.fixture(scope="module")
def scores(prepared, tmp_path_factory) -> Path:
    """The first two faces are said to wear glasses."""
    faces = len(FaceShards(prepared[0]))
    path = tmp_path_factory.mktemp("scores") / "scores.npy"
    np.save(path, np.where(np.arange(faces) < 2, 1.0, -1.0))
    return path


@pytest.fixture(scope="module")
def samples(prepared, scores) -> OutlineSamples:
    return OutlineRecipe(SMALL).samples(faces=prepared[0], scores=scores)


def test_the_same_state_draws_the_same_batch(samples) -> None:
    one, two = (samples.batch(8, np.random.default_rng(3)) for _ in range(2))
    assert torch.equal(one.crops, two.crops)
    assert torch.equal(one.things, two.things)
    assert one.crops.shape == (8, 3, SIDE, SIDE)
    assert float(one.crops.abs().max()) <= 1
    assert one.things[:3].max() == 0  # bare, and real glasses that nobody outlined
    assert one.told.tolist() == [True, True, False, True, True, True, True, True]
    assert one.things[3:].amax((2, 3)).sum() >= 1


def test_dressed_faces_know_what_is_where(astronaut, face) -> None:
    found = set()
    for seed in range(12):
        picture, where = dressed(astronaut, face.mesh, np.random.default_rng(seed))
        bits = [bit for bit in range(len(CHANNELS)) if (where >> bit & 1).any()]
        found.update(bits)
        changed = (picture != astronaut).any(-1)
        assert changed.any()
        # What is none of the things leaves no bit; clear lenses change little, and are glasses.
        assert not bits or changed[where > 0].mean() > 0.3
    assert found == set(range(len(CHANNELS)))


def test_right_answers_cost_little_and_unknown_outlines_are_free(samples) -> None:
    batch = samples.batch(8, np.random.default_rng(3))
    right = 24.0 * batch.things - 12
    right[~batch.told, 0, 40:70, 20:100] = 12
    assert float(losses(right, batch)[0]) < 0.02
    assert float(losses(-right, batch)[0]) > 1
    # That there are some is asked: none of it costs, and so does one on the chin.
    without, chin = right.clone(), right.clone()
    without[~batch.told, 0, 40:70, 20:100] = -12
    chin[~batch.told, 0, 110:120, 50:80] = 12
    for worse in (without, chin):
        assert float(losses(worse, batch)[0]) > float(losses(right, batch)[0]) + 0.01


def test_a_teacher_outlines_real_glasses_that_look_like_some(astronaut) -> None:
    picture = np.zeros((192, 192, 3), np.uint8)

    def two_lenses(crops: torch.Tensor) -> torch.Tensor:
        shares = torch.zeros((len(crops), 3, SIDE, SIDE))
        for left in (36, 68):
            shares[:, 0, 44:64, left : left + 24] = 1
            shares[:, 0, 48:60, left + 4 : left + 20] = 0  # one sees through
        return shares

    found = real_glasses(picture, two_lenses)
    assert found is not None
    assert found[81, 72] == found[81, 120] == 1
    assert found[150].max() == 0
    assert real_glasses(picture, lambda crops: torch.ones((1, 3, SIDE, SIDE))) is None
    assert real_glasses(picture, lambda crops: torch.zeros((1, 3, SIDE, SIDE))) is None


def test_a_run_learns_teaches_another_and_becomes_a_model(
    prepared, scores, tmp_path, monkeypatch
) -> None:
    rows: list[dict] = []
    sources = {"faces": prepared[0], "scores": scores}
    train(OutlineRecipe(SMALL), tmp_path / "run", **sources, device="cpu", report=rows.append)
    assert rows[-1]["finished"]
    told = [row["loss"] for row in rows if "loss" in row]
    assert np.mean(told[-3:]) < np.mean(told[:3])
    once = SMALL.changed(samples=8)
    more = {**sources, "teacher": tmp_path / "run"}
    train(OutlineRecipe(once), tmp_path / "taught", **more, device="cpu")
    assert isinstance(trained(OutlineRecipe, tmp_path / "taught"), WornNetwork)

    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(module, "MEASURED", dict.fromkeys(THINGS, "cloth_mask"))
    folder = tmp_path / "models" / "worn-test"
    manifest, table = export(OutlineRecipe, tmp_path / "run", prepared[0], folder, limit=2)
    assert manifest.kind == "worn"
    assert all(f"| {thing} |" in table for thing in THINGS)
    assert "80 samples" in " ".join((folder / "CARD.md").read_text().split())
    assert isinstance(load("worn", WornNetwork), WornNetwork)


def test_mistakes_are_named(prepared, tmp_path) -> None:
    np.save(tmp_path / "few.npy", np.zeros(3))
    (tmp_path / "bad.npy").write_bytes(b"nonsense")
    for name, words in (("few", "not one for"), ("bad", "no NumPy file"), ("none", "no NumPy")):
        with pytest.raises(MienError, match=words):
            OutlineRecipe(SMALL).samples(faces=prepared[0], scores=tmp_path / f"{name}.npy")
    with pytest.raises(MienError, match="at least 6"):
        OutlineConfig.from_dict({"batch": 2, "samples": 1})
