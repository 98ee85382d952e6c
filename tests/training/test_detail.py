"""Training the detail network: fills to learn from, windows, it learns, the model made of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engine.base.brightness import blurred
from engine.base.errors import MienError
from engine.catalogue.weights import load
from engine.detail.mean_view import SIDE
from engine.detail.network import CELL, POSITIONS, DetailNetwork
from training.checkpoint import LATEST, load_checkpoint
from training.detail.adversary import Adversary
from training.detail.config import DetailConfig
from training.detail.data import DetailWindows
from training.detail.fills import (
    GUESSED,
    SHOWN,
    fills_of,
    is_aside,
    read_index,
    read_sample,
    write_fills,
)
from training.detail.recipe import (
    DetailRecipe,
    energy_apart,
    mean_points,
    phases_apart,
    windows,
)
from training.recipe import export, train, trained
from training.sources import find_sources

SMALL = DetailConfig(
    batch=2, samples=4, minutes=None, patch=144, log_steps=1, warmup_steps=1, learning_rate=1e-3
)
LARGER = 3


@pytest.fixture(scope="module")
def people(astronaut, tmp_path_factory) -> Path:
    """A zip with one photo each of somebody who is kept aside and somebody who is not."""
    size = (astronaut.shape[1] * LARGER, astronaut.shape[0] * LARGER)
    large = cv2.resize(astronaut, size, interpolation=cv2.INTER_CUBIC)
    path = tmp_path_factory.mktemp("people") / "people.zip"
    names = [f"p{n}" for n in range(20)]
    aside, learnt = (next(n for n in names if is_aside(n) is wanted) for wanted in (True, False))
    records = []
    with zipfile.ZipFile(path, "w") as archive:
        for person in (aside, learnt):
            data = cv2.imencode(".png", cv2.cvtColor(large[:, ::-1], cv2.COLOR_RGB2BGR))[1]
            archive.writestr(f"{person}.png", data.tobytes())
            records.append({"name": f"{person}.png", "person": person, "origin": "white"})
        archive.writestr("index.json", json.dumps(records))
    return path


@pytest.fixture(scope="module")
def fills(people, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fills")
    assert write_fills(fills_of(find_sources(people), ("mouth",)), folder) == 2
    return folder


@pytest.fixture(scope="module")
def aside(people, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("aside")
    write_fills(fills_of(find_sources(people), ("one_eye",), (GUESSED,), aside=True), folder)
    return folder


@pytest.fixture(scope="module")
def lpips(tmp_path_factory) -> Path:
    """A file as LPIPS-Alex's is, small and random."""
    path = tmp_path_factory.mktemp("lpips") / "weights.safetensors"
    rng = torch.Generator().manual_seed(0)
    tensors, before = {}, 3
    for number, (layer, kernel) in enumerate(((0, 11), (3, 5), (6, 3), (8, 3), (10, 3))):
        tensors[f"features.{layer}.weight"] = torch.randn(4, before, kernel, kernel, generator=rng)
        tensors[f"features.{layer}.bias"] = torch.zeros(4)
        tensors[f"lin{number}.weight"] = torch.full((1, 4, 1, 1), 0.25)
        before = 4
    save_file(tensors, path)
    return path


def test_fills_are_of_people_who_are_not_kept_aside(fills, aside) -> None:
    records, others = read_index(fills), read_index(aside)
    assert [r["way"] for r in records] == [SHOWN, GUESSED]
    assert not any(is_aside(r["person"]) for r in records)
    assert [is_aside(r["person"]) for r in others] == [True]
    assert records[0]["side"] > 300


