"""Balanced sampling: skin as it is shown, and the groups' shares."""

from __future__ import annotations

import numpy as np
import pytest

from training import balance
from training.balance import ASIAN, COARSE_SHARE, DARK, balanced_weights, typology_angle


class Faces:
    """Records without pictures; the angle of each is told."""

    def __init__(self, records: list[dict]) -> None:
        self.records = records

    def __len__(self) -> int:
        return len(self.records)


def flat(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((64, 64, 3), colour, np.uint8)


def test_lighter_skin_has_a_larger_angle() -> None:
    mesh = np.full((478, 2), 32.0)
    shades = [(240, 215, 195), (205, 160, 130), (150, 105, 75), (85, 55, 40)]
    angles = [typology_angle(flat(shade), mesh) for shade in shades]
    assert angles == sorted(angles, reverse=True)
    assert angles[0] > 55
    assert angles[-1] < -30


def test_rare_groups_and_soft_sources_get_their_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [{"source": "utk", "race": "white"}] * 500 + [{"source": "ffhq"}] * 100
    records += [{"source": "utk", "race": "asian"}] * 50 + [{"source": "omi", "asian": True}] * 10
    records += [{"source": "shine", "origin": "Nigeria"}] * 20 + [{"source": "sfhq"}] * 30
    records += [{"source": "utk", "race": "black"}] * 40
    angles = np.full(len(records), 50, np.float32)
    angles[690:] = -20  # twenty of sfhq, and the last, whose label says it anyway
    monkeypatch.setattr(balance, "skin_angles", lambda faces: angles)
    weights = balanced_weights(Faces(records))  # type: ignore[arg-type]
    sources = np.array([record["source"] for record in records])
    assert weights.sum() == pytest.approx(1)
    assert weights[sources == "utk"].sum() == pytest.approx(COARSE_SHARE)
    assert weights[600:660].sum() == pytest.approx(ASIAN)
    dark = np.r_[660:680, 690:750]
    assert weights[dark].sum() == pytest.approx(DARK)
