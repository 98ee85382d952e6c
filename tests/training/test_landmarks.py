"""Training the landmark network: samples, it learns, a resumed run, and the model made of it."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.base.errors import MienError
from engine.catalogue.weights import load, user_folder
from engine.face import landmarks
from engine.face.landmarks import LandmarkNetwork
from engine.face.mesh import LEFT_EYE, RIGHT_EYE
from training.checkpoint import LATEST, load_checkpoint, save_checkpoint
from training.faces import FaceShards
from training.landmarks import recipe, start
from training.landmarks.config import REFINEMENTS, LandmarkConfig
from training.landmarks.data import LandmarkFaces, mirrored
from training.landmarks.measure import HOLES, measure, measure_spread, node_errors
from training.landmarks.recipe import LandmarkRecipe
from training.landmarks.start import shape_model
from training.recipe import export, train, trained
from training.run import read_log

SMALL = LandmarkConfig(
    batch=8, samples=64, minutes=None, precision="32-true", holes=40, log_steps=1, warmup_steps=2
)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shape model and a first guess of few samples."""
    monkeypatch.setattr(recipe, "SHAPES", 150)
    monkeypatch.setattr(start, "GUESSES", 150)


@pytest.fixture(scope="module")
def faces(prepared) -> LandmarkFaces:
    return LandmarkFaces(FaceShards(prepared[0]), holes=30)


@pytest.fixture(scope="module")
def run(prepared, tmp_path_factory) -> Path:
    """A run of eight steps, shared."""
    folder = tmp_path_factory.mktemp("landmarks") / "run"
    patch = pytest.MonkeyPatch()
    patch.setattr(recipe, "SHAPES", 150)
    patch.setattr(start, "GUESSES", 150)
    train(LandmarkRecipe(SMALL), folder, faces=prepared[0], device="cpu")
    patch.undo()
    return folder


def test_a_mirrored_mesh_fits_the_mirrored_picture(faces) -> None:
    mesh = faces.meshes[0]
    image = mirrored(mesh)
    # The picture's left eye lies left of its right eye in every picture.
    assert image[list(LEFT_EYE)].mean(0)[0] < image[list(RIGHT_EYE)].mean(0)[0]
    assert np.allclose(mirrored(image), mesh, atol=1e-6)


def test_a_batch_is_seeded_and_sometimes_whole(faces) -> None:
    first, again = (faces.batch(60, np.random.default_rng(4)) for _ in range(2))
    assert torch.equal(first.crops, again.crops)
    assert torch.equal(first.nodes, again.nodes)
    assert float(first.crops.abs().max()) <= 1
    holes = first.hole.mean((1, 2, 3))
    assert 0.05 < float((holes == 0).float().mean()) < 0.45
    assert float(holes.max()) < 0.7


def test_the_nodes_move_with_the_crop(faces) -> None:
    shift = np.array([[1, 0, 0.125], [0, 1, 0]])
    straight, mesh = faces._view(0, np.eye(2, 3))
    moved, moved_mesh = faces._view(0, shift)
    assert np.allclose(moved_mesh - mesh, [0.125, 0], atol=1e-5)
    difference = np.abs(moved[8:56, 16:56].astype(int) - straight[8:56, 8:48].astype(int))
    assert difference.mean() < 1


def test_the_shape_model_expresses_what_it_was_made_of() -> None:
    rng = np.random.default_rng(0)
    shapes = rng.standard_normal((3, 478, 2))
    meshes = 0.5 + np.einsum("nk,kij->nij", rng.standard_normal((100, 3)), 0.01 * shapes)
    mean, basis = shape_model(meshes, components=3)
    values = torch.from_numpy(meshes).float().flatten(1) - mean.flatten()
    z = values @ torch.linalg.pinv(basis.flatten(1))
    assert torch.allclose(z @ basis.flatten(1), values, atol=1e-4)
    assert torch.allclose(z.std(0), torch.ones(3), atol=0.05)


def test_an_error_of_one_eye_distance_is_one() -> None:
    mesh = torch.rand(1, 478, 2)
    eyes = mesh[:, list(RIGHT_EYE)].mean(1) - mesh[:, list(LEFT_EYE)].mean(1)
    assert torch.allclose(node_errors(mesh + eyes[:, None], mesh), torch.ones(1, 478), atol=1e-3)


def test_the_first_guess_beats_the_mean_face(faces) -> None:
    network = LandmarkNetwork().eval()
    mean, basis = shape_model(faces.sample_meshes(300, np.random.default_rng(0)))
    network.mean.copy_(mean)
    network.basis.copy_(basis)
    start.fit_guess(network.guess, faces, mean, basis)
    pairs = [faces.aligned(index, False) for index in range(0, len(faces), 5)]
    crops = torch.from_numpy(np.stack([c for c, _ in pairs]).transpose(0, 3, 1, 2)) / 127.5 - 1
    true = torch.from_numpy(np.stack([m for _, m in pairs]))
    with torch.no_grad():
        guessed = float(node_errors(network(crops), true).mean())
    assert guessed < 0.7 * float(node_errors(true.mean(0).expand_as(true), true).mean())


