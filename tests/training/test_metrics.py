"""The figures: right by hand, by a kept library, and not wrapping around in eight bits."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from training.lpips import Lpips
from training.metrics import hole_mae, psnr, ssim

WEIGHTS = Path(__file__).parents[3] / "shared" / "data" / "weights" / "lpips_alex.safetensors"


def noisy(picture: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 25, picture.shape)
    return (picture + noise).clip(0, 255).astype(np.uint8)


def test_a_difference_of_246_is_not_ten() -> None:
    """In uint8 10 - 20 is 246 and its square 100: the published 37 dB come from there."""
    dark, light = np.full((8, 8, 3), 10, np.uint8), np.full((8, 8, 3), 20, np.uint8)
    assert psnr(dark, light) == pytest.approx(10 * np.log10(255**2 / 100))
    assert psnr(light, dark) == psnr(dark, light)
    wide = np.full((8, 8, 3), 250, np.uint8)
    assert psnr(dark, wide) == pytest.approx(10 * np.log10(255**2 / 240**2))
    assert hole_mae(dark, wide, np.ones((8, 8), bool)) == 240


def test_psnr_and_ssim_agree_with_scikit_image(astronaut: np.ndarray) -> None:
    other = noisy(astronaut)
    assert psnr(other, astronaut) == pytest.approx(peak_signal_noise_ratio(astronaut, other))
    reference = structural_similarity(
        astronaut,
        other,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
    )
    assert ssim(other, astronaut) == pytest.approx(reference, abs=2e-3)


def test_equal_pictures() -> None:
    picture = noisy(np.full((40, 40, 3), 128, np.uint8))
    assert psnr(picture, picture) == float("inf")
    assert ssim(picture, picture) == pytest.approx(1)


def test_the_hole_error_looks_only_inside() -> None:
    one = np.zeros((10, 10, 3), np.uint8)
    other = one.copy()
    other[:5] = 40
    hole = np.zeros((10, 10), bool)
    hole[:5] = True
    assert hole_mae(one, other, hole) == 40
    assert hole_mae(one, other, ~hole) == 0


def test_lpips_gives_the_published_distance(astronaut: np.ndarray) -> None:
    path = Path(os.environ.get("MIEN_LPIPS", WEIGHTS))
    if not path.is_file():
        pytest.skip("no LPIPS-Alex weights here (set MIEN_LPIPS to their file)")
    lpips = Lpips(path)
    assert lpips.measure(astronaut, astronaut) == pytest.approx(0, abs=1e-7)
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    assert lpips.measure(astronaut, mirrored) == pytest.approx(0.72573, abs=2e-4)
