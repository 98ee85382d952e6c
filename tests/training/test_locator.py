"""Training the locator: scenes, samples, it learns, it resumes, and the model made of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.base.errors import MienError
from engine.catalogue.weights import load
from engine.face import geometry
from engine.face.locator import Locator, points_of, relative
from training.faces import FaceShards
from training.locator import measure as measuring
from training.locator.config import LocatorConfig
from training.locator.data import LocatorSamples
from training.locator.recipe import LocatorRecipe, losses
from training.locator.scenes import Scenes
from training.loop import beginning
from training.recipe import export, train, trained

SMALL = LocatorConfig(
    batch=6, samples=48, minutes=None, precision="32-true", holes=20, log_steps=1, warmup_steps=2
)


@pytest.fixture(scope="module")
def scenes(portraits, prepared) -> Scenes:
    return Scenes([portraits], FaceShards(prepared[0]))


@pytest.fixture(scope="module")
def samples(scenes) -> LocatorSamples:
    return LocatorSamples(scenes, holes=20)


def test_scenes_know_where_the_face_lies(scenes) -> None:
    """Laid by the records, the crop of a photo is the stored face."""
    for number in (0, 7):
        mesh = scenes.meshes[number].astype(np.float64)
        places = geometry.transform(geometry.invert(scenes.frames[number]), mesh)
        laid = geometry.frame_from_mesh(places)
        assert np.abs(laid - scenes.frames[number]).max() < 0.02
        height, width = scenes.pictures[number].shape[:2]
        assert (places > 0).all()
        assert (places < (width, height)).all()


def test_the_same_state_draws_the_same_batch(samples) -> None:
    one, two = (samples.batch(6, np.random.default_rng(3)) for _ in range(2))
    assert torch.equal(one.windows, two.windows)
    assert torch.equal(one.answers, two.answers)
    assert one.windows.shape == (6, 3, 5, 64, 64)
    assert float(one.windows.abs().max()) <= 1
    # What is hidden or beyond the photo is zero.
    unseen = (one.windows[:, :, 3] + one.windows[:, :, 4]) >= 1
    assert float(one.windows[:, :, :3].abs().amax(2)[unseen].max()) == 0


def test_a_right_answer_costs_nothing_but_certainty(samples) -> None:
    batch = samples.batch(6, np.random.default_rng(3))
    right = torch.cat(
        [batch.answers, torch.full((6, 1), -4.0), 20 * (2 * batch.face[:, None] - 1)], 1
    )
    wrong = right.clone()
    wrong[:, 0] += 0.3
    assert float(losses(right, batch)[1]) < 1e-3
    assert float(losses(right, batch)[2]) == 1
    assert float(losses(wrong, batch)[0]) > float(losses(right, batch)[0])
    assert points_of(right).shape == (6, 3, 2)


def test_a_run_learns_resumes_and_becomes_a_model(
    portraits, prepared, tmp_path, monkeypatch
) -> None:
    run, sources = tmp_path / "run", {"photos": [portraits], "faces": prepared[0]}
    rows: list[dict] = []
    train(LocatorRecipe(SMALL), run, **sources, device="cpu", report=rows.append)
    assert rows[-1]["finished"]
    longer = SMALL.changed(samples=96)
    train(LocatorRecipe(longer), run, **sources, device="cpu", report=rows.append)
    assert (rows[-1]["event"], rows[-1]["samples"]) == ("finished", 96)
    state = trained(LocatorRecipe, run).state_dict()
    assert not torch.equal(state["answer.weight"], torch.zeros_like(state["answer.weight"]))

    # Another run begins where this one's average stands.
    begun = beginning(str(run), "locator", lambda of: trained(LocatorRecipe, of))
    still = SMALL.changed(samples=6, learning_rate=1e-9)
    train(LocatorRecipe(still), tmp_path / "other", **sources, start=begun, device="cpu")
    weights = trained(LocatorRecipe, tmp_path / "other").state_dict()["answer.weight"]
    torch.testing.assert_close(weights, state["answer.weight"], atol=1e-6, rtol=0)

    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(measuring, "HOLES", ("mouth", "photo_centre"))
    folder = tmp_path / "models" / "locator-test"
    manifest, table = export(LocatorRecipe, run, portraits, folder, limit=3)
    assert "| mouth |" in table
    assert "| photo_centre |" in table
    assert "eyes" not in table
    assert manifest.kind == "locator"
    assert "96 samples" in (folder / "CARD.md").read_text()
    loaded = load("locator", Locator)
    assert isinstance(loaded, Locator)


def test_mistakes_are_named(tmp_path, prepared) -> None:
    with pytest.raises(MienError, match="no locator configuration"):
        LocatorConfig.load("none")
    with pytest.raises(MienError, match="unknown field"):
        LocatorConfig.from_dict({"colour": 1})
    with pytest.raises(MienError, match="no end"):
        LocatorConfig(minutes=None)
    (tmp_path / "photos").mkdir()
    from PIL import Image

    Image.new("RGB", (32, 32)).save(tmp_path / "photos" / "x.png")
    with pytest.raises(MienError, match="prepared"):
        Scenes([tmp_path / "photos"], FaceShards(prepared[0]))


def test_relative_is_what_the_network_is_taught(samples) -> None:
    frame = geometry.frame_from_box(10, 20, 60, 70, 5)
    anchor = geometry.frame_from_box(12, 25, 50, 50)
    assert relative(frame, anchor).shape == (4,)