@pytest.mark.parametrize("refinement", ["graph", "nodes"])
def test_training_lowers_the_loss(prepared, faces, tmp_path: Path, refinement: str) -> None:
    # A start whose mean face lies beside every face, and whose first guess knows nothing.
    begun = LandmarkNetwork(refinement)
    mean, basis = shape_model(faces.sample_meshes(100, np.random.default_rng(0)))
    begun.mean.copy_(mean + 0.1)
    begun.basis.copy_(basis)
    rows: list[dict] = []
    config = SMALL.changed(refinement=refinement, samples=160, learning_rate=3e-3)
    options = {"start": begun.state_dict(), "device": "cpu", "report": rows.append}
    train(LandmarkRecipe(config), tmp_path, faces=prepared[0], **options)
    losses = [row["loss"] for row in rows if row["event"] == "step"]
    assert np.mean(losses[-4:]) < 0.7 * np.mean(losses[:2])


def test_a_resumed_run_equals_one_that_was_not_stopped(prepared, run, tmp_path: Path) -> None:
    stop, rows = threading.Event(), []

    def report(row: dict) -> None:
        rows.append(row)
        if row["event"] == "step" and row["step"] == 5:
            stop.set()

    train(
        LandmarkRecipe(SMALL), tmp_path, faces=prepared[0], device="cpu", report=report, stop=stop
    )
    assert (rows[-1]["event"], rows[-1]["step"]) == ("stopped", 5)
    train(LandmarkRecipe(SMALL), tmp_path, faces=prepared[0], device="cpu", report=rows.append)
    assert (rows[-1]["event"], rows[-1]["step"], rows[-1]["finished"]) == ("finished", 8, True)
    assert [row["step"] for row in read_log(tmp_path)] == list(range(1, 9))
    whole, halves = (
        trained(LandmarkRecipe, run).state_dict(),
        trained(LandmarkRecipe, tmp_path).state_dict(),
    )
    for name, tensor in whole.items():
        assert torch.allclose(halves[name], tensor, atol=1e-4), name


def test_a_run_of_before_the_loops_were_one_is_gone_on_with(prepared, run, tmp_path: Path) -> None:
    """Its average was called otherwise, and its configuration said less."""
    shutil.copytree(run, tmp_path / "run")
    states, optimisers, facts = load_checkpoint(run / LATEST)
    states["average"] = states.pop("ema")
    del states["rng"]
    old = {"step": facts["step"], "seconds": facts["seconds"]}
    save_checkpoint(tmp_path / "run" / LATEST, states, optimisers, old)
    known = ("refinement", "batch", "samples", "minutes", "precision", "holes", "warmup_steps")
    config = {name: value for name, value in SMALL.as_dict().items() if name in known}
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    rows: list[dict] = []
    longer = LandmarkConfig.of_run(tmp_path / "run").changed(samples=80, log_steps=1)
    train(
        LandmarkRecipe(longer),
        tmp_path / "run",
        faces=prepared[0],
        device="cpu",
        report=rows.append,
    )
    assert [row["step"] for row in rows if row["event"] == "step"] == [9, 10]
    assert trained(LandmarkRecipe, tmp_path / "run").refinement == "graph"


def test_the_names_of_refinements_are_the_networks() -> None:
    assert REFINEMENTS == landmarks.REFINEMENTS


def test_another_network_does_not_go_on_with_a_run(prepared, run) -> None:
    with pytest.raises(MienError, match="another network"):
        train(
            LandmarkRecipe(SMALL.changed(refinement="nodes")), run, faces=prepared[0], device="cpu"
        )


def test_a_run_becomes_a_model_that_is_found(prepared, run) -> None:
    folder = user_folder() / "landmarks-test"
    manifest, table = export(LandmarkRecipe, run, prepared[0], folder, limit=6)
    assert all(kind in table for kind in HOLES)
    assert manifest.kind == "landmarks"
    assert manifest.bytes < 4 * 2**20
    loaded = load("landmarks", LandmarkNetwork)
    assert loaded is not None
    assert "inter-ocular" in (folder / "CARD.md").read_text(encoding="utf-8")
    shutil.rmtree(folder)


def test_a_perfect_prediction_has_no_error_and_no_spread(prepared) -> None:
    aside = FaceShards(prepared[0], limit=3)
    one = torch.from_numpy(aside.mesh_in_crop(0, 1)).float()[None]
    figures = measure(FaceShards(prepared[0], limit=1), {"true": lambda crop, hole: one})
    assert all(by["true"].error < 1e-3 for by in figures.values())
    lost = measure(aside, {"lost": lambda crop, hole: None})
    assert all(by["lost"].error is None and by["lost"].found == 0 for by in lost.values())


def test_the_spread_is_the_error_of_hidden_nodes(prepared) -> None:
    aside = FaceShards(prepared[0], limit=8)
    network = LandmarkNetwork().eval()
    network.mean.copy_(torch.from_numpy(aside.mesh_in_crop(0, 1)).float())
    spread = measure_spread(network, aside)
    assert spread.shape == (478,)
    assert float(spread.min()) > 0
    assert float(spread.max()) < 0.5


def test_configurations_are_read_and_wrong_ones_explained() -> None:
    assert {"gcn", "cnn"} <= set(LandmarkConfig.bundled())
    assert LandmarkConfig.load("gcn").refinement == "graph"
    assert LandmarkConfig.load("cnn").refinement == "nodes"
    with pytest.raises(MienError, match="unknown field"):
        LandmarkConfig.from_dict({"minute": 3})
    with pytest.raises(MienError, match="graph or nodes"):
        LandmarkConfig.from_dict({"refinement": "tree"})
