"""Fills in the photo's own light and colours."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.face import geometry
from engine.face.frames import matrix_of
from engine.fill.networks import Networks, load_networks
from engine.fill.pipeline import fill_crop
from engine.fill.white_balance import WhiteBalance
from engine.modules.registry import Wishes

HOLE = np.s_[160:215, 70:186]  # the mouth of an aligned face


@pytest.fixture(scope="module")
def networks() -> Networks:
    return load_networks("default", "cpu")


@pytest.fixture(scope="module")
def hole() -> np.ndarray:
    hidden = np.zeros((256, 256), bool)
    hidden[HOLE] = True
    return hidden


@pytest.fixture(scope="module")
def face_crop(photo, face) -> np.ndarray:
    """256 x 256 x 3 float32 in [0, 1]: the astronaut's face, aligned."""
    return geometry.cut(photo.rgb8, matrix_of(face), 256).astype(np.float32) / 255


def _filled(networks: Networks, crop: np.ndarray, hole: np.ndarray) -> np.ndarray:
    guidance = networks.look(crop, hole, None, Wishes())
    return fill_crop(networks, crop, hole, guidance)


@pytest.mark.parametrize("gain", [(0.35, 0.35, 0.35), (0.6, 0.4, 0.25), (0.3, 0.4, 0.6)])
def test_a_photo_in_bad_light_gets_the_fill_of_one_in_good_light(
    networks, face_crop, hole, gain
) -> None:
    light = np.float32(gain)
    good, bad = (_filled(networks, face_crop * one, hole) for one in (np.float32(1), light))
    apart = np.abs(bad / light - good)[hole].mean()
    assert apart < 0.04  # 0.05 to 0.1 where colours are added without a look at the light
    np.testing.assert_allclose(bad[~hole], (face_crop * light)[~hole], atol=1e-6)


def test_what_is_balanced_comes_back(face_crop, hole) -> None:
    crop = torch.from_numpy(face_crop).permute(2, 0, 1)[None] * 2 - 1
    hidden = torch.from_numpy(hole.astype(np.float32))[None, None]
    average = torch.nn.functional.interpolate(crop, size=(64, 64), mode="area")[0]
    dark = (crop + 1) * 0.3 - 1
    balance = WhiteBalance.of(dark, hidden, average)
    assert balance.gain.mean() == pytest.approx(1 / 0.3 * np.exp(-0.25), rel=0.05)
    assert torch.allclose(balance.undo(balance.apply(dark)), dark, atol=1e-6)
    assert torch.equal(WhiteBalance.of(crop, hidden, average).gain, torch.ones(1, 3, 1, 1))


def test_a_face_of_which_nothing_is_seen_tells_no_light(face_crop) -> None:
    crop = torch.from_numpy(face_crop).permute(2, 0, 1)[None] * 0.4 - 1
    hidden = torch.ones(1, 1, 256, 256)
    gain = WhiteBalance.of(crop, hidden, torch.zeros(3, 64, 64)).gain
    assert torch.equal(gain, torch.ones(1, 3, 1, 1))
