"""A generator that is no torch network fills through the same door."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.base.errors import Cancelled, MienError
from engine.catalogue import weights
from engine.face.regions import interiors
from engine.fill.networks import Networks, load_networks
from engine.fill.pipeline import FACE, PREVIEW, fill_crop
from engine.generator import backend
from engine.generator.torch_generator import TorchGenerator
from engine.modules.branches import Branches
from engine.modules.registry import MODULES, only

SIDE = 256
RED = (0.75, -0.25, -0.5)


@dataclass
class Flat:
    """Paints every hole in the colour that its file names, and remembers what it was told."""

    colour: list[float]
    input: str
    device: str
    stride: int = 8
    precision: str = "float32"
    backend: str = "flat"
    calls: list[dict] = field(default_factory=list)
    meanwhile: threading.Event | None = None  # set while it paints

    def paint(self, crop, hole, hints=None, cancel=None):
        self.calls.append({"crop": crop, "hole": hole, "hints": hints, "cancel": cancel})
        if self.meanwhile is not None:
            self.meanwhile.set()
        return crop * (1 - hole) + hole * torch.tensor(self.colour).view(1, 3, 1, 1)


def load_flat(path: Path, input: str, demand: backend.Demand) -> Flat:
    return Flat(json.loads(path.read_text())["colour"], input, demand.device)


@pytest.fixture(params=["zero", "prior"])
def flat(request, tmp_path, monkeypatch) -> Networks:
    """The loaded networks of an installed model whose format is "flat"; no Dmfn may be made."""
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    monkeypatch.setitem(backend.BACKENDS, "flat", load_flat)
    monkeypatch.setattr(TorchGenerator, "load", lambda *_: pytest.fail("torch ran it"))
    file = tmp_path / "colour.flat"
    file.write_text(json.dumps({"colour": RED}))
    branches = Branches((module.key for module in MODULES), 8)
    for name, parameter in branches.named_parameters():
        if name.startswith(("landmark.spread.bias", "emotion.film.bias")):
            parameter.data.fill_(0.5)
    weights.write_model(
        tmp_path / "models" / "red",
        file,
        "card",
        modules=branches.state_dict(),
        name="red",
        title="Red",
        kind="generator",
        format="flat",
        input=request.param,
    )
    return load_networks("red", "cpu")


@pytest.fixture
def crop() -> tuple[np.ndarray, np.ndarray]:
    pixels = np.random.default_rng(0).random((SIDE, SIDE, 3), np.float32)
    hole = np.zeros((SIDE, SIDE), bool)
    hole[150:200, 90:170] = True
    return pixels, hole


def test_the_format_picks_what_runs_a_model(flat, crop, monkeypatch) -> None:
    assert isinstance(flat.generator, Flat)
    assert flat.generator.device == "cpu"
    # White balance, tone and sharpness are the same for all back ends, and no matter of this one.
    monkeypatch.setattr("engine.fill.white_balance._gain", lambda *_: torch.ones(3))
    monkeypatch.setattr("engine.fill.steps.tone.toned", lambda filled, hidden: filled)
    monkeypatch.setattr("engine.fill.steps.sharpness.equalise_sharpness", lambda filled, *_: filled)
    pixels, hole = crop
    filled = fill_crop(flat, pixels, hole)
    np.testing.assert_allclose(filled[hole], np.tile((np.array(RED) + 1) / 2, (4000, 1)), atol=1e-6)
    np.testing.assert_allclose(filled[~hole], pixels[~hole], atol=1e-6)


def test_it_is_shown_what_its_input_says(flat, crop, monkeypatch) -> None:
    monkeypatch.setattr("engine.fill.white_balance._gain", lambda *_: torch.ones(3))
    pixels, hole = crop
    fill_crop(flat, pixels, hole)
    [call] = flat.generator.calls
    shown, hidden = call["crop"], call["hole"]
    assert shown.dtype == hidden.dtype == torch.float32
    assert set(hidden.unique().tolist()) == {0.0, 1.0}
    assert hidden.sum() == hole.sum()
    inside = (hidden == 1).expand_as(shown)
    given = torch.from_numpy(pixels[hole].T.copy()).flatten() * 2 - 1
    if flat.generator.input == "zero":
        assert shown.shape == (1, 3, SIDE, SIDE)
        assert torch.equal(shown[inside], given)
    else:  # the window around the hole, with the prior's fill in it
        assert shown.shape == (1, 3, 128, 160)
        assert not torch.equal(shown[inside], given)


def test_it_draws_no_line_around_a_face(flat, crop, monkeypatch) -> None:
    if flat.generator.input == "zero":
        pytest.skip("It paints the whole hole, no prior does.")
    monkeypatch.setattr("engine.fill.white_balance._gain", lambda *_: torch.ones(3))
    monkeypatch.setattr("engine.fill.steps.tone.toned", lambda filled, hidden: filled)
    monkeypatch.setattr("engine.fill.steps.sharpness.equalise_sharpness", lambda filled, *_: filled)
    pixels, hole = crop
    hole[100:240, 60:200] = True  # over the chin
    mesh = flat.branches.landmark.mean.numpy()
    guidance = flat.look(pixels, hole, mesh, only("landmark"))
    filled, prior = (
        fill_crop(flat, pixels, hole, guidance, table=table) for table in (FACE, PREVIEW)
    )
    inner = interiors(guidance.meshes, SIDE)[0, 0].numpy()
    inside, outside = hole & (inner == 1), hole & (inner == 0)
    assert min(inside.sum(), outside.sum()) > 100
    red = np.tile((np.array(RED) + 1) / 2, (inside.sum(), 1))
    np.testing.assert_allclose(filled[inside], red, atol=1e-5)
    np.testing.assert_allclose(filled[outside], prior[outside], atol=1e-5)


def test_the_modules_speak_to_it(flat, crop) -> None:
    pixels, hole = crop
    mesh = flat.branches.landmark.mean.numpy()
    for keys in ((), ("landmark",), ("emotion",), ("landmark", "emotion")):
        guidance = flat.look(pixels, hole, mesh, only(*keys))
        fill_crop(flat, pixels, hole, guidance)
        call = flat.generator.calls[-1]
        hints, (height, width) = call["hints"], call["crop"].shape[-2:]
        assert (hints is None) == (not keys)
        if "landmark" in keys:
            assert hints.grid.shape == (1, 256, height // 8, width // 8)
            assert torch.all(hints.grid == 0.5)  # the branch's bias; its weights are zero
        if "emotion" in keys:
            assert hints.film.shape == (1, 8, 2, 256)
            assert torch.all(hints.film == 0.5)


def test_one_that_runs_in_one_go_is_cancelled_before_and_after(flat, crop) -> None:
    cancel = threading.Event()
    flat.generator.meanwhile = cancel
    with pytest.raises(Cancelled):  # what came meanwhile
        fill_crop(flat, *crop, cancel=cancel)
    [call] = flat.generator.calls
    assert call["cancel"] is cancel
    with pytest.raises(Cancelled):
        fill_crop(flat, *crop, cancel=cancel)
    assert len(flat.generator.calls) == 1  # it was not asked


def test_a_model_without_tensors_is_not_trained_further(flat) -> None:
    with pytest.raises(MienError, match=r"format flat, which only fills.*safetensors"):
        weights.load_tensors(weights.find("red"))


def test_torch_runs_what_ships() -> None:
    generator = load_networks("default", "cpu").generator
    assert isinstance(generator, TorchGenerator)
    assert generator.stride == {"full": 4, "half": 8}[weights.find().grid]
