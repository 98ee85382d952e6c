"""The rows fitted to a prior: faces kept aside agree with them, mirror images with each other."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from engine.base.errors import MienError
from engine.face.emotion import EmotionNetwork
from engine.face.landmarks import LandmarkNetwork
from engine.prior import FacePrior
from engine.prior.appearance import PREFIX
from engine.prior.knowledge import Knowledge
from training.faces import FaceShards
from training.fit_prior import BASIS, PriorOptions, fit_prior
from training.fit_rows import RowOptions, fit_rows


@pytest.fixture(scope="module")
def fitted(prepared):
    torch.manual_seed(0)
    shards = FaceShards(prepared[0])
    basis = fit_prior(shards, PriorOptions(side=48, components=24))
    emotion, landmarks = EmotionNetwork(width=8).eval(), LandmarkNetwork(width=16).eval()
    options = RowOptions(modes=8, checks=4)
    rows, figures = fit_rows(basis, shards, emotion, landmarks, options)
    return shards, {**basis, **rows}, figures


def crop(shards: FaceShards, index: int) -> torch.Tensor:
    return torch.from_numpy(shards.crop(index, 48)).permute(2, 0, 1)[None].float() / 127.5 - 1


def test_the_mesh_of_a_face_follows_from_its_pixels(fitted) -> None:
    shards, tensors, figures = fitted
    prior, knowledge = FacePrior(tensors), Knowledge.of(tensors)
    assert knowledge is not None
    assert figures["faces"] == len(shards)
    ours = mean = 0.0
    for index in range(0, len(shards), 5):
        true = torch.from_numpy(shards.mesh_in_crop(index, 1)).float()
        z = prior.posterior(crop(shards, index), torch.zeros(1, 1, 48, 48)).mean
        ours += float((knowledge.mesh(z)[0] - true).norm())
        mean += float((knowledge.mesh_mean - true).norm())
    assert ours < 0.8 * mean


def test_a_mirrored_face_has_the_mirrored_mesh(fitted) -> None:
    shards, tensors, _ = fitted
    from engine.face.mesh import mirror_permutation

    prior, knowledge = FacePrior(tensors), Knowledge.of(tensors)
    seen, nothing = crop(shards, 3), torch.zeros(1, 1, 48, 48)
    straight = knowledge.mesh(prior.posterior(seen, nothing).mean)[0]
    turned = knowledge.mesh(prior.posterior(seen.flip(-1), nothing).mean)[0]
    expected = straight[torch.from_numpy(mirror_permutation())] * torch.tensor([-1.0, 1.0])
    distance = (turned - (expected + torch.tensor([1.0, 0.0]))).norm(dim=1)
    assert distance.max() < 0.02


def test_the_prior_itself_is_as_it_was(fitted) -> None:
    _, tensors, _ = fitted
    assert tensors["even"].dtype == torch.int8
    without = {name: t for name, t in tensors.items() if not name.startswith(("mesh", "emotion"))}
    assert Knowledge.of(without) is None
    assert FacePrior(without).components == FacePrior(tensors).components


def test_a_reading_is_told_with_a_variance_for_a_seen_and_for_a_hidden_mouth(fitted) -> None:
    _, tensors, _ = fitted
    spread = tensors["emotion_spread"].float()
    assert spread.shape == (2, 7)
    assert torch.isfinite(spread).all()
    assert (spread > 0).all()


def test_a_kept_basis_stays_as_it_was_and_its_old_rows_do_not(
    prepared, tmp_path, monkeypatch
) -> None:
    from engine.catalogue.weights import find, load_prior, read_manifest
    from training.verbs.prior import train_prior

    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "none"))
    out = tmp_path / "prior"
    train_prior(faces=prepared[0], output=out, basis="prior", limit=24)
    fitted, bundled = read_manifest(out / "manifest.json"), find("prior")
    kept, before = load_file(str(fitted.path)), load_file(str(bundled.path))
    assert {name for name in kept if not name.startswith(PREFIX)} == set(BASIS)
    assert all(torch.equal(kept[name], before[name]) for name in BASIS)
    assert not set(kept) & set(load_file(str(out / fitted.modules["file"])))
    assert fitted.modules["sha256"] != bundled.modules["sha256"]
    assert Knowledge.of(load_prior(fitted)) is not None
    assert fitted.figures["faces"] == 24


def test_without_the_networks_no_old_rows_are_kept(prepared, tmp_path, monkeypatch) -> None:
    from engine.catalogue.weights import load_prior, read_manifest
    from training.verbs.prior import train_prior

    monkeypatch.setattr("engine.catalogue.weights.load", lambda *_: None)
    train_prior(faces=prepared[0], output=tmp_path / "prior", basis="prior", limit=24)
    tensors = load_prior(read_manifest(tmp_path / "prior" / "manifest.json"))
    assert {name for name in tensors if not name.startswith(PREFIX)} == set(BASIS)
    assert Knowledge.of(tensors) is None


def test_a_basis_that_is_no_prior_is_refused(prepared, tmp_path) -> None:
    from training.verbs.prior import train_prior

    with pytest.raises(MienError, match="no prior"):
        train_prior(faces=prepared[0], output=tmp_path / "prior", basis="mien-2", limit=24)
