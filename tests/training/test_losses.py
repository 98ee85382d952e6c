"""The losses: zero where nothing is wrong, finite where a naive form is not."""

from __future__ import annotations

import pytest
import torch

from training import losses
from training.adversary import MOMENTA, Projected, Seen, adversaries
from training.config import Weights
from training.discriminator import Discriminator, neighbourhoods
from training.learner import Fills
from training.perceptual import CHANNELS, StVgg
from training.step import Objective


@pytest.fixture(scope="module")
def trunk() -> StVgg:
    return StVgg()


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.rand(2, 3, 64, 64) * 2 - 1


def test_the_error_map_of_a_perfect_fill_is_zero_not_nan(pictures) -> None:
    assert torch.equal(losses.error_map(pictures, pictures), torch.zeros(2, 1, 64, 64))


def test_the_error_map_peaks_at_one_and_carries_no_gradient(pictures) -> None:
    output = pictures.clone().requires_grad_()
    guidance = losses.error_map(output, pictures.flip(-1))
    assert guidance.amax((1, 2, 3)).tolist() == pytest.approx([1, 1])
    assert not guidance.requires_grad


def test_the_trunk_has_five_stages_and_knows_shift_from_change(trunk, astronaut) -> None:
    crop = torch.from_numpy(astronaut[:128, 160:288]).permute(2, 0, 1)[None].float() / 127.5 - 1
    features = trunk(crop)
    assert tuple(f.shape[1] for f in features) == CHANNELS
    assert trunk.distance(crop, crop).item() == pytest.approx(0, abs=1e-6)
    blurred = torch.nn.functional.avg_pool2d(crop, 9, 1, 4)
    shifted = torch.roll(crop, 1, -1)
    assert trunk.distance(shifted, crop) < trunk.distance(blurred, crop)


def test_feature_and_alignment_vanish_for_equal_pictures(trunk, pictures) -> None:
    features = trunk(pictures)
    assert losses.feature_matching(pictures, pictures, features, features).item() == 0
    assert losses.alignment(features[3], features[3]).item() == 0
    moved = trunk(torch.roll(pictures, 16, -1))
    assert losses.alignment(moved[3], features[3]).item() > 0


def test_centroids_follow_what_moves() -> None:
    features = torch.zeros(1, 1, 9, 9)
    features[..., 4, 4] = 1
    moved = torch.zeros(1, 1, 9, 9)
    moved[..., 4, 8] = 1  # from the middle to the right edge: one unit in x, none in y
    assert losses.alignment(moved, features).item() == pytest.approx(0.5, abs=1e-3)


def test_the_relativistic_halves_pull_in_opposite_directions() -> None:
    real, fake = torch.full((4, 2), 3.0), torch.full((4, 2), -3.0)
    told_apart = losses.relativistic(real, fake, for_generator=False)
    assert told_apart < losses.relativistic(fake, real, for_generator=False)
    assert losses.relativistic(real, fake, for_generator=True) > 3


def test_the_discriminator_sees_the_whole_and_the_hole() -> None:
    pictures, holes = torch.rand(2, 3, 96, 96), torch.zeros(2, 1, 96, 96)
    holes[0, :, :20, :20] = 1
    holes[1, :, 70:, 70:] = 1
    logits, maps = Discriminator()(pictures, holes)
    assert logits.shape == (2, 2)
    assert len(maps) == 11
    near = neighbourhoods(pictures, holes)
    assert torch.equal(near[0], pictures[0, :, :48, :48])
    assert torch.equal(near[1], pictures[1, :, 48:, 48:])


@pytest.mark.parametrize(
    "names",
    [
        ("perceptual",),
        ("feature",),
        ("alignment",),
        ("matching",),
        ("adversarial",),
        ("projected",),
        ("perceptual", "projected"),
        ("pixel", "alignment", "adversarial"),
    ],
)
def test_a_loss_of_weight_zero_is_not_computed(pictures, monkeypatch, names) -> None:
    """Neither its value nor what only it needs."""
    called: list[str] = []
    for name in (
        "feature_matching",
        "alignment",
        "discriminator_matching",
        "relativistic",
        "paired",
    ):
        real = getattr(losses, name)

        def counted(*given, name=name, real=real, **more):
            called.append(name)
            return real(*given, **more)

        monkeypatch.setattr(losses, name, counted)
    weights = Weights(**{"pixel": 0.0, **dict.fromkeys(names, 2.0)})
    objective = Objective(weights, torch.device("cpu"))
    assert (objective.trunk is not None) is weights.needs_trunk
    everything = slice(0, 64), slice(0, 64)
    hole = torch.ones(2, 1, 64, 64)
    fills = Fills(pictures.flip(-1), pictures, hole, pictures, everything)
    seen = objective.look(fills)
    parts = objective(fills, seen, adversaries(weights).values())
    assert set(parts) == set(names)
    functions = {
        "feature": "feature_matching",
        "alignment": "alignment",
        "matching": "discriminator_matching",
        "adversarial": "relativistic",
        "projected": "paired",
    }
    assert called == [functions[name] for name in names if name in functions]
    assert objective.total(parts) == pytest.approx(2 * sum(float(p) for p in parts.values()))


def test_a_projected_adversary_learns_to_tell_fill_from_photo(trunk, pictures) -> None:
    """And what it tells the generator then points from the fill to the photo."""
    hole = torch.zeros(2, 1, 64, 64)
    hole[..., 16:48, 16:48] = 1
    dots = (pictures + 0.5 * hole * (torch.arange(64) % 8 == 0)).requires_grad_()
    everything = slice(0, 64), slice(0, 64)
    fills = Fills(dots, pictures, hole, pictures, everything)
    adversary = Projected()
    seen = Seen(trunk(dots, 4), [m.detach() for m in trunk(pictures, 4)], hole)
    optimiser = torch.optim.Adam(adversary.network.parameters(), 2e-3, betas=MOMENTA)
    before = adversary.lesson(fills, seen).item()
    for _ in range(40):
        optimiser.zero_grad()
        adversary.lesson(fills, seen).backward()
        optimiser.step()
    assert adversary.lesson(fills, seen).item() < 0.75 * before
    (loss,) = adversary.against(fills, seen).values()
    assert all(p.grad is not None for p in adversary.network.parameters())
    optimiser.zero_grad()
    loss.backward()
    assert all(p.grad is None for p in adversary.network.parameters())
    assert dots.grad is not None
    assert (dots.grad * (dots - pictures).detach()).sum() > 0  # down it: less of the dots


def test_the_paired_adversary_looks_inside_the_hole_only() -> None:
    inside = torch.tensor([[1.0, 0.0]])
    real, fake = torch.tensor([[2.0, 0.0]]), torch.tensor([[-2.0, 50.0]])
    assert losses.paired(real, fake, inside, for_generator=False) < 0.02
    assert losses.paired(real, fake, inside, for_generator=True) == pytest.approx(4.0, abs=0.02)
