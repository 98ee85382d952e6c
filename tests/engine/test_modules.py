"""The modules: nothing at the start, nothing when off, and they listen when on."""

from __future__ import annotations

import pytest
import torch

from engine.generator.branches import Conditions, Told, splat
from engine.generator.dmfn import Dmfn, sharpen
from engine.modules.branches import Branches

SIDE = 64
WHOLE = slice(0, SIDE)
BOTH = ("landmark", "emotion")


@pytest.fixture(scope="module")
def generator() -> Dmfn:
    torch.manual_seed(0)
    return Dmfn().eval().requires_grad_(False)


@pytest.fixture
def modules() -> Branches:
    torch.manual_seed(1)
    return Branches(BOTH).eval().requires_grad_(False)


def conditions() -> Conditions:
    drawn = torch.Generator().manual_seed(2)
    nodes = torch.rand(2, 478, 2, generator=drawn)
    emotion = torch.rand(2, 7, generator=drawn).softmax(-1)
    return {"landmark": Told((nodes, (nodes[..., 1] > 0.5).float())), "emotion": Told((emotion,))}


def run(generator: Dmfn, hints) -> torch.Tensor:
    drawn = torch.Generator().manual_seed(3)
    fill = torch.rand(2, 3, SIDE, SIDE, generator=drawn) * 2 - 1
    hole = torch.zeros(2, 1, SIDE, SIDE)
    hole[..., 20:44, 16:48] = 1
    return sharpen(generator, fill, hole, hints)


def awake(modules: Branches) -> Branches:
    """Modules that have learnt something."""
    for layer in (modules.landmark.spread, modules.emotion.film):
        torch.nn.init.normal_(layer.weight, std=0.1)
    return modules


def test_new_modules_change_nothing(generator, modules) -> None:
    hints = modules(conditions(), WHOLE, WHOLE, SIDE)
    assert torch.equal(run(generator, hints), run(generator, None))


@pytest.mark.parametrize("told", ["landmark", "emotion"])
def test_each_module_has_a_say_of_its_own(generator, modules, told: str) -> None:
    hints = awake(modules)({told: conditions()[told]}, WHOLE, WHOLE, SIDE)
    assert (hints.grid is None) == (told == "emotion")
    assert (hints.film is None) == (told == "landmark")
    assert not torch.allclose(run(generator, hints), run(generator, None))


def test_a_sample_that_is_not_told_is_filled_as_without_modules(generator, modules) -> None:
    dropped = torch.tensor([0.0, 1.0])
    told = {key: Told(said.values, dropped) for key, said in conditions().items()}
    filled = run(generator, awake(modules)(told, WHOLE, WHOLE, SIDE))
    plain = run(generator, None)
    assert torch.allclose(filled[0], plain[0], atol=1e-6)
    assert not torch.allclose(filled[1], plain[1], atol=1e-4)


def test_a_window_gets_the_hints_of_its_place(modules) -> None:
    """The grid of a window is that part of the whole crop's grid."""
    awake(modules)
    rows, columns = slice(16, 48), slice(8, 56)
    whole = modules(conditions(), WHOLE, WHOLE, SIDE).grid
    part = modules(conditions(), rows, columns, SIDE).grid
    assert torch.allclose(part, whole[..., 4:12, 2:14], atol=1e-5)


def test_splatting_puts_values_where_nodes_are() -> None:
    values = torch.tensor([[[1.0], [3.0], [5.0]]])
    places = torch.tensor([[[1.0, 0.0], [2.5, 1.0], [-9.0, 40.0]]], requires_grad=True)
    grid = splat(values, places, (3, 4))
    assert grid[0, 0, 0].tolist() == [0, 1, 0, 0]
    assert grid[0, 0, 1].tolist() == [0, 0, 1.5, 1.5]
    assert grid.sum() == 4  # the third node lies outside
    grid[0, 0, 1, 3].backward()
    assert places.grad[0, 1, 0] != 0


def test_where_nodes_crowd_their_mean_counts() -> None:
    values = torch.tensor([[[2.0], [4.0]]])
    places = torch.ones(1, 2, 2)
    assert splat(values, places, (3, 3))[0, 0, 1, 1] == 3


def test_modules_survive_saving(modules, tmp_path, generator) -> None:
    from engine.catalogue.weights import verify, write_model
    from engine.modules.branches import load_branches

    manifest = write_model(
        tmp_path / "m",
        generator.state_dict(),
        "card",
        modules=awake(modules).state_dict(),
        name="m",
        title="M",
        kind="generator",
    )
    verify(manifest)
    loaded = load_branches(manifest)
    assert loaded is not None
    assert manifest.modules["parameters"] == {
        kind: sum(p.numel() for p in getattr(modules, kind).parameters()) for kind in BOTH
    }
    one = modules(conditions(), WHOLE, WHOLE, SIDE).grid
    assert torch.allclose(loaded(conditions(), WHOLE, WHOLE, SIDE).grid, one, atol=1e-2)


def test_the_weights_that_ship_fit_without_anything_left_over() -> None:
    from engine.catalogue.weights import find, load_modules
    from engine.modules.branches import load_branches

    manifest = find("mien-2")
    tensors, branches = load_modules(manifest), load_branches(manifest)
    assert tensors is not None
    assert branches is not None
    assert branches.state_dict().keys() == tensors.keys()
    for name, tensor in branches.state_dict().items():
        assert torch.equal(tensor, tensors[name]), name