def test_a_fill_of_a_face_that_was_shown_is_soft_but_the_same(fills) -> None:
    shown, guessed = (read_sample(fills, n, record) for n, record in enumerate(read_index(fills)))
    hole = shown.hole
    assert 0.01 < hole.mean() < 0.3
    assert shown.fill.shape == shown.truth.shape == (SIDE, SIDE, 3)
    away = cv2.dilate(hole.astype(np.uint8), np.ones((15, 15))) == 0
    # Outside the hole both are the photo, but for what JPEG makes of it.
    assert np.abs(shown.fill[away].astype(int) - shown.truth[away]).mean() < 1.5

    def fine(picture: np.ndarray) -> float:
        light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        return float(np.abs(light - cv2.GaussianBlur(light, (0, 0), 3))[hole].mean())

    # But for teeth, which have the contrast that a mean of them would need.
    assert fine(shown.fill) < 1.1 * fine(shown.truth)
    off = [
        float(np.abs(one.fill[hole].astype(int) - one.truth[hole]).mean())
        for one in (shown, guessed)
    ]
    assert 1 < off[0] < off[1]


def test_the_same_state_draws_the_same_windows(fills) -> None:
    samples = DetailWindows(fills, mean_points(), 144)
    one, two = (samples.batch(6, np.random.default_rng(4)) for _ in range(2))
    assert torch.equal(one.seen, two.seen)
    assert torch.equal(one.truth, two.truth)
    assert one.seen.shape == (6, 8, 144, 144)
    assert one.picture.shape == one.truth.shape == (6, 3, 144, 144)
    assert torch.equal(one.picture, one.seen[:, :3])
    # Seen twice, moved within a cell: nothing always lies on whole cells.
    moved = one.corners[3:] - one.corners[:3]
    assert ((moved >= 0) & (moved < CELL)).all()
    assert (moved.max(1) > 0).all()
    for n, (right, down) in enumerate(moved):
        again = one.truth[3 + n, :, : 144 - down, : 144 - right]
        assert torch.equal(one.truth[n, :, down:, right:], again)
    assert one.hole.mean((1, 2, 3)).min() > 0.01
    # What is not hidden is told as it is.
    apart = (one.truth - one.picture).abs() * (1 - one.hole)
    assert float(apart.max()) == 0
    assert float(((one.truth - one.picture).abs() * one.hole).max()) > 0.05


def test_windows_lie_at_every_place_of_a_cell(fills) -> None:
    samples = DetailWindows(fills, mean_points(), 144)
    rng = np.random.default_rng(1)
    corners = np.concatenate([samples.batch(8, rng).corners[:4] for _ in range(12)])
    assert set((corners[:, 0] % CELL).tolist()) == set((corners[:, 1] % CELL).tolist())
    assert len(set((corners[:, 0] % CELL).tolist())) == CELL


