"""The face prior: closed form, exact outside the hole, better than no prior at all."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.catalogue.weights import find, load_tensors
from engine.face import geometry
from engine.face.regions import mattes
from engine.fill.membrane import CONTOUR, LIGHT, closing, membrane
from engine.fill.pipeline import fill_by_prior
from engine.prior import FacePrior, Observation
from engine.prior.appearance import PREFIX


@pytest.fixture(scope="module")
def prior() -> FacePrior:
    return FacePrior(load_tensors(find("prior")))


@pytest.fixture(scope="module")
def plain() -> FacePrior:
    """The same without the detail of the mean shape, which is brought back by drawn triangles."""
    tensors = load_tensors(find("prior"))
    return FacePrior({k: t for k, t in tensors.items() if not k.startswith(PREFIX)})


@pytest.fixture(scope="module")
def crop(photo, face) -> torch.Tensor:
    pixels = geometry.cut(photo.rgb8, geometry.frame_from_mesh(face.mesh), 256)
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1


def hole(top: int, bottom: int, left: int, right: int, side: int = 256) -> torch.Tensor:
    mask = torch.zeros(1, 1, side, side)
    mask[..., top:bottom, left:right] = 1
    return mask


def test_visible_pixels_come_back_bit_for_bit(prior: FacePrior, crop: torch.Tensor) -> None:
    mask = hole(64, 192, 64, 192)
    filled = fill_by_prior(prior, crop, mask)
    outside = mask.expand_as(crop) == 0
    assert torch.equal(filled[outside], crop[outside])


def test_what_the_hole_hides_is_not_looked_at(prior: FacePrior, crop: torch.Tensor) -> None:
    mask = hole(150, 220, 70, 190)
    other = torch.where(mask > 0, torch.ones_like(crop), crop)
    assert torch.allclose(
        fill_by_prior(prior, crop, mask), fill_by_prior(prior, other, mask), atol=1e-5
    )


def test_a_solution_is_the_same_every_time(plain: FacePrior, crop: torch.Tensor) -> None:
    mask = hole(101, 163, 77, 183)
    first = plain.posterior(crop, mask).mean
    for number in range(30):
        torch.randn(1000 + 977 * number)  # other places in memory
        assert torch.equal(plain.posterior(crop, mask).mean, first)


def test_a_hidden_eye_follows_its_twin(prior: FacePrior, crop: torch.Tensor, face) -> None:
    frame = geometry.frame_from_mesh(face.mesh)
    x, y = (geometry.transform(frame, face.mesh[[468, 473], :2]) * 256).T
    left, right = sorted(round(float(place)) for place in x)
    top = round(float(y.mean())) - 10
    mask = hole(top, top + 20, left - 24, left + 24)
    blue = crop.clone()
    blue[:, 2, top + 4 : top + 16, right - 8 : right + 8] += 0.5
    change = fill_by_prior(prior, blue, mask) - fill_by_prior(prior, crop, mask)
    iris = change[0, :, top + 4 : top + 16, left - 8 : left + 8].mean((1, 2))
    assert iris[2] > 0.08  # 0.07 where only what is near the hole counts
    assert iris[2] > 1.5 * iris[0].abs()


def test_it_beats_classical_inpainting_on_a_hidden_mouth(
    prior: FacePrior, crop: torch.Tensor
) -> None:
    import cv2

    mask = hole(160, 215, 75, 180)
    filled = fill_by_prior(prior, crop, mask)[0].permute(1, 2, 0).numpy()
    truth = crop[0].permute(1, 2, 0).numpy()
    picture = ((truth + 1) * 127.5).round().astype(np.uint8)
    telea = cv2.inpaint(picture, mask[0, 0].numpy().astype(np.uint8), 3, cv2.INPAINT_TELEA)
    inside = mask[0, 0].numpy() > 0
    ours = np.square(filled - truth)[inside].mean()
    theirs = np.square(telea / 127.5 - 1 - truth)[inside].mean()
    assert ours < 0.8 * theirs


def test_a_batch_with_one_hole_equals_single_solves(
    prior: FacePrior, plain: FacePrior, crop: torch.Tensor
) -> None:
    mask = hole(64, 192, 64, 192)
    pair = torch.cat([crop, crop.flip(-1)])
    together = fill_by_prior(plain, pair, mask)
    assert torch.allclose(together[:1], fill_by_prior(plain, crop, mask), atol=1e-4)
    assert torch.allclose(together[1:], fill_by_prior(plain, crop.flip(-1), mask), atol=1e-4)
    # A pixel on the edge of two triangles may go to either.
    detailed = fill_by_prior(prior, pair, mask)
    assert (detailed[:1] - fill_by_prior(prior, crop, mask)).abs().mean() < 1e-3
    assert (detailed[1:] - fill_by_prior(prior, crop.flip(-1), mask)).abs().mean() < 1e-3


def test_mirrored_faces_have_mirrored_fills(
    prior: FacePrior, plain: FacePrior, crop: torch.Tensor
) -> None:
    mask = hole(80, 140, 30, 120)
    for solver, close in ((plain, 5e-4), (prior, 2e-3)):
        straight = fill_by_prior(solver, crop, mask)
        mirrored = fill_by_prior(solver, crop.flip(-1), mask.flip(-1)).flip(-1)
        assert (straight - mirrored).abs().mean() < close


def test_detail_follows_the_mesh_and_gives_up_where_it_folds(
    prior: FacePrior, plain: FacePrior, crop: torch.Tensor, face
) -> None:
    mesh = geometry.transform(geometry.frame_from_mesh(face.mesh), face.mesh)
    mesh = torch.from_numpy(mesh).float()[None]
    mask = hole(60, 220, 50, 206)
    inside = mask.expand_as(crop) > 0
    smooth, detailed = (fill_by_prior(solver, crop, mask, meshes=mesh) for solver in (plain, prior))

    def fineness(picture: torch.Tensor) -> float:
        blurred = torch.nn.functional.avg_pool2d(picture, 5, 1, 2)
        return float((picture - blurred)[inside].abs().mean())

    assert fineness(detailed) > 1.15 * fineness(smooth)
    told = torch.tensor([0.0])
    assert torch.equal(
        fill_by_prior(prior, crop, mask, meshes=mesh, use=told), fill_by_prior(prior, crop, mask)
    )
    # Turned inside out: there is no way back.
    folded = fill_by_prior(
        prior, crop, mask, meshes=mesh * torch.tensor([-1, 1]) + torch.tensor([1, 0])
    )
    assert (folded - smooth)[inside].abs().mean() < 0.35 * (detailed - smooth)[inside].abs().mean()


def test_what_is_not_face_tells_nothing_of_the_face(
    plain: FacePrior, crop: torch.Tensor, face
) -> None:
    """A chin is not grey because a grey collar lies below it."""
    mesh = geometry.transform(geometry.frame_from_mesh(face.mesh), face.mesh)
    mesh = torch.from_numpy(mesh).float()[None]
    mask, facing = hole(150, 250, 60, 196), mattes(mesh, 256)
    wall = torch.tensor([-0.9, 0.6, -0.9]).view(1, 3, 1, 1).expand_as(crop)
    before_wall = torch.where(facing < 0.2, wall, crop)

    def apart(looked_at: torch.Tensor | None) -> float:
        shown = (crop, before_wall)
        one, other = (plain.render(plain.posterior(x, mask, (), looked_at).mean) for x in shown)
        return float((one - other)[..., 71:81, 37:58].abs().mean())

    assert apart((mattes(mesh, plain.side) > 0.5).float()) < 1e-4
    assert apart(None) > 0.05


def test_a_further_observation_is_obeyed(prior: FacePrior, crop: torch.Tensor) -> None:
    mask = hole(64, 192, 64, 192)
    row = torch.zeros(1, prior.components)
    row[0, 3] = 1.0
    wanted = torch.tensor([[2.5]])
    observed = prior.posterior(crop, mask, [Observation(row, wanted, torch.tensor([1e6]))])
    assert observed.mean[0, 3].item() == pytest.approx(2.5, abs=1e-2)
    assert prior.posterior(crop, mask).mean[0, 3].item() != pytest.approx(2.5, abs=0.1)


def test_variants_differ_inside_the_hole_only(prior: FacePrior, crop: torch.Tensor) -> None:
    mask = hole(64, 192, 64, 192)
    dice = torch.Generator().manual_seed(4)
    one = fill_by_prior(prior, crop, mask, dice=dice)
    two = fill_by_prior(prior, crop, mask, dice=dice)
    outside = mask.expand_as(crop) == 0
    assert torch.equal(one[outside], two[outside])
    assert (one - two)[~outside].abs().mean() > 1e-3


def test_without_a_hole_nothing_happens(prior: FacePrior, crop: torch.Tensor) -> None:
    assert torch.equal(fill_by_prior(prior, crop, torch.zeros(1, 1, 256, 256)), crop)


def test_a_membrane_of_a_linear_border_is_linear() -> None:
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    plane = ((x + 2 * y) / 100)[None, None].expand(1, 3, -1, -1)
    mask = hole(20, 44, 16, 50, 64)
    assert torch.allclose(membrane(plane * (1 - mask), mask) * mask, plane * mask, atol=0.02)


def test_light_is_carried_over_a_hole_and_background_stays_beside_its_border() -> None:
    mask = hole(64, 192, 64, 192)
    dim = torch.full((1, 3, 256, 256), -LIGHT)
    assert torch.allclose(closing(dim, mask, 256 * CONTOUR) * mask, dim * mask, atol=1e-3)
    bright = torch.zeros(1, 3, 256, 256)
    bright[..., 192:] = 1.0  # a bright wall right of a dark face
    closed = closing(bright, mask, 256 * CONTOUR)[0, 0, 128]
    assert closed[191] > 0.6
    assert closed[180] < LIGHT + 0.06
    assert closed[128] < LIGHT
    plain = membrane(bright, mask)[0, 0, 128]
    assert closed[180] < 0.4 * plain[180]