def test_windows_know_where_they_lie() -> None:
    network = DetailNetwork()
    corners = np.array([[0, 0], [144, 288], [143, 286]])
    out = windows(network.positions, corners, 144)
    assert out.shape == (3, POSITIONS, 36, 36)
    # As the program asks for them: of whole cells, and where cells begin a pixel or two before.
    places = network.places()
    torch.testing.assert_close(out[0], places[0, :, :36, :36], atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(out[1], places[0, :, 72:108, 36:72], atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(
        out[2], network.places((2, 1))[0, :, 72:108, 36:72], atol=1e-6, rtol=1e-5
    )


def test_a_lattice_of_cells_costs_and_detail_of_the_face_does_not() -> None:
    corners = np.array([[100, 200], [101, 202]])
    face = torch.randn(1, 3, 160, 160, generator=torch.Generator().manual_seed(0))
    hole = torch.ones(2, 1, 144, 144)
    detail = torch.cat([face[..., :144, :144], face[..., 2:146, 1:145]])
    assert float(phases_apart(detail, hole, corners)) == 0
    lattice = torch.zeros(2, 3, 144, 144)
    lattice[..., ::CELL, ::CELL] = 1
    assert float(phases_apart(lattice, hole, corners)) == pytest.approx(2 / CELL**2, rel=0.1)
    assert float(phases_apart(lattice, 0 * hole, corners)) == 0


def test_a_critic_learns_what_is_soft() -> None:
    torch.manual_seed(0)
    adversary = Adversary()
    optimiser = torch.optim.Adam(adversary.network.parameters(), 2e-3, (0.0, 0.99))
    hole = torch.zeros(4, 1, 48, 48)
    hole[..., 8:40, 8:40] = 1
    costs, lessons = [], []
    for _ in range(25):
        photo = (0.3 * torch.randn(4, 3, 48, 48)).clamp(-1, 1)
        soft = torch.where(hole > 0, blurred(photo, 1.0), photo)
        before = [p.clone() for p in adversary.network.parameters()]
        costs.append(float(adversary.against(soft, photo, hole).detach()))
        assert all(
            torch.equal(a, b) for a, b in zip(before, adversary.network.parameters(), strict=True)
        )
        lesson = adversary.lesson()
        optimiser.zero_grad()
        lesson.backward()
        optimiser.step()
        lessons.append(float(lesson.detach()))
    assert costs[0] == pytest.approx(0.69, abs=0.1)
    assert lessons[-1] < 0.5 * lessons[0]
    assert costs[-1] > 1.3 * costs[0]
    # What is coarser than a few pixels it does not see.
    with torch.no_grad():
        tones = [adversary.network(photo + by, hole) for by in (0.0, 0.2)]
    torch.testing.assert_close(*tones, atol=1e-3, rtol=1e-3)


def test_as_much_detail_elsewhere_costs_less_than_none() -> None:
    stripes = torch.zeros(1, 3, 64, 64)
    stripes[..., ::4] = stripes[..., 1::4] = 0.4
    away = stripes.roll(2, -1)
    plain = stripes.mean().expand_as(stripes)
    assert energy_apart(stripes, stripes) == 0
    assert energy_apart(away, stripes) < 0.1 * energy_apart(plain, stripes)
    assert float(energy_apart(plain, stripes)) == pytest.approx(
        float(energy_apart(stripes, plain)), rel=1e-5
    )


def test_a_run_learns_resumes_and_becomes_a_model(
    fills, aside, lpips, tmp_path, monkeypatch
) -> None:
    run, sources = tmp_path / "run", {"fills": fills, "lpips": lpips}
    rows: list[dict] = []
    train(DetailRecipe(SMALL), run, **sources, device="cpu", report=rows.append)
    assert rows[-1]["finished"]
    train(DetailRecipe(SMALL.changed(samples=8)), run, **sources, device="cpu", report=rows.append)
    assert (rows[-1]["event"], rows[-1]["samples"]) == ("finished", 8)
    assert {"loss", "pixel", "lpips", "coarse", "energy", "phase"} <= set(rows[0])
    assert not {"adversarial", "opponent"} & set(rows[0])
    network = trained(DetailRecipe, run)
    assert network.last.weight.abs().max() > 0

    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    folder = tmp_path / "models" / "detail-test"
    manifest, table = export(DetailRecipe, run, aside, folder)
    assert manifest.kind == "detail"
    assert "| as filled |" in table
    assert "| this network |" in table
    assert "8 windows" in (folder / "CARD.md").read_text()
    assert isinstance(load("detail", DetailNetwork), DetailNetwork)


def test_a_run_against_a_critic_goes_on_with_it(fills, lpips, tmp_path) -> None:
    run, sources = tmp_path / "run", {"fills": fills, "lpips": lpips}
    config = SMALL.changed(adversarial=0.1, phase=1.0)
    rows: list[dict] = []
    train(DetailRecipe(config), run, **sources, device="cpu", report=rows.append)
    assert {"adversarial", "opponent", "phase"} <= set(rows[0])
    before = load_checkpoint(run / LATEST)[0]["opponent"]
    more = config.changed(samples=6)
    train(DetailRecipe(more), run, **sources, device="cpu", report=rows.append)
    after = load_checkpoint(run / LATEST)[0]["opponent"]
    name = "layers.0.bias"
    assert 0 < float((after[name] - before[name]).abs().max()) < 0.01


def test_mistakes_are_named(tmp_path, lpips) -> None:
    with pytest.raises(MienError, match="must be even"):
        DetailConfig(batch=5)
    with pytest.raises(MienError, match="multiple of 12"):
        DetailConfig(patch=150)
    with pytest.raises(MienError, match="no fills to learn from"):
        DetailRecipe(SMALL).samples(fills=tmp_path, lpips=lpips)
